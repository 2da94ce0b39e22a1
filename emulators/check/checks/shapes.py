"""Requests of another shape than usual: no array, other framing, another vendor's events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace

from emulators.check.catalogue import Check
from emulators.check.checks.answers import (
    answered,
    each,
    key_of,
    legal,
    lost,
    manner,
    success,
    tried,
    upset,
)
from emulators.check.checks.edits import written
from emulators.check.checks.growing import certain, stored
from emulators.check.checks.learning import learn
from emulators.check.checks.sweeping import healthy
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.doors import SHIPPED
from emulators.engine.codec import encode
from emulators.errors import InvalidValue

# -- C21


async def oddities(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """All odd bodies; that the empty array stores something is made sure of."""
    for case in odd_bodies(session):
        outcome = await session.run(case, lambda told: None, oracle=case.data["about"] == "nothing")
        failure = shapeless(session, case, outcome)
        if failure is not None and (not outcome.grown or await certain(session, case, outcome)):
            yield failure, case


def shapeless(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """It must upset nobody, and an empty array must leave nothing behind."""
    failure = upset(session, case, outcome)
    return failure or (stored(case, outcome) if case.data["about"] == "nothing" else None)


def odd_bodies(session: Session) -> Iterator[Case]:
    """JSON, but no body of this feed."""
    sender = session.sender
    event = sender.event()
    bodies: list[tuple[str, object, bool]] = [("an empty array", [], False), ("an empty object", {}, True)]
    if sender.batched:
        bodies += [("an event without its array", event, False), ("an array in an array", [[event]], True)]
    else:
        bodies.append(("an event in an array", [event], False))
    bodies += [
        ("an array of null", [None], True),
        ("null", None, True),
        ("a text", "text", True),
        ("a number", 1, True),
        ("an object with an array", {"events": [event]}, True),
    ]
    for title, value, wrong in bodies:
        data = {"about": "nothing" if value == [] else "another shape", "success": "risk" if wrong else ""}
        yield Case("C21", title, (Shot(raw=encode(value)),), False, "assumed", data)


# -- C24

LETTERS = "Привіт, їжаче"
"""Of two bytes each, which everybody can store who can store more than English."""


async def framed_otherwise(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Every framing. A field whose letters are stored otherwise however they come is another check's matter, and tells nothing
    here."""
    async for found in each(session, framed, framings(session)):
        yield found
    await learn(session)
    for case in halved(session):
        whole = replace(case, shots=tuple(replace(shot, framing="length") for shot in case.shots))
        if await tried(session, framed, whole) is None:
            async for found in each(session, framed, (case,)):
                yield found
            break


def halved(session: Session) -> Iterator[Case]:
    """A text of several bytes a letter, in a body that is parted inside the first of them: TCP may cut it anywhere. One field
    after the other, those first that the oracle shows."""
    sender = session.sender
    events = [sender.event(kind) for kind in healthy(session)]
    changed = {
        name: {**event, name: LETTERS} for event in reversed(events) for name in written(sender, event)
    }
    for name in sorted(changed, key=lambda name: not session.columns.show(name)):
        if sender.legal(changed[name]):
            shot = Shot((changed[name],), framing="halves")
            title = "a body in two TCP segments, parted inside a letter"
            yield Case("C24", title, (shot,), True, "inferred", {"about": "halves"})


def framings(session: Session) -> Iterator[Case]:
    """What HTTP/1.1 allows, and clients of vendors may do: nobody says what theirs do."""
    event = session.sender.event()
    for framing, title in (
        ("chunked", "a body in chunks, without a length"),
        ("expect", "Expect: 100-continue"),
        ("gzip", "a packed body, Content-Encoding: gzip"),
    ):
        shot = Shot((event,), framing=framing)
        yield Case("C24", title, (shot,), framing != "gzip", "assumed", {"about": framing})


def torn(case: Case, outcome: Outcome) -> Failure | None:
    """Of records that name only some fields, and perhaps by names of their own: they hold what decoders put in place of half a
    letter, which was not sent."""
    for key, records in (outcome.found or {}).items():
        if "\ufffd" in json.dumps(records, ensure_ascii=False):
            says = (
                f"{case.title}: acknowledged, and what is stored of {key} holds U+FFFD in place of a letter"
            )
            return Failure(key_of(case, "letters lost"), says)
    return None


def framed(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """HTTP/1.1 demands the first two. The third may be refused as what it is (415), not as broken JSON. How TCP cuts a body is
    not even the vendor's choice: whoever cannot take that fails."""
    heard = outcome.exchanges[0].heard
    if case.data["about"] == "halves":
        failure = legal(session, case, outcome) or torn(case, outcome)
        return failure and replace(failure, verdict=Verdict.FAIL, severity=Severity.HIGH)
    if case.legal:
        return legal(session, case, outcome)
    if not success(heard) and heard.status not in (406, 415, 501):
        return Failure(
            f"{case.data['about']}: {manner(heard)}",
            f"{case.title}: the receiver {answered(heard)}; 415 says that it cannot be unpacked",
            lasting=True,
        )
    return lost(session, case, outcome)


# -- C34


def foreign(session: Session) -> Iterable[Case]:
    """The example of every other vendor."""
    own = session.sender.vendor.name
    for spec in SHIPPED:
        if spec == own:
            continue
        try:
            other = Sender(spec)
        except InvalidValue:
            # This one sends nothing.
            continue
        body = encode(other.wrap([other.event()]))
        data = {"about": spec, "success": "risk"}
        yield Case("C34", f"an event of {other.title}", (Shot(raw=body),), False, "assumed", data)


def confused(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Neither a success nor an error is proof of harm."""
    found = upset(session, case, outcome)
    return found and Failure(found.key, found.says, Verdict.RISK)


CHECKS = (
    Check(
        "C21",
        "bodies of another shape",
        "coverage",
        Severity.MEDIUM,
        Verdict.FAIL,
        "An empty array, or an object where an array should be, comes from tests of the connection and from other versions of the "
        "vendor. Take an empty array for nothing, and answer 400 to what you cannot read.",
        "envelope",
        run=oddities,
        judge=shapeless,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C24",
        "other framing of the request",
        "coverage",
        Severity.LOW,
        Verdict.RISK,
        "Nobody documents whether a vendor's client sends a length, waits for 100 Continue or packs the body, and proxies change "
        "it. A server that cannot read chunks takes an empty body for the whole of it. And a body that is made a text piece by "
        "piece (`body += chunk` in Node) loses the letters that TCP parts: put the bytes together first.",
        "method",
        run=framed_otherwise,
        judge=framed,
        # One that waits for the whole of the vendor's patience is seen once.
        shrinks=False,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C34",
        "events of another vendor",
        "coverage",
        Severity.LOW,
        Verdict.RISK,
        "One address is easily given to two vendors. What is acknowledged and not understood is lost, and nobody hears of it.",
        "envelope",
        cases=foreign,
        judge=confused,
    ),
)
