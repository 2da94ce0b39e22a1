"""Sends one event to a receiver, now, as the vendor would write it; one attempt, no verification.

Exit code 0 if the vendor would call the answer an acknowledgement, 1 if not, 3 if nothing answered.

    emulators trigger esputnik UNDELIVERED --to http://127.0.0.1:8000/hook --set hardBounce=true
"""

from __future__ import annotations

import argparse
import asyncio
from random import SystemRandom
from typing import TYPE_CHECKING

from emulators.commands import single
from emulators.commands.values import pairs, value_of
from emulators.errors import InvalidValue

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators trigger` takes."""
    parser.add_argument("provider", metavar="PROVIDER[@REVISION]", help="such as esputnik")
    parser.add_argument("kind", metavar="KIND", help="in the vendor's own words, such as UNDELIVERED")
    single.arguments(parser, required=True)
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="a field of the event (repeatable): JSON where it is JSON, else text; null leaves the field out",
    )
    parser.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a choice that the documents leave open (repeatable); `emulators explain` lists them",
    )
    parser.add_argument("--count", metavar="N", type=int, default=1, help="so many events (default 1)")
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        help="for values that come again (default: another seed each time, or a receiver would see doubles)",
    )


def run(args: argparse.Namespace) -> int:
    """Sends it."""
    return asyncio.run(_trigger(args))


async def _trigger(args: argparse.Namespace) -> int:
    seed = SystemRandom().getrandbits(32) if args.seed is None else args.seed
    options = {name: value_of(text) for name, text in pairs(args.option, "--option").items()}
    fields = pairs(args.set, "--set")
    async with single.vendor(args.provider, args.allow, seed, options) as emulator:
        feed, kind = emulator.writer.resolve(args.kind)
        await single.subscribe(emulator, args.to, feed.name)
        _emit(emulator, f"{feed.name}.{kind.name}", fields, args.count)
        await emulator.aio.flush()
        what = kind.name if args.count == 1 else f"{args.count} x {kind.name}"
        return single.report(emulator, f"{what} (seed {seed})", args, kind=kind.name, seed=seed)


def _emit(emulator: Emulator, kind: str, texts: dict[str, str], count: int) -> None:
    """Emits; a field that the vendor writes as text is given as text, even where it looks like a number."""
    values = {name: value_of(text) for name, text in texts.items()}
    try:
        emulator.emit(kind, values, count=count)
    except InvalidValue as refusal:
        refused = {problem.pointer.split("/")[1] for problem in refusal.problems if problem.pointer}
        other = {name: texts[name] if name in refused else value for name, value in values.items()}
        if other == values:
            raise
        try:
            emulator.emit(kind, other, count=count)
        except InvalidValue as again:
            raise min(refusal, again, key=lambda error: len(error.problems)) from None
