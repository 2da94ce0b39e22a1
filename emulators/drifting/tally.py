"""Compares bodies with their schemas, and groups what differs by schema and JSON pointer. Only redacted values are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulators.contract import Breach, Contract
from emulators.drifting.placing import Measured
from emulators.drifting.redaction import Redactor

UNKNOWN, ABSENT, MISSING = "unknown field", "field that must be absent", "missing field"
TYPE, VALUE, FORM, BOUND = "another type", "unseen value", "another form", "beyond bounds"
_SORTS = {
    "type": TYPE,
    "pattern": FORM,
    "enum": VALUE,
    "const": VALUE,
    "absent": ABSENT,
    "required": MISSING,
    "additionalProperties": UNKNOWN,
}
MOST_VALUES = 20

Place = tuple[str, tuple[str | int, ...]]


class Sight(NamedTuple):
    """One rule that one body breaks, at the very field. `name` is that of the field that is too much or missing."""

    sort: str
    rule: str
    path: tuple[str | int, ...]
    value: Any
    breach: Breach
    name: str = ""


@dataclass(slots=True)
class Finding:
    """One way in which the traffic differs from a schema at one place."""

    schema: str
    pointer: str
    sort: str
    rule: str
    first: int
    """The line where it was seen first."""
    example: Any
    name: str = ""
    count: int = 0
    types: Counter[str] = field(default_factory=Counter)
    values: list[Any] = field(default_factory=list)
    """Distinct ones, `MOST_VALUES` and one at most."""
    sizes: list[float] = field(default_factory=list)
    """The least and the greatest size."""
    withheld: bool = False
    """Whether a size would have told a value."""
    places: dict[Place, None] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """What was compared, and what was found."""

    contract: Contract
    redactor: Redactor = field(default_factory=Redactor)
    compared: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str, str, str], Finding] = field(default_factory=dict)

    def add(self, number: int, measured: Measured) -> None:
        """Compares one body, of the line `number`."""
        self.compared[measured.schema] += 1
        if self.contract.valid(measured.schema, measured.value):
            return
        counted: set[int] = set()
        for breach in self.contract.breaches(measured.schema, measured.value):
            for sight in _sights(breach):
                finding = self._finding(number, measured.schema, sight)
                finding.places[breach.file, breach.place] = None
                if id(finding) not in counted:
                    counted.add(id(finding))
                    finding.count += 1
                self._keep(finding, sight)

    def _finding(self, number: int, schema: str, sight: Sight) -> Finding:
        steps = ("*" if isinstance(step, int) else self.redactor.name(step) for step in sight.path)
        pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
        key = (schema, pointer, sight.sort, sight.rule)
        if key not in self.findings:
            name = self.redactor.name(sight.name)
            example = (
                None if sight.sort == MISSING else _cut(self.redactor.value(sight.value, _last(sight.path)))
            )
            self.findings[key] = Finding(schema, pointer, sight.sort, sight.rule, number, example, name)
        return self.findings[key]

    def _keep(self, finding: Finding, sight: Sight) -> None:
        """What a patch needs to know of the value."""
        if sight.sort == MISSING:
            return
        finding.types[type_of(sight.value)] += 1
        if sight.sort == VALUE and len(finding.values) <= MOST_VALUES:
            safe = self.redactor.value(sight.value, _last(sight.path))
            if not any(type(known) is type(safe) and known == safe for known in finding.values):
                finding.values.append(safe)
        if sight.sort == BOUND:
            size = self._size(sight)
            finding.withheld = finding.withheld or size is None
            known = finding.sizes if size is None else [*finding.sizes, size]
            finding.sizes = [min(known), max(known)] if known else []

    def _size(self, sight: Sight) -> float | None:
        if isinstance(sight.value, str | list | dict):
            return len(sight.value)
        safe = self.redactor.value(sight.value, _last(sight.path))
        return safe if isinstance(safe, int | float) else None


def type_of(value: Any) -> str:
    """The word of JSON Schema."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _sights(breach: Breach) -> Iterator[Sight]:
    sort = _SORTS.get(breach.rule, BOUND)
    if breach.rule == "additionalProperties":
        known = breach.schema.get("properties", {})
        for name in breach.value:
            if name not in known:
                yield Sight(sort, breach.rule, (*breach.path, name), breach.value[name], breach, name)
    elif breach.rule == "required":
        for name in breach.schema["required"]:
            if name not in breach.value:
                yield Sight(sort, breach.rule, (*breach.path, name), None, breach, name)
    elif breach.rule == "absent":
        yield Sight(sort, breach.rule, breach.path, breach.value, breach, _last(breach.path))
    else:
        yield Sight(sort, breach.rule, breach.path, breach.value, breach)


def _last(path: tuple[str | int, ...]) -> str:
    """The name of the field that a value stands in, also within an array."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _cut(value: Any, most: int = 200) -> Any:
    """An example that fits a report: long text and long lists are cut, after they were redacted."""
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[:most]}..."
    if isinstance(value, list):
        return [_cut(inner, most) for inner in value[:5]]
    if isinstance(value, dict):
        return {key: _cut(inner, most) for key, inner in list(value.items())[:20]}
    return value
