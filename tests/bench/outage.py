"""A receiver that is down for a day: five batches wait in line and arrive when it is up again."""

from __future__ import annotations

import asyncio

from emulators import in_loop
from tests.bench.measure import Aim, Result, alternate, stopwatch
from tests.bench.posting import post_each
from tests.support.receiver import Receiver


def run(quick: bool) -> list[Result]:
    """One row; both sides send to a receiver on the same loop."""
    attempts = asyncio.run(_attempts())
    ours, theirs = alternate(
        3 if quick else 15, lambda: asyncio.run(_emulator()), lambda: asyncio.run(_bare(attempts))
    )
    reference = f"{attempts} bare aiohttp POSTs, a connection each"
    return [Result("outage", "s", ours, reference, theirs, Aim("ours", "<=", 0.05, "s"))]


async def _emulator() -> float:
    async with Receiver(then=500) as receiver, in_loop("esputnik") as emulator:
        subscription = await emulator.aio.subscribe(receiver.url, batch_size=1)
        with stopwatch() as watch:
            emulator.emit("DELIVERED", count=5)
            await emulator.aio.advance("24h")
            receiver.then = 200
            await emulator.aio.drain()
        assert subscription.state == "active"
        assert len(emulator.deliveries(outcome="acknowledged")) == 5
    return watch.seconds


async def _attempts() -> int:
    async with Receiver(then=500) as receiver, in_loop("esputnik") as emulator:
        await emulator.aio.subscribe(receiver.url, batch_size=1)
        emulator.emit("DELIVERED", count=5)
        await emulator.aio.advance("24h")
        receiver.then = 200
        await emulator.aio.drain()
        return len(receiver.posts)


async def _bare(attempts: int) -> float:
    async with Receiver() as receiver:
        with stopwatch() as watch:
            await post_each(receiver.url, [b"[{}]"] * attempts, keep_alive=False)
    return watch.seconds
