"""Kinds of events that no document names yet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from emulators.check.catalogue import Check
from emulators.check.checks.answers import each, either, legal, shown, subject
from emulators.check.checks.edits import apart
from emulators.check.checks.sweeping import batches, healthy
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.strategies.rules import pointer

BAD = re.compile(r"undeliver|bounce|unsub|spam|complain|fail|reject|delete", re.IGNORECASE)
"""Kinds that say something bad of a person or his address: who is taken for one of them gets no mail any more."""
_WORD = re.compile(r"[^\W\d][^\d@/]{0,39}")


def new_kind(sender: Sender) -> str:
    """A kind that does not exist, spelt as the others are."""
    first = sender.kinds[0]
    if " " in first:
        return "Email Archived"
    return "ARCHIVED_BY_CONTACT" if first.isupper() else "archived_by_contact"


def kinds_told(sender: Sender) -> str:
    """Why there is no unknown kind; empty: there may be."""
    return (
        ""
        if sender.vendor.kind_field(sender.feed.name)
        else "events of this feed do not say of which kind they are"
    )


async def unheard_of(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """What is new, once it is known by which words the receiver keeps what is not."""
    words = await stored_words(session) if session.records is not None else {}
    async for found in each(session, taken, unknown(session, words)):
        yield found


async def stored_words(session: Session) -> dict[str, dict[str, str]]:
    """For each place of a record in which kinds have words of their own: of which bad kind a word there speaks, in small letters.

    A place counts where no two harmless kinds have the same word, nor one the word of a bad kind.
    """
    sender, kinds = session.sender, session.usual_kinds
    events = tuple(apart(sender, sender.event(kind), number) for number, kind in enumerate(kinds))
    shots = [Shot(events)] if batches(sender) else [Shot((event,)) for event in events]
    case = Case("C12", "one event of each kind", tuple(shots))
    outcome = await session.run(case, partial(legal, session, case), oracle=True)
    keys = [key for exchange in outcome.exchanges for key in exchange.keys]
    good, bad = defaultdict[str, list[str]](list), defaultdict[str, dict[str, str]](dict)
    for kind, key in zip(kinds, keys, strict=True):
        for place, word in _words((outcome.found or {}).get(key, [])):
            if BAD.search(kind):
                bad[place][word] = kind
            else:
                good[place].append(word)
    return {
        place: bad[place]
        for place, words in good.items()
        if 1 < len(words) == len(set(words)) and bad[place] and not bad[place].keys() & set(words)
    }


def _words(records: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Where in the one record of an event words stand, in small letters; nothing of several records."""
    ahead = [("", record) for record in records] if len(records) == 1 else []
    while ahead:
        place, value = ahead.pop()
        if isinstance(value, dict):
            ahead += [(f"{place}{pointer((name,))}", item) for name, item in value.items()]
        elif isinstance(value, str) and _WORD.fullmatch(value):
            yield place, value.casefold()


def taken(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """What is new must pass, and be taken for nothing that is bad."""
    failure = either(session, case, outcome)
    if failure is not None or outcome.found is None:
        return failure
    known = case.data.get("words", {})
    for key in outcome.exchanges[0].keys:
        for place, word in _words(outcome.found.get(key, [])):
            if kind := known.get(place, {}).get(word):
                return Failure(
                    f"{case.data['about']}: taken for another",
                    f"{subject(case)}: acknowledged, and stored with {place} = {shown(word)}, as {kind} is: it counts for what"
                    " it is not",
                )
    return None


def unknown(session: Session, words: Mapping[str, Mapping[str, str]]) -> Iterator[Case]:
    """A kind, or a choice, that the vendor may add tomorrow: alone, and beside one that is known. `words`: see `stored_words`."""
    sender = session.sender
    field = sender.vendor.kind_field(sender.feed.name)
    kinds = healthy(session) or sender.kinds
    event = sender.event(next((kind for kind in kinds if not BAD.search(kind)), kinds[0]))
    other = {**event, field: new_kind(sender)}
    data: dict[str, Any] = {"about": "a new kind", "path": [field], **({"words": words} if words else {})}
    yield Case("C12", f"an event of the new kind {other[field]}", (Shot((other,)),), True, "inferred", data)
    if batches(sender):
        events = (apart(sender, event, 1), apart(sender, other, 2), apart(sender, event, 3))
        data = {"about": "a new kind"}
        yield Case("C12", "a new kind amid known ones", (Shot(events),), True, "inferred", data)
    for name in choices(sender, event, field):
        word = "SOMETHING_NEW" if str(event[name]).isupper() else "somethingnew"
        # Who has no use for it need not store it.
        data = {"about": name, "path": [name], "ids": True}
        yield Case("C12", f"a new {name}, {word}", (Shot(({**event, name: word},)),), True, "inferred", data)


def choices(sender: Sender, event: dict[str, object], field: str) -> list[str]:
    """The other fields that hold one of a few words."""
    places = sender.vendor.rules(f"{sender.feed.name}.event").places(event)
    chosen = [
        place.path[0]
        for place in places
        if len(place.path) == 1 and any("enum" in node for node in place.nodes)
    ]
    return [str(name) for name in chosen if name != field and isinstance(event.get(str(name)), str)]


CHECKS = (
    Check(
        "C12",
        "kinds that are new",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "Vendors add kinds of events. Whoever refuses what he does not know has the whole batch sent again and again. "
        "Acknowledge it, log it, and count it for nothing.",
        applies=kinds_told,
        run=unheard_of,
        judge=taken,
        reads_oracle=True,
        blind=True,
    ),
)
