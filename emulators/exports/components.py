"""Our schema files as `components/schemas` of one document: every `$ref` leads to a place inside it.

A file becomes a component of its stem, each of its `$defs` one of `<stem>.<name>`; `$id` and `$schema` go. The
`x-` words stay. Where rules stand beside a `$ref`, they move into an `allOf` with it: older validators
would not look at them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulators.exports.material import SUFFIX, Json
from emulators.references import files_referred_to

PLACE = "#/components/schemas/"


def reference(stem: str) -> Json:
    """Leads to the component of a schema."""
    return {"$ref": PLACE + stem}


def components(schemas: Mapping[str, Json], wanted: Iterable[str]) -> Json:
    """The components that these stems need, with all that they refer to, in alphabetical order."""
    made: Json = {}
    waiting = list(wanted)
    while waiting:
        stem = waiting.pop()
        if stem in made:
            continue
        whole = schemas[stem]
        made[stem] = _moved(stem, {word: rule for word, rule in whole.items() if word != "$defs"})
        for name, rule in whole.get("$defs", {}).items():
            made[_definition(stem, name)] = _moved(stem, rule)
        waiting += (file.partition("#")[0].removesuffix(SUFFIX) for file in files_referred_to(whole))
    return dict(sorted(made.items()))


def _moved(stem: str, node: Any) -> Any:
    """A schema of the file `stem` as it reads inside the document."""
    if isinstance(node, list):
        return [_moved(stem, inner) for inner in node]
    if not isinstance(node, dict):
        return node
    moved = {
        word: _rule(stem, word, rule) for word, rule in node.items() if word not in ("$id", "$schema", "$ref")
    }
    if "$ref" not in node:
        return moved
    target = {"$ref": _target(stem, node["$ref"])}
    if not moved:
        return target
    return {**moved, "allOf": [target, *moved.get("allOf", ())]}


def _rule(stem: str, word: str, rule: Any) -> Any:
    if word == "properties":
        return {name: _moved(stem, inner) for name, inner in rule.items()}
    # Values are values, whatever they look like.
    return rule if word in ("const", "enum", "required") else _moved(stem, rule)


def _target(stem: str, address: str) -> str:
    file, _, fragment = address.partition("#")
    home = file.removesuffix(SUFFIX) or stem
    name = fragment.removeprefix("/$defs/") if fragment else ""
    return PLACE + (_definition(home, name) if name else home)


def _definition(stem: str, name: str) -> str:
    """A component's name may hold letters, digits, dots, dashes and underscores."""
    return f"{stem}.{re.sub(r'[^A-Za-z0-9._-]', '-', name)}"
