"""Every rule of a schema, broken alone: a catalogue that is computed from the schema and proved by explanation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emulators.engine.profile import Problem
from emulators.strategies import pools
from emulators.strategies.changes import Change, simplest
from emulators.strategies.rules import ABSENT, Place, pointer
from emulators.strategies.stock import Stock

UNKNOWN_FIELD = "unexpected"
# One of each type of JSON, those most likely to come by mistake first.
TYPES: tuple[tuple[str, Any], ...] = (
    ("string", "12"),
    ("integer", 12),
    ("null", None),
    ("boolean", True),
    ("number", 1.5),
    ("array", []),
    ("object", {}),
)

UNCHANGED = Change((), ABSENT)

Explain = Callable[[Any], tuple[Problem, ...]]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A payload that breaks exactly one rule of the vendor's schema.

    `pointer` says where (JSON pointer), `rule` which keyword of JSON Schema, `expected` in words what the vendor's
    documents want there, and `change` what was done to a good payload. `rule` is `required` where a field is missing
    and `absent` where one must not be there.
    """

    payload: Any
    pointer: str
    rule: str
    expected: str
    kind: str = ""
    change: Change = UNCHANGED

    def __str__(self) -> str:
        return (
            f"{self.kind} with {self.change.value!r} at {pointer(self.change.path)}: expected {self.expected}"
        )


@dataclass(frozen=True, slots=True)
class Suspect:
    """A change that should break `rule` at `pointer`, and nothing else."""

    pointer: str
    rule: str
    change: Change

    def convict(self, payload: Any, stock: Stock, explain: Explain, kind: str) -> Invalid | None:
        """The payload changed, if that breaks this one rule and no other."""
        try:
            broken = self.change.apply(payload, stock.fillings)
        except LookupError:
            return None
        if stock.valid(broken):
            return None
        found = explain(broken)
        if len(found) != 1 or (found[0].pointer, found[0].rule) != (self.pointer, self.rule):
            return None
        return Invalid(broken, self.pointer, self.rule, found[0].expected, kind, self.change)


def catalogue(stock: Stock, explain: Explain, kind: str) -> tuple[tuple[Suspect, Invalid], ...]:
    """Each rule that can be broken alone, in each way that we know, with a proof."""
    found: dict[tuple[str, str, int], tuple[Suspect, Invalid]] = {}
    for base, places in stock.studied:
        ways = Counter[tuple[str, str]]()
        for suspect in (s for place in places for s in _suspects(stock, place)):
            rule = (suspect.pointer, suspect.rule)
            ways[rule] += 1
            if (*rule, ways[rule]) not in found and (proof := suspect.convict(base, stock, explain, kind)):
                found[*rule, ways[rule]] = suspect, proof
    return tuple(found.values())


def _suspects(stock: Stock, place: Place) -> Iterator[Suspect]:
    here = place.pointer
    if place.forbidden:
        value = simplest(stock.rules, list(place.rules)) if place.rules else _sibling(stock, place)
        yield Suspect(here, "absent", Change(place.path, value))
        return
    if place.required and place.path:
        yield Suspect(here, "required", Change(place.path, ABSENT))
    for node in place.nodes:
        for rule, limit in node.items():
            if rule == "required" and "title" in node and "properties" not in node:
                # A rule that stands for a choice of fields is broken where the fields would stand.
                for name in limit:
                    yield Suspect(here, rule, Change((*place.path, name), ABSENT))
            elif rule in _BROKEN:
                for value in _BROKEN[rule](limit, place):
                    yield Suspect(here, rule, Change(place.path, value))
    if place.closed:
        for name in _strangers(place.fields):
            path = (*place.path, name)
            yield Suspect(pointer(path), "additionalProperties", Change(path, "x"))


def _sibling(stock: Stock, place: Place) -> Any:
    """A value that the field has where it is allowed."""
    for _, places in stock.studied:
        for other in places:
            if other.path == place.path and other.value is not ABSENT:
                return other.value
    return "x"


def _strangers(fields: Iterable[str]) -> Iterator[str]:
    """Names that no field has: one like no other, and one that is misspelt."""
    known = set(fields)
    yield from (name for name in (UNKNOWN_FIELD,) if name not in known)
    for name in sorted(known):
        for other in (name.upper(), name.capitalize()):
            if other not in known:
                yield other
                return


def _types(wanted: Any, place: Place) -> Iterator[Any]:
    names = {wanted} if isinstance(wanted, str) else set(wanted)
    if "number" in names:
        names.add("integer")
    for name, value in TYPES:
        if name not in names:
            yield str(place.value) if name == "string" and isinstance(place.value, int) else value


def _choices(values: Iterable[Any], place: Place) -> Iterator[Any]:
    first = next(iter(values))
    if isinstance(first, str):
        yield from (first.swapcase(), f"{first} ", "", f"un{first}")
    yield from (None, 0, [first])


def _patterns(pattern: str, place: Place) -> Iterator[Any]:
    value = place.value if isinstance(place.value, str) else "1"
    yield from (value + "\n", value + "x", "x" + value, value[:-1], " " + value, *pools.TEXT[:4])


def _sized(shorter: int) -> Callable[[Any, Place], Iterator[Any]]:
    """Values whose size is the limit and as much more; of the kind that stands at the place."""

    def sizes(limit: int, place: Place) -> Iterator[Any]:
        size = limit + shorter
        if size < 0:
            return
        if isinstance(place.value, str):
            yield (place.value or "x") * size if len(place.value) == 1 else "x" * size
        elif isinstance(place.value, list):
            element = place.value[0] if place.value else "x"
            yield [element] * size
        elif isinstance(place.value, dict):
            yield dict(list(place.value.items())[:size])
        else:
            yield from ("x" * size, ["x"] * size, [{}] * size)

    return sizes


def _beyond(step: int) -> Callable[[Any, Place], Iterator[Any]]:
    def numbers(limit: Any, place: Place) -> Iterator[Any]:
        yield limit + step

    return numbers


_BROKEN: dict[str, Callable[[Any, Place], Iterator[Any]]] = {
    "type": _types,
    "enum": _choices,
    "const": lambda value, place: _choices([value], place),
    "minimum": _beyond(-1),
    "maximum": _beyond(1),
    "pattern": _patterns,
    "minLength": _sized(-1),
    "maxLength": _sized(1),
    "minItems": _sized(-1),
    "maxItems": _sized(1),
    "minProperties": _sized(-1),
}
