"""A schema as a flat table: every place in a body with the rules that hold there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "pattern")
TOLD = ("x-basis", "x-source", "x-note", "title", "description")
EVERY_TYPE = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
# Schemas that refer to themselves go on for ever.
DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds at one place. `values` are those of an enum or const, as JSON; None: any."""

    types: frozenset[str]
    required: bool
    forbidden: bool
    closed: bool
    values: tuple[str, ...] | None
    limits: tuple[tuple[str, Any], ...]
    told: tuple[tuple[str, str], ...]


def shape(schema: Json, kind: str = "") -> dict[str, Rules]:
    """Every place by its name, such as `to[].email`; the body itself is ``.

    With `kind` the definition of that name counts, where there is one. What holds under a condition has the
    condition behind its place.
    """
    start = schema.get("$defs", {}).get(kind, schema)
    if not isinstance(start, dict) or "properties" not in start:
        start = schema
    return dict(_places(start, _Home(schema, schema), "", True, "", 0))


def body(schema: Json) -> Rules:
    """The rules of the whole body alone."""
    part, _ = _resolved(schema, _Home(schema, schema))
    return _rules(part, required=True)


@dataclass(frozen=True, slots=True)
class _Home:
    """Where references lead from: the file at hand, and the bundle that holds all files."""

    file: Json
    bundle: Json


def _places(
    part: Any, home: _Home, place: str, required: bool, when: str, depth: int
) -> Iterator[tuple[str, Rules]]:
    if part is False:
        yield place + when, _rules({}, required, forbidden=True)
        return
    if not isinstance(part, dict) or depth > DEEPEST:
        return
    part, home = _resolved(part, home)
    if not when or place:
        yield place + when, _rules(part, required)
    needed = set(part.get("required", ()))
    for name, inner in part.get("properties", {}).items():
        yield from _places(inner, home, f"{place}.{name}".lstrip("."), name in needed, when, depth + 1)
    for name in sorted(needed - set(part.get("properties", {}))):
        yield f"{place}.{name}".lstrip(".") + when, _rules({}, True)
    if "items" in part:
        yield from _places(part["items"], home, f"{place}[]", True, when, depth + 1)
    for rule in (part, *part.get("allOf", ())):
        if "if" in rule:
            said = _said(rule["if"])
            for word, condition in (("then", f" if {said}"), ("else", f" unless {said}")):
                if word in rule:
                    inner = {k: v for k, v in rule[word].items() if k not in TOLD}
                    yield from _places(inner, home, place, required, when + condition, depth + 1)
        elif rule is not part:
            yield from _places(rule, home, place, required, when, depth + 1)


def _resolved(part: Json, home: _Home) -> tuple[Json, _Home]:
    """The schema that a reference leads to, with what is said beside the reference."""
    for _ in range(DEEPEST):
        ref = part.get("$ref")
        if not isinstance(ref, str):
            break
        own = {name: value for name, value in part.items() if name != "$ref"}
        if ref.startswith("#/$defs/"):
            found = home.file.get("$defs", {}).get(ref.removeprefix("#/$defs/"), {})
        else:
            found = home.bundle.get("$defs", {}).get(ref, {})
            home = _Home(found, home.bundle)
        part = {**found, **own}
    return part, home


def _rules(part: Json, required: bool, forbidden: bool = False) -> Rules:
    values = [part["const"]] if "const" in part else part.get("enum")
    return Rules(
        types=_types(part, values),
        required=required,
        forbidden=forbidden,
        closed=part.get("additionalProperties") is False,
        values=None if values is None else tuple(map(_json, values)),
        limits=tuple((word, part[word]) for word in LIMITS if word in part),
        told=tuple((word, part[word]) for word in TOLD if word in part),
    )


def _types(part: Json, values: list[Any] | None) -> frozenset[str]:
    named = part.get("type")
    if named is not None:
        return frozenset([named] if isinstance(named, str) else named)
    return frozenset(map(_type, values)) if values else EVERY_TYPE


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _said(condition: Mapping[str, Any]) -> str:
    """A condition in words."""
    parts = []
    for name, rule in condition.get("properties", {}).items():
        if "const" in rule:
            parts.append(f"{name} is {_json(rule['const'])}")
        elif "enum" in rule:
            parts.append(f"{name} is one of {', '.join(map(_json, rule['enum']))}")
    known = set(condition.get("properties", {})) if parts else set()
    parts += [f"{name} is there" for name in condition.get("required", ()) if name not in known]
    return " and ".join(parts) or _json(condition)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
