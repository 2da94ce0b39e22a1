"""Fields that are missing, new, null, or of another type than usual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import each, either
from emulators.check.checks.edits import apart, chosen
from emulators.check.checks.sweeping import Found, batches, healthy, make_sure_of_kinds, sweep
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Severity, Shot, Verdict

ADDED = (
    ("newField", "text"),
    ("newNumber", 1),
    ("newFlag", True),
    ("newList", ["a", 1]),
    ("newObject", {"a": {"b": [{"c": 1}]}}),
    ("нове поле", "й"),
)
"""Fields that no document knows yet."""
DRIFTING = 24
"""Events of a kind that are looked at for a field in another type: the vendor's options decide over it."""


async def optional(session: Session) -> Found:
    """Each optional field left out, and fields that are new."""
    async for found in sweep("C13", ("absent",), True)(session):
        yield found
    async for found in each(session, either, additions(session)):
        yield found
    make_sure_of_kinds(session, "absent")


def additions(session: Session) -> Iterator[Case]:
    """New fields, in one batch where there are batches; for a single object all at once."""
    sender = session.sender
    kinds = healthy(session)
    if not kinds:
        return
    if batches(sender):
        events = [
            {**sender.event(kinds[n % len(kinds)]), name: value} for n, (name, value) in enumerate(ADDED)
        ]
        groups = [tuple(apart(sender, event, n) for n, event in enumerate(events))]
    else:
        groups = [({**sender.event(kinds[0]), **dict(ADDED)},)]
    for group in groups:
        yield Case("C13", "fields that are new", (Shot(group),), True, "inferred", {"about": "a new field"})


async def drifted(session: Session) -> Found:
    """Other types and choices of the schema."""
    async for found in sweep("C14", ("shape",), False)(session):
        yield found
    async for found in each(session, either, variants(session.sender, healthy(session))):
        yield found
    make_sure_of_kinds(session, "shape")


def drifting(sender: Sender) -> str:
    """Why no field is written in two ways; empty: one is."""
    if chosen(sender, sender.kinds, ("shape",), False) or any(True for _ in variants(sender, sender.kinds)):
        return ""
    return "no field of this feed has more than one type or choice"


def variants(sender: Sender, kinds: Iterable[str]) -> Iterator[Case]:
    """The types in which the vendor's own documents write the same field, where they differ."""
    seen: set[tuple[str, str]] = set()
    for kind in kinds:
        usual = sender.event(kind)
        for base in (sender.stock(kind).base(seed, True) for seed in range(DRIFTING)):
            for name, value in base.items():
                if (
                    name in usual
                    and type(value) is not type(usual[name])
                    and (name, str(type(value))) not in seen
                ):
                    seen.add((name, str(type(value))))
                    data = {"about": name, "path": [name], "ids": f"/{name}" in sender.identities}
                    shot = (
                        Shot(({**usual, name: value},))
                        if sender.legal({**usual, name: value})
                        else Shot((base,))
                    )
                    yield Case(
                        "C14", f"{kind} with {name} of another type", (shot,), True, "documented", data
                    )


async def nothing(session: Session) -> Found:
    """Null and empty where the schema allows them, then null where it may be feared all the same."""
    async for found in sweep("C20", ("nothing",), True)(session):
        yield found
    async for found in each(session, either, nulls(session)):
        yield found
    make_sure_of_kinds(session, "nothing")


def nulls(session: Session) -> Iterator[Case]:
    """Null for each field that may be left out: that the vendor rather leaves it out is a promise of today."""
    sender = session.sender
    for kind in healthy(session):
        event = sender.event(kind)
        for place in sender.vendor.rules(f"{sender.feed.name}.event").places(event):
            if len(place.path) == 1 and not place.required and isinstance(event.get(str(place.path[0])), str):
                name = str(place.path[0])
                data = {"about": "null", "path": [name]}
                yield Case(
                    "C20",
                    f"{kind} with {name} = null",
                    (Shot(({**event, name: None},)),),
                    False,
                    "assumed",
                    data,
                )
                break


CHECKS = (
    Check(
        "C13",
        "fields that are missing or new",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "A strict schema refuses the field that the vendor adds tomorrow, and code that takes an optional field for granted "
        "fails at the first event without it. Ignore what you do not know, and ask before you take.",
        run=optional,
        judge=either,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C14",
        "fields of another documented type",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "The same field comes as a number here and as a text there, as an object or as an empty array. Convert what you read, "
        "rather than compare its type.",
        applies=drifting,
        run=drifted,
        judge=either,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C20",
        "null and empty",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "A field may be left out, be null or be empty. `.strip()` of null is the commonest of all errors in receivers.",
        run=nothing,
        judge=either,
        reads_oracle=True,
        blind=True,
    ),
)
