"""How long our own process could not run: what was late because of that is nobody else's fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

TICK = 0.02
"""Seconds. A tick that is late by less says nothing: timers are no better."""


@asynccontextmanager
async def stalls() -> AsyncIterator[Callable[[], float]]:
    """A function that tells the seconds for which nothing could run on this loop since the context was entered: a busy or a
    sleeping machine, or work of ours."""
    total, due = 0.0, time.perf_counter() + TICK

    def told() -> float:
        behind = time.perf_counter() - due
        return total + (behind if behind > TICK else 0.0)

    async def tick() -> None:
        nonlocal total, due
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            total, due = told(), time.perf_counter() + TICK

    ticking = asyncio.create_task(tick())
    try:
        yield told
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
