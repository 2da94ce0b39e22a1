"""All legal changes to a feed's events, sorted by what goes wrong with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulators.check.sender import ADDRESSES, Sender
from emulators.engine.provider import Payload
from emulators.rekeying import Renamer, rekey
from emulators.strategies.changes import Change
from emulators.strategies.rules import ABSENT, Path, pointer
from emulators.strategies.stock import Stock

_TIMED = re.compile(r"time|date", re.IGNORECASE)
# Names and values that machines write: no customer types an emoji into them.
_MACHINE = re.compile(
    r"(?:^|_)(?:id|ids|code|subcode|key|url|link|ver|os|phone|sms|viber|token|tag)$|(?:Id|Ids|Key|Link|Url|Code)$"
    r"|push$|^link_|_code|^platform$|^iid$|^hwid$|device|browser|response|status|subscript",
)
_FORMS = (
    r"\d+",
    r"[0-9a-f]{8}-.*",
    r"https?://.*",
    r"_?[0-9a-fA-F-]{8,}",
    r"\+\d+",
    r"[0-9A-ZX]{4,}-[0-9A-ZX-]+",
)
_MACHINE_VALUE = re.compile("|".join(_FORMS), re.ASCII)
_ADDRESSES = frozenset(where.rpartition("/")[2] for where in ADDRESSES)
# From 2000 to 2100.
_PLAUSIBLE = range(946_684_800, 4_102_444_800)


@dataclass(frozen=True, slots=True)
class Edit:
    """One legal change, and an event that has it. `sort`: `absent`, `nothing` (null or empty), `shape` (another type, a choice,
    an array or object), `moment`, `number`, `address`, `text`. `likely`: the vendor may be expected to send it; else it is legal
    by the schema alone, and must only not break anything."""

    kind: str
    path: Path
    value: Any
    event: Payload
    sort: str
    likely: bool
    identity: bool
    """Whether it changes what the event is told from others by."""


def edits(sender: Sender, kind: str) -> Iterator[Edit]:
    """The changes of all fields of a kind, each once, the simplest first."""
    seen: set[tuple[Path, str]] = set()
    for _, edit in _studied(sender, kind):
        if edit is not None and (edit.path, repr(edit.value)) not in seen:
            seen.add((edit.path, repr(edit.value)))
            yield edit


def foreseen(sender: Sender, kind: str) -> dict[tuple[Path, str], bool]:
    """Of the changes that chance may make to a kind's events, by place and value, whether the vendor may be expected to send it."""
    studied = _studied(sender, kind)
    return {(drawn.path, repr(drawn.value)): edit.likely for drawn, edit in studied if edit is not None}


def ordinary(sender: Sender, path: Path, value: Any, plain: Any) -> bool:
    """Whether a value that is no edge may be expected where the documents print `plain` (`ABSENT`: nothing)."""
    change = Change(path, value)
    sort = _sort(change, plain)
    if not sort:
        return _same_form(plain, value)
    return _likely(sort, change, plain, (), _is_identity(sender, path))


def _studied(sender: Sender, kind: str) -> Iterator[tuple[Change, Edit | None]]:
    """Each change once, with the edit that is made of it; None: it goes wrong in no way that is looked for."""
    stock = sender.stock(kind)
    # A field comes there as often as chance is to hit it.
    seen: set[tuple[Path, str]] = set()
    for field in stock.edits(True):
        numbers = {change.value for change in field if _is_int(change.value)}
        for drawn in field:
            if (drawn.path, repr(drawn.value)) in seen:
                continue
            seen.add((drawn.path, repr(drawn.value)))
            change = _shaped(drawn)
            made = _made(stock, change)
            sort = _sort(change, made[0]) if made else ""
            if made is None or not sort:
                yield drawn, None
                continue
            identity = _is_identity(sender, change.path)
            likely = _likely(sort, change, made[0], numbers, identity)
            yield drawn, Edit(kind, change.path, change.value, made[1], sort, likely, identity)


def _is_identity(sender: Sender, path: Path) -> bool:
    where = pointer(path)
    return any(where == known or where.startswith(f"{known}/") for known in sender.identities)


def chosen(sender: Sender, kinds: Iterable[str], sorts: Collection[str], everywhere: bool) -> list[Edit]:
    """Edits of these sorts. `everywhere`: every kind with every value; else each value of each field once, the kinds in turn."""
    found: dict[tuple[Path, str], list[Edit]] = {}
    for kind in kinds:
        for edit in edits(sender, kind):
            if edit.sort in sorts:
                found.setdefault((edit.path, repr(edit.value)), []).append(edit)
    if everywhere:
        return [edit for group in found.values() for edit in group]
    return [group[turn % len(group)] for turn, group in enumerate(found.values())]


def apart(sender: Sender, event: Payload, number: int, keep: Path = ()) -> Payload:
    """The event with ids and an address of its own, so that a batch of them is no batch of duplicates. What stands at `keep`
    stays."""
    pointers = [known for known in sender.identities if not keep or known != pointer(keep[:1])]
    own: Payload = rekey(event, pointers, Renamer(number))
    if "@" in sender.person(event) and not (keep and keep == (sender.place(event) or ())[: len(keep)]):
        own = sender.addressed(own, f"ann{number}@example.com")
    return own


