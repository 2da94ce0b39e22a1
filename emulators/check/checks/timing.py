"""How long an answer takes, by the size of the request, and whether a backlog is taken as fast as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner
from emulators.check.checks.parts import ordinary
from emulators.check.checks.sizes import LATENCY
from emulators.check.session import Session
from emulators.check.stalling import stalls
from emulators.check.vocabulary import Case, Exchange, Failure, Severity, Shot, Verdict

SIZES = (1, 10, 100, 500)
TIMES = 3
"""Requests of one size, at most. What else goes on in a machine only ever makes an answer later, so the fastest
of them tells how long the receiver itself takes."""
ENOUGH = 1.0
"""Seconds that are spent on one size; a slow receiver is not asked as often."""
PARALLEL = 8
BACKLOG = 200

# -- C08


class Clock:
    """How long answers took: the fastest of each size."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.fastest: dict[int, float] = {}

    async def fire(self, shot: Shot, copies: int = 1) -> tuple[list[Exchange], Exchange | None]:
        """Copies of a request, all at once, with different people in each; and which was too late for the vendor, even without
        the time for which our own process could not run."""
        async with stalls() as stalled:
            groups = await asyncio.gather(*(self._session.fire(shot) for _ in range(copies)))
        exchanges = [exchange for group in groups for exchange in group]
        slowest = max(exchanges, key=lambda exchange: exchange.heard.seconds)
        late = slowest.heard.seconds - stalled() > self._session.timeout
        return exchanges, slowest if late else None

    async def measure(self, size: int) -> Exchange | None:
        """Some requests of this many events; the first that was too late, if one was."""
        shot, heard = Shot(ordinary(self._session, size)), list[Exchange]()
        late: Exchange | None = None
        while late is None and len(heard) < TIMES and sum(each.heard.seconds for each in heard) < ENOUGH:
            exchanges, late = await self.fire(shot)
            heard += exchanges
        good = [exchange.heard.seconds for exchange in heard if exchange.acknowledged]
        if good:
            self.fastest[size] = min([*good, self.fastest.get(size, good[0])])
        return late

    async def too_slow(self, size: int) -> bool:
        """Whether a request of this many events would be late, going by the two largest: also when these are measured again."""
        if reckoned(self.fastest, size) <= self._session.timeout:
            return False
        for known in sorted(self.fastest)[-2:]:
            await self.measure(known)
        return reckoned(self.fastest, size) > self._session.timeout


async def latencies(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Requests of 1, 10, 100 and 500 events, then several at once; the rest of the way to the fullest is reckoned."""
    most, clock = session.sender.most, Clock(session)
    for size in sorted({min(size, most) for size in SIZES}):
        if await clock.too_slow(size):
            break
        late = await clock.measure(size)
        if late is not None:
            _, again = await clock.fire(late.shot)
            yield _too_late(session, size, late, again is not None)
            return
        if size not in clock.fastest:
            break
    fastest = clock.fastest
    session.facts["seconds by events of a request"] = {size: round(took, 4) for size, took in fastest.items()}
    slope = slope_of(fastest)
    if slope is not None:
        too_slow = await clock.too_slow(most)
        slope = slope_of(fastest) or 0.0
        session.facts[LATENCY] = slope
        if too_slow:
            yield _slow(session, fastest, slope)
            return
    size = min(10, most)
    shot = Shot(ordinary(session, size))
    _, late = await clock.fire(shot, PARALLEL)
    if late is not None:
        _, again = await clock.fire(shot, PARALLEL)
        yield _too_late(session, size, late, again is not None, PARALLEL)


def _too_late(
    session: Session, size: int, late: Exchange, again: bool, copies: int = 1
) -> tuple[Failure, Case]:
    heard, alone = late.heard, copies == 1
    what = f"a request of {size} {'event' if size == 1 else 'events'}"
    what += "" if alone else f", {copies} such requests at once"
    says = (
        f"{what}: the receiver {answered(heard)}, {heard.seconds:.1f} s after it was sent;"
        f" {session.waits}, then it is sent again"
    )
    if not again:
        says += ". It did not happen again when it was tried once more"
    # Nobody says how many requests a vendor has on their way at once; of one that works in line it is one.
    sure = again and (alone or not session.sender.in_line)
    case = Case("C08", what, (late.shot,) * copies, basis="documented" if alone else "assumed")
    return Failure("late", says, None if sure else Verdict.RISK), case


def slope_of(fastest: Mapping[int, float]) -> float | None:
    """Seconds for each further event, by the two largest requests."""
    if len(fastest) < 2:
        return None
    (few, short), (many, long) = sorted(fastest.items())[-2:]
    return max(0.0, (long - short) / (many - few))


def reckoned(fastest: Mapping[int, float], size: int) -> float:
    """Seconds that a request of this many events would take."""
    slope = slope_of(fastest)
    if slope is None:
        return 0.0
    largest = max(fastest)
    return fastest[largest] + slope * (size - largest)


def _slow(session: Session, fastest: Mapping[int, float], slope: float) -> tuple[Failure, Case]:
    most, size = session.sender.most, max(fastest)
    crossing = size + int((session.timeout - fastest[size]) / slope)
    says = (
        f"an answer takes {slope * 1000:.1f} ms more for each event ({fastest[size]:.2f} s for {size}): from some"
        f" {crossing} events on it comes too late ({session.waits}); up to {most} come in a request, which would take"
        f" {reckoned(fastest, most):.0f} s"
    )
    case = Case("C08", f"a request of {size} events", (Shot(ordinary(session, size)),))
    return Failure("slope", says, Verdict.RISK), case


# -- C29


async def backlog(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """One request after the other, each as soon as the one before it is answered."""
    events = ordinary(session, 20)
    for number in range(1, BACKLOG + 1):
        exchange = (await session.fire(Shot((events[number % len(events)],)), hasty=True))[0]
        if exchange.acknowledged:
            continue
        yield _refused(session, number, exchange, events)
        return


def _refused(
    session: Session, number: int, exchange: Exchange, events: Sequence[dict[str, object]]
) -> tuple[Failure, Case]:
    heard, after = exchange.heard, exchange.heard.header("retry-after")
    known = f"Retry-After: {after}" if after else "no Retry-After"
    waits = "its backlog stops there" if session.sender.in_line else "each of them counts as a failed attempt"
    says = (
        f"request {number} of {BACKLOG} in a row: the receiver {answered(heard)} ({known}). After an outage"
        f" {session.sender.title} sends what has waited as fast as it is taken; {waits}"
    )
    shots = tuple(Shot((events[n % len(events)],)) for n in range(1, number + 1))
    return Failure(manner(heard), says), Case("C29", f"{number} requests in a row", shots)


CHECKS = (
    Check(
        "C08",
        "slow handler",
        "volume",
        Severity.HIGH,
        Verdict.FAIL,
        "All work is done before the answer: a large batch takes longer than the vendor waits, he sends it again, and the load"
        " doubles.",
        source="timeout",
        run=latencies,
        shrinks=False,
    ),
    Check(
        "C29",
        "backlog",
        "volume",
        Severity.MEDIUM,
        Verdict.RISK,
        "After an outage the vendor's backlog comes all at once; a rate limit or a firewall takes it for an attack.",
        source="order",
        run=backlog,
        shrinks=False,
    ),
)
