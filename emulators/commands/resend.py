"""Sends the webhooks in recorded traffic to a receiver again, one after the other, each as a request of its own.

FILE is what `emulators serve --record FILE` wrote (NDJSON, or HAR), or any capture that `emulators drift` reads. Of a
request that was tried several times one attempt is sent. A receiver that knows an event again would answer 200
and do nothing, so ids of messages, runs and events become fresh ones of the same shape: the same old id the
same new one throughout. `emulators explain PROVIDER` lists which fields those are. Addresses, times and ids of contacts
and campaigns stay.

Exit code 0 if the vendor would call every answer an acknowledgement, 1 if not, 3 if nothing answered, or nothing in
FILE could be sent.

    emulators resend traffic.ndjson --to http://127.0.0.1:8000/hook
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from emulators.commands import single
from emulators.commands.exits import Exit, Unusable

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator
    from emulators.engine.journal import Delivery, Entry
    from emulators.recording.resending import Dresser, Parcel, Sorted

PATIENCE = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators resend` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="NDJSON or HAR")
    single.arguments(parser, required=True)
    parser.add_argument(
        "--provider",
        metavar="PROVIDER[@REVISION]",
        default="",
        help="whose traffic it is, where FILE does not say; of several vendors, this one's alone",
    )
    parser.add_argument("--keep-ids", action="store_true", help="send all ids as they were recorded")
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        help="for fresh ids that come again (default: another seed each time)",
    )


def run(args: argparse.Namespace) -> int:
    """Reads, sends and reports."""
    from emulators.recording.resending import Dresser
    from emulators.rekeying import Renamer

    told = _read(args.file, args.provider)
    if not told.parcels:
        why = ", ".join(f"{count} x {what}" for what, count in told.left_out.items()) or "it is empty"
        raise Unusable(f"{args.file} has no delivery of a webhook that could be sent: {why}")
    seed = SystemRandom().getrandbits(32) if args.seed is None else args.seed
    dresser = Dresser(None if args.keep_ids else Renamer(seed))
    return asyncio.run(_Sender(args, told, dresser, seed).send())


def _read(path: Path, spec: str) -> Sorted:
    from emulators.drifting.capture import read
    from emulators.drifting.placing import placer
    from emulators.recording.resending import sort

    placers = cache(placer)
    if spec:
        placers(spec)
    try:
        return sort(read(path), spec, placers)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from None


class _Sender:
    def __init__(self, args: argparse.Namespace, told: Sorted, dresser: Dresser, seed: int) -> None:
        self._args = args
        self._told = told
        self._dresser = dresser
        self._seed = seed
        self._vendors: dict[tuple[str, str, str], Emulator] = {}
        self._requests: list[dict[str, Any]] = []
        self._last: Delivery | None = None

    async def send(self) -> Exit:
        """All of it in its order; nothing more if nobody answers the first."""
        total, shown = len(self._told.parcels), time.monotonic()
        async with AsyncExitStack() as stack:
            for parcel in self._told.parcels:
                emulator = await self._vendor(parcel, stack)
                emulator.send(self._dresser.body(parcel))
                await emulator.aio.flush()
                if self._last is not None:
                    self._tell(parcel, emulator, self._last)
                if self._requests[0]["status"] is None:
                    break
                if time.monotonic() - shown >= PATIENCE:
                    shown = time.monotonic()
                    print(f"emulators: {len(self._requests):,} of {total:,} sent", file=sys.stderr)
        return self._report()

    async def _vendor(self, parcel: Parcel, stack: AsyncExitStack) -> Emulator:
        key = (parcel.spec, parcel.feed, parcel.content_type)
        if key not in self._vendors:
            emulator = await stack.enter_async_context(single.vendor(parcel.spec, self._args.allow))
            kind = {"content_type": parcel.content_type} if parcel.content_type else {}
            await single.subscribe(emulator, self._args.to, parcel.feed, **kind)
            emulator.world.journal.listeners.append(self._hear)
            self._vendors[key] = emulator
        return self._vendors[key]

    def _hear(self, entry: Entry) -> None:
        from emulators.engine.journal import Delivery

        if isinstance(entry, Delivery):
            self._last = entry

    def _tell(self, parcel: Parcel, emulator: Emulator, delivery: Delivery) -> None:
        verdict = single.verdict(emulator, delivery)
        self._requests.append(
            {
                "record": parcel.number,
                "provider": emulator.provider.name,
                "feed": parcel.feed,
                **({"body": delivery.body.decode("utf-8", "replace")} if self._args.json else {}),
                "status": delivery.status,
                "acknowledged": delivery.outcome == "acknowledged",
                "verdict": verdict,
            }
        )
        if not self._args.json:
            size = len(delivery.body)
            print(f"record {parcel.number}: {emulator.provider.name}.{parcel.feed}, {size} bytes: {verdict}")

    def _report(self) -> Exit:
        dresser, total = self._dresser, len(self._told.parcels)
        told = {
            "to": self._args.to,
            "seed": None if dresser.fresh is None else self._seed,
            "requests": self._requests,
            "not_sent": total - len(self._requests),
            "events": dresser.events,
            "without_ids": dresser.unnamed,
            "placeholders": dresser.placeholders,
            "left_out": dict(self._told.left_out),
        }
        print(json.dumps(told, indent=2) if self._args.json else "\n".join(self._words(told)))
        if all(request["status"] is None for request in self._requests):
            return Exit.UNUSABLE
        good = all(request["acknowledged"] for request in self._requests)
        return Exit.GOOD if good else Exit.FINDINGS

    @staticmethod
    def _words(told: dict[str, Any]) -> list[str]:
        good = sum(request["acknowledged"] for request in told["requests"])
        ids = "with the ids as recorded" if told["seed"] is None else f"with fresh ids (seed {told['seed']})"
        lines = [
            f"\n{len(told['requests'])} requests with {told['events']} events sent to {told['to']}, {ids}; "
            f"{good} acknowledged"
        ]
        if told["not_sent"]:
            lines.append(f"nothing answered the first: {told['not_sent']} requests not sent")
        if told["without_ids"]:
            lines.append(
                f"{told['without_ids']} events have no id that could be made fresh: sent as recorded"
            )
        if told["placeholders"]:
            lines.append(f"{told['placeholders']} redacted values sent as they are: <redacted>")
        lines += [f"left out: {count} x {what}" for what, count in told["left_out"].items()]
        return lines
