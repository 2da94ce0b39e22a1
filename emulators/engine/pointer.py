"""Where a JSON pointer leads."""

from __future__ import annotations

from typing import Any


def look_up(value: Any, pointer: str, missing: Any = None) -> Any:
    """The value at a JSON pointer; `missing` where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return missing
    return value
