"""What a schema refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def files_referred_to(node: Any) -> set[str]:
    """The bare names of the files that a schema refers to."""
    return {ref for ref in _references(node) if not ref.startswith("#")}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