def time_field(event: Payload) -> str | None:
    """The field that says when it happened."""
    return next((name for name, value in event.items() if _TIMED.search(name) and _is_time(value)), None)


def free_text(name: str | int, plain: Any) -> bool:
    """Whether people write what stands in a field."""
    if _MACHINE.search(str(name)) or _TIMED.search(str(name)) or name in _ADDRESSES:
        return False
    if plain is ABSENT or plain is None:
        return True
    return isinstance(plain, str) and not _MACHINE_VALUE.fullmatch(plain) and "@" not in plain


def written(sender: Sender, event: Payload) -> list[str]:
    """The fields of an event that hold what people wrote, and may hold anything else."""
    kind = sender.vendor.kind_field(sender.feed.name)
    texts = [
        name
        for name, value in event.items()
        if name != kind and isinstance(value, str) and free_text(name, value)
    ]
    return [name for name in texts if sender.legal({**event, name: "another text"})]


def _made(stock: Stock, change: Change) -> tuple[Any, Payload] | None:
    """What stood there before, and the first base that may be changed like this, changed."""
    for base, places in stock.studied:
        try:
            event = change.apply(base, stock.fillings)
        except LookupError:
            continue
        if event != base and stock.valid(event):
            plain = next((place.value for place in places if place.path == change.path), ABSENT)
            return plain, event
    return None


def _shaped(change: Change) -> Change:
    """A change to an array or object is about its shape: what is odd in other ways inside is left to scalars, so that one defect
    is not told as another."""
    return change._replace(value=_plain(change.value)) if isinstance(change.value, dict | list) else change


def _plain(value: Any) -> Any:
    """A value without numbers beyond 32 bits and letters beyond 16."""
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value if value.isascii() or max(value) <= "\uffff" else "a"
    return 1 if _is_int(value) and abs(value) >= 2**31 else value


def _sort(change: Change, plain: Any) -> str:
    value, name = change.value, _name(change.path)
    if value is ABSENT:
        return "absent"
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool | dict | list):
        return "shape"
    if plain is not ABSENT and plain is not None and type(value) is not type(plain):
        return "" if _is_int(value) and abs(value) >= 2**31 else "shape"
    if _TIMED.search(str(name)):
        return "moment"
    if isinstance(value, int | float):
        return "number"
    if isinstance(plain, str) and plain.isdecimal():
        return "number" if value.isascii() and value.isdecimal() else ""
    if name in _ADDRESSES:
        return "address" if "@" in value else ""
    return "text" if free_text(name, plain) else ""


def _likely(sort: str, change: Change, plain: Any, numbers: Collection[int], identity: bool) -> bool:
    value, name = change.value, _name(change.path)
    if sort == "nothing":
        # What a field without a rule against it may hold is no promise that it ever does.
        usual = value is None or plain is ABSENT or plain == ""
        return usual and not identity and name not in _ADDRESSES and not _TIMED.search(str(name))
    if sort == "moment":
        if isinstance(value, str) and not value.isdecimal():
            return "2000" <= value[:4] < "2100"
        return int(value) in _PLAUSIBLE
    if sort == "number":
        if isinstance(value, str):
            return str(int(value)) == value and 0 < int(value) < 2**63
        # An int64 of the schema is often our reading of "int"; a uint64 nobody assumes.
        return 0 < value < 2**64 and (value < 2**63 or 2**64 - 1 in numbers)
    if sort == "text":
        return "\x00" not in value
    if sort == "shape" and isinstance(value, dict | list):
        return len(value) <= 2 and not any(name in ("", "__proto__") for name in value)
    return True


def _same_form(plain: Any, value: Any) -> bool:
    """Whether machines write both in the same way; where nothing is printed, whether one might write it at all."""
    if not isinstance(value, str) or not isinstance(plain, str):
        return plain is ABSENT and isinstance(value, str) and bool(_MACHINE_VALUE.fullmatch(value))
    return any(all(re.fullmatch(form, text, re.ASCII) for text in (plain, value)) for form in _FORMS)


def _name(path: Path) -> str | int:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return _is_int(value) or (isinstance(value, str) and bool(re.match(r"\d{4}-\d\d-\d\d|\d{10}", value)))


def redated(event: Payload, at: int) -> Payload | None:
    """The event as if it had happened at a Unix time, in the vendor's way to write it; None: it says no time."""
    field = time_field(event)
    if field is None:
        return None
    old = event[field]
    moment = datetime.fromtimestamp(at, UTC)
    if _is_int(old):
        new: Any = at * 1000 if old > 10**11 else at
    elif old.isdecimal():
        new = str(at)
    else:
        clock = old[10:11] + moment.strftime("%H:%M:%S") + old[19:] if old[10:] else ""
        new = moment.strftime("%Y-%m-%d") + clock
    return {**event, field: new}
