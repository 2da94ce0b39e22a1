"""Legal values of the fields that are there: left out, null, numbers, times, texts, addresses; and events that are old."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from emulators.check.catalogue import Check
from emulators.check.checks.answers import dotted, each, either
from emulators.check.checks.edits import apart, chosen, redated, time_field, written
from emulators.check.checks.learning import make_sure
from emulators.check.checks.sweeping import Found, batches, healthy, look, make_sure_of_kinds, sweep
from emulators.check.planting import PLACE
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.provider import Payload

ADDRESSES = (
    "Ann@Example.COM",
    "{who:0}+news@example.com",
    "{who:1}@EXAMPLE.COM",
    "{who:2}.o'brien@example.com",
    "{who:3}@xn--e1afmkfd.xn--80akhbyknj4f",
    "{who:4}@приклад.укр",
    '"{who:5} lee"@example.com',
    " {who:6}@example.com ",
)
"""As people type them, and as systems hand them on."""
QUARTER, WIDEST = 900, 14 * 3600
"""Seconds: what zones differ by, and by how much at most."""
_ZONED = re.compile(r"\d\d:\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$")
AGES = (("an hour", 3600), ("three days", 3 * 86400), ("a month", 30 * 86400))


async def texts(session: Session) -> Found:
    """Legal texts, then one that no text can hold."""
    async for found in sweep("C19", ("text",), False, "inferred", together=True)(session):
        yield found
    async for found in each(session, either, halves(session)):
        yield found
    make_sure_of_kinds(session, "text")
    make_sure(session, "C19", "text")


async def numbers(session: Session) -> Found:
    """Numbers of all widths, and neighbours that differ in the last bit."""
    async for found in sweep("C15", ("number",), True, "inferred", together=True)(session):
        yield found
    make_sure_of_kinds(session, "number")
    make_sure(session, "C15", "number")


def halves(session: Session) -> Iterator[Case]:
    """Half of an emoji, as a text that was cut in the wrong place has it: legal JSON, no legal Unicode."""
    sender = session.sender
    for kind in healthy(session)[:1]:
        event = sender.event(kind)
        name = next(iter(written(sender, event)), None)
        if name is not None:
            body = json.dumps(sender.wrap([{**event, name: "\ud83d"}])).encode()
            yield Case(
                "C19", f"{name} with half of an emoji", (Shot(raw=body),), False, "assumed", {"about": "half"}
            )


async def moments(session: Session) -> Found:
    """A time without a zone, times that are legal, then one that databases write for none."""
    async for found in each(session, in_its_zone, zoneless(session)):
        yield found
    async for found in sweep("C18", ("moment",), True, "inferred", together=True)(session):
        yield found
    async for found in each(session, either, zeros(session)):
        yield found
    make_sure_of_kinds(session, "moment")


def zoneless(session: Session) -> Iterator[Case]:
    """An ordinary event whose time names no zone, where it is known which one the vendor means."""
    sender = session.sender
    event, fact = (
        sender.event((healthy(session) or sender.kinds)[0]),
        sender.vendor.profile.facts.get("time_zone"),
    )
    field = time_field(event)
    if field is None or fact is None or fact.value != "UTC" or _naive(event[field]) is None:
        return
    data = {"about": field, "path": [field], "zone": fact.value}
    yield Case("C18", f"an event of {event[field]}", (Shot((event,)),), True, fact.basis, data)


def in_its_zone(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """As `either`; of a time that names no zone, that it was not read in another one than the vendor's. It is known of what is
    stored as an instant: with a zone, or as a number. Where any of those is right, others are times of the receiver's own."""
    failure = either(session, case, outcome)
    if failure is not None or outcome.found is None or "zone" not in case.data:
        return failure
    [exchange] = outcome.exchanges
    field = case.data["path"][0]
    sent = _naive(exchange.shot.events[0].get(field))
    told = [found for record in outcome.found.get(exchange.keys[0], ()) for found in _instants(record)]
    # Hours and days that something is counted by are no zone's matter.
    if sent is None or sent % QUARTER == 0 or any(abs(at - sent) < 1 for at, _ in told):
        return None
    for at, words in told:
        if (at - sent) % QUARTER == 0 and abs(at - sent) <= WIDEST:
            return Failure(
                f"{field}: another zone",
                f"{case.title}: acknowledged, and stored as {words}, {abs(at - sent) / 3600:g} hours off. The time names no zone;"
                f" {session.sender.title} means {case.data['zone']}",
            )
    return None


