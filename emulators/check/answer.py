"""What an oracle's answer means: JSON of any form, JSON by the line, plain text, or a Python program's own objects. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from emulators.engine import codec
from emulators.errors import TargetUnusable

_DEEPEST = 100


class OracleUnusable(TargetUnusable):
    """What was stored cannot be read: says of which oracle, and why. Never holds a credential."""


LONGEST = 4300
"""Digits of a number, beyond which Python refuses to read one."""


def understood(data: bytes, strictly: bool = False, kept: bool = False) -> Any:
    """The JSON value; of JSON by the line and of plain text the list of the lines. Raises `ValueError`, saying why not.

    Of JSON by the line a last line that is not whole is left out: somebody is writing it. `strictly`: JSON was promised,
    so that what is none is no text either. `kept`: bodies may lie there as they came, hostile ones too.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not kept:
            raise ValueError("neither JSON nor UTF-8 text") from None
        # Whoever keeps bodies as they come keeps the hostile ones, too.
        text = data.decode("utf-8-sig", "replace")
    if not text.strip():
        return []
    try:
        return _decoded(text)
    except ValueError as error:
        reason = str(error)
    if not kept and "\0" in text:
        raise ValueError("neither JSON nor text: it holds a NUL")
    lines = [line for line in text.splitlines() if line.strip()]
    records = _by_the_line(lines, torn=not text.endswith("\n"))
    if records is not None:
        return records
    if strictly:
        raise ValueError(f"not JSON: {reason}")
    return lines


def _decoded(text: str) -> Any:
    """A JSON value. A number of more digits than Python reads, as somebody may have stored it, stays text."""
    try:
        return codec.decode(text)
    except ValueError:
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= LONGEST else digits)


def _by_the_line(lines: list[str], torn: bool) -> list[Any] | None:
    """The values of lines that are JSON each; None: they are not."""
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_decoded(line))
        except ValueError:
            if not (torn and records and number == len(lines)):
                return None
    return records if any(isinstance(record, dict | list) for record in records) else None


def plain(value: Any, depth: int = 0) -> Any:
    """A Python program's value as JSON: rows, data classes, models become objects, whatever can be gone through a list, the
    rest (dates, UUIDs, decimals) its text."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST} levels")

    def inner(item: Any) -> Any:
        return plain(item, depth + 1)

    fields = _fields(value)
    if fields is not None:
        return {str(name): inner(item) for name, item in fields.items()}
    if isinstance(value, Iterable):
        return [inner(item) for item in value]
    return str(value)


def _fields(value: Any) -> Mapping[Any, Any] | None:
    """What an object holds by name; None: it is no object in this sense."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    # sqlite3.Row, and what else is like it, names its columns and is gone through by value.
    names: Callable[[], Iterable[Any]] | None = getattr(value, "keys", None)
    if callable(names) and hasattr(value, "__getitem__"):
        return {name: value[name] for name in names()}
    # A model of an ORM: its columns are plain attributes. A date, a UUID, a decimal has none.
    columns = {
        name: item for name, item in getattr(value, "__dict__", {}).items() if not name.startswith("_")
    }
    return columns or None
