"""What came of a run, for the person at the keyboard: progress while it goes, then what would have been lost, and why."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from emulators.check.reports import facts, words
from emulators.check.reports.model import Found, PhaseResult, Run, Sent
from emulators.check.reports.reproduction import variables
from emulators.check.vocabulary import Verdict

NARROWEST, WIDEST = 80, 120
LONGEST_BODY = 400
"""Characters of a body that are shown; a longer one is cut."""
_COLOURS = {
    Verdict.FAIL: "31;1",
    Verdict.RISK: "33;1",
    Verdict.PASS: "32",
    Verdict.ACCEPTED: "35",
    Verdict.NOT_CHECKED: "36",
}


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show: `width` columns. Colours are for a terminal alone; `unicode` False: ASCII."""

    width: int = 100
    colour: bool = False
    unicode: bool = True

    @property
    def columns(self) -> int:
        """Within what people like to read."""
        return max(NARROWEST, min(WIDEST, self.width))

    def painted(self, verdict: Verdict) -> str:
        """The verdict's word."""
        return f"\x1b[{_COLOURS[verdict]}m{verdict.value}\x1b[0m" if self.colour else verdict.value

    def encoded(self, text: str) -> str:
        """Text that the terminal can show."""
        return text if self.unicode else words.ascii_only(text)

    def fitted(self, text: str) -> str:
        """One line that a terminal does not wrap, for the last column may do so already."""
        return words.fitted(self.encoded(text), self.width - 1, self.unicode)


class Progress:
    """A line a phase: on a terminal it is written over as it goes, elsewhere it is written once the phase is over."""

    def __init__(self, out: TextIO, live: bool, style: Style | None = None) -> None:
        self._out = out
        self._live = live
        self._style = style or Style()
        self._open = ""

    def step(self, phase: str, requests: int, what: str = "") -> None:
        """How far a phase is; for a terminal alone."""
        if self._live:
            told = f"{phase:<11}{words.plural(requests, 'request'):>14}  {words.line(what)}"
            self._over(self._style.fitted(told.rstrip()))

    def found(self, found: Found) -> None:
        """A finding, at once: on a terminal a line of it, as it is told in full at the end; elsewhere whole, on lines that fit."""
        named = words.line(f"{found.check} {found.name}".strip())
        verdict = Verdict.ACCEPTED if found.accepted else found.verdict
        told = f"{verdict.value} {named}: {words.line(found.says)}"
        rows = [told] if self._live else wrapped(told, self._style.columns, 0, 2)
        for row in rows:
            self._line(self._style.fitted(row) if self._live else self._style.encoded(row))

    def done(self, phase: PhaseResult) -> None:
        """A phase that is over, or was cut."""
        requests = words.plural(phase.requests, "request")
        told = f"{phase.name:<11}{requests:>14}  {words.duration(phase.seconds):>8}"
        told += f"  cut: {words.line(phase.cut)}" if phase.cut else ""
        for row in wrapped(told, self._style.columns, 0, 2):
            self._line(self._style.encoded(row))

    def close(self) -> None:
        """Leaves no half line behind."""
        if self._open:
            self._over("")

    def _over(self, text: str) -> None:
        self._open = text
        self._out.write(f"\r\x1b[K{text}")
        self._out.flush()

    def _line(self, text: str) -> None:
        self.close()
        self._out.write(f"{text}\n")
        self._out.flush()


@dataclass(frozen=True, slots=True)
class Block:
    """One finding with all that belongs to it."""

    run: Run
    found: Found
    style: Style = Style()

    def text(self) -> str:
        """Its lines; commands are never wrapped, for they are copied."""
        return self.style.encoded("\n".join(self._rows()))

    def _rows(self) -> Iterator[str]:
        found, run = self.found, self.run
        yield from _headed(
            self.style,
            found.verdict,
            f" {found.check} {words.line(found.name)}   provider={run.provider}   "
            f"severity={found.severity.name.lower()}   {words.confirmed(found)}",
            2,
        )
        yield from self._wrapped(found.says)
        if not found.legal:
            yield from self._wrapped(words.hostile(run))
        if found.accepted:
            yield from self._wrapped(words.accepted(found))
        if found.refusal:
            yield from self._wrapped(f"the receiver's words: {words.line(found.refusal)}")
        if found.shown:
            yield from self._body(found.shown)
        yield from self._story()
        yield from self._reproduction()
        yield from self._wrapped(f"docs: {found.source or 'none'}   basis: {words.basis(run, found)}")

    def _body(self, sent: Sent) -> Iterator[str]:
        what = "minimal body" if self.found.minimal else "body, not minimal yet"
        count = words.size(len(sent.body))
        lies = f"bytes are in {sent.file}, {count}" if sent.file else count
        yield f"  {what} ({lies}):"
        for row in words.shown(sent.body, LONGEST_BODY).split("\n"):
            yield f"    {row}"
        if not words.is_whole(sent.body, LONGEST_BODY):
            yield f"    ... {count} are in {sent.file}" if sent.file else f"    ... {count}"

    def _story(self) -> Iterator[str]:
        """What was sent and heard; of a single request the sentence above tells it already."""
        if len(self.found.sent) < 2:
            return
        yield "  what happened:"
        for number, sent in enumerate(self.found.sent, 1):
            what = f"{sent.method} {sent.file or 'without a body'}"
            oddness = "".join(f", {odd}" for odd in (sent.loss, sent.framing) if odd not in ("", "length"))
            yield from self._wrapped(f"{number}. {what}{oddness}: {words.heard(sent)}", 4)
        if self.found.left_out:
            yield f"    ... and {words.plural(self.found.left_out, 'request')} more"

    def _reproduction(self) -> Iterator[str]:
        found = self.found
        if not found.replay:
            return
        yield "  reproduce:"
        for command in (*found.curl, found.replay):
            yield f"    {words.line(command)}"
        if found.pytest:
            yield "  or paste into a test:"
            for row in found.pytest.rstrip("\n").split("\n"):
                yield f"    {words.visible(row)}"

    def _wrapped(self, text: str, indent: int = 2) -> list[str]:
        return wrapped(text, self.style.columns, indent)


