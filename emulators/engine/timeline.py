"""The journal as a story: what happened when, one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
    Subscribed,
)
from emulators.engine.provider import Event


def tell(entries: Iterable[Entry], emulator: str | None = None) -> str:
    """One line for each entry of an emulator (None: of all, each named)."""
    entries = tuple(entries)
    start = next((entry.instant for entry in entries if isinstance(entry, Opened)), 0)
    lines = []
    for entry in entries:
        text = describe(entry)
        if text and emulator in (None, entry.emulator):
            who = f"{entry.emulator:<10} " if emulator is None else ""
            lines.append(f"{elapsed(entry.instant - start)}  {who}{text}")
    return "\n".join(lines)


def elapsed(micros: int) -> str:
    """Time since the start as +HH:MM:SS, with a fraction only where there is one."""
    seconds, fraction = divmod(micros, SECOND)
    shown = f"+{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    return shown + (f".{fraction // 1000:03}" if fraction else "")


def describe(entry: Entry) -> str:
    """An entry in words; empty for those that only the engine cares about."""
    match entry:
        case Opened():
            return (
                f"starts as {entry.provider}@{entry.revision}, seed {entry.seed}, at {_clock(entry.instant)}"
            )
        case Probe():
            verdict = "accepted" if entry.accepted else f"refused: {entry.reason}"
            return (
                f"verifies {_where(entry.url)} with {entry.method}: {entry.status or 'no answer'}, {verdict}"
            )
        case Subscribed():
            wanted = entry.registration
            kinds = ", ".join(sorted(wanted.kinds)) if wanted.kinds is not None else "every kind"
            return f"subscription {wanted.id} of {wanted.feed} -> {_where(wanted.url)} is active ({kinds})"
        case Changed():
            state = entry.registration.state
            return "" if state == "inactive" else f"subscription {entry.registration.id} is now {state}"
        case Happened():
            return f"happened: {counted(entry.effects.events)}"
        case Posted():
            return f"joins the line as it is: {entry.label or f'{len(entry.payload)} bytes'}"
        case Flushed():
            return "open batches are closed by hand"
        case Delivery():
            return _delivery(entry)
        case Exchange():
            return _exchange(entry)
        case Reacted():
            return f"comes about: {entry.plan.reaction}"
        case FaultArmed():
            return f"fault injected: {entry.fault}"
        case FaultsCleared():
            return "faults taken back"
    return ""


def counted(events: Iterable[Event]) -> str:
    """How many events of which kinds."""
    kinds = Counter(event.kind for event in events)
    return ", ".join(f"{number} x {kind}" if number > 1 else kind for kind, number in kinds.items())


def _delivery(entry: Delivery) -> str:
    what = entry.label or counted(entry.events) or f"{len(entry.body)} bytes"
    tried = f", attempt {entry.attempt}" if entry.attempt > 1 else ""
    answer = entry.status if entry.status is not None else "no answer"
    line = f"POST {what} -> {_where(entry.url)}{tried}: {answer}, {entry.outcome}"
    if entry.outcome == "rescheduled" and entry.next_instant is not None:
        line += f" to {_clock(entry.next_instant)}"
    if entry.reason:
        line += f" because {entry.reason}"
    if entry.outcome == "rescheduled" and entry.waiting:
        line += f"; {entry.waiting} event(s) wait behind it"
    return line


def _exchange(entry: Exchange) -> str:
    line = f"the app calls {entry.method} {entry.path}: {entry.status}"
    return line + (f" ({'; '.join(map(str, entry.problems))})" if entry.problems else "")


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"


def _clock(at: Instant) -> str:
    return moment(at).strftime("%Y-%m-%d %H:%M:%S")
