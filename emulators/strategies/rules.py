"""Reads the vendors' subset of JSON Schema: which rules are in force at which place of a payload.

The subset is that of `schemas/README.md`; other keywords are refused, as what they demand is not understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from emulators.contract import SUFFIX, Contract
from emulators.errors import InvalidValue, unknown

Json = dict[str, Any]
Path = tuple[str | int, ...]

KNOWN = frozenset(
    "$schema $id $ref $defs title description type const enum required properties additionalProperties items "
    "minItems maxItems minProperties minLength maxLength minimum maximum pattern allOf if then else".split()
)
# Deeper than any vendor nests; a schema that refers to itself has no end.
DEEPEST = 8


class Absent:
    """What stands where nothing is."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()


class Rule(NamedTuple):
    """A part of a schema, and the file it stands in, which its references count from."""

    node: Json
    document: Json


class Place(NamedTuple):
    """A place of a payload, filled (`value`) or not, and every rule that speaks of it there.

    `forbidden`: the schema says that it must be empty.
    """

    path: Path
    rules: tuple[Rule, ...]
    value: Any
    required: bool = False
    forbidden: bool = False

    @property
    def pointer(self) -> str:
        """Its JSON pointer."""
        return pointer(self.path)

    @property
    def nodes(self) -> tuple[Json, ...]:
        """The rules alone."""
        return tuple(rule.node for rule in self.rules)

    @property
    def closed(self) -> bool:
        """Whether fields without a rule are refused here."""
        return any(node.get("additionalProperties") is False for node in self.nodes)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that have rules, in the schema's order."""
        return tuple(dict.fromkeys(name for node in self.nodes for name in node.get("properties", ())))


def pointer(path: Path) -> str:
    """A path as JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


class Rules:
    """The rules of one schema, complete in itself as `catalog.schema` gives it."""

    def __init__(self, schema: Json) -> None:
        self.whole = schema
        self._conditions: dict[str, Json] = {}
        self._checks = Contract(self._conditions.__getitem__, {})

    def check(self) -> None:
        """Raises `InvalidValue` for a keyword that is not in the subset, with its place."""
        _check(self.whole, "")

    def valid(self, value: Any) -> bool:
        """Whether a value keeps to all of the schema."""
        return self.holds(Rule(self.whole, self.whole), value)

    def places(self, instance: Any) -> Iterator[Place]:
        """Every place that a rule speaks of, parents before children; empty ones as well."""
        yield from self._walk((), [Rule(self.whole, self.whole)], instance, True)

    def holds(self, rule: Rule, instance: Any) -> bool:
        """Whether a value keeps to one part of the schema."""
        key = str(id(rule.node))
        if key not in self._conditions:
            shared = {**self.whole.get("$defs", {}), **rule.document.get("$defs", {})}
            frame = {name: rule.document[name] for name in ("$id",) if name in rule.document}
            dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
            self._conditions[key] = {**dialect, **frame, **rule.node, "$defs": shared}
        return self._checks.valid(key, instance)

    def in_force(self, rule: Rule, instance: Any) -> Iterator[Rule]:
        """A rule with all that it refers to and the branches that its conditions choose for `instance`."""
        node, document = rule
        yield rule
        if "$ref" in node:
            yield from self.in_force(self._target(rule), instance)
        for part in node.get("allOf", ()):
            yield from self.in_force(Rule(part, document), instance)
        if "if" in node and instance is not ABSENT:
            branch = "then" if self.holds(Rule(node["if"], document), instance) else "else"
            if isinstance(node.get(branch), dict):
                yield from self.in_force(Rule(node[branch], document), instance)

    def _target(self, rule: Rule) -> Rule:
        file, _, fragment = rule.node["$ref"].partition("#")
        document = self.whole["$defs"].get(file, self.whole) if file else rule.document
        node = document
        for step in fragment.split("/")[1:]:
            node = node[step]
        return Rule(node, document)

    def _walk(self, path: Path, heads: list[Rule], instance: Any, required: bool) -> Iterator[Place]:
        rules = [rule for head in heads for rule in self.in_force(head, instance)]
        place = Place(path, tuple(rules), instance, required)
        yield place
        if len(path) >= DEEPEST:
            return
        fields: Json = instance if isinstance(instance, dict) else {}
        for name in place.fields:
            speaking = [
                (rule.node["properties"][name], rule.document)
                for rule in rules
                if name in rule.node.get("properties", ())
            ]
            value = fields.get(name, ABSENT)
            inner = [Rule(node, document) for node, document in speaking if isinstance(node, dict)]
            if any(node is False for node, _ in speaking):
                yield Place((*path, name), tuple(inner), value, forbidden=True)
                continue
            needed = any(name in rule.node.get("required", ()) for rule in rules)
            yield from self._walk((*path, name), inner, value, needed)
        items = [Rule(r.node["items"], r.document) for r in rules if isinstance(r.node.get("items"), dict)]
        if items:
            elements = instance if isinstance(instance, list) and instance else [ABSENT]
            # What holds for one element holds for all.
            yield from self._walk((*path, 0), items, elements[0], False)


def _check(node: Any, where: str) -> None:
    if not isinstance(node, dict):
        return
    for word in node:
        if word not in KNOWN and not word.startswith("x-"):
            refusal = unknown("keyword", word, KNOWN)
            raise InvalidValue(
                f"schema, at {where or 'its root'}: {refusal}. These strategies know the subset of "
                "JSON Schema that schemas/README.md describes, and do not guess what others demand"
            )
    for word in ("items", "if", "then", "else"):
        _check(node.get(word), f"{where}/{word}")
    for index, part in enumerate(node.get("allOf", ())):
        _check(part, f"{where}/allOf/{index}")
    for word in ("properties", "$defs"):
        for name, part in node.get(word, {}).items():
            _check(part, f"{where}/{word}/{name}" if not name.endswith(SUFFIX) else f"/{name}")
