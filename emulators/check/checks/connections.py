"""One connection for many requests, as the clients of vendors keep it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered
from emulators.check.checks.parts import ordinary
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Severity, Shot, Verdict

if TYPE_CHECKING:
    from emulators.check.wire import Wire

REQUESTS, FEWEST = 30, 20
ENOUGH = 2.0
"""Seconds that are spent on requests over one connection, once the fewest are done."""
UNREAD = b"[" + b"0," * 20_000 + b"0]"
"""A body that a receiver may have no reason to read: 40 kB."""
ELSEWHERE = "/provider-emulators/nothing-is-here"
PAUSE = 1.0
"""Seconds for which half a body is all there is; more where the receiver is slow."""
REST = "seconds that a kept connection is left alone"
"""Fact, set by whoever has the time: vendors come back to a connection after minutes."""


async def reused(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Requests over a connection that is kept; a refused one with a body in front of a good one; half a body."""
    events = ordinary(session, 2)
    alone = session.wire
    if not (await _sent(session, Shot(events[:1]))).acknowledged:
        return
    from emulators.check.wire import Wire

    session.wire = kept = Wire(alone.egress, kept=True)
    try:
        async for found in _over_one(session, kept, alone, events):
            yield found
            break
    finally:
        session.wire = alone
        await kept.close()
    async for found in _half(session, alone, events[0]):
        yield found


async def _over_one(
    session: Session, kept: Wire, alone: Wire, events: tuple[dict[str, object], ...]
) -> AsyncIterator[tuple[Failure, Case]]:
    """What is wrong about a kept connection; the first of it spoils what would follow."""
    async for found in _one_after_the_other(session, kept, alone, Shot(events[:1])):
        yield found
    async for found in _after_a_refusal(session, alone, Shot(events[1:])):
        yield found
    async for found in _after_a_rest(session, alone, Shot(events[:1])):
        yield found


async def _one_after_the_other(
    session: Session, kept: Wire, alone: Wire, shot: Shot
) -> AsyncIterator[tuple[Failure, Case]]:
    started = time.monotonic()
    for number in range(1, REQUESTS + 1):
        if number > FEWEST and time.monotonic() - started > ENOUGH:
            return
        exchange = await _sent(session, shot)
        case = Case("C25", f"{number} requests over one connection", (shot,) * number, basis="assumed")
        if exchange.acknowledged and not kept.surprises:
            continue
        if kept.surprises or exchange.heard.status is None:
            says = (
                f"request {number} over one connection: it was closed after an answer that did not say so (Connection: close);"
                " whoever keeps his connections may lose a request to one that is closed under him"
            )
            yield Failure("closed without a word", says), case
            return
        if (await _alone(session, alone, shot)).acknowledged:
            says = f"request {number} over one connection: the receiver {answered(exchange.heard)}; over one of its own it passes"
            yield Failure("another answer", says, Verdict.FAIL), case
        return


async def _after_a_refusal(session: Session, alone: Wire, shot: Shot) -> AsyncIterator[tuple[Failure, Case]]:
    refusals = [("to another path", Shot(raw=UNREAD, path=ELSEWHERE)), ("that is no event", Shot(raw=UNREAD))]
    if session.target.basic is not None:
        refusals.append(("without credentials", Shot(raw=UNREAD, credentials="none")))
    for what, refusal in refusals:
        refused = await _sent(session, refusal)
        if refused.acknowledged or refused.heard.status is None:
            continue
        exchange = await _sent(session, shot)
        if exchange.acknowledged or not (await _alone(session, alone, shot)).acknowledged:
            continue
        why = (
            "It closes the connection and does not say so (Connection: close), or it answers before it has read the body"
            if exchange.heard.status is None
            else "It answers before it has read the body, and takes the rest of it for the next request"
        )
        says = (
            f"after a request {what} ({refused.heard.status}) the next one over the same connection: the receiver"
            f" {answered(exchange.heard)}; over one of its own it passes. {why}"
        )
        case = Case("C25", f"a request {what}, then a good one", (refusal, shot), legal=False)
        yield Failure("out of step", says), case
        return


async def _after_a_rest(session: Session, alone: Wire, shot: Shot) -> AsyncIterator[tuple[Failure, Case]]:
    """A connection that was not used for long and is still open must still serve; closing it in time is right."""
    rest = session.facts.get(REST)
    if not isinstance(rest, int | float) or not (await _sent(session, shot)).acknowledged:
        return
    await asyncio.sleep(rest)
    exchange = await _sent(session, shot)
    if exchange.acknowledged or not (await _alone(session, alone, shot)).acknowledged:
        return
    says = (
        f"a request over a connection that nobody used for {rest:g} s: the receiver {answered(exchange.heard)}; over one of its"
        " own it passes. Something on the way has forgotten the connection and told nobody"
    )
    yield (
        Failure("rested", says),
        Case("C25", f"two requests, {rest:g} s apart", (shot, shot), basis="assumed"),
    )


async def _half(
    session: Session, alone: Wire, template: dict[str, object]
) -> AsyncIterator[tuple[Failure, Case]]:
    """A success that comes while half of the body is still to be sent."""
    shot = Shot((template,))
    from emulators.check.wire.hesitating import FILLED, HesitantWire

    wire = HesitantWire(alone.egress)
    usual = session.facts.get("latency")
    wire.pause = PAUSE + 2 * usual if isinstance(usual, float) else PAUSE
    session.wire = wire
    try:
        exchange = (await session.fire(shot, legal=False))[0]
    finally:
        session.wire = alone
        await wire.close()
    if not (wire.early and exchange.acknowledged):
        return
    says = (
        f"a request of {FILLED:,} bytes: the receiver {answered(exchange.heard)} when half of it had arrived. It acknowledges what"
        " it cannot know: where the rest is cut off, never comes, or is no event, the vendor hears that it was taken"
    )
    case = Case(
        "C25",
        "a request whose second half comes late, filled up with spaces",
        (shot,),
        legal=False,
        basis="assumed",
    )
    yield Failure("before the end", says, severity=Severity.HIGH), case


async def _sent(session: Session, shot: Shot) -> Exchange:
    return (await session.fire(shot))[0]


async def _alone(session: Session, alone: Wire, shot: Shot) -> Exchange:
    """Over a connection of its own."""
    kept, session.wire = session.wire, alone
    try:
        return await _sent(session, shot)
    finally:
        session.wire = kept


CHECKS = (
    Check(
        "C25",
        "connection reuse",
        "delivery",
        Severity.MEDIUM,
        Verdict.RISK,
        "Vendors keep connections. A receiver that closes them without a word, or answers before it has read a body, fails"
        " requests that are good.",
        source="order",
        run=reused,
        shrinks=False,
    ),
)
