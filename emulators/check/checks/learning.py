"""Sends ordinary events, to learn in which columns of its own a receiver keeps what the checks are about to change."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from emulators.check.checks.edits import Edit, apart, chosen
from emulators.check.oracle.columns import WIDE, Stored
from emulators.check.oracle.storing import tellable
from emulators.check.planting import TOKEN
from emulators.check.running import CannotTell
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Outcome, Shot
from emulators.engine import codec
from emulators.engine.provider import Payload
from emulators.strategies.changes import Change
from emulators.strategies.rules import Path

SORTS = ("number", "text")
"""Of changes: those in which a value may be kept otherwise than it was sent."""
TIMES = 3
"""Different values of each field."""
NAMED = 3
"""Fields that a reason names."""

UNCOMPARED = "fields that were not compared"
"""Fact: by check, the fields of which no record shows how they are stored, though it shows that of others."""


async def learn(session: Session) -> None:
    """Fills `session.columns`, once in a run; without an oracle there is nothing to learn from."""
    columns = session.columns
    if session.records is None or columns.asked:
        return
    columns.asked = True
    events = [
        apart(session.sender, event, number)
        for number, event in enumerate(
            plain_events(session.sender, session.usual_kinds, session.random("columns"))
        )
    ]
    size = session.sender.together
    shots = [Shot(tuple(events[at : at + size])) for at in range(0, len(events), size)]
    if not shots:
        return
    outcome = await session.run(Case("", "ordinary events", tuple(shots)), _awaited, oracle=True)
    for exchange in outcome.exchanges:
        if exchange.acknowledged:
            for stored in stored_of(session, outcome, exchange):
                columns.learn(stored)


def make_sure(session: Session, check: str, sort: str) -> None:
    """That records show the fields that were changed, by this sort; those that they do not are a fact. Raises `CannotTell` where
    they show none."""
    if session.records is None:
        return
    likely = [edit for edit in chosen(session.sender, session.usual_kinds, (sort,), False) if edit.likely]
    # A record that shows the narrow ones tells nothing of the wide.
    odd = [edit for edit in likely if sort == "text" or abs(int(edit.value)) >= WIDE]
    names = list(dict.fromkeys(".".join(map(str, edit.path)) for edit in odd or likely))
    unseen = [name for name in names if not session.columns.show(name)]
    if names and unseen == names:
        more = ", ..." if len(names) > NAMED else ""
        raise CannotTell(
            f"the answers are right; no record shows {' or '.join(names[:NAMED])}{more}, by its name or as it was sent: whether "
            "it is stored rightly is not known. Let the oracle tell it, too"
        )
    if unseen:
        known = session.facts.get(UNCOMPARED)
        session.facts[UNCOMPARED] = {**(known if isinstance(known, dict) else {}), check: unseen}


def plain_events(sender: Sender, kinds: Sequence[str], random: Random) -> Iterator[Payload]:
    """As few events as have each field that a check changes, with different values that are odd in no way."""
    fields: dict[Path, Edit] = {}
    for edit in chosen(sender, kinds, SORTS, False):
        if edit.likely:
            fields.setdefault(edit.path, edit)
    for _ in range(TIMES):
        left = dict(fields)
        while left:
            path, first = next(iter(left.items()))
            event, changed = _changed(sender, first.event, first, random)
            del left[path]
            for other in list(left.values()):
                event, also = _changed(sender, event, other, random)
                if also:
                    changed = True
                    del left[other.path]
            if changed:
                yield event


def _changed(sender: Sender, event: Payload, edit: Edit, random: Random) -> tuple[Payload, bool]:
    """The event with an ordinary value in a field, if that is legal there."""
    for value in _ordinary(edit, random):
        try:
            changed: Payload = Change(edit.path, value).apply(event)
        except LookupError:
            return event, False
        if sender.legal(changed):
            return changed, True
    return event, False


def _ordinary(edit: Edit, random: Random) -> tuple[Any, ...]:
    if edit.sort == "text":
        return (f"Some {''.join(random.choices(string.ascii_lowercase, k=8))} words",)
    number = random.randrange(100_000, 1_000_000)
    return (number, str(number)) if isinstance(edit.value, int) else (str(number), number)


def _awaited(outcome: Outcome) -> str | None:
    """That all of it is there; what is not, in the end, is held against nobody."""
    missing = outcome.found is None and not all((outcome.stored or {}).values())
    return "not all is there" if missing else None


def stored_of(session: Session, outcome: Outcome, exchange: Exchange) -> list[Stored]:
    """What is stored of the events of a request that are told from all others: with all that was sent of the same identity."""
    if outcome.found is None:
        return []
    known = _recognised(session)
    keys = [key for key in exchange.keys if known(key) and exchange.keys.count(key) == 1]
    sent: dict[str, list[Any]] = {}
    for each in outcome.exchanges:
        for key, event in zip(each.keys, sent_events(each), strict=False):
            sent.setdefault(key, []).append(event)
    return [Stored(key, sent[key], outcome.found.get(key, [])) for key in keys if key in sent]


def _recognised(session: Session) -> Callable[[str], bool]:
    """Whether an identity stands in its own records alone. An id does where a feed has nothing else."""
    ids = session.ids_kept and (session.sender.by_id or session.sender.place(session.sender.event()) is None)
    return lambda key: bool(TOKEN.fullmatch(key)) or (ids and tellable(key))


def sent_events(exchange: Exchange) -> list[Any]:
    """The events of a request as they left."""
    try:
        value = codec.decode(exchange.body)
    except ValueError:
        return []
    return value if isinstance(value, list) else [value]
