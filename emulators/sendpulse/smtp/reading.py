"""Requests in the one form that the schemas describe, whatever library wrote them.

An array comes as JSON, as JSON within a string (Python, Ruby, C#) or as PHP's serialized text (Node, Java, old PHP).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call
from emulators.sendpulse.smtp.php import unserialize

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
JSON, PHP = "JSON", "PHP"


def mail(data: Any) -> Any:
    """The body of a send with `email` as an object."""
    given = data.get("email") if isinstance(data, dict) else None
    value = unpacked(given)
    return {**data, "email": value} if value is not given and isinstance(value, dict) else data


def emails(data: Any) -> Any:
    """A body that lists `emails`, or is the list itself."""
    if isinstance(data, list):
        return {"emails": data}
    if not isinstance(data, dict):
        return data
    value = unpacked(data.get("emails"))
    if isinstance(value, dict) and "email" not in value:
        value = list(value.values())
    return {**data, "emails": value} if isinstance(value, list) else data


def unpacked(value: Any) -> Any:
    """What a text stands for if it is JSON or PHP's; everything else as it is."""
    if not isinstance(value, str):
        return value
    for read in (json.loads, unserialize):
        try:
            return read(value)
        except (ValueError, RecursionError):
            continue
    return value


@cache
def _text_of(field: str) -> re.Pattern[bytes]:
    """A field whose value is a text that may stand for an object."""
    return re.compile(rb'"%s"\s*:\s*"\s*(\{|\[|a:|\\)' % field.encode())


def written_as(call: Call, field: str) -> str:
    """`JSON` or `PHP` if a field of the body came as such a text, else empty."""
    if call.body.lstrip()[:1] == b"{" and not _text_of(field).search(call.body):
        # As nearly always: an object that is one. The rest is worth reading it once more.
        return ""
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        body = None
    text = body.get(field) if isinstance(body, dict) else None
    if body is None and not re.search(rb"\b%s(\[|%%5B)" % field.encode(), call.body, re.IGNORECASE):
        # A form whose field has no brackets holds a text.
        text = "a:" if b"a:" in call.body or b"a%3A" in call.body else "{"
    if not isinstance(text, str):
        return ""
    return PHP if text.lstrip().startswith("a:") else JSON


def address(value: Any) -> str:
    """An e-mail address without the blanks around it; empty if it is none."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text.isprintable() and ADDRESS.fullmatch(text) else ""


def brief(value: Any) -> str:
    """What came, cut to a length that fits a line."""
    try:
        return ascii(value)[:60]
    except RecursionError:
        return f"{type(value).__name__} in many others"


def filters(account: Account, call: Call) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """What a GET asks for, and notes about what of it is not read.

    One library writes its filters as JSON in place of the query, another as JSON in the body.
    """
    query = call.fields
    found = {name: value for name, value in query.items() if isinstance(value, str)}
    extras: dict[str, Any] = {}
    for text in (*query, call.body.decode("utf-8", "replace")):
        if text.lstrip().startswith("{") and isinstance(value := unpacked(text), dict):
            extras.update(value)
    if not extras:
        return found, ()
    if account.options["smtp.json_in_get"] == "honoured":
        given = {name: str(value) for name, value in extras.items() if isinstance(value, str | int)}
        return {**given, **found}, ()
    got = f"JSON in place of a query, or in the body of a GET ({', '.join(map(ascii, extras))[:80]}): it is ignored"
    return found, (Problem("", "filters as ?name=value", got, "assumed: option smtp.json_in_get"),)


def number(given: Mapping[str, str], name: str, most: int) -> int:
    """A count in a query, `most` at most; 0 if there is none, as libraries send when nothing was asked."""
    text = given.get(name, "")
    return min(int(text), most) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else 0


def page(given: Mapping[str, str], rows: list[Any], most: int) -> list[Any]:
    """The part of a list that `offset` and `limit` ask for, `most` rows of it at most."""
    start = number(given, "offset", len(rows))
    return rows[start : start + (number(given, "limit", most) or most)]


def day(given: Mapping[str, str], name: str) -> str:
    """A date of a query, perhaps with a time; empty if it is none."""
    text = given.get(name, "").strip()
    return text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:]{5,8})?", text, re.ASCII) else ""
