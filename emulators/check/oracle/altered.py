"""Where a stored record does not say what was sent: numbers rounded, texts cut, characters lost. Pure.

Records are the app's own, and it may well translate: times, addresses in small letters, its own words for kinds. So a record
that only shares names of fields with the event is held to what no translation explains; a copy of it to every value.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from emulators.check.oracle.answer import decoded
from emulators.engine import codec

SHORT = 20
"""A shorter beginning of a text may be a word or a time of its own (`open` of `opened`)."""
CEILINGS = {2**bits - 1 for bits in (31, 32, 53, 63)}
"""The greatest numbers of columns, to which some stores cut what is greater."""
SCALES = (10**3, 10**6)
"""Seconds, milliseconds, microseconds."""
_DEEPEST = 8
_LONGEST = 100
"""Digits that a number is written out with."""
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Alteration:
    """A field, what was sent, what is stored, and what it looks like."""

    field: str
    sent: Any
    stored: Any
    how: str

    def __str__(self) -> str:
        return f"{self.field}: {self.how}: sent {_short(self.sent)}, stored {_short(self.stored)}"


def alterations(key: str, events: Sequence[Any], record: Any) -> list[Alteration]:
    """What a record of an identity got wrong of the event that it is most like, of those that it may stand for."""
    objects = [event for event in events if isinstance(event, dict)]
    found: dict[str, Alteration] = {}
    for view in views(record):
        # A raw body that was kept holds the events of others, too.
        if key.lower() not in codec.encode(view).decode().lower():
            continue
        tries = [_differences(event, view) for event in objects if event.keys() & view.keys()]
        for alteration in min(tries, key=len, default=[]):
            found.setdefault(alteration.field, alteration)
    return list(found.values())


def views(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The objects in a record, also those in its texts."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from views(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from views(item, depth + 1)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            # A hostile body that was kept as a text: nested without end, perhaps.
            inner = decoded(value)
        except ValueError:
            return
        yield from views(inner, depth + 1)


def _differences(event: Event, view: Event) -> list[Alteration]:
    shared = [name for name in event if name in view]
    alike = sum(same(event[name], view[name]) for name in shared)
    # What has all fields, and says the same in most of them, is a copy and no translation.
    whole = len(shared) == len(event) and 2 * alike > len(event)
    return [
        Alteration(name, event[name], view[name], how)
        for name in shared
        if (how := _how(event[name], view[name], whole))
    ]


def _how(sent: Any, stored: Any, whole: bool) -> str:
    """What is wrong with a value; empty: nothing, or nothing that one could be sure of."""
    if same(sent, stored) or _translated(sent, stored):
        return ""
    return _looks(sent, stored) or ("differs" if whole else "")


def how_altered(sent: Any, stored: Any) -> str:
    """What no translation explains of two single values; empty: they are the same, or have nothing to do with each other."""
    return _how(sent, stored, False)


def akin(sent: Any, stored: Any) -> bool:
    """Whether a value may have been made of another on purpose: a time in other units or words, the beginning of a text."""
    if number(sent) is not None and number(stored) is not None:
        return _translated(sent, stored)
    if not (isinstance(sent, str) and isinstance(stored, str)):
        return False
    return _translated(sent, stored) or _normal(sent).startswith(_normal(stored))


def plain(value: Any) -> str:
    """A single value as a text that is the same for all that means the same to people."""
    exact = number(value)
    if exact is None or exact.adjusted() > _LONGEST or exact != exact.to_integral_value():
        return _normal(str(value))
    return str(int(exact))


def _looks(sent: Any, stored: Any) -> str:
    one, other = number(sent), number(stored)
    if one is not None and other is not None:
        return _how_number(one, other)
    return _how_text(sent, stored) if isinstance(sent, str) and isinstance(stored, str) else ""


def _translated(sent: Any, stored: Any) -> bool:
    one, other = number(sent), number(stored)
    if one is not None and other is not None:
        return _scaled(one, other)
    if isinstance(sent, str) and isinstance(stored, str):
        return _is_time(sent) and _is_time(stored)
    return type(sent) is not type(stored)


def same(sent: Any, stored: Any) -> bool:
    """Whether two values mean the same to people who store them: 12 and "12", true and 1, an address in small letters."""
    if type(sent) is type(stored) and sent == stored:
        return True
    if isinstance(sent, bool) or isinstance(stored, bool):
        return _truth(sent) is not None and _truth(sent) == _truth(stored)
    one, other = number(sent), number(stored)
    if one is not None and other is not None:
        return one == other
    if isinstance(sent, str) and isinstance(stored, str):
        return _normal(sent) == _normal(stored)
    if isinstance(sent, dict) and isinstance(stored, dict):
        return sent.keys() == stored.keys() and all(same(sent[name], stored[name]) for name in sent)
    if isinstance(sent, list) and isinstance(stored, list):
        return len(sent) == len(stored) and all(map(same, sent, stored))
    return bool(sent == stored) or (sent in (None, "") and stored in (None, ""))


def _truth(value: Any) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def number(value: Any) -> Decimal | None:
    """A number, or a text that is one, to its last digit; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value) if not isinstance(value, str) else value.strip()
    if len(text) > 400:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _how_number(sent: Decimal, stored: Decimal) -> str:
    if sent != sent.to_integral_value() or abs(sent) > 2**70:
        return ""
    if float(sent) == float(stored):
        return "rounded, as by a floating-point number"
    if stored in CEILINGS and sent > stored:
        return "cut to the greatest number of a column"
    if stored == stored.to_integral_value() and abs(stored) < 2**70:
        apart = int(sent) - int(stored)
        if (apart % 2**32 == 0 and abs(stored) < 2**32) or apart % 2**64 == 0:
            return "overflowed"
    return ""


def _scaled(sent: Decimal, stored: Decimal) -> bool:
    """Whether it may be one time in other units."""
    small, large = sorted((abs(sent), abs(stored)))
    return any(small and large // scale in (small, small.to_integral_value()) for scale in SCALES)


def _how_text(sent: str, stored: str) -> str:
    begun = stored.rstrip()
    if len(begun) >= SHORT and sent.startswith(begun) and sent[len(begun)] not in "?#":
        return f"cut after {len(begun)} characters"
    lost = len(sent) == len(stored) and all(
        b in (a, "?", "\ufffd") for a, b in zip(sent, stored, strict=True)
    )
    if lost or _normal(stored) == _normal("".join(c for c in sent if c <= "\uffff")):
        return "characters lost"
    raw = sent.encode("utf-8", "surrogatepass")
    if stored in (raw.decode("latin-1"), raw.decode("cp1252", "replace")):
        return "read in another encoding"
    if stored in (html.escape(sent), html.escape(sent, quote=False)):
        return "escaped as HTML"
    return ""


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _short(value: Any) -> str:
    text = codec.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"
