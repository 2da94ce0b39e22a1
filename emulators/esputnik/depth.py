"""How deep JSON may be nested before it is not kept: what is deeper cannot be copied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

DEEPEST = 64


def too_deep(value: Any) -> bool:
    """Whether there are more levels than we keep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [item for node in level for item in _inside(node)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
