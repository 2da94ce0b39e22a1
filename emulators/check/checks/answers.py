"""How an answer is judged, for all checks alike: what the vendor may send must succeed in his time, what he never sends must
upset nobody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from emulators.check.checks.learning import learn, stored_of
from emulators.check.oracle.altered import Alteration, alterations
from emulators.check.oracle.columns import Stored
from emulators.check.planting import PLACE, TOKEN
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Heard, Outcome, Severity, Verdict

Judge = Callable[[Session, Case, Outcome], Failure | None]


def manner(heard: Heard) -> str:
    """What sort of answer it was: `5xx`, `4xx`, ..., or `no answer`."""
    return "no answer" if heard.status is None else f"{heard.status // 100}xx"


def answered(heard: Heard) -> str:
    """The answer in words."""
    if heard.status is None:
        return f"gave no answer ({heard.reason})"
    return f"answered {heard.status}"


def success(heard: Heard) -> bool:
    """Whether the receiver means that all went well, whatever the vendor makes of it."""
    return heard.status is not None and heard.status // 100 == 2


def subject(case: Case) -> str:
    """What a case is about, in words: the one event's odd value where one is left, the fields of several that were changed
    together, else its title."""
    events = [event for shot in case.shots for event in shot.events]
    path = case.data.get("path")
    if len(events) > 1 and case.data.get("fields"):
        return changed(events, path, case.data["fields"])
    if len(events) != 1 or not path:
        return case.title
    try:
        return f"an event with {dotted(path)} = {shown(_at(events[0], path))}"
    except LookupError:
        return f"an event without {dotted(path)}"


def changed(events: Sequence[Any], path: Sequence[str | int] | None, fields: Sequence[str]) -> str:
    """Events of one request that are changed in one field (`path`) or in several: as many as there are, while a case shrinks."""
    count = f"{len(events)} events in one request"
    if not path:
        more = f" and {len(fields) - 4} other fields" if len(fields) > 4 else ""
        return f"{count} with changes of {', '.join(fields[:4])}{more}"
    values = list[str]()
    for event in events:
        try:
            values.append(shown(_at(event, path)))
        except LookupError:
            values.append("nothing")
    known = list(dict.fromkeys(values))
    return f"{count} with {dotted(path)} = {', '.join(known[:3])}{', ...' if len(known) > 3 else ''}"


def _at(event: Any, path: Iterable[str | int]) -> Any:
    """The value at a place; `LookupError`: there is none."""
    for step in path:
        try:
            event = event[step]
        except TypeError:
            raise LookupError(step) from None
    return event


def dotted(path: Iterable[str | int]) -> str:
    """A place of an event, for people."""
    return ".".join(str(step) for step in path)


def shown(value: Any) -> str:
    """A value for people: as JSON, odd characters escaped, not too long."""
    if isinstance(value, str):
        value = PLACE.sub("ann", value)
    text = json.dumps(value, ensure_ascii=not (isinstance(value, str) and value.isprintable()))
    return text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"


def key_of(case: Case, what: str) -> str:
    """A failure's key: the field that it is about, and what happened. It stays while the case shrinks."""
    about = case.data.get("about")
    return f"{about}: {what}" if about else what


