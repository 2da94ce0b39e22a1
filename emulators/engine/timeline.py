"""The journal as a story: what happened when, one line each, what was answered in a column of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from emulators.engine.clock import SECOND, Instant, moment
from emulators.engine.journal import (
    Changed,
    Delivery,
    Entry,
    Exchange,
    FaultArmed,
    FaultsCleared,
    Flushed,
    Happened,
    Opened,
    Posted,
    Probe,
    Reacted,
    Restored,
    Subscribed,
)
from emulators.engine.provider import Event
from emulators.engine.state import State, apply


class Row(NamedTuple):
    """A line of the story. `answer` and what follows it are empty where nobody was asked anything."""

    time: str
    who: str
    what: str
    answer: str = ""
    then: str = ""
    why: str = ""


def tell(
    entries: Iterable[Entry],
    emulator: str | None = None,
    last: int | None = None,
    start: Instant | None = None,
) -> str:
    """One line for each entry of an emulator (None: of all, each named), or for the `last` ones; times count from
    `start` (None: from the first opening among them)."""
    entries = tuple(entries)
    start = beginning(entries) if start is None else start
    told = rows([e for e in entries if emulator in (None, e.emulator)], start)
    left_out = max(0, len(told) - last) if last else 0
    story = aligned(told[left_out:], named=emulator is None)
    return f"... {left_out} earlier lines\n{story}" if left_out else story


def beginning(entries: Iterable[Entry]) -> Instant:
    """When the story starts: with its first emulator."""
    return next((entry.instant for entry in entries if isinstance(entry, Opened)), 0)


def rows(entries: Iterable[Entry], start: Instant) -> list[Row]:
    """The lines of those entries that mean something to people, times counted from `start`."""
    state, told = State(), []
    for entry in entries:
        before = _unheard(state, entry)
        apply(state, entry)
        row = _row(entry, start)
        missed = [name for name, times in _unheard(state, entry).items() if times > before.get(name, 0)]
        if missed:
            row = row._replace(what=f"{row.what}; nobody subscribed to {', '.join(missed)}")
        if row.what:
            told.append(row)
    return told


def _unheard(state: State, entry: Entry) -> dict[str, int]:
    account = state.accounts.get(entry.emulator)
    return dict(account.unheard) if account and not isinstance(entry, Opened) else {}


def aligned(rows: Sequence[Row], named: bool, wide: int = 0) -> str:
    """Rows as text, each with the emulator's name if `named`; `wide`: the least width of what happened."""
    wide = max([wide, *(len(row.what) for row in rows if row.answer)])
    answers = max((len(row.answer) for row in rows), default=0)
    lines = []
    for row in rows:
        who = f"{row.who:<10} " if named else ""
        why = f": {row.why}" if row.why else ""
        said = f"{row.what:<{wide}}  {row.answer:<{answers}}  {row.then}{why}" if row.answer else row.what
        lines.append(f"{row.time}  {who}{said}".rstrip())
    return "\n".join(lines)


