"""What the test to paste asserts: that which the finding misses, and nothing that a right receiver could fail. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from emulators.check.oracle.storing import tellable
from emulators.check.planting import TOKEN
from emulators.check.reports.model import Found, Sent
from emulators.engine import codec

_STORED = re.compile(r"(?:.*: |stored )?(?:lost|twice|duplicated)", re.DOTALL)
_ALTERED = re.compile(r"(?:.*: )?(?P<field>[^ ]+) altered", re.DOTALL)
_SUCCESS = re.compile(r"(?:minor )?success|success for garbage")
_UNHEARD = re.compile(r"(?:.*: )?(?:late|status [0-9]+)", re.DOTALL)
"""What the vendor takes for no success, though a check may count it as one: it was told once."""


def asserted(found: Found, posts: Sequence[Sent], provider: str) -> list[str]:
    """Lines of Python; none where a short test cannot tell. Each key of a finding has a form, and what showed in the store is
    looked for there and nowhere else: all answers may have been right."""
    if _STORED.fullmatch(found.key):
        # What nobody sends may be refused: nothing of it has to be stored then, and a vendor who works in line would send the
        # next request behind it for ever.
        sure = found.legal and all(one.acknowledged for one in posts)
        return list(_counted(found, posts)) if sure else []
    if altered := _ALTERED.fullmatch(found.key):
        return list(_kept(altered["field"], found, posts))
    outcomes = f"for d in {provider}.deliveries())"
    if found.legal:
        bad = any(not one.acknowledged for one in posts) or _UNHEARD.fullmatch(found.key)
        return [f"assert all(d.outcome == 'acknowledged' {outcomes}"] if bad else []
    if any(one.status is None or one.status >= 500 for one in posts):
        return [f"assert all(d.status and d.status < 500 {outcomes}"]
    return [f"assert all(400 <= (d.status or 0) < 500 {outcomes}"] if _SUCCESS.fullmatch(found.key) else []


def _counted(found: Found, posts: Sequence[Sent]) -> Iterator[str]:
    """How often each identity must be stored: once for each event that has it and was acknowledged, however often that came."""
    stored = found.stored or {}
    wrong = False
    lines = []
    for key, events in _events(found, posts).items():
        count = stored.get(key, 0)
        wrong = wrong or count != len(events)
        lines.append(f"assert sum({key!r} in str(record) for record in stored_events()) == {len(events)}")
    if wrong:
        yield from lines


def _kept(field: str, found: Found, posts: Sequence[Sent]) -> Iterator[str]:
    """That the value stands in the record as it was sent, where it can be known by its text."""
    for key, events in _events(found, posts).items():
        for event in events:
            text = _plain(event.get(field.partition(".")[0])) if "." not in field else ""
            # What stands there a second time would be found though this one is wrong.
            if text and str(event).count(text) == 1:
                yield f"[record] = [str(record) for record in stored_events() if {key!r} in str(record)]"
                yield f"assert {text!r} in record"


def _plain(value: Any) -> str:
    """A value as it stands in the text of any record; empty: that depends on the record."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    return text if repr(text)[1:-1] == text and len(text) > 3 else ""


def _events(found: Found, posts: Sequence[Sent]) -> dict[str, list[dict[str, Any]]]:
    """The different events that were acknowledged, by the identity that was planted in them: one in an address, or one of their
    ids that was looked for in the store."""
    known: dict[str, dict[str, dict[str, Any]]] = {}
    for one in posts:
        for event in _read(one.body) if one.acknowledged else ():
            whole = json.dumps(event, sort_keys=True, default=str)
            ids = [key for key in found.stored or () if tellable(key) and key in whole]
            for key in dict.fromkeys((*(match[0] for match in TOKEN.finditer(whole)), *ids)):
                known.setdefault(key, {})[whole] = event
    return {key: list(events.values()) for key, events in known.items()}


def _read(body: bytes) -> list[dict[str, Any]]:
    try:
        value = codec.decode(body)
    except ValueError:
        return []
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]
