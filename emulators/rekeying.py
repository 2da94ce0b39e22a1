"""Fresh ids for events that a receiver has seen: it would answer 200 to the old ones without running its code. Pure.

The same old id becomes the same new one, wherever it stands; a new one has the shape of the old: a UUID stays one of its
version, digits stay digits, as many of them.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from emulators.redaction import PLACEHOLDER

_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_HEX = re.compile(r"_?(?:[0-9a-f]{8,}|[0-9A-F]{8,})")
# What an integer of an id may grow to, by the width that its old value shows it to have.
_WIDTHS = (2**31 - 1, 2**32 - 1, 2**53 - 1, 2**63 - 1, 2**64 - 1)
_TRIES = 100

Fresh = Callable[[Any], Any]


def rekey(payload: Any, identities: Iterable[str], fresh: Fresh) -> Any:
    """A body, one event or an array of them, with `fresh(old)` in place of each id that one of the JSON pointers leads to."""
    pointers = [pointer.split("/")[1:] for pointer in identities]
    if isinstance(payload, list):
        return [_event(event, pointers, fresh) for event in payload]
    return _event(payload, pointers, fresh)


def _event(event: Any, pointers: list[list[str]], fresh: Fresh) -> Any:
    for steps in pointers:
        event = _replaced(event, steps, fresh)
    return event


def _replaced(value: Any, steps: list[str], fresh: Fresh) -> Any:
    if not steps:
        return _fresh(value, fresh)
    step = steps[0].replace("~1", "/").replace("~0", "~")
    if isinstance(value, dict) and step in value:
        return {**value, step: _replaced(value[step], steps[1:], fresh)}
    if isinstance(value, list) and step.isascii() and step.isdecimal() and int(step) < len(value):
        at = int(step)
        return [*value[:at], _replaced(value[at], steps[1:], fresh), *value[at + 1 :]]
    return value


def _fresh(value: Any, fresh: Fresh) -> Any:
    if isinstance(value, list):
        return [_fresh(item, fresh) for item in value]
    # Nothing, and what was redacted, is nobody's id.
    known = isinstance(value, int | str) and not isinstance(value, bool) and value not in ("", PLACEHOLDER)
    return fresh(value) if known else value


class Renamer:
    """New ids by a seed. What an old one becomes depends on the seed and on itself, not on what came before it, unless
    two would become the same."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._new: dict[str, str] = {}
        self._taken: set[str] = set()

    def __call__(self, old: Any) -> Any:
        """For an int or a text; `12` and `"12"` are the same id."""
        new = self._renamed(str(old))
        return int(new) if isinstance(old, int) else new

    def _renamed(self, old: str) -> str:
        if old not in self._new:
            random = Random(f"{self._seed} {old}")
            tries = (alike(old, random) for _ in range(_TRIES))
            # An id of few letters runs out of others of its kind; equal it must not become.
            new = next((t for t in tries if t != old and t not in self._taken), None) or self._longer(
                old, random
            )
            self._taken.add(new)
            self._new[old] = new
        return self._new[old]

    def _longer(self, old: str, random: Random) -> str:
        while (new := f"{old}{random.randrange(10**6)}") in self._taken:
            pass
        return new


def alike(old: str, random: Random) -> str:
    """Another id of the same shape; where nothing in it can vary, itself."""
    digits = old.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and str(int(digits)) == digits:
        return old[: len(old) - len(digits)] + str(_number(int(digits), random))
    if _UUID.fullmatch(old):
        # The version and the variant stand in the first digits of the third and fourth group.
        return "".join(c if at in (14, 19) else _hexadecimal(c, old, random) for at, c in enumerate(old))
    if _HEX.fullmatch(old) and re.search("[0-9]", old):
        return "".join(_hexadecimal(c, old, random) for c in old)
    return "".join(_character(c, random) for c in old)


def _number(old: int, random: Random) -> int:
    least = 10 ** (len(str(old)) - 1) if old else 0
    width = next((width for width in _WIDTHS if old <= width), old)
    return random.randint(least, min(10 ** len(str(old)) - 1, width))


def _hexadecimal(character: str, whole: str, random: Random) -> str:
    if character in "-_":
        return character
    return random.choice("0123456789ABCDEF" if whole.upper() == whole else "0123456789abcdef")


def _character(character: str, random: Random) -> str:
    for alphabet in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if character in alphabet:
            return random.choice(alphabet)
    return character