def elapsed(micros: int) -> str:
    """Time since the start as +HH:MM:SS, with a fraction only where there is one."""
    seconds, fraction = divmod(micros, SECOND)
    shown = f"+{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    return shown + (f".{fraction // 1000:03}" if fraction else "")


def counted(events: Iterable[Event]) -> str:
    """How many events of which kinds."""
    kinds = Counter(event.kind for event in events)
    return ", ".join(f"{number} x {kind}" if number > 1 else kind for kind, number in kinds.items())


def _row(entry: Entry, start: Instant) -> Row:
    """An entry in words; without any for those that only the engine cares about."""
    time, who = elapsed(entry.instant - start), entry.emulator
    match entry:
        case Probe():
            verdict = "accepted" if entry.accepted else "refused"
            asked = f"{entry.method} -> {_where(entry.url)}"
            return Row(time, who, asked, _status(entry.status), verdict, _reason(entry))
        case Delivery():
            decision = _decision(entry, start)
            return Row(time, who, _sent(entry), _status(entry.status), decision, _reason(entry))
        case Exchange():
            return Row(
                time, who, f"the app calls {entry.method} {entry.path}", _status(entry.status), _told(entry)
            )
    return Row(time, who, _words(entry))


def _words(entry: Entry) -> str:
    match entry:
        case Opened():
            at = moment(entry.instant).strftime("%Y-%m-%d %H:%M:%S")
            return f"starts as {entry.provider}@{entry.revision}, seed {entry.seed}, at {at}"
        case Subscribed():
            wanted = entry.registration
            kinds = ", ".join(sorted(wanted.kinds)) if wanted.kinds is not None else "every kind"
            return f"subscription {wanted.id}: {wanted.feed}, {kinds} -> {_where(wanted.url)}"
        case Changed():
            state = entry.registration.state
            return "" if state == "inactive" else f"subscription {entry.registration.id} is now {state}"
        case Happened():
            return f"happened: {counted(entry.effects.events)}"
        case Posted():
            return f"joins the line: {entry.label or f'{len(entry.payload)} bytes'}"
        case Flushed():
            return "open batches are closed by hand"
        case Reacted():
            happened = counted(entry.effects.events)
            told = (value for value in entry.plan.data.values() if isinstance(value, str | int))
            about = ", ".join(str(value) for value in told if str(value) != happened)
            return f"comes about: {happened or entry.plan.reaction}" + (f" ({_cut(about)})" if about else "")
        case FaultArmed():
            return f"fault injected: {entry.fault}"
        case Restored():
            return f"everything is as it was when {entry.name!r} was kept"
        case FaultsCleared():
            return "faults taken back"
    return ""


def _told(entry: Exchange) -> str:
    """What the app was told, or why; what was taken although it breaks a rule is noted."""
    struck = f"fault {entry.fault}" if entry.fault else ""
    # Who says so stands in `problems`; here it would bury what was wrong.
    said = {
        (p.pointer, p.expected): f"{p.pointer or 'the request'}: expected {p.expected}, got {p.got}"
        for p in entry.problems
    }
    problems = "; ".join(_cut(text, 160) for text in said.values())
    if problems and entry.taken:
        problems = f"noted: {problems}"
    return "; ".join(filter(None, [struck, problems])) or _short(entry.reply.body)


def _sent(entry: Delivery) -> str:
    what = entry.label or counted(entry.events) or f"{len(entry.body)} bytes"
    tried = f", attempt {entry.attempt}" if entry.attempt > 1 else ""
    return f"{entry.method} {what} -> {_where(entry.url)}{tried}"


def _decision(entry: Delivery, start: Instant) -> str:
    behind = f"; {entry.waiting} {'waits' if entry.waiting == 1 else 'wait'}" if entry.waiting else ""
    if entry.outcome != "rescheduled" or entry.next_instant is None:
        return entry.outcome
    return f"again at {elapsed(entry.next_instant - start)}{behind}"


def _reason(entry: Delivery | Probe) -> str:
    """Why it was not taken; the status stands in a column of its own."""
    said = entry.reason.removeprefix(f"answered {entry.status}").removeprefix(", ")
    fault = entry.fault if isinstance(entry, Delivery) else None
    struck = f"fault {type(fault).__name__}"
    return said if fault is None or struck in said else "; ".join(filter(None, [said, struck]))


def _status(status: int | None) -> str:
    return "no answer" if status is None else str(status)


def _where(url: str) -> str:
    """A URL without what goes without saying: on this machine the port says where."""
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1") and parts.port
    return f":{parts.port}{parts.path}" if local else f"{parts.netloc}{parts.path}"


def _short(body: bytes) -> str:
    return _cut(body.decode("utf-8", "replace"))


def _cut(text: str, longest: int = 60) -> str:
    """Text that fits a line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
