"""Which place of a stored record holds which field of the event, learned from events that were stored as they were sent. Pure.

An app has columns of its own. A place whose value was a field's in two events that differ in it, and never was another's, holds
that field; what it shows of an odd event is compared as if it had the field's name. Times are left out: apps rewrite them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulators.check.oracle.altered import Alteration, akin, how_altered, number, plain, same, views
from emulators.check.planting import TOKEN
from emulators.engine import codec

ENOUGH = 2
"""Different values that a place must have shown: one may be chance."""
SHORTEST = 3
"""Characters; shorter values stand in many places by chance."""
WIDE = 2**31
"""From here on a number outgrows columns, and another number in its place is no translation."""
_TIMED = re.compile(r"time|date", re.IGNORECASE)
_OWN = "{identity}"
"""The step of a place that is the identity itself, in records that are keyed by it."""
FOREIGN = "foreign"
"""What another event said."""
DEEPEST = 8

Place = tuple[str | int, ...]


class Stored(NamedTuple):
    """The events that an identity was sent with, and the records that mention it."""

    key: str
    events: Sequence[Any]
    records: Sequence[Any]


@dataclass(slots=True)
class Columns:
    """What is known of the records of one receiver."""

    asked: bool = False
    """Whether events were sent to learn from."""
    names: set[str] = field(default_factory=set)
    """Names of fields that records have themselves."""
    _held: dict[str, dict[Place, set[str]]] = field(default_factory=dict)
    """For each field the places that may hold it, with its values that they showed."""
    _refuted: set[tuple[str, Place]] = field(default_factory=set)
    _sent: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, stored: Stored) -> None:
        """From events with ordinary values, and all that is stored of them."""
        spots = _spots(stored)
        for record in stored.records:
            mentioning = (view for view in views(record) if stored.key.lower() in _written(view))
            self.names |= {name for view in mentioning for name in view}
        for _, name, sent in _fields(stored.events):
            if len(str(sent)) < SHORTEST:
                continue
            self._sent.setdefault(name, set()).add(plain(sent))
            for place, values in spots.items():
                if any(same(sent, value) for value in values):
                    self._held.setdefault(name, {}).setdefault(place, set()).add(plain(sent))
                elif not any(how_altered(sent, value) or akin(sent, value) for value in values):
                    # A place that holds it, and gets it wrong, holds it all the same.
                    self._refuted.add((name, place))

    def places(self, name: str) -> list[Place]:
        """Where a field (`webhook.name` of nested ones) is held."""
        return [
            place
            for place, values in self._held.get(name, {}).items()
            if len(values) >= ENOUGH and (name, place) not in self._refuted
        ]

    def show(self, name: str) -> bool:
        """Whether anything can be said of a field: a place holds it, or records have it by its name."""
        return bool(self.places(name)) or name.partition(".")[0] in self.names

    def alterations(self, told: Sequence[Stored]) -> list[tuple[str, Alteration]]:
        """What places that hold a field got wrong of what was sent, by identity.

        A place that shows what another event said is none of this event's own (the title of a campaign, as it was first heard):
        then nothing is held against it.
        """
        held = {name: places for name in self._held if (places := self.places(name))}
        if not held:
            return []
        found: dict[tuple[str, str], Alteration] = {}
        sent = [_by_name(one.events) for one in told]
        spots = [_spots(one) for one in told]
        for name, places in held.items():
            each = [fields.get(name, []) for fields in sent]
            said = {plain(value) for pairs in each for _, value in pairs if len(str(value)) >= SHORTEST}
            known = self._sent.get(name, set()) | said
            for place in places:
                seen = [
                    _judged(name, pairs, spot.get(place, []), known)
                    for pairs, spot in zip(each, spots, strict=True)
                ]
                if FOREIGN in seen:
                    continue
                for one, judged in zip(told, seen, strict=True):
                    if isinstance(judged, Alteration):
                        found.setdefault((one.key, name), judged)
        return [(key, alteration) for (key, _), alteration in found.items()]


def _judged(
    name: str, sent: Sequence[tuple[Any, Any]], values: Sequence[Any], known: set[str]
) -> Alteration | str:
    """What a place shows of the events of an identity: an alteration; `FOREIGN`; empty: nothing that one could be sure of."""
    pairs = [(event, value, stored) for event, value in sent for stored in values]
    if any(same(value, stored) for _, value, stored in pairs):
        return ""
    for _, value, stored in pairs:
        if how := how_altered(value, stored):
            return Alteration(name, value, stored, how)
    if any(akin(value, stored) for _, value, stored in pairs):
        return ""
    if any(plain(stored) in known for stored in values):
        return FOREIGN
    for event, value, stored in pairs:
        one, other = number(value), number(stored)
        if one is None or other is None or abs(one) < WIDE or other != other.to_integral_value():
            continue
        if plain(stored) not in {plain(item) for _, _, item in _fields([event])}:
            return Alteration(name, value, stored, "another number")
    return ""


def _by_name(events: Sequence[Any]) -> dict[str, list[tuple[Any, Any]]]:
    found: dict[str, list[tuple[Any, Any]]] = {}
    for event, name, value in _fields(events):
        found.setdefault(name, []).append((event, value))
    return found


def _fields(events: Sequence[Any]) -> Iterator[tuple[Any, str, Any]]:
    """Each event with each of its fields that hold one value."""
    for event in events:
        for place, value in _leaves(event):
            name = ".".join(map(str, place))
            if isinstance(event, dict) and not _TIMED.search(name):
                yield event, name, value


def _spots(stored: Stored) -> dict[Place, list[Any]]:
    """The values of an identity's records by their places; of records that speak of others, too, nobody knows whose they are."""
    found: dict[Place, list[Any]] = {}
    own = stored.key.lower()
    for record in stored.records:
        if any(token != own for token in TOKEN.findall(_written(record))):
            continue
        if isinstance(record, list):
            # A row of a table, whose columns have numbers.
            leaves = [((n, *place), value) for n, item in enumerate(record) for place, value in _leaves(item)]
        else:
            leaves = list(_leaves(record))
        for place, value in leaves:
            steps = tuple(_OWN if own in str(step).lower() else step for step in place)
            found.setdefault(steps, []).append(value)
    return found


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The single values in objects, also in those that are kept as texts, and not in lists, whose places say nothing."""
    if isinstance(value, dict):
        if len(place) < DEEPEST:
            for name, item in value.items():
                yield from _leaves(item, (*place, name))
    elif isinstance(value, int | float | str) and not isinstance(value, bool) and value != "":
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                inner = codec.decode(value)
            except ValueError:
                inner = None
            if isinstance(inner, dict):
                yield from _leaves(inner, place)
                return
        yield place, value


def _written(value: Any) -> str:
    return codec.encode(value).decode().lower()
