"""PHP's serialized values, as some of the vendor's libraries send them, as JSON values. Lengths of strings count bytes."""

from __future__ import annotations

import re
from typing import Any

# What no client nests deeper.
DEEPEST = 64
TOKEN = re.compile(
    rb"(?P<null>N);|b:(?P<bool>[01]);|i:(?P<int>-?[0-9]{1,19});|d:(?P<float>-?[0-9][0-9.eE+-]{0,39});"
    rb'|s:(?P<str>[0-9]{1,9}):"|a:(?P<array>[0-9]{1,9}):\{'
)


def unserialize(text: str) -> Any:
    """The value of a serialized text; raises `ValueError` for anything else, objects of classes included."""
    data = text.strip().encode("utf-8", "surrogatepass")
    value, end = _value(data, 0, 0)
    if end != len(data):
        raise ValueError(f"more than one value: {len(data) - end} bytes are left")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value that begins at a position, and where it ends."""
    token = TOKEN.match(data, at)
    if token is None or depth > DEEPEST:
        raise ValueError(f"no value of PHP at byte {at}")
    kind, content = str(token.lastgroup), token[str(token.lastgroup)]
    match kind:
        case "null":
            return None, token.end()
        case "bool":
            return content == b"1", token.end()
        case "int":
            return int(content), token.end()
        case "float":
            return float(content), token.end()
        case "str":
            return _text(data, token.end(), int(content))
    return _array(data, token.end(), int(content), depth)


def _text(data: bytes, start: int, length: int) -> tuple[str, int]:
    end = start + length
    if data[end : end + 2] != b'";':
        raise ValueError(f"the string at byte {start} is not {length} bytes long")
    return data[start:end].decode("utf-8", "replace"), end + 2


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[Any, int]:
    """A list if its keys are 0, 1, 2 and so on, as PHP itself decides when it writes JSON."""
    found: dict[str, Any] = {}
    for _ in range(count):
        key, at = _value(data, at, DEEPEST)
        if not isinstance(key, int | str):
            raise ValueError(f"no key of a PHP array before byte {at}")
        found[str(key)], at = _value(data, at, depth + 1)
    if data[at : at + 1] != b"}":
        raise ValueError(f"the array that should end at byte {at} does not")
    numbered = all(key == str(place) for place, key in enumerate(found))
    return (list(found.values()) if numbered else found), at + 1