def _naive(value: Any) -> float | None:
    """The seconds of a time that names no zone, as if it were UTC; None: it is none."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if at.tzinfo else at.replace(tzinfo=UTC).timestamp()


def _instants(value: Any) -> Iterator[tuple[float, str]]:
    """All in a record that is an instant without doubt, in seconds, and how it is written."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _instants(item)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**18:
        yield from ((value / scale, str(value)) for scale in (1, 1000, 10**6))
    elif isinstance(value, str) and _ZONED.search(value):
        with suppress(ValueError):
            yield datetime.fromisoformat(value).timestamp(), value


def zeros(session: Session) -> Iterator[Case]:
    """The zero date, and a leap second: by the form a time, in no calendar."""
    for kind in healthy(session)[:1]:
        event = session.sender.event(kind)
        field = time_field(event)
        if field is None or not isinstance(event[field], str) or event[field].isdecimal():
            return
        form = event[field]
        for odd in (re.sub(r"\d", "0", form), f"{form[:17]}60{form[19:]}" if len(form) >= 19 else ""):
            changed = {**event, field: odd}
            if odd and session.sender.legal(changed):
                data = {"about": field, "path": [field]}
                yield Case("C18", f"{kind} with {field} = {odd}", (Shot((changed,)),), False, "assumed", data)


async def addresses(session: Session) -> Found:
    """Addresses with fresh parts where they can have them, so that the oracle finds them; then those of the schema."""
    await look(session)
    async for found in each(session, either, typed(session)):
        yield found
    async for found in sweep("C22", ("address",), False, "inferred")(session):
        yield found
    make_sure_of_kinds(session, "address")


def typed(session: Session) -> Iterator[Case]:
    """All forms of an address, in one batch where there are batches."""
    sender = session.sender
    events: list[Payload] = []
    for kind in healthy(session):
        event = sender.event(kind)
        path = sender.place(event)
        if path is None:
            continue
        events = [
            sender.addressed(apart(sender, event, number), address)
            for number, address in enumerate(ADDRESSES)
            if sender.legal(sender.addressed(event, address))
        ]
        groups = [tuple(events)] if batches(sender) else [(event,) for event in events]
        for group in groups:
            address = PLACE.sub("ann", sender.person(group[0]))
            title = "addresses as people type them" if len(group) > 1 else f"the address {address}"
            yield Case(
                "C22", title, (Shot(group),), True, "inferred", {"about": dotted(path), "path": [*path]}
            )
        return


def old(session: Session) -> Iterator[Case]:
    """What comes after an outage: events that happened some time ago."""
    event = session.sender.event((healthy(session) or session.sender.kinds)[0])
    for words, seconds in AGES:
        aged = redated(event, int(time.time()) - seconds)
        if aged is not None:
            yield Case("C31", f"an event of {words} ago", (Shot((aged,)),), data={"about": "old"})


def timed(sender: Sender) -> str:
    """Why nothing can be old; empty: it can."""
    return "" if time_field(sender.event()) else "events of this feed say no time"


def wants(what: str, *sorts: str) -> Callable[[Sender], str]:
    """Why there is nothing to change; empty: there is."""

    def applies(sender: Sender) -> str:
        return "" if chosen(sender, sender.kinds, sorts, False) else f"no field of this feed {what}"

    return applies


CHECKS = (
    Check(
        "C15",
        "big numbers",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "Ids outgrow 32 bits, and JavaScript's numbers end at 2^53: two ids that differ in the last digit become one. Keep ids as "
        "text, or as 64 bits where the vendor says so.",
        applies=wants("holds a number", "number"),
        run=numbers,
        judge=either,
        reads_oracle=True,
        blind=True,
        hidden=True,
    ),
    Check(
        "C18",
        "times",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "Times without a zone exist twice a year, or not at all, for a receiver that reads them in its own; others are written "
        "as seconds, as text, or lie beyond 2038. Read them as the vendor means them, in UTC, and let none of them throw.",
        applies=wants("holds a time", "moment"),
        run=moments,
        judge=in_its_zone,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C19",
        "texts in all scripts",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "Subjects have emoji, names are Cyrillic, and a column of three bytes a character or of 64 characters throws at the "
        "first of them. Store UTF-8 with four bytes, and cut off on purpose or not at all.",
        applies=wants("holds free text", "text"),
        run=texts,
        judge=either,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C22",
        "addresses as people type them",
        "coverage",
        Severity.MEDIUM,
        Verdict.FAIL,
        "Contacts are typed by people: capitals, plus signs, quotes, letters of other alphabets. A strict pattern refuses the "
        "whole batch for one of them. The vendor has sent to that address: take it as it is.",
        applies=wants("holds an address", "address"),
        run=addresses,
        judge=either,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C31",
        "events that are old",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "After an outage the vendor sends what happened hours or days ago. Whoever refuses old events as replays loses them, or "
        "has them sent for ever.",
        "retry_delays",
        timed,
        old,
        either,
        reads_oracle=True,
        blind=True,
    ),
)
