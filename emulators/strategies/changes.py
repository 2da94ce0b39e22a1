"""One change to a payload: a place and what stands there then. The payload itself stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from emulators.strategies.pools import CANDIDATES
from emulators.strategies.rules import ABSENT, Json, Path, Place, Rule, Rules


class Change(NamedTuple):
    """`value` stands at `path`, or nothing does (`ABSENT`)."""

    path: Path
    value: Any

    def apply(self, payload: Any, fillings: Mapping[Path, Any] | None = None) -> Any:
        """The changed payload. `fillings` stand at the places on the way that are empty.

        Raises `LookupError` where there is no way to the place.
        """
        return _put(payload, (), self.path, self.value, fillings or {})


def _put(node: Any, done: Path, ahead: Path, value: Any, fillings: Mapping[Path, Any]) -> Any:
    if not ahead:
        # What pools and catalogues hold is shared; what a test gets is its own.
        return deepcopy(value) if isinstance(value, dict | list) else value
    if node is ABSENT:
        node = deepcopy(fillings[done])
    step, rest = ahead[0], ahead[1:]
    if isinstance(node, dict) and isinstance(step, str):
        inner = _put(node.get(step, ABSENT), (*done, step), rest, value, fillings)
        if inner is ABSENT:
            return {name: item for name, item in node.items() if name != step}
        return {**node, step: inner}
    if isinstance(node, list) and isinstance(step, int) and step <= len(node):
        inner = _put(node[step] if step < len(node) else ABSENT, (*done, step), rest, value, fillings)
        return [*node[:step], *([] if inner is ABSENT else [inner]), *node[step + 1 :]]
    raise LookupError(f"{step!r} is no place of {node!r}")


def fillings(rules: Rules, places: list[Place]) -> dict[Path, Any]:
    """The simplest value for every empty place that has one."""
    found = {}
    for place in places:
        if place.value is ABSENT and not place.forbidden:
            value = simplest(rules, list(place.rules))
            if value is not ABSENT:
                found[place.path] = value
    return found


def simplest(rules: Rules, speaking: list[Rule], deep: int = 0) -> Any:
    """The simplest value that keeps to all of these rules, ABSENT if none is found."""
    every = [rule for head in speaking for rule in rules.in_force(head, ABSENT)]
    merged: Json = {}
    for rule in every:
        merged.update(rule.node)
    for value in _guesses(rules, every, merged, deep):
        if all(rules.holds(rule, value) for rule in every):
            return value
    return ABSENT


def _guesses(rules: Rules, every: list[Rule], merged: Json, deep: int) -> Iterator[Any]:
    if "const" in merged:
        yield merged["const"]
    yield from merged.get("enum", ())
    types = merged.get("type", ["null", "object"])
    for name in [types] if isinstance(types, str) else types:
        if name == "object" and deep < 6:
            yield _object(rules, every, deep)
        elif name == "array":
            items = [Rule(r.node["items"], r.document) for r in every if "items" in r.node]
            item = simplest(rules, items, deep + 1) if items and deep < 6 else None
            yield [item] * merged.get("minItems", 0)
        elif name == "string":
            yield from CANDIDATES
            yield "x" * merged.get("minLength", 0)
        else:
            low = merged.get("minimum", 0)
            yield from {"boolean": (False,), "null": (None,)}.get(name, (max(0, low), low))


def _object(rules: Rules, every: list[Rule], deep: int) -> Json:
    value = {}
    for name in dict.fromkeys(name for rule in every for name in rule.node.get("required", ())):
        speaking = [
            Rule(rule.node["properties"][name], rule.document)
            for rule in every
            if isinstance(rule.node.get("properties", {}).get(name), dict)
        ]
        value[name] = simplest(rules, speaking, deep + 1)
    return value
