"""JSON in and out: exact integers, fast where msgspec agrees, the standard library where it refuses.

The only module that imports msgspec. JSON values only: None, bool, int, float, str, list, dict.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def decode(data: bytes | str) -> Any:
    """The value that JSON text stands for; integers of any size stay exact, of double keys the last wins.

    NaN, Infinity, 1e400 and escaped lone surrogates are accepted, as Python's own json does.
    Raises `ValueError` for anything else that is not JSON (or not UTF-8), saying where.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(data.decode("utf-8") if isinstance(data, bytes) else data)
    except RecursionError:
        raise ValueError("not JSON that can be read here: nested too deeply") from None


def encode(value: Any) -> bytes:
    """Compact UTF-8. A lone surrogate leaves as its escape, NaN and infinities as Python's json writes them.

    For values that are JSON already: msgspec would convert a set, a date or bytes without a word.
    """
    try:
        data = _encoder.encode(value)
    except (UnicodeError, OverflowError, RecursionError):
        return encode_strictly(value)
    # msgspec writes null for NaN without a word, so only a body that holds a null is worth the walk.
    if b"null" in data and _holds_nonfinite(value):
        return encode_strictly(value)
    return data


def encode_strictly(value: Any) -> bytes:
    """The same for a value of anybody's; raises `TypeError` for what JSON has no form for, such as a set."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # What UTF-8 cannot carry is a surrogate, and `\udxxx` is its escape in JSON as well.
    return text.encode("utf-8", errors="backslashreplace")


def _holds_nonfinite(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(_holds_nonfinite(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_holds_nonfinite(item) for item in value)
