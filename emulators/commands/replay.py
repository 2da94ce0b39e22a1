"""Sends a payload that the vendor's documents print, byte for byte; one attempt, no verification.

Exit code 0 if the vendor would call the answer an acknowledgement, 1 if not, 3 if nothing answered.

    emulators replay esputnik --list
    emulators replay esputnik activity.bulk --to http://127.0.0.1:8000/hook
"""

from __future__ import annotations

import argparse
import asyncio
import json

from emulators.commands import single
from emulators.commands.exits import Exit
from emulators.errors import InvalidValue, unknown


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators replay` takes."""
    parser.add_argument("provider", metavar="PROVIDER[@REVISION]", help="such as esputnik")
    parser.add_argument("sample", metavar="SAMPLE", nargs="?", help="such as activity.bulk")
    parser.add_argument("--list", action="store_true", help="list the samples instead")
    single.arguments(parser, required=False)


def run(args: argparse.Namespace) -> int:
    """Sends or lists."""
    if args.list:
        return _list(args)
    if args.sample is None or args.to is None:
        raise InvalidValue(
            "a SAMPLE and --to URL are wanted; "
            f"the samples are listed by: emulators replay {args.provider} --list"
        )
    return asyncio.run(_replay(args))


async def _replay(args: argparse.Namespace) -> int:
    async with single.vendor(args.provider, args.allow) as emulator:
        samples = emulator.profile.samples
        if args.sample not in samples:
            raise unknown(f"sample of {emulator.provider.name}", args.sample, samples)
        feed = args.sample.partition(".")[0]
        await single.subscribe(emulator, args.to, feed if feed in emulator.profile.feeds else None)
        emulator.replay(args.sample)
        await emulator.aio.flush()
        return single.report(emulator, args.sample, args, sample=args.sample)


def _list(args: argparse.Namespace) -> int:
    from emulators import registry

    samples = registry.load(args.provider).profile.samples
    if args.json:
        listed = [
            {"sample": name, "title": sample.title, "basis": sample.basis} for name, sample in samples.items()
        ]
        print(json.dumps(listed, indent=2))
        return Exit.GOOD
    wide = max(map(len, samples), default=0)
    for name, sample in samples.items():
        print(f"{name:<{wide}}  {sample.title} ({sample.basis})")
    return Exit.GOOD
