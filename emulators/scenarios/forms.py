"""What a value in a scenario may look like: each form in words and as a test. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from emulators.engine.clock import LATEST, duration
from emulators.errors import EgressRefused, InvalidValue, UnknownName, unknown

NO_ANSWER = "no answer"
"""A status, where there was none."""


class Form(NamedTuple):
    """What is expected, in words, and whether a value is that."""

    expected: str
    fits: Callable[[Any], bool]


class Problems:
    """What is wrong with a file: all of it is told at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, where: str, problem: object) -> None:
        self.found.append(f"{where}: {problem}")


def one_of(choices: Iterable[str]) -> Form:
    """One of a few words."""
    known = tuple(choices)
    return Form(" or ".join(f'"{choice}"' for choice in known), lambda value: value in known)


def whole(least: int, most: int | None = None) -> Form:
    """A whole number."""
    words = f"a whole number from {least}" + (f" to {most}" if most is not None else "")
    return Form(words, lambda v: is_whole(v) and v >= least and (most is None or v <= most))


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_duration(value: Any) -> bool:
    try:
        return duration(value) <= LATEST
    except (InvalidValue, OverflowError):
        return False


def is_json(value: Any) -> bool:
    """Whether a TOML value can travel as JSON."""
    if isinstance(value, dict):
        return all(map(is_json, value.values()))
    if isinstance(value, list):
        return all(map(is_json, value))
    return isinstance(value, str | bool | int) or (isinstance(value, float) and isfinite(value))


def is_status(value: Any) -> bool:
    return value == NO_ANSWER or (is_whole(value) and 100 <= value <= 599)


def list_of(form: Form) -> Form:
    """A list of what has a form."""
    return Form(
        f"a list, each of it {form.expected}", lambda v: isinstance(v, list) and all(map(form.fits, v))
    )


TEXT = Form("text", lambda v: isinstance(v, str))
LINE = Form("text on one line", lambda v: isinstance(v, str) and bool(v.strip()) and v.isprintable())
NAME = Form(
    "a name of letters, digits, - and _", lambda v: isinstance(v, str) and bool(re.fullmatch(r"[\w-]+", v))
)
TEXTS = list_of(TEXT)
FLAG = Form("true or false", lambda v: isinstance(v, bool))
NUMBER = Form("a number", lambda v: isinstance(v, int | float) and not isinstance(v, bool) and isfinite(v))
SPAN = Form('seconds or text such as "1h30m"', is_duration)
JSON = Form("what JSON can hold (dates as text, no inf, no nan)", is_json)
TABLE = Form('a table such as { name = "value" }', lambda v: isinstance(v, dict))
FIELDS = Form(f"a table of {JSON.expected}", lambda v: isinstance(v, dict) and is_json(v))
STATUS = Form(f'a status such as 200, or "{NO_ANSWER}"', is_status)
REFERABLE = Form(
    'text or { env = "NAME" }', lambda v: isinstance(v, str) or (isinstance(v, dict) and "env" in v)
)


def check(
    where: str,
    given: Mapping[str, Any],
    forms: Mapping[str, Form],
    required: Iterable[str],
    problems: Problems,
    what: str = "key",
) -> dict[str, Any]:
    """The keys of a table that are known and have their form; what is wrong with the others is noted."""
    good = {}
    for name, value in given.items():
        if name not in forms:
            problems.add(where, unknown(what, name, forms))
        elif not forms[name].fits(value):
            problems.add(where, f"{name}: expected {forms[name].expected}, got {shown(value)}")
        else:
            good[name] = value
    for name in required:
        if name not in given:
            problems.add(where, f"{name} is missing: expected {forms[name].expected}")
    return good


def shown(value: Any) -> str:
    """A value in a message; a table by its keys alone, for a secret may stand in it where none belongs."""
    if isinstance(value, dict):
        return f"a table of {', '.join(value) or 'nothing'}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def noting(problems: Problems, where: str, work: Callable[[], object], field: str = "") -> bool:
    """Whether `work` passes; a refusal of it is noted."""
    try:
        work()
    except (InvalidValue, UnknownName, EgressRefused) as refusal:
        problems.add(where, f"{field}: {refusal}" if field else refusal)
        return False
    return True
