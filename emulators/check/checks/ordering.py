"""The events of one message: all of them count, in whatever order they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from emulators.check.catalogue import Check
from emulators.check.checks.edits import time_field
from emulators.check.checks.parts import (
    BEGINNING,
    STEP,
    like,
    moment,
    ordinary,
    story,
    usual_kind,
)
from emulators.check.checks.sweeping import look
from emulators.check.judging import attempt
from emulators.check.oracle import Records
from emulators.check.oracle.storing import tellable
from emulators.check.running import CannotTell
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.codec import encode
from emulators.engine.provider import Payload

STATEFUL = "keeps one record for a message"
"""Fact: a further state of a message changes its record; there is no record of each event."""


def told_apart(sender: Sender) -> str:
    """Why there are no several states of one message."""
    return "" if _stories(sender) else "events of this feed are not several states of one message"


def _stories(sender: Sender, among: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """What happens to a message, and what may follow it."""
    find = partial(like, sender, among=among)
    delivered, seen = find("deliver"), find("click", "redirect", "open", "read")
    ended, refused = find("spam", "complain", "unsub"), find("undeliver", "bounce")
    return [(delivered, later) for later in (seen, ended, refused) if delivered and later]


# -- C16


async def orders(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """The events of a message in their order, those of another one backwards: both must be in the same state at the end. And an
    event that follows must not go unseen."""
    records, sender = session.records, session.sender
    if records is None:
        return
    await look(session)
    compared = False
    for kinds in _stories(sender, session.usual_kinds):
        events = story(session, kinds)
        if not events:
            continue
        forwards, backwards = _requests(sender, events), _requests(sender, events[::-1])
        ways = ((Shot(events[:1]),), forwards, backwards)
        states = await asyncio.gather(*(_state(session, records, shots) for shots in ways))
        if frozenset() in states:
            raise CannotTell(
                "what state a message is in is not known: say with --oracle-status where in a record it stands"
            )
        if None in states:
            continue
        compared = True
        first, end, other = states
        words = ", then ".join(kinds)
        if end == first:
            says = f"{words}: the state stays {_shown(end)}, what follows the first event is not seen"
            yield Failure("final", says), Case("C16", f"{words}, in this order", forwards)
        elif other != end:
            says = (
                f"{', then '.join(kinds[::-1])}: the state is {_shown(other)}; of the same events in the order of their"
                f" times it is {_shown(end)}. What comes last is taken for what happened last"
            )
            basis = "inferred" if sender.in_line else "documented"
            yield Failure("last comes wins", says), Case("C16", f"{words}, backwards", backwards, basis=basis)
    if not compared:
        raise CannotTell(
            "no two events that follow each other in a message are taken and stored as they are: what their order does is not known"
        )


def _requests(sender: Sender, events: Sequence[Payload]) -> tuple[Shot, ...]:
    """One request for each event; of a vendor who delivers requests in their order all in one, in which they have none."""
    if sender.in_line and sender.together > 1:
        return (Shot(tuple(events)),)
    return tuple(Shot((event,)) for event in events)


async def _state(session: Session, records: Records, shots: Sequence[Shot]) -> frozenset[str] | None:
    """What states the oracle knows of the message of these requests, once it has come to rest; None: it was not taken, or is
    not stored."""
    outcome = await session.run(Case("C16", "", tuple(shots)), _missing, oracle=True)
    keys = {key for exchange in outcome.exchanges for key in exchange.keys}
    if len(keys) != 1 or not all(exchange.acknowledged for exchange in outcome.exchanges):
        return None
    found = await records.find(keys.pop())
    if not found:
        return None
    return frozenset(str(state) for record in found if (state := records.status(record)) is not None)


def _missing(outcome: Outcome) -> str | None:
    """Whether events are still on their way, where each is a record of its own."""
    keys = [key for exchange in outcome.exchanges for key in exchange.keys]
    return (
        None if outcome.stored and all(outcome.stored.get(k, 0) >= keys.count(k) for k in keys) else "not yet"
    )


def _shown(states: frozenset[str] | None) -> str:
    return " and ".join(sorted(states or ())) or "unknown"


# -- C17


async def keys(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Two events of one message, which must both be kept; one event under other headers, which must not become two."""
    await look(session)
    event = ordinary(session, 1)[0]
    other = (("User-Agent", "provider-emulators/2"), ("X-Request-Id", "5f0c0c6e-4d2b-4d3e-9b6f-2f1c8a1d7e10"))
    shots = (Shot((event,)), Shot((event,), headers=other))
    data = {"about": "other headers", "most": 1}
    collapses = Case("C17", "the same event again, under other headers", shots, basis="assumed", data=data)
    # Who stores whatever comes again has been told so, and by nothing but its headers this comes again, too.
    failure = None if session.ledger.doubles else (await attempt(session, KEYS, collapses))[1]
    if failure is not None:
        yield failure, collapses
    for title, about, events in _pairs(session):
        case = Case("C17", title, tuple(Shot((one,)) for one in events), data={"about": about, "least": 2})
        failure = (await attempt(session, KEYS, case))[1]
        if failure is not None and not await _changes(session, case):
            yield failure, case
            return
        if session.facts.get(STATEFUL):
            # It keeps a state: whether a second opening is in it cannot be said from outside.
            return


