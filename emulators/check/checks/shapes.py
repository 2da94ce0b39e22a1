"""Requests of another shape than usual: no array, other framing, another vendor's events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import (
    answered,
    legal,
    lost,
    manner,
    success,
    upset,
)
from emulators.check.checks.growing import certain, stored
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


def framed(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """HTTP/1.1 demands the first two. The third may be refused as what it is (415), not as broken JSON."""
    heard = outcome.exchanges[0].heard
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
        "it. A server that cannot read chunks takes an empty body for the whole of it.",
        "method",
        cases=framings,
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
