"""What is odd about the vendor's JSON: one element stands without its list, numbers are text here and there.

The option `replies` turns this off for what is answered; requests of either form are always taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from emulators.engine.pointer import look_up
from emulators.engine.profile import Problem
from emulators.engine.provider import Account

LARGEST = 10**300
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def faithful(account: Account) -> bool:
    """Whether replies have the vendor's oddities."""
    return bool(account.options["replies"] == "faithful")


def one_or_many(account: Account, rows: Sequence[Any]) -> Any:
    """A single row as itself, several as a list."""
    return rows[0] if len(rows) == 1 and faithful(account) else list(rows)


def number(account: Account, value: int | float) -> str | int | float:
    """A number where recorded replies hold text."""
    return str(value) if faithful(account) else value


def many(value: Any) -> list[Any]:
    """What was sent as a list, as a single element without one, or not at all."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def an_object(value: Any) -> dict[str, Any]:
    """What was sent if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str | None:
    """A scalar as text; None: there is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    # Python refuses to print integers of thousands of digits; NaN and infinity are no JSON.
    if isinstance(value, int | float) and -LARGEST < value < LARGEST:
        return str(value)
    return None


def whole(value: Any) -> int | None:
    """An integer, or text that is one; None: neither."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return None


def flag(value: Any) -> bool:
    """A boolean, or the text `true`."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def tolerated(data: Any, problem: Problem) -> bool:
    """Whether a wrong type is one that the vendor's server reads all the same: text for a number and the
    reverse, a single element for a list, null for what may be missing."""
    if problem.rule != "type" or not problem.pointer:
        return False
    value = look_up(data, problem.pointer)
    if value is None:
        return True
    if "an array" in problem.expected:
        return True
    if isinstance(value, dict | list):
        return False
    if "a string" in problem.expected:
        return True
    if "a number" in problem.expected or "an integer" in problem.expected:
        return isinstance(value, str) and NUMBER.fullmatch(value.strip()) is not None
    return "true or false" in problem.expected and value in ("true", "false")