def _pairs(session: Session) -> list[tuple[str, str, tuple[Payload, ...]]]:
    sender = session.sender
    found = []
    find = partial(like, sender, among=session.usual_kinds)
    delivered, opened = find("deliver"), find("open", "read", "click")
    if delivered and opened:
        found.append(
            (f"{delivered}, then {opened}, of one message", "state", story(session, (delivered, opened)))
        )
    kind = opened or delivered or usual_kind(session)
    event = ordinary(session, 1, kind)[0]
    clock = time_field(event)
    if clock is not None:
        twice = tuple({**event, clock: moment(event[clock], BEGINNING + n * STEP)} for n in range(2))
        if all(map(sender.legal, twice)):
            found.append((f"{kind} twice, a minute apart", "time", twice))
    return [pair for pair in found if pair[2]]


async def _changes(session: Session, case: Case) -> bool:
    """Whether the second event of a case changes the record that the first has made."""
    if session.records is None:
        return False
    planting = session.planting()
    seen = list[list[bytes]]()
    for shot in case.shots:
        exchange = (await session.fire(shot, planting))[0]
        key = exchange.keys[0]
        await session.records.settle([key], lambda counts, key=key: not seen and bool(counts.get(key)))  # type: ignore[misc]
        seen.append(_texts(await session.records.find(key)))
    changed = bool(seen[0]) and seen[0] != seen[1]
    if changed:
        session.facts[STATEFUL] = True
    return changed


def _texts(records: Sequence[Any]) -> list[bytes]:
    return sorted(map(encode, records))


def judge_keys(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """As many records as the events that the vendor means."""
    first, last = outcome.exchanges[0], outcome.exchanges[1]
    if not (first.acknowledged and last.acknowledged) or outcome.stored is None or first.keys != last.keys:
        return None
    key = first.keys[0]
    least = case.data.get("least", 0)
    if not tellable(key) or (least and first.shot.events == last.shot.events):
        # The same event twice is a redelivery.
        return None
    count, about = outcome.stored.get(key, 0), case.data.get("about", "")
    if count < least and outcome.settled:
        return Failure(
            f"{about}: lost",
            f"{case.title}: {count} stored of two events, which have the same ids and are not the same. It knows"
            " an event by too few of its fields",
        )
    if count > case.data.get("most", count):
        return Failure(
            f"{about}: twice",
            f"{case.title}: stored {count} times. It knows an event by something that is no part of it",
            lasting=True,
        )
    return None


KEYS = Check(
    "C17",
    "identity of events",
    "delivery",
    Severity.CRITICAL,
    Verdict.FAIL,
    "Vendors number messages, not events. Who takes the message's id for the event's loses what happens to it later; who takes"
    " a time of his own or a header into his key stores each redelivery.",
    source="order",
    judge=judge_keys,
    run=keys,
    reads_oracle=True,
)
CHECKS = (
    Check(
        "C16",
        "order of events",
        "delivery",
        Severity.HIGH,
        Verdict.FAIL,
        "What comes last is taken for what happened last, or delivered for the end: opened and bounced messages are shown as"
        " delivered.",
        source="order",
        applies=told_apart,
        run=orders,
        reads_oracle=True,
        shrinks=False,
    ),
    KEYS,
)
