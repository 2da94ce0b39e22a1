"""Text of strangers, made fit to be looked at, and the sentences that all reports for people share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from emulators.check.reports.model import Found, Result, Run, Sent
from emulators.check.vocabulary import Severity, Verdict

# What steers a terminal, turns the direction of text, or is seen by nobody; a line feed is none of it.
_HIDDEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    r"|[\U000e0000-\U000e007f]"
)
_SHORT = {"\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """Text in which every character can be seen: those that cannot stand as escapes. Lines stay."""
    return _HIDDEN.sub(_escape, text)


def line(text: str) -> str:
    """The same on one line."""
    return visible(" ".join(text.split("\n")))


def ascii_only(text: str) -> str:
    """For a terminal that knows no more."""
    return text.replace("…", "...").replace("·", "-").encode("ascii", "backslashreplace").decode()


def width(text: str) -> int:
    """Columns of a terminal that it takes: some characters take two, and marks over others none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def fitted(text: str, columns: int, unicode: bool = True) -> str:
    """One line of so many columns: whole, or cut behind a word, with dots that say so."""
    if width(text) <= columns:
        return text
    dots = "…" if unicode else "..."
    room, end = columns - len(dots), 0
    while end < len(text) and (room := room - width(text[end])) >= 0:
        end += 1
    words = text[:end].rpartition(" ")[0] if text[end] != " " else text[:end]
    # A word that fills most of the line is cut: better half of it than nothing.
    kept = words if 2 * width(words) >= columns else text[:end]
    return f"{kept.rstrip(' :,;')}{dots}"


def shown(body: bytes, most: int) -> str:
    """The beginning of a body as text: `most` characters at most."""
    text = visible(body[: 4 * most].decode("utf-8", "backslashreplace"))
    return text if len(text) <= most and len(body) <= 4 * most else text[:most]


def is_whole(body: bytes, most: int) -> bool:
    """Whether `shown` shows all of it."""
    return len(body) <= 4 * most and len(visible(body.decode("utf-8", "backslashreplace"))) <= most


def duration(seconds: float) -> str:
    """For people: 4 ms, 1.25 s, 3 min 20 s."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 or seconds == 0 else "<1 ms"
    if seconds < 100:
        return f"{seconds:.3g} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def plural(count: int, one: str, many: str = "") -> str:
    """1 request, 2 requests."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """61 bytes, 420,000 bytes."""
    return f"{count:,} byte{'s' if count != 1 else ''}"


def confirmed(found: Found) -> str:
    """How sure it is that this comes again."""
    if not found.tried:
        return "seen once"
    return f"{'FLAKY, ' if found.flaky else ''}confirmed {found.confirmed}/{found.tried}"


def heard(sent: Sent) -> str:
    """What one request came to."""
    said = (
        str(sent.status)
        if sent.status is not None
        else f"no answer ({line(sent.reason) or 'nobody knows why'})"
    )
    copies = f"{sent.together} copies at once, the first: " if sent.together > 1 else ""
    return f"{copies}{said} after {duration(sent.seconds)}"


def guessed(found: Found) -> bool:
    """Whether it rests on a guess about the vendor; what he does not send at all is judged without one."""
    return found.basis == "assumed" and found.legal


def basis(run: Run, found: Found) -> str:
    """How well it is known that the vendor does this; a guess is said aloud."""
    if not found.legal:
        return f"what is right for any receiver; {run.vendor}'s documents need not speak of it"
    if guessed(found):
        return (
            f"ASSUMED: {run.vendor}'s documents say nothing here, this rests on a guess of ours; "
            "find out what the vendor really does before you build on this finding"
        )
    if found.basis == "inferred":
        return "inferred: the documents do not say it in words, it follows from what they show"
    return found.basis


def hostile(run: Run | None = None) -> str:
    """What is said of a case that the vendor cannot send."""
    return f"hostile: {run.vendor if run else 'the vendor'} does not send this, anybody else may"


def accepted(found: Found) -> str:
    """Until when it is put up with, and why."""
    until = f" until {line(found.accepted_until)}" if found.accepted_until else ""
    return f"accepted{until}: {line(found.accepted)}"


def unknown(run: Run) -> dict[str, list[Result]]:
    """The checks of which nobody knows, by the reason; the reason that most share comes first."""
    groups: dict[str, list[Result]] = {}
    for result in run.results:
        if result.verdict is Verdict.NOT_CHECKED:
            groups.setdefault(line(result.reason) or "no reason was given", []).append(result)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def severities(found: Iterable[Found]) -> str:
    """2 critical, 1 high."""
    every = [one.severity for one in found]
    return ", ".join(
        f"{count} {severity.name.lower()}"
        for severity in sorted(Severity, reverse=True)
        if (count := every.count(severity))
    )


def verdict(run: Run) -> str:
    """The run in one line."""
    failures, risks = list(run.findings(Verdict.FAIL)), list(run.findings(Verdict.RISK))
    parts = []
    if failures:
        parts.append(f"{len(failures)} FAIL ({severities(failures)})")
    if risks:
        parts.append(f"{len(risks)} RISK ({severities(risks)})")
    checked = len(run.results) - run.count(Verdict.NOT_CHECKED)
    if not parts and not checked:
        parts.append("nothing was checked")
    elif not parts:
        put_up = " but what is accepted" if run.accepted else ""
        parts.append(f"nothing found by {plural(checked, 'check')}{put_up}")
    parts.append(f"{run.count(Verdict.PASS)} passed")
    if accepted := run.count(Verdict.ACCEPTED):
        parts.append(f"{accepted} ACCEPTED")
    if missing := run.count(Verdict.NOT_CHECKED):
        parts.append(f"{missing} NOT CHECKED")
    head = "INTERRUPTED: " if run.interrupted else "INCONCLUSIVE: " if run.inconclusive else ""
    counted = sum(map(run.counts, run.findings()))
    least = run.fail_on.name.lower()
    tail = f"{counted or 'none'} of the findings count{'s' if counted == 1 else ''} (--fail-on {least})"
    return f"{head}{', '.join(parts)}" + (f"; {tail}" if failures or risks else "")


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if known := _SHORT.get(found[0]):
        return known
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
