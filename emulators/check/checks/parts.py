"""Ordinary events to build deliveries of: told apart by the oracle, of one message where a story is told. Pure but for what the
session has learned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from emulators.check.checks.answers import dotted
from emulators.check.checks.edits import apart, time_field
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.engine.provider import Payload
from emulators.strategies.changes import Change
from emulators.strategies.rules import Path

FIRST_SEED = 100
SEEDS = 40
"""So many events of a kind are looked at; of a longer batch they come again, to other people."""
BEGINNING = 1_767_323_300
"""2026-01-02, in seconds: when stories begin."""
STEP = 60


def usual_kind(session: Session) -> str:
    """A kind that this receiver takes and keeps, that names a person if any does."""
    kinds = session.usual_kinds
    return next(
        (kind for kind in kinds if _personal(session.sender, kind)), (kinds or session.sender.kinds)[0]
    )


def ordinary(session: Session, count: int, kind: str | None = None) -> tuple[Payload, ...]:
    """Events of one kind, each to somebody else."""
    sender, chosen = session.sender, kind or usual_kind(session)
    found = [sender.event(chosen, FIRST_SEED + n) for n in range(min(SEEDS, max(count, 8)))]
    personal = [event for event in found if sender.place(event) is not None] or found
    return tuple(apart(sender, personal[n % len(personal)], n + 1) for n in range(count))


def like(sender: Sender, *words: str, among: Sequence[str] | None = None) -> str | None:
    """The first kind that is named like this, of all or of some."""
    for word in words:
        for kind in sender.kinds if among is None else among:
            name = kind.lower()
            if word in name and not (word == "deliver" and "undeliver" in name) and _personal(sender, kind):
                return kind
    return None


def story(session: Session, kinds: Sequence[str], seconds: int = STEP) -> tuple[Payload, ...]:
    """Events of one message to one person, `seconds` apart; empty where none can be told that the vendor may send."""
    sender, told = session.sender, list[Payload]()
    first = ordinary(session, 1, kinds[0])[0]
    field = sender.vendor.kind_field(sender.feed.name)
    known = [*(pointer.split("/")[1] for pointer in sender.identities), *(sender.place(first) or ())[:1]]
    for number, kind in enumerate(kinds):
        other = ordinary(session, 1, kind)[0]
        clock = time_field(other)
        common = [name for name in other if name in first and name not in (field, clock)]
        for names in (common, [name for name in common if name in known]):
            event = {**other, **{name: first[name] for name in names}}
            if clock is not None:
                event[clock] = moment(other[clock], BEGINNING + number * seconds)
            if sender.legal(event):
                told.append(event)
                break
        else:
            return ()
    return tuple(told)


def moment(form: Any, seconds: int) -> Any:
    """A time in the form of another: a number, digits, or ISO with `T` or a space."""
    if isinstance(form, int):
        return seconds
    if form.isdecimal():
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").replace("T", form[10:11] or "T")


def broken(session: Session, event: Payload) -> list[tuple[str, Payload]]:
    """What the vendor never sends: the event with something in it that no handler can digest, and what that is."""
    sender = session.sender
    field, clock = sender.vendor.kind_field(sender.feed.name), time_field(event)
    places: list[Path] = [(field or "",), sender.place(event) or ("",), (clock or "",)]
    return [
        (f"an object for its {dotted(path)}", Change(path, {"not": ["expected"]}).apply(event))
        for path in places
        if path != ("",)
    ]


def _personal(sender: Sender, kind: str) -> bool:
    return any(sender.place(sender.event(kind, FIRST_SEED + n)) is not None for n in range(4))
