"""What there is to check, for people: `emulators check --list`, and `--explain` for one check."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from emulators.check.catalogue import Check
from emulators.check.checks import ALL
from emulators.check.explained import EXPLAINED
from emulators.check.settings import check_id
from emulators.errors import unknown

if TYPE_CHECKING:
    from emulators.check.sender import Sender

NARROWEST, WIDEST = 80, 100
HEAD = ("id", "phase", "up to", "severity", "looks for", "needs")


def fitting(columns: int) -> int:
    """The width of what is told on a terminal of so many columns."""
    return max(NARROWEST, min(WIDEST, columns))


def listing(width: int = NARROWEST) -> str:
    """Every check on a line, and what the words mean."""
    rows = [HEAD, *map(_row, ALL)]
    *wide, _, _ = (max(len(row[place]) for row in rows) for place in range(len(HEAD)))
    begun = ["  ".join(f"{word:<{wide[n]}}" for n, word in enumerate(row[:-2])) for row in rows]
    # What is needed stands at the right edge: only where nothing long is before it are its words long.
    last = max(len(f"{row[-2]}  {row[-1]}") for row in rows)
    lines = [
        f"{start}  {row[-2]}{row[-1]:>{last - len(row[-2])}}" for start, row in zip(begun, rows, strict=True)
    ]
    return "\n".join(
        [
            *(line.rstrip() for line in lines),
            "",
            *_wrapped(
                "up to, severity: the worst that a check can find; FAIL is proved, RISK cannot be proved from outside. "
                "What fails the run is said by --fail-on (default high).",
                width,
            ),
            *_wrapped(
                "needs: without `oracle` (--oracle-url, --oracle-cmd, --oracle-file, --oracle-py: what the receiver has stored) "
                "or `restart` (--restart-cmd) a check is NOT CHECKED; with (oracle) it tells more if there is one.",
                width,
            ),
            "More of one: emulators check --explain C07",
            "or of one vendor: emulators check esputnik --explain C07",
            "",
        ]
    )


def _row(check: Check) -> tuple[str, ...]:
    verdict, severity = EXPLAINED[check.id].worst or (check.grade, check.severity)
    oracle = ["oracle" if not check.blind else "(oracle)"] if check.reads_oracle else []
    return (
        *(check.id, check.phase, str(verdict), severity.name.lower(), check.name),
        ", ".join([*oracle, *check.needs]),
    )


def explanation(name: str, spec: str = "", feed: str | None = None, width: int = NARROWEST) -> str:
    """All about one check; with a vendor also the facts that it rests on. Raises `UnknownName`."""
    known = {check.id: check for check in ALL}
    if check_id(name) not in known:
        raise unknown("check", check_id(name), known)
    check = known[check_id(name)]
    sender = None
    if spec:
        from emulators.check.sender import Sender

        sender = Sender(spec, feed)
    return "\n".join(_explained(check, sender, width)) + "\n"


def _explained(check: Check, sender: Sender | None, width: int) -> Iterator[str]:
    entry = partial(_entry, width)
    about = EXPLAINED[check.id]
    verdict, severity = about.worst or (check.grade, check.severity)
    yield f"{check.id}  {check.name}"
    yield ""
    yield from _wrapped(check.says, width)
    yield ""
    yield from entry("sent", about.sent)
    for word, text in (("FAIL", about.fails), ("RISK", about.risks)):
        if text:
            yield from entry(word, text)
    yield from entry("up to", f"{verdict} {severity.name.lower()}")
    yield from entry("phase", check.phase)
    yield from entry("needs", "; ".join(_needs(check)))
    yield from entry("rests on", _fact(check, sender))
    if sender is not None and (why := check.applies(sender)):
        yield from entry("here", f"NOT CHECKED: {why}")
    vendor = sender.vendor.name if sender else "esputnik"
    yield from entry("alone", f"emulators check {vendor} http://127.0.0.1:3000/hook --only {check.id}")


def _needs(check: Check) -> Iterator[str]:
    if check.reads_oracle and not check.blind:
        yield "an oracle (--oracle-url, --oracle-cmd, --oracle-file or --oracle-py)"
    for need in check.needs:
        yield f"--{need}-cmd"
    if check.blind:
        yield "nothing, but tells more with an oracle (--oracle-url and its kin)"
    if check.hidden:
        yield "without one a good answer proves nothing, and it is NOT CHECKED"
    if not check.reads_oracle and not check.needs:
        yield "nothing"


def _fact(check: Check, sender: Sender | None) -> str:
    """The number of the vendor that it rests on, how well it is known, and from where."""
    if sender is None:
        return f"{check.source}, of the vendor (name one, and it is told)"
    fact = sender.feed.policy.get(check.source)
    if fact is None:
        return f"{check.source}, of which {sender.title} says nothing"
    source = sender.vendor.profile.sources[fact.source]
    note = f". {fact.note}" if fact.note else ""
    return (
        f"{check.source} = {_value(fact.value)} {fact.unit}".rstrip()
        + f" ({fact.basis}, {source.title}){note}"
    )


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entry(width: int, name: str, text: str) -> list[str]:
    first, *more = _wrapped(text, width - 10) or [""]
    return [f"{name + ':':<10}{first}", *(f"{'':<10}{line}" for line in more)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
