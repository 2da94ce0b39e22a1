"""Ten thousand subscriptions, each with a window, and so a timer, of its own.

Each measurement has a sink of its own: the kernel is slow to find a free port to a receiver that ten
thousand connections have just left.
"""

from __future__ import annotations

import asyncio

from emulators import in_loop
from tests.bench.measure import Result, alternate, progress, stopwatch
from tests.bench.posting import batch, post_each, written
from tests.bench.sink import sink


def run(quick: bool) -> list[Result]:
    """Seconds and rate of the deliveries, and seconds of subscribing; none has an aim."""
    count, rounds = (1000, 1) if quick else (10_000, 3)
    subscribing: list[float] = []
    with sink() as url:
        body = batch(written("sendpulse", "delivered", 2, url)[:1])

    def emulator() -> float:
        with sink() as url:
            return asyncio.run(_emulator(url, count, subscribing))

    def bare() -> float:
        with sink() as url:
            return asyncio.run(_bare(url, body, count))

    ours, theirs = alternate(rounds, emulator, bare)
    progress(f"  subscribing took {min(subscribing):.3g} s at best")
    reference = f"{count} bare aiohttp POSTs, a connection each"
    return [
        Result("subscriptions", "s", ours, reference, theirs),
        Result("  deliveries", "1/s", count / ours, reference, count / theirs),
        Result("  subscribing", "s", sorted(subscribing)[len(subscribing) // 2], f"{count} x subscribe()"),
    ]


async def _emulator(url: str, count: int, subscribing: list[float]) -> float:
    async with in_loop("sendpulse") as emulator:
        with stopwatch() as watch:
            for number in range(count):
                await emulator.aio.subscribe(url, batch_window=number + 1)
        subscribing.append(watch.seconds)
        with stopwatch() as watch:
            emulator.emit("delivered")
            await emulator.aio.drain()
        assert len(emulator.deliveries(outcome="acknowledged")) == count
    return watch.seconds


async def _bare(url: str, body: bytes, count: int) -> float:
    with stopwatch() as watch:
        await post_each(url, [body] * count, keep_alive=False)
    return watch.seconds
