"""Legal values of the fields that are there: left out, null, numbers, times, texts, addresses; and events that are old."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import each, either
from emulators.check.checks.edits import apart, chosen, redated, time_field, written
from emulators.check.checks.sweeping import Found, batches, healthy, sweep
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Severity, Shot, Verdict
from emulators.engine.provider import Payload

ADDRESSES = (
    "Ann@Example.COM",
    "{who:1}@EXAMPLE.COM",
    "{who:2}.o'brien@example.com",
    "{who:3}@xn--e1afmkfd.xn--80akhbyknj4f",
    "{who:4}@приклад.укр",
    '"{who:5} lee"@example.com',
    " {who:6}@example.com ",
)
"""As people type them, and as systems hand them on."""
AGES = (("an hour", 3600), ("three days", 3 * 86400), ("a month", 30 * 86400))


async def texts(session: Session) -> Found:
    """Legal texts, then one that no text can hold."""
    async for found in sweep("C19", ("text",), False, "inferred", together=True)(session):
        yield found
    async for found in each(session, either, halves(session)):
        yield found


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
    """Times that are legal, then one that databases write for none."""
    async for found in sweep("C18", ("moment",), True, "inferred", together=True)(session):
        yield found
    async for found in each(session, either, zeros(session)):
        yield found


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
    async for found in each(session, either, typed(session)):
        yield found
    async for found in sweep("C22", ("address",), False, "inferred")(session):
        yield found


def typed(session: Session) -> Iterator[Case]:
    """All forms of an address, in one batch where there are batches."""
    sender = session.sender
    events: list[Payload] = []
    for kind in healthy(session):
        event = sender.event(kind)
        field = sender.address(event)
        if field is None:
            continue
        events = [
            {**apart(sender, event, number), field: address}
            for number, address in enumerate(ADDRESSES)
            if sender.legal({**event, field: address})
        ]
        groups = [tuple(events)] if batches(sender) else [(event,) for event in events]
        for group in groups:
            title = "addresses as people type them" if len(group) > 1 else f"the address {group[0][field]}"
            yield Case("C22", title, (Shot(group),), True, "inferred", {"about": field, "path": [field]})
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
        run=sweep("C15", ("number",), True, "inferred", together=True),
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
        judge=either,
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
