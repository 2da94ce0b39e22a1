"""What the schemas would have to say: a JSON Patch (RFC 6902) for each file, everything new marked as observed."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from emulators.drifting.tally import ABSENT, FORM, MISSING, MOST_VALUES, TYPE, UNKNOWN, VALUE, Finding

SOURCE = "captured-traffic"

Json = dict[str, Any]
Steps = tuple[str | int, ...]


def propose(findings: Iterable[Finding], schemas: Mapping[str, Json]) -> dict[str, list[Json]]:
    """Operations by the stem of their file, each after those before it. A name that was redacted is not proposed."""
    drafts: dict[str, Draft] = {}
    for finding in findings:
        for file, place in finding.places:
            if file not in drafts:
                drafts[file] = Draft(schemas[file])
            _change(drafts[file], place, finding)
    return {file: draft.operations for file, draft in sorted(drafts.items()) if draft.operations}


class Draft:
    """A copy of one schema that is changed step by step, and the steps."""

    def __init__(self, schema: Json) -> None:
        self.schema = copy.deepcopy(schema)
        self.operations: list[Json] = []

    def at(self, place: Steps) -> Any:
        """What stands at a place now."""
        node: Any = self.schema
        for step in place:
            node = node[step]
        return node

    def put(self, place: Steps, value: Any) -> None:
        """Adds, or replaces."""
        parent, last, path = self.at(place[:-1]), place[-1], _pointer(place)
        earlier = next((step for step in self.operations if step["path"] == path and "value" in step), None)
        if earlier:
            earlier["value"] = value
        else:
            self.operations.append(
                {"op": "replace" if last in parent else "add", "path": path, "value": value}
            )
        parent[last] = value

    def drop(self, place: Steps) -> None:
        """Removes what is there."""
        if place[-1] in self.at(place[:-1]):
            self.operations.append({"op": "remove", "path": _pointer(place)})
            del self.at(place[:-1])[place[-1]]

    def mark(self, place: Steps) -> None:
        """From now on this rule is what was seen."""
        for word, value in (("x-basis", "observed"), ("x-source", SOURCE)):
            if self.at(place).get(word) != value:
                self.put((*place, word), value)


def _change(draft: Draft, place: Steps, finding: Finding) -> None:
    if "<" in finding.name:
        return
    holder = draft.at(place)
    if finding.sort in (UNKNOWN, ABSENT):
        _field(draft, place, finding)
        return
    if finding.sort == MISSING:
        draft.put((*place, "required"), [name for name in holder.get("required", ()) if name != finding.name])
    elif finding.sort == TYPE:
        said = holder.get("type", [])
        known = [said] if isinstance(said, str) else list(said)
        draft.put((*place, "type"), [*known, *(name for name in finding.types if name not in known)])
    elif finding.sort == VALUE:
        _values(draft, place, finding)
    else:
        _bound(draft, place, finding)
    draft.mark(place)


def _field(draft: Draft, place: Steps, finding: Finding) -> None:
    if "properties" not in draft.at(place):
        draft.put((*place, "properties"), {})
    names = list(finding.types)
    said = {"type": names[0] if len(names) == 1 else names, "x-basis": "observed", "x-source": SOURCE}
    draft.put((*place, "properties", finding.name), said)


def _values(draft: Draft, place: Steps, finding: Finding) -> None:
    """The values that came are added; where they are many, or had to be redacted, the list itself falls."""
    holder = draft.at(place)
    known = list(holder.get("enum", ())) if finding.rule == "enum" else [holder.get("const")]
    closed = len(finding.values) > MOST_VALUES or any("<" in str(value) for value in finding.values)
    if closed:
        draft.drop((*place, finding.rule))
        return
    if finding.rule == "const":
        draft.drop((*place, "const"))
    draft.put((*place, "enum"), [*known, *finding.values])


def _bound(draft: Draft, place: Steps, finding: Finding) -> None:
    """A bound moves as far as was seen; a pattern falls, and so does a bound whose value may not be told."""
    if finding.sort == FORM or finding.withheld:
        draft.drop((*place, finding.rule))
        return
    least, greatest = finding.sizes
    draft.put((*place, finding.rule), least if finding.rule.startswith("min") else greatest)


def _pointer(place: Steps) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)
