"""What an oracle's answer means: JSON of any form, JSON by the line, plain text, or a Python program's own objects. Pure.

Whoever keeps bodies as they come keeps the hostile ones, too. What is read here can be gone through, compared and written by
anybody: nothing is nested too deeply, and no number has more digits than Python writes.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, repeat
from typing import Any

from emulators.engine import codec
from emulators.errors import TargetUnusable

DEEPEST = 100
"""Levels of lists and objects; null stands for what is nested deeper."""
LONGEST = 4300
"""Digits of a number, beyond which Python refuses to read or write one."""
LOOKED = 20
"""Lines of which one is an object or a list, if it is JSON by the line."""

_SCALARS = frozenset({type(None), bool, float, str})
# The end of the text ends a string, too: one that is never closed would be looked for from each of its quotes.
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]}]', re.DOTALL)


class OracleUnusable(TargetUnusable):
    """What was stored cannot be read: says of which oracle, and why. Never holds a credential."""


class Reader:
    """Reads the answers of one oracle, one after the other. Bytes that are those of before are not decoded again: neither all
    of them, nor the lines of JSON that others were added to. What it returns must not be changed."""

    def __init__(self) -> None:
        self._data: bytes | None = None
        self._value: Any = None
        self._lines = b"", 0
        """Whole lines, the first of them JSON, so that they are no part of one JSON value; how many records they are."""

    def understood(self, data: bytes, strictly: bool = False, kept: bool = False) -> Any:
        """The JSON value; of JSON by the line and of plain text the list of the lines. Raises `ValueError`, saying why not.

        Among lines of JSON one that is none is text. A last line that is not whole is left out: somebody is writing it.
        `strictly`: JSON was promised, so that what is none is no text either. `kept`: bodies may lie there as they came.
        """
        if data != self._data:
            value, lines = self._read(data, strictly, kept)
            self.known(value)
            self._data, self._lines = data, lines
        return self._value

    def known(self, value: Any) -> Any:
        """A value that was read elsewhere, `renewed`."""
        self._data, self._value, self._lines = None, renewed(value, self._value), (b"", 0)
        return self._value

    def _read(self, data: bytes, strictly: bool, kept: bool) -> tuple[Any, tuple[bytes, int]]:
        none = b"", 0
        before, count = self._lines
        # One line alone is a JSON value of its own.
        if not (before and len(data) > len(before) and data.startswith(before)):
            before, count = none
            text = _text(data, kept)
            if not text.strip():
                return [], none
            try:
                return _decoded(text), none
            except ValueError as error:
                reason = str(error)
            if not kept and "\0" in text:
                raise ValueError("neither JSON nor text: it holds a NUL")
            lines = _split(text)
            if not any(_is_record(_line(line)) for line in lines[:LOOKED]):
                if strictly:
                    raise ValueError(f"not JSON: {reason}")
                return lines, none
        whole, newline, rest = data[len(before) :].rpartition(b"\n")
        records = self._value[:count] if count else []
        records += [_line(line, strictly) for line in _split(_text(whole, kept))]
        last = [_line(line) for line in _split(_text(rest, kept))]
        value = [*records, *filter(_is_record, last)]
        certain = bool(records) and _is_record(records[0])
        return value, (before + whole + newline, len(records)) if certain else none


def _text(data: bytes, kept: bool) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if not kept:
            raise ValueError("neither JSON nor UTF-8 text") from None
        return data.decode("utf-8-sig", "replace")


def _split(text: str) -> list[str]:
    # At these alone: texts in JSON may hold other ends of lines, such as U+2028, as they are.
    return [line.rstrip("\r") for line in text.split("\n") if line.strip()]


def _line(line: str, strictly: bool = False) -> Any:
    if strictly or line.lstrip().startswith(("{", "[")):
        try:
            return _decoded(line)
        except ValueError as error:
            if strictly:
                raise ValueError(f"not JSON: {error}") from None
    return line


def _is_record(value: Any) -> bool:
    return isinstance(value, dict | list)


def decoded(text: str) -> Any:
    """A JSON value, nested no deeper than `DEEPEST`. A number that is too long stays text. Raises `ValueError`."""
    return renewed(_decoded(text))


def _decoded(text: str) -> Any:
    try:
        return codec.decode(text)
    except ValueError:
        pass
    try:
        return _loaded(text)
    except RecursionError:
        return _loaded(_cut(text))


def _loaded(text: str) -> Any:
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= LONGEST else digits)


def _cut(text: str) -> str:
    """JSON with null where it is nested too deeply."""
    parts, depth, start = list[str](), 0, 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                parts += text[start : found.start()], "null"
        elif found[0] in "]}":
            if depth == DEEPEST + 1:
                start = found.end()
            depth -= 1
    return "".join(parts) + (text[start:] if depth <= DEEPEST else "")


def renewed(value: Any, last: Any = None, room: int = DEEPEST) -> Any:
    """The value, nested no deeper than `room`. What equals a part of the answer before, at the same place from the beginning
    or the end of its list, is that very object: whoever knows it need not look at it again."""
    if value is last or (type(value) is type(last) and value == last):
        return last
    if not isinstance(value, dict | list):
        return value
    if not room:
        return None
    if isinstance(value, dict):
        known = last if isinstance(last, dict) else {}
        return {
            name: renewed(item, known.get(name), room - 1) if isinstance(item, dict | list) else item
            for name, item in value.items()
        }
    before = last if isinstance(last, list) else []
    if before and value and value[0] != before[0] and value[-1] == before[-1]:
        # The newest first, or the oldest given up.
        more = len(value) - len(before)
        before = [None] * more + before if more > 0 else before[-more:]
    return [
        item if item is known else renewed(item, known, room - 1)
        for item, known in zip(value, chain(before, repeat(None)), strict=False)
    ]


def plain(value: Any, within: tuple[int, ...] = ()) -> Any:
    """A Python program's value as JSON: rows, data classes, models become objects, whatever can be gone through a list, the
    rest (dates, UUIDs, decimals) its text; null what is nested too deeply. Raises `ValueError` for what holds itself."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, int):
        # Hexadecimals may have any number of digits.
        return int(value) if value.bit_length() < 3 * LONGEST else hex(value)
    if isinstance(value, str | float):
        # Not the subclasses of others, such as a number of numpy.
        return str.__str__(value) if isinstance(value, str) else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if id(value) in within:
        raise ValueError(f"{type(value).__name__} holds itself; return rows, or objects of plain values")
    if len(within) >= DEEPEST:
        return None
    inside = (*within, id(value))
    fields = _fields(value)
    if fields is not None:
        return {str(name): plain(item, inside) for name, item in fields.items()}
    if isinstance(value, Iterable):
        return [plain(item, inside) for item in value]
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
