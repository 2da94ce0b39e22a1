"""Checks a payload against the schemas of one revision: fast when it is good, in words when it is not.

The only module that imports jsonschema and jsonschema-rs, and that only when something is checked.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from emulators.engine import codec
from emulators.engine.profile import Problem, Source

SUFFIX = ".schema.json"

Json = dict[str, Any]


class Breach(NamedTuple):
    """One broken rule, for programs: what came where, and in which schema of which file the rule stands."""

    rule: str
    """The word of JSON Schema; `absent` where the rule is `false`."""
    value: Any
    path: tuple[str | int, ...]
    schema: Json
    file: str
    place: tuple[str | int, ...]
    """From the root of the file to `schema`."""


class Contract:
    """The schemas of one revision as checks; `load` gives a self-contained schema by its stem, `find` an
    example of it."""

    def __init__(
        self,
        load: Callable[[str], Json],
        sources: Mapping[str, Source],
        find: Callable[[str], Any | None] = lambda stem: None,
    ) -> None:
        self._load = load
        self._sources = sources
        self.example = cache(find)
        self._schemas: dict[str, Json] = {}
        self._fast: dict[str, Callable[[Any], bool]] = {}
        self._slow: dict[str, Any] = {}

    def valid(self, schema: str, instance: Any) -> bool:
        """Whether `instance` keeps to the schema of that stem, such as `"activity.event"`."""
        check = self._fast.get(schema) or self._compile(schema)
        try:
            return check(instance)
        except (ValueError, TypeError):  # a lone surrogate, or no JSON value at all
            return bool(self._explainer(schema).is_valid(instance))

    def explain(self, schema: str, instance: Any, limit: int = 20) -> tuple[Problem, ...]:
        """The first `limit` rules that `instance` breaks; none if it is valid."""
        return tuple(islice(dict.fromkeys(islice(self._problems(schema, instance), 10 * limit)), limit))

    def breaches(self, schema: str, instance: Any) -> Iterator[Breach]:
        """Every rule that `instance` breaks, and where it stands; slower than `explain` for long arrays."""
        if self.valid(schema, instance):
            return
        for error in self._explainer(schema).iter_errors(instance):
            file, place = _located(self._schema(schema), schema, error.absolute_schema_path)
            above = place[: -2 if error.validator == "absent" else -1]
            yield Breach(
                str(error.validator), error.instance, tuple(error.absolute_path), error.schema, file, above
            )

    def basis(self, schema: str) -> str:
        """How well the rules of a schema are known."""
        return str(self._schema(schema).get("x-basis", ""))

    def _compile(self, schema: str) -> Callable[[Any], bool]:
        try:
            import jsonschema_rs
        except ImportError:
            check = self._explainer(schema).is_valid
        else:
            check = jsonschema_rs.validator_for(self._schema(schema)).is_valid
        self._fast[schema] = check
        return self._fast[schema]

    def _schema(self, name: str) -> Json:
        if name not in self._schemas:
            self._schemas[name] = self._load(name)
        return self._schemas[name]

    def _explainer(self, name: str) -> Any:
        if name not in self._slow:
            self._slow[name] = _portable_validator()(self._schema(name))
        return self._slow[name]

    def _problems(self, name: str, instance: Any) -> Iterator[Problem]:
        if self.valid(name, instance):
            return
        whole = self._schema(name)
        item = whole.get("items", {}).get("$ref", "")
        if not isinstance(instance, list | tuple) or not item.endswith(SUFFIX):
            yield from self._worded(whole, self._explainer(name).iter_errors(instance))
            return
        # Of a thousand events only the bad ones are worth the slow explanation.
        around = {key: value for key, value in whole.items() if key not in ("items", "$defs")}
        yield from self._worded(around, _portable_validator()(around).iter_errors(instance))
        item = item.removesuffix(SUFFIX)
        for index, element in enumerate(instance):
            if not self.valid(item, element):
                schema = self._schema(item)
                yield from self._worded(schema, self._explainer(item).iter_errors(element), f"/{index}")

    def _worded(self, schema: Json, found: Iterator[Any], prefix: str = "") -> Iterator[Problem]:
        for error in found:
            source = self._said_by(_origin(schema, error.absolute_schema_path))
            base = prefix + "".join(f"/{_escaped(str(step))}" for step in error.absolute_path)
            for below, expected, got in _words(error):
                yield Problem(base + below, expected, got, source, str(error.validator))

    def _said_by(self, origin: Mapping[str, Any]) -> str:
        source = self._sources.get(origin.get("x-source", ""))
        return f"{origin.get('x-basis')}: {source.title}, {source.date}" if source else ""


def _portable_validator() -> Any:
    """jsonschema brought to what jsonschema-rs and other languages do."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(validator: Any, rule: str, instance: Any, schema: Any) -> Iterator[Any]:
        # Python's own `$` would let a trailing newline pass; the portable subset has `$` at the end only.
        ecma = rule[:-1] + r"\Z" if rule.endswith("$") else rule
        if isinstance(instance, str) and not re.search(ecma, instance, re.ASCII):
            yield ValidationError(f"{instance!r} does not match {rule!r}")

    def properties(validator: Any, rules: Json, instance: Any, schema: Any) -> Iterator[Any]:
        # jsonschema's own loses the field's name when the rule for it is `false`.
        for name in rules if isinstance(instance, dict) else ():
            if name in instance and rules[name] is False:
                place = {"path": [name], "schema_path": [name], "instance": instance[name]}
                yield ValidationError(
                    f"{name!r} must be absent",
                    validator="absent",
                    validator_value=schema.get("title", ""),
                    **place,
                )
            elif name in instance:
                yield from validator.descend(instance[name], rules[name], path=name, schema_path=name)

    def is_number(checker: Any, instance: Any) -> bool:
        if isinstance(instance, float):
            return math.isfinite(instance)
        return isinstance(instance, int) and not isinstance(instance, bool)

    def is_array(checker: Any, instance: Any) -> bool:
        return isinstance(instance, list | tuple)

    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": is_number, "array": is_array})
    rules = {"pattern": pattern, "properties": properties}
    return extend(Draft202012Validator, rules, type_checker=types)  # type: ignore[no-untyped-call]


