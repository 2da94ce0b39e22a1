"""Parts of lists: `startindex` counts from 1, `maxrows` is 500 at most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from emulators.engine.profile import Problem
from emulators.engine.provider import Call
from emulators.esputnik.quirks import whole

Row = TypeVar("Row")
MOST = 500


def asked(call: Call, name: str) -> str:
    """A parameter of the query; the first one, if it is repeated."""
    return next((value for key, value in call.query if key == name), "")


def page(call: Call, rows: Sequence[Row]) -> tuple[Sequence[Row], tuple[Problem, ...]]:
    """The rows that a call asks for, and what it asked for in vain."""
    first, count = whole(asked(call, "startindex")), whole(asked(call, "maxrows"))
    problems = []
    if first is not None and first < 1:
        problems.append(Problem("/startindex", "1 or more: the first row is 1", str(first)))
    if count is not None and not 0 <= count <= MOST:
        problems.append(Problem("/maxrows", f"at most {MOST} rows, no more are answered", str(count)))
    start = max(first or 1, 1) - 1
    length = MOST if count is None else min(max(count, 0), MOST)
    return rows[start : start + length], tuple(problems)
