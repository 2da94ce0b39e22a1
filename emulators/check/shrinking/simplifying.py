"""A case with less in it; one event on its way to the documents' own example of its kind: what differs, and what it would be
without. Pure.

Towards the example, not towards 0 and "": a finding that reads like the vendor's own page is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulators.check.sender import Sender
from emulators.check.vocabulary import Case, Shot
from emulators.engine.codec import encode
from emulators.engine.pointer import look_up
from emulators.engine.provider import Payload
from emulators.strategies.pools import INTEGERS

MISSING = object()
"""What stands where a field is not there."""


def example(sender: Sender, event: Mapping[str, Any]) -> Payload:
    """The documented event of its kind; of the vendor's first kind where it is of none that is known."""
    field = sender.vendor.kind_field(sender.feed.name)
    said = event.get(field) if field else None
    if isinstance(said, str) and said in sender.feed.kinds:
        return sender.event(said)
    # Kinds whose name does not stand in the event are told by the rest: whichever of them is nearest.
    kinds = sender.kinds if not field or said is None else sender.kinds[:1]
    found = min((sender.event(kind) for kind in kinds), key=lambda plain: len(differing(event, plain)))
    return {**found, field: said} if field and said is not None else found


def differing(event: Mapping[str, Any], plain: Mapping[str, Any]) -> list[str]:
    """The fields that are not the same in both, or in one of them only."""
    names = dict.fromkeys((*event, *plain))
    return [name for name in names if not _same(event.get(name, MISSING), plain.get(name, MISSING))]


def same_ids(sender: Sender, event: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two events are of one message to one person, as far as their ids and addresses tell."""
    known = all(look_up(event, pointer) == look_up(other, pointer) for pointer in sender.identities)
    return known and sender.person(event) == sender.person(other)


def mixed(event: Mapping[str, Any], plain: Mapping[str, Any], names: Collection[str]) -> Payload:
    """The plain one with the named fields as they are in the event: there, other, or not there."""
    found = {name: value for name, value in plain.items() if name not in names or name in event}
    for name in event:
        if name in names:
            found[name] = event[name]
    return found


def named_anew(sender: Sender, case: Case) -> Case:
    """A case of many changes that has come down to one event, in words about this one."""
    events = [event for shot in case.shots for event in shot.events]
    if len(events) != 1 or case.data.get("path") != []:
        return case
    names = differing(events[0], example(sender, events[0]))
    if len(names) == 1:
        return replace(case, data={**case.data, "path": names})
    if names:
        return replace(case, title=f"an event with {', '.join(names)} in other ways")
    return replace(case, title="the documents' own example")


def without(event: Mapping[str, Any], names: Collection[str]) -> Payload:
    """The event without these fields."""
    return {name: value for name, value in event.items() if name not in names}


def optional(sender: Sender, event: Mapping[str, Any]) -> list[str]:
    """The fields that the vendor may leave out. What is hostile in one way stays as the vendor sends it in all others."""
    held = problems(sender, event)
    return [name for name in event if problems(sender, without(event, (name,))) <= held]


def problems(sender: Sender, event: Any) -> frozenset[tuple[str, str]]:
    """The rules of the schema that an event breaks. Legal ones may: vendors add fields and kinds."""
    if sender.legal(event):
        return frozenset()
    field, name = sender.vendor.kind_field(sender.feed.name), f"{sender.feed.name}.event"
    events = [event]
    if field and isinstance(event, dict) and field in event and event[field] not in sender.kinds:
        # A kind that is new is like one of those that are known; else it would need none of their fields.
        events = [{**event, field: kind} for kind in sender.kinds]
    told = [sender.vendor.contract.explain(name, one) for one in events]
    found = [frozenset((problem.pointer, problem.rule) for problem in problems) for problems in told]
    return min(found, key=len)


def between(plain: Any, value: int) -> list[int]:
    """Numbers at which machines break, from the plain one on to the value, which comes last."""
    start = plain if isinstance(plain, int) and not isinstance(plain, bool) else 0
    low, high = sorted((start, value))
    marks = sorted({mark for mark in INTEGERS if low < mark < high}, reverse=value < start)
    return [*marks, value]


def parts(value: Any) -> Sequence[Any]:
    """What a value is made of, so that it can do with fewer; nothing: it is whole."""
    if isinstance(value, str) and len(value) > 1:
        return list(value)
    if isinstance(value, list) and len(value) > 1:
        return value
    return list(value.items()) if isinstance(value, dict) and len(value) > 1 else ()


def joined(value: Any, places: Sequence[int]) -> Any:
    """The value of these parts alone."""
    kept = [parts(value)[place] for place in places]
    if isinstance(value, str):
        return "".join(kept)
    return kept if isinstance(value, list) else dict(kept)


def _same(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    # As bytes: 1 is not True, and 1.0 is not 1.
    return encode(one) == encode(other)


def requests(case: Case) -> int:
    """How many a case takes."""
    return sum(shot.together for shot in case.shots)


def each_shot(case: Case, change: Callable[[Shot], Shot]) -> Case:
    """The case with each shot changed; what was one shot sent twice stays one."""
    changed = {id(shot): change(shot) for shot in case.shots}
    return replace(case, shots=tuple(changed[id(shot)] for shot in case.shots))


def with_fewer(case: Case, stays: Callable[[int, int], bool]) -> Case:
    """The case with those events alone that stay; a shot that loses all of its own goes as well."""
    shots: list[Shot] = []
    made: dict[tuple[int, tuple[int, ...]], Shot] = {}
    for number, shot in enumerate(case.shots):
        kept = tuple(at for at in range(len(shot.events)) if stays(number, at))
        if kept or not shot.events:
            key = (id(shot), kept)
            made.setdefault(key, replace(shot, events=tuple(shot.events[at] for at in kept)))
            shots.append(made[key])
    return replace(case, shots=tuple(shots))