def report(run: Run, style: Style | None = None) -> str:
    """The whole report; ends with the verdict in one line."""
    style = style or Style()
    return style.encoded("\n".join(_report(run, style))) + "\n"


def _report(run: Run, style: Style) -> Iterator[str]:
    target = (
        f"{run.vendor} {run.feed} (revision {run.revision}) against {words.line(run.target)}, seed {run.seed}"
    )
    yield from wrapped(target, style.columns, 0)
    yield ""
    for found in run.findings():
        yield Block(run, found, style).text()
        yield ""
    yield from _shell(run, style)
    yield from _accepted(run, style)
    yield from _facts(run, style)
    yield from _passed(run, style)
    for reason, results in words.unknown(run).items():
        yield from _headed(style, Verdict.NOT_CHECKED, f": {reason}", 2)
        checks = ", ".join(f"{result.check_id} {words.line(result.name)}" for result in results)
        yield from wrapped(checks, style.columns, 2)
    if words.unknown(run):
        yield ""
    if run.inconclusive:
        yield from wrapped(f"INCONCLUSIVE: {run.inconclusive}", style.columns, 0, 2)
    tail = f"{words.plural(run.requests, 'request')} in {words.duration(run.seconds)}"
    yield from wrapped(f"{words.verdict(run)}. {tail}.", style.columns, 0)


def _passed(run: Run, style: Style) -> Iterator[str]:
    """What went well; and of all checks what they could not prove, as that is not green."""
    passed = [
        f"{result.check_id} {words.line(result.name)}{' (in part)' if facts.unproved(run, result.check_id) else ''}"
        for result in run.results
        if result.verdict is Verdict.PASS
    ]
    if passed:
        yield from _headed(style, Verdict.PASS, f" {', '.join(passed)}", 5)
    notes = [(r, note) for r in run.results if (note := facts.unproved(run, r.check_id))]
    for result, note in notes:
        yield from wrapped(f"{result.check_id} {words.line(result.name)}, {note}", style.columns, 2, 4)
    if passed or notes:
        yield ""


def _headed(style: Style, verdict: Verdict, text: str, more: int) -> list[str]:
    first, *rest = wrapped(f"{verdict.value}{text}", style.columns, 0, more)
    return [first.replace(verdict.value, style.painted(verdict), 1), *rest]


def _shell(run: Run, style: Style) -> Iterator[str]:
    """What the commands above want to have set."""
    every = [found for found in run.findings() if found.curl]
    if not every:
        return
    told = f"The commands above go to $TARGET, which is {run.target}"
    if secrets := variables(every):
        told += f", and read secrets from {', '.join(f'${name}' for name in secrets)}"
    yield from wrapped(f"{told}.", style.columns, 0)
    yield ""


def _accepted(run: Run, style: Style) -> Iterator[str]:
    """What is put up with, in a few words each: it does not fail the run, and is not green."""
    notes = facts.acceptance(run)
    if not run.accepted and not notes:
        return
    count = words.plural(len(run.accepted), "finding")
    yield from _headed(style, Verdict.ACCEPTED, f": {count} put up with, by the configuration", 2)
    for found in run.accepted:
        grade = f"{found.verdict.value} {found.severity.name.lower()}"
        hostile = "" if found.legal else f" ({words.hostile(run)})"
        yield from wrapped(f"{found.check} {found.name}, {grade}: {found.says}{hostile}", style.columns, 2, 4)
        yield from wrapped(words.accepted(found), style.columns, 4)
    for note in notes:
        yield from wrapped(f"note: {note}", style.columns, 2, 4)
    yield ""


def _facts(run: Run, style: Style) -> Iterable[str]:
    told = facts.told(run)
    if not told:
        return
    yield "learned on the way:"
    for name, value in told:
        yield from wrapped(f"{words.line(name)}: {value}", style.columns, 2, 4)
    yield ""


def case_files(paths: Iterable[Path], style: Style | None = None) -> str:
    """Where the case files are and how many, by folder; empty if there are none."""
    style = style or Style()
    folders = Counter(path.parent for path in dict.fromkeys(paths))
    rows: list[str] = []
    for folder, count in folders.items():
        told = f"{words.plural(count, 'case file')} in {folder}, beside the bytes that were sent"
        rows += wrapped(told, style.columns, 0, 2)
    return style.encoded("".join(f"{row}\n" for row in rows))


def wrapped(text: str, columns: int, indent: int, more: int | None = None) -> list[str]:
    """A sentence on lines of their width; one without a blank, such as an address, keeps its own."""
    hanging = " " * (indent if more is None else more)
    return textwrap.wrap(
        words.visible(" ".join(text.split("\n"))),
        columns,
        initial_indent=" " * indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