def refused(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Of what the vendor may send: it was not acknowledged, or too late."""
    for exchange in outcome.exchanges:
        heard = exchange.heard
        if not exchange.acknowledged:
            wanted = session.sender.wanted
            return Failure(
                key_of(case, manner(heard)),
                f"{subject(case)}: the receiver {answered(heard)}; {session.sender.title} takes only {wanted} for a success",
                lasting=True,
            )
        if heard.seconds > session.timeout:
            return Failure(
                key_of(case, "late"),
                f"{subject(case)}: answered after {heard.seconds:.1f} s; {session.waits}",
            )
    return None


def lost(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Of what was acknowledged: the oracle does not know it. Kinds that are never stored do not count, nor events that name
    nobody by a planted address: an app need not store ids."""
    if outcome.stored is None or not outcome.settled or case.data.get("ids"):
        return None
    for exchange in outcome.exchanges:
        if not exchange.acknowledged:
            continue
        for event, key in zip(exchange.shot.events, exchange.keys, strict=True):
            if TOKEN.fullmatch(key) and not outcome.stored.get(key) and session.keeps(event):
                return Failure(
                    key_of(case, "lost"),
                    f"{subject(case)}: the receiver {answered(exchange.heard)} and did not store the event of {key}",
                )
    return None


def altered(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Of what was stored: a record says something else than the event did, in a field that the case is about, by the field's own
    name or in the column that holds it."""
    for exchange in outcome.exchanges if outcome.found is not None else ():
        if not exchange.acknowledged:
            continue
        told = stored_of(session, outcome, exchange)
        for one, alteration in (*_by_name(told), *_by_column(session, told)):
            if _is_about(case, one.events, alteration):
                return Failure(
                    key_of(case, f"{alteration.field} altered"),
                    f"{subject(case)}: acknowledged, and stored otherwise: {alteration}",
                )
    return None


def _by_name(told: Iterable[Stored]) -> Iterator[tuple[Stored, Alteration]]:
    for one in told:
        if len(one.records) == 1:
            yield from ((one, found) for found in alterations(one.key, one.events, one.records[0]))


def _by_column(session: Session, told: Sequence[Stored]) -> Iterator[tuple[Stored, Alteration]]:
    known = {one.key: one for one in told}
    return ((known[key], found) for key, found in session.columns.alterations(told))


def _is_about(case: Case, events: Sequence[Any], alteration: Alteration) -> bool:
    """Whether it is in the field that a case has changed, or in another that it gave the same odd value."""
    path = case.data.get("path")
    if not path or alteration.field.split(".")[0] == str(path[0]):
        return True
    for event in events:
        with suppress(LookupError):
            if _at(event, path) == alteration.sent:
                return True
    return False


def legal(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The judge of what the vendor may send."""
    return refused(session, case, outcome) or lost(session, case, outcome) or altered(session, case, outcome)


def upset(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Of what the vendor never sends: an internal error, or no answer. A 2xx is a risk where the case says so
    (`data["success"] == "risk"`): nobody hears that nothing was understood."""
    for exchange in outcome.exchanges:
        heard = exchange.heard
        if heard.status is None or heard.status >= 500:
            return Failure(
                key_of(case, manner(heard)),
                f"{subject(case)}: the receiver {answered(heard)}; a 4xx is right",
                lasting=True,
            )
        if heard.seconds > session.timeout:
            return Failure(
                key_of(case, "late"),
                f"{subject(case)}: answered after {heard.seconds:.1f} s; {session.waits}",
            )
        if success(heard) and case.data.get("success") == "risk":
            return Failure(
                # Whoever takes one such body for an event takes them all: it is told once.
                "minor success" if case.data.get("minor") else "success",
                f"{subject(case)}: the receiver {answered(heard)}, as if it had understood; a 4xx is right",
                Verdict.RISK,
                Severity.LOW if case.data.get("minor") else None,
                True,
            )
    return None


def either(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """`legal` or `upset`, as the case says. An error at what nobody sends is a risk here, and a failure in the checks of that."""
    if case.legal:
        return legal(session, case, outcome)
    failure = upset(session, case, outcome)
    return failure and replace(failure, verdict=Verdict.RISK)


async def tried(session: Session, judge: Judge, case: Case) -> Failure | None:
    """Executes a case once; the oracle is asked where something must have been stored."""
    if case.legal and "path" in case.data:
        await learn(session)
    judged = partial(judge, session, case)
    return judged(await session.run(case, judged, oracle=case.legal))


async def each(session: Session, judge: Judge, cases: Iterable[Case]) -> AsyncIterator[tuple[Failure, Case]]:
    """Executes cases one after the other and tells of those that fail."""
    for case in cases:
        failure = await tried(session, judge, case)
        if failure is not None:
            yield failure, case