def _origin(whole: Json, path: Any) -> Mapping[str, Any]:
    """The innermost schema on the way to a broken rule that says where it comes from."""
    document = node = whole
    origin: Mapping[str, Any] = whole if "x-source" in whole else {}
    for step in path:
        while isinstance(node, dict) and step not in node and "$ref" in node:
            document, node = _target(whole, document, node["$ref"])
            origin = node if "x-source" in node else origin
        node = node[step]
        if isinstance(node, dict) and "x-source" in node:
            origin = node
    return origin


def _located(whole: Json, stem: str, path: Any) -> tuple[str, tuple[str | int, ...]]:
    """The file that a rule stands in, and the way from its root to there."""
    document = node = whole
    file, place = stem, tuple[str | int, ...]()
    for step in path:
        while isinstance(node, dict) and step not in node and "$ref" in node:
            name, _, fragment = node["$ref"].partition("#")
            document, node = _target(whole, document, node["$ref"])
            file, place = name.removesuffix(SUFFIX) or file, tuple(fragment.split("/")[1:])
        node, place = node[step], (*place, step)
    return file, place


def _target(whole: Json, document: Json, reference: str) -> tuple[Json, Json]:
    file, _, fragment = reference.partition("#")
    if file:
        document = whole["$defs"].get(file, whole)
    node = document
    for step in fragment.split("/")[1:]:
        node = node[step]
    return document, node


def _words(error: Any) -> Iterator[tuple[str, str, str]]:
    """Pointer below the error's place, what was expected, what came."""
    rule, limit, instance = error.validator, error.validator_value, error.instance
    if rule == "required":
        # A rule that stands for a choice of fields says so in its title.
        choice = error.schema.get("title") if "properties" not in error.schema else None
        if choice:
            yield "", choice, "none of them"
            return
        for name in limit:
            if name not in instance:
                yield f"/{_escaped(name)}", "this field", "nothing"
    elif rule == "additionalProperties":
        known = error.schema.get("properties", {})
        for name in instance:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                yield f"/{_escaped(str(name))}", f"no field of this name{hint}", _short(instance[name])
    else:
        got = f"{len(instance)} items" if rule in ("minItems", "maxItems") else _short(instance)
        yield "", _RULES[rule](limit) if rule in _RULES else str(error.message), got


_TYPES = {
    "null": "null",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def _types(names: Any) -> str:
    return " or ".join(_TYPES[name] for name in ([names] if isinstance(names, str) else names))


_RULES: dict[Any, Callable[[Any], str]] = {
    "absent": lambda when: f"no such field here{when and ': it comes '}{when}",
    "type": _types,
    "enum": lambda values: "one of " + ", ".join(map(_short, values)),
    "const": lambda value: _short(value),
    "minimum": lambda limit: f"at least {limit}",
    "maximum": lambda limit: f"at most {limit}",
    "minLength": lambda limit: f"at least {limit} characters",
    "maxLength": lambda limit: f"at most {limit} characters",
    "minItems": lambda limit: f"at least {limit} items",
    "maxItems": lambda limit: f"at most {limit} items",
    "minProperties": lambda limit: f"at least {limit} fields",
    "pattern": lambda rule: f"text that matches {rule}",
}


def _short(value: Any) -> str:
    """A value as JSON, cut to a length that fits a line."""
    try:
        text = codec.encode(value).decode()
    except TypeError:
        text = repr(value)
    except RecursionError:
        text = "something nested very deeply"
    return text if len(text) <= 60 else f"{text[:59]}…"


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
