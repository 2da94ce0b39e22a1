"""Ready bodies: what the engine adds to the posting of bytes that are there already."""

from __future__ import annotations

import asyncio

from emulators import in_loop
from tests.bench.measure import Aim, Result, alternate, progress, stopwatch
from tests.bench.posting import batch, post_each, written
from tests.bench.sink import sink


def run(quick: bool) -> list[Result]:
    """A row for a vendor without an order (sendpulse), one for a vendor with a line (esputnik)."""
    requests, rounds = (50, 2) if quick else (200, 7)
    return [
        _compared(vendor, kind, requests, rounds)
        for vendor, kind in (("sendpulse", "delivered"), ("esputnik", "DELIVERED"))
    ]


def _compared(vendor: str, kind: str, requests: int, rounds: int) -> Result:
    with sink() as url:
        body = batch(written(vendor, kind, 1000, url))
        progress(f"  {requests} requests of 1000 {vendor} events, {len(body) // 1000} kB each")
        ours, theirs = alternate(
            rounds,
            lambda: asyncio.run(_emulator(vendor, url, body, requests)),
            lambda: asyncio.run(_bare(url, body, requests)),
        )
    reference = "bare aiohttp, one after another"
    return Result(f"ready {vendor}", "events/s", ours, reference, theirs, Aim("ratio", ">=", 0.5))


async def _emulator(vendor: str, url: str, body: bytes, requests: int) -> float:
    async with in_loop(vendor) as emulator:
        await emulator.aio.subscribe(url)
        with stopwatch() as watch:
            for _ in range(requests):
                emulator.send(body)
            await emulator.aio.advance(0)
        assert len(emulator.deliveries(outcome="acknowledged")) == requests
    return requests * 1000 / watch.seconds


async def _bare(url: str, body: bytes, requests: int) -> float:
    with stopwatch() as watch:
        await post_each(url, [body] * requests)
    return requests * 1000 / watch.seconds
