"""The same JSON in the ways that it may be written. Pure."""

from __future__ import annotations

import json
from typing import Any

from emulators.engine.codec import encode


def written(value: Any, style: str) -> bytes:
    """A JSON value as bytes, in one of the ways that mean the same."""
    if style == "spaced":
        return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    if style == "escaped":
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    if style == "reordered":
        return encode(_backwards(value))
    return encode(value)


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _backwards(value[name]) for name in reversed(value)}
    return [_backwards(item) for item in value] if isinstance(value, list) else value
