"""A receiver that lets only so many requests through in a while is given time: what it refuses for our haste says nothing else
of it. How it takes a backlog is the matter of one check (C29), which is hasty on purpose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from emulators.check.budget import BudgetSpent
from emulators.check.vocabulary import Exchange, Heard

SHORTEST, LONGEST = 0.25, 64.0
"""Seconds: of the first pause, and of all pauses for one request. Many limits are by the minute."""


def is_busy(heard: Heard) -> bool:
    """Whether an answer says that it is too much at once."""
    return heard.status == 429 or (heard.status == 503 and heard.header("retry-after") is not None)


def retry_after(heard: Heard, now: datetime) -> float | None:
    """Seconds after which it may be tried again; None: nobody said, or not in a way that can be read."""
    said = (heard.header("retry-after") or "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until - now).total_seconds()) if until.tzinfo else None


class Pace:
    """How fast one receiver lets requests through, as far as it has shown. `rest`: seconds that were enough when it was too much."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._passed = 0
        self._waited = self.rest = 0.0
        self._first = ""

    def note(self, exchange: Exchange) -> None:
        """One request and what came of it."""
        self._passed += exchange.acknowledged

    def is_hurried(self, heard: Heard) -> bool:
        """Whether a refusal may be for our haste. Who never let anything through, and does not say when, is no matter of time."""
        return is_busy(heard) and (self._passed > 0 or retry_after(heard, datetime.now(UTC)) is not None)

    async def ready(self) -> None:
        """Before what must come all at once: rests as long as was enough before."""
        await self._pause(self.rest)

    async def give_time(
        self, heard: Heard, again: Callable[[], Awaitable[Heard]], plain: Callable[[], Awaitable[Heard]]
    ) -> None:
        """Sends what was refused `again`, later and later. Where the documents' own example, sent by `plain`, is let through and
        this is not, it is refused for what it is. Raises `BudgetSpent` where nothing is let through any more."""
        after = retry_after(heard, datetime.now(UTC))
        told = f"{heard.status}, " + ("no Retry-After" if after is None else f"Retry-After: {after:g} s")
        total = 0.0
        for pause in _pauses(after):
            await self._pause(pause)
            total += pause
            passed = self._passed
            if not is_busy(await again()):
                self._learn(f"{told}, after {passed} requests that it took", total)
                return
            if not is_busy(await plain()):
                await self._pause(pause)
                await again()
                return
        raise BudgetSpent(
            f"the receiver lets no more requests through ({told}) after {self._passed} that it took, not even the documents' own"
            " example: raise its limit for the check"
        )

    @property
    def words(self) -> str:
        """What there is to say of it; empty: nothing was too much."""
        return self._first and f"{self._first}; the run gave it {self._waited:.3g} s in all"

    def _learn(self, told: str, total: float) -> None:
        self._first = self._first or told
        self.rest = max(self.rest, total)

    async def _pause(self, seconds: float) -> None:
        if seconds:
            self._waited += seconds
            await self._sleep(seconds)


def _pauses(after: float | None) -> Iterator[float]:
    """Ever longer ones, at first as long as the receiver says."""
    pause, left = max(SHORTEST, after or 0.0), LONGEST
    while SHORTEST <= pause <= left:
        yield pause
        left -= pause
        pause = min(2 * pause, left)
