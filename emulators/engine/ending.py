"""Ends tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

PATIENCE = 0.5
"""Seconds after which a task is told again."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks until all of them are over. A cancellation can get lost where it meets what the task waited for, in
    code that is not ours; a process that was told to end must not wait for ever because of it."""
    every = tuple(tasks)
    left = {task for task in every if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=PATIENCE)
    for task in every:
        # How it ended was told where that matters; asyncio would tell it once more.
        if not task.cancelled():
            task.exception()
