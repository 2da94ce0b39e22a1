"""How long an answer takes, by the size of the request, and whether a backlog is taken as fast as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from statistics import median

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner
from emulators.check.checks.batches import LATENCY
from emulators.check.checks.parts import ordinary
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Severity, Shot, Verdict

SIZES = (1, 10, 100, 500)
TIMES = 3
ENOUGH = 1.0
"""Seconds that are spent on one size; a slow receiver is not asked as often."""
PARALLEL = 6
BACKLOG = 200

# -- C08


async def latencies(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Requests of 1, 10, 100 and 500 events, then several at once; the rest of the way to the fullest is reckoned."""
    most = session.sender.most
    typical: dict[int, float] = {}
    for size in sorted({min(size, most) for size in SIZES}):
        if _reckoned(typical, size) > session.timeout:
            break
        exchanges = await _measured(session, size)
        if (late := _late(session, exchanges)) is not None:
            yield _too_late(session, size, late, "")
            return
        good = [exchange.heard.seconds for exchange in exchanges if exchange.acknowledged]
        if not good:
            break
        typical[size] = median(good)
    session.facts["seconds by events of a request"] = {size: round(took, 4) for size, took in typical.items()}
    slope = _slope(typical)
    if slope is not None:
        session.facts[LATENCY] = slope
        full = _reckoned(typical, most)
        if full > session.timeout:
            yield _slow(session, typical, slope, full)
            return
    size = min(10, most)
    shots = [Shot(ordinary(session, size))] * PARALLEL
    exchanges = [one for group in await asyncio.gather(*map(session.fire, shots)) for one in group]
    if (late := _late(session, exchanges)) is not None:
        yield _too_late(session, size, late, f", {PARALLEL} such requests at once")


async def _measured(session: Session, size: int) -> list[Exchange]:
    shot, heard = Shot(ordinary(session, size)), list[Exchange]()
    while len(heard) < TIMES and sum(exchange.heard.seconds for exchange in heard) < ENOUGH:
        heard += await session.fire(shot)
    return heard


def _late(session: Session, exchanges: Iterable[Exchange]) -> Exchange | None:
    """The latest of those that came after the vendor had given up."""
    slowest = max(exchanges, key=lambda exchange: exchange.heard.seconds)
    return slowest if slowest.heard.seconds > session.timeout else None


def _too_late(session: Session, size: int, late: Exchange, more: str) -> tuple[Failure, Case]:
    heard = late.heard
    what = f"a request of {size} {'event' if size == 1 else 'events'}{more}"
    says = (
        f"{what}: the receiver {answered(heard)}, {heard.seconds:.1f} s after it was sent; the vendor waits"
        f" {session.timeout:g} s, hears nothing, and sends it again"
    )
    return Failure("late", says), Case("C08", what, (late.shot,))


def _slope(typical: dict[int, float]) -> float | None:
    """Seconds for each further event, by the two largest requests."""
    if len(typical) < 2:
        return None
    (few, short), (many, long) = sorted(typical.items())[-2:]
    return max(0.0, (long - short) / (many - few))


def _reckoned(typical: dict[int, float], size: int) -> float:
    """Seconds that a request of this many events would take."""
    slope = _slope(typical)
    if slope is None:
        return 0.0
    largest = max(typical)
    return typical[largest] + slope * (size - largest)


def _slow(session: Session, typical: dict[int, float], slope: float, full: float) -> tuple[Failure, Case]:
    most, size = session.sender.most, max(typical)
    crossing = size + int((session.timeout - typical[size]) / slope)
    says = (
        f"an answer takes {slope * 1000:.1f} ms more for each event ({typical[size]:.2f} s for {size}): from some"
        f" {crossing} events on it comes after the {session.timeout:g} s that the vendor waits; he puts up to {most} into a"
        f" request, which would take {full:.0f} s"
    )
    case = Case("C08", f"a request of {size} events", (Shot(ordinary(session, size)),))
    return Failure("slope", says, Verdict.RISK), case


# -- C29


async def backlog(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """One request after the other, each as soon as the one before it is answered."""
    events = ordinary(session, 20)
    for number in range(1, BACKLOG + 1):
        exchange = (await session.fire(Shot((events[number % len(events)],))))[0]
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
