"""Values from a schema alone: for vendors and routes without examples. Slower, and they read like nobody's.

Draws what the rules allow at first sight, then mends what conditions demand or forbid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from emulators.strategies import pools
from emulators.strategies.rules import ABSENT, Json, Rule, Rules

# Below this, only what is required: a schema that refers to itself has no end.
DEEP = 5
MENDINGS = 6
ITEMS = 4

Heads = list[Rule]


def from_schema(schema: Json) -> st.SearchStrategy[Any]:
    """Values that keep to a schema, complete in itself as `catalog.schema(...)` gives it.

    Raises `InvalidValue` for a keyword beyond the subset that `schemas/README.md` describes.
    """
    rules = Rules(schema)
    rules.check()
    return _whole(rules)


@st.composite
def _whole(draw: st.DrawFn, rules: Rules) -> Any:
    value = _value(draw, rules, [Rule(rules.whole, rules.whole)], 0)
    assume(rules.valid(value))
    return value


def _value(draw: st.DrawFn, rules: Rules, heads: Heads, deep: int) -> Any:
    every = _all(rules, heads, ABSENT)
    merged = _merged(every)
    if "const" in merged:
        return merged["const"]
    if "enum" in merged:
        return draw(st.sampled_from(merged["enum"]))
    types = merged.get("type", ["null", "boolean", "integer", "string"])
    name = types if isinstance(types, str) else draw(st.sampled_from(types))
    if name == "object":
        return _object(draw, rules, heads, deep)
    if name == "array":
        items = [Rule(rule.node["items"], rule.document) for rule in every if "items" in rule.node]
        least, most = merged.get("minItems", 0), merged.get("maxItems", ITEMS + merged.get("minItems", 0))
        size = least if deep > DEEP else draw(st.integers(least, min(most, least + ITEMS)))
        return [_value(draw, rules, items, deep + 1) for _ in range(size)]
    return draw(_leaf(name, merged))


def _object(draw: st.DrawFn, rules: Rules, heads: Heads, deep: int) -> Json:
    value: Json = {}
    for _ in range(MENDINGS):
        every = _all(rules, heads, value)
        required = {name for rule in every for name in rule.node.get("required", ())}
        names = dict.fromkeys(
            name for rule in every for name in (*rule.node.get("properties", ()), *required)
        )
        before = dict(value)
        for name in names:
            speaking = [
                (rule.node["properties"][name], rule.document)
                for rule in every
                if name in rule.node.get("properties", ())
            ]
            if any(node is False for node, _ in speaking):
                value.pop(name, None)
            elif name not in value and (
                name in required or (not before and deep <= DEEP and draw(st.booleans()))
            ):
                inner = [Rule(node, document) for node, document in speaking if isinstance(node, dict)]
                value[name] = _value(draw, rules, inner, deep + 1)
        if value == before:
            break
    return value


def _all(rules: Rules, heads: Heads, instance: Any) -> Heads:
    return [rule for head in heads for rule in rules.in_force(head, instance)]


def _merged(every: Iterable[Rule]) -> Json:
    """What several rules say of one value together, as far as it can be said in one."""
    merged: Json = {}
    for node, _ in every:
        for word, limit in node.items():
            if word in merged and word.startswith("min"):
                merged[word] = max(merged[word], limit)
            elif word in merged and word.startswith("max"):
                merged[word] = min(merged[word], limit)
            elif word == "enum" and word in merged:
                merged[word] = [choice for choice in merged[word] if choice in limit]
            else:
                merged[word] = limit
    return merged


def _leaf(name: str, rule: Json) -> st.SearchStrategy[Any]:
    if name == "string" and "pattern" in rule:
        pattern = rule["pattern"]
        return st.from_regex(re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern, re.ASCII))
    if name == "string":
        text = st.text(min_size=rule.get("minLength", 0), max_size=rule.get("maxLength"))
        fitting = [t for t in pools.TEXT if rule.get("minLength", 0) <= len(t) <= rule.get("maxLength", 255)]
        return text | st.sampled_from(fitting) if fitting else text
    if name == "integer":
        return st.integers(rule.get("minimum"), rule.get("maximum"))
    if name == "number":
        whole = st.integers(rule.get("minimum"), rule.get("maximum"))
        return whole | st.floats(
            rule.get("minimum"), rule.get("maximum"), allow_nan=False, allow_infinity=False
        )
    return st.booleans() if name == "boolean" else st.none()
