"""Many legal changes in few requests: whole batches of them where the vendor sends batches, and closer only where one fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from emulators.check.checks.answers import changed, dotted, either, legal, lost, refused, shown, tried
from emulators.check.checks.edits import Edit, apart, chosen
from emulators.check.running import CannotTell
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Shot
from emulators.engine.codec import encode
from emulators.strategies.changes import Change
from emulators.strategies.rules import ABSENT

MOST_EVENTS = 40
MOST_BYTES = 40_000
"""Of a batch: far below what any receiver limits a body to, which is another check's matter."""

Found = AsyncIterator[tuple[Failure, Case]]


def healthy(session: Session) -> list[str]:
    """The kinds that succeed as they are."""
    return [kind for kind in session.sender.kinds if kind not in (session.refused_kinds or ())]


async def look(session: Session) -> None:
    """Learns which kinds are refused or left out as they are, unless somebody has looked: else each change to one would be blamed
    for it."""
    if session.refused_kinds is not None:
        return
    failing: list[str] = []
    for kind in session.sender.kinds:
        case = Case("S01", f"{kind} as documented", (Shot((session.sender.event(kind),)),))
        outcome = await session.run(case, partial(legal, session, case), oracle=True)
        if refused(session, case, outcome) is not None:
            failing.append(kind)
        elif lost(session, case, outcome) is not None:
            session.ignored_kinds.append(kind)
    session.refused_kinds = session.facts["refused kinds"] = failing
    session.facts["ignored kinds"] = session.ignored_kinds


def make_sure_of_kinds(session: Session, *sorts: str) -> None:
    """That there was a kind to change by these sorts. Raises `CannotTell` where all of them are refused as they are."""
    sender = session.sender
    if not chosen(sender, healthy(session), sorts, False) and chosen(sender, sender.kinds, sorts, False):
        raise CannotTell(
            f"{', '.join(session.refused_kinds or ())}: refused as documented, so that no change to them tells anything, and no"
            " other kind has such a field. See S01"
        )


def sweep(
    check: str, sorts: Collection[str], everywhere: bool, basis: str = "documented", together: bool = False
) -> Callable[[Session], Found]:
    """Runs all changes of these sorts. `together`: where each request has one event, every field that can have a value has it at
    once; else one field at a time."""

    async def run(session: Session) -> Found:
        await look(session)
        sender = session.sender
        found = chosen(sender, healthy(session), sorts, everywhere and batches(sender))
        for edits in _alike(found):
            groups = packed(sender, edits) if batches(sender) else single(sender, edits, together)
            for group in groups:
                case = case_of(sender, check, group, basis)
                failure = await tried(session, either, case)
                if failure is None:
                    continue
                async for told in closer(session, check, group, basis, case, failure):
                    yield told

    return run


async def closer(
    session: Session, check: str, group: Sequence[Edit], basis: str, case: Case, failure: Failure
) -> Found:
    """The fields of a batch that failed, each in a batch of its own."""
    fields = {edit.path: [other for other in group if other.path == edit.path] for edit in group}
    found = False
    if len(fields) > 1 and batches(session.sender):
        for edits in fields.values():
            smaller = case_of(session.sender, check, edits, basis)
            seen = await tried(session, either, smaller)
            if seen is not None:
                found = True
                yield seen, smaller
    if not found:
        yield failure, case


def batches(sender: Sender) -> bool:
    """Whether a request may hold many events here."""
    return sender.together > 1


def packed(sender: Sender, edits: Iterable[Edit]) -> Iterator[list[Edit]]:
    """Batches of a harmless size."""
    group, size = list[Edit](), 0
    for edit in edits:
        more = len(encode(edit.event))
        if group and (len(group) == min(MOST_EVENTS, sender.together) or size + more > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(edit)
        size += more
    if group:
        yield group


def single(sender: Sender, edits: Iterable[Edit], together: bool) -> Iterator[list[Edit]]:
    """One event for each value; `together`: with all fields that it is legal in."""
    if not together:
        yield from ([edit] for edit in edits)
        return
    values: dict[tuple[str, str], list[Edit]] = {}
    for edit in edits:
        values.setdefault((edit.kind, repr(edit.value)), []).append(edit)
    merged: dict[str, list[Edit]] = {}
    for (_, value), group in values.items():
        # Of one value, the kind with the most fields will do.
        if len(group) > len(merged.get(value, ())):
            merged[value] = group
    for group in merged.values():
        event = group[0].event
        for edit in group[1:]:
            try:
                other = Change(edit.path, edit.value).apply(event)
            except LookupError:
                continue
            event = other if sender.legal(other) else event
        yield [replace(group[0], event=event)]


def case_of(sender: Sender, check: str, group: Sequence[Edit], basis: str) -> Case:
    """A request with an event for each change, all of them to different people."""
    events = tuple(apart(sender, edit.event, number, edit.path) for number, edit in enumerate(group))
    fields = list(dict.fromkeys(dotted(edit.path) for edit in group))
    first = group[0]
    if len(group) == 1:
        how = "left out" if first.value is ABSENT else f"= {shown(first.value)}"
        title = f"{first.kind} with {fields[0]} {how}"
    else:
        title = changed(events, first.path if len(fields) == 1 else None, fields)
    data = {
        "fields": fields,
        "about": fields[0] if len(fields) == 1 else "",
        "path": list(first.path) if len(fields) == 1 else [],
        "ids": any(edit.identity for edit in group),
    }
    return Case(check, title, (Shot(events),), first.likely, basis, data)


def _alike(edits: Iterable[Edit]) -> list[list[Edit]]:
    """What the vendor may send apart from what only the schema allows, and ids from all else, as they are judged differently."""
    found: dict[tuple[bool, bool], list[Edit]] = {}
    for edit in edits:
        found.setdefault((not edit.likely, edit.identity), []).append(edit)
    return [found[key] for key in sorted(found)]
