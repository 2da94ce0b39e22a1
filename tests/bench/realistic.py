"""Realistic events: drawn from the pools, checked against the vendor's schema, sent and acknowledged."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from emulators import in_loop
from tests.bench.measure import Aim, Result, alternate, stopwatch
from tests.bench.posting import post_each, written
from tests.bench.sink import sink


def run(quick: bool) -> list[Result]:
    """A row for each vendor that sends batches."""
    batches, rounds = (20, 1) if quick else (100, 3)
    return [
        _compared(vendor, kind, batches, rounds)
        for vendor, kind in (("sendpulse", "delivered"), ("esputnik", "DELIVERED"))
    ]


def _compared(vendor: str, kind: str, batches: int, rounds: int) -> Result:
    with sink() as url:
        payloads = [event.payload for event in written(vendor, kind, 1000, url)]
        ours, theirs = alternate(
            rounds,
            lambda: asyncio.run(_emulator(vendor, kind, url, batches)),
            lambda: asyncio.run(_bare(url, payloads, batches)),
        )
    reference = "json.dumps of 1000 ready dicts, bare aiohttp"
    return Result(f"realistic {vendor}", "events/s", ours, reference, theirs, Aim("ratio", ">=", 0.25))


async def _emulator(vendor: str, kind: str, url: str, batches: int) -> float:
    async with in_loop(vendor) as emulator:
        await emulator.aio.subscribe(url, batch_size=1000)
        with stopwatch() as watch:
            for _ in range(batches):
                emulator.emit(kind, count=1000)
            await emulator.aio.advance("1m")
        acknowledged = emulator.deliveries(outcome="acknowledged")
        assert sum(len(delivery.events) for delivery in acknowledged) == batches * 1000
    return batches * 1000 / watch.seconds


async def _bare(url: str, payloads: list[dict[str, Any]], batches: int) -> float:
    with stopwatch() as watch:
        await post_each(url, (json.dumps(payloads).encode() for _ in range(batches)))
    return batches * 1000 / watch.seconds
