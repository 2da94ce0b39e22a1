"""Two JSON reports side by side: what is new, what is gone, what nobody looks at any more. Values in, values out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.check.reports.model import VERSION
from emulators.check.reports.words import line
from emulators.check.vocabulary import Severity, Verdict
from emulators.errors import InvalidValue

Json = Mapping[str, Any]
NOT_CHECKED = Verdict.NOT_CHECKED.value
DRAWN = ("fuzz", "stateful")
"""Phases that send what chance draws, by the seed."""
_PLANTED = re.compile(r"chk[0-9a-f]{6}x[0-9a-z]+z", re.IGNORECASE)
"""Identities that a run has planted: others in each run."""


@dataclass(frozen=True, slots=True)
class Change:
    """A finding of both reports; each as the later one tells it, but for what it was `before`."""

    finding: Json
    before: Json

    @property
    def worse(self) -> bool:
        """A graver verdict or severity, or put up with no more."""
        return _weight(self.finding) > _weight(self.before)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A check that was done before and is not any more, and why."""

    check: str
    name: str
    was: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """A finding of one report alone of which nobody can tell whether the receiver has changed, and why not."""

    finding: Json
    now: bool
    """Whether it is the later report that has it."""
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to a later one. A finding is the same if its check and its failure key are."""

    new: tuple[Json, ...]
    gone: tuple[Json, ...]
    same: tuple[Change, ...]
    unchecked: tuple[Unchecked, ...]
    unsure: tuple[Unsure, ...]
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> bool:
        """A new finding that is not put up with, a graver one, or a check that is not done any more."""
        new = any(not finding.get("accepted") for finding in self.new)
        return new or bool(self.unchecked) or any(change.worse for change in self.same)

    def told(self) -> dict[str, Any]:
        """For programs."""
        return {
            "version": VERSION,
            "worse": self.worse,
            "new": [_brief(finding) for finding in self.new],
            "gone": [_brief(finding) for finding in self.gone],
            "same": [
                {**_brief(change.finding), "worse": change.worse, "before": _grade(change.before)}
                for change in self.same
            ],
            "unchecked": [
                {"check": one.check, "name": one.name, "was": one.was, "reason": one.reason}
                for one in self.unchecked
            ],
            "unsure": [
                {**_brief(one.finding), "report": "after" if one.now else "before", "reason": one.reason}
                for one in self.unsure
            ],
            "notes": list(self.notes),
        }

    def text(self) -> str:
        """For people."""
        rows = [f"NOTE  {note}" for note in self.notes]
        rows += _rows("NEW ", self.new)
        for change in self.same:
            if change.worse:
                rows.append(f"WORSE {_sentence(change.finding)} (it was {_grade(change.before)})")
        for one in self.unchecked:
            rows.append(
                f"BLIND {one.check} {line(one.name)}: it was {one.was}, now NOT CHECKED: {line(one.reason)}"
            )
        for doubt in self.unsure:
            report = "in the second report alone" if doubt.now else "in the first report alone"
            rows.append(f"?     {_sentence(doubt.finding)} ({report}: {doubt.reason})")
        rows += _rows("GONE", self.gone)
        rows += [f"SAME  {_sentence(change.finding)}" for change in self.same if not change.worse]
        counts = f"{len(self.new)} new, {len(self.gone)} gone, {len(self.same)} the same"
        rest = f", {len(self.unsure)} that nobody can tell of" if self.unsure else ""
        rest += f", {len(self.unchecked)} no longer checked" if self.unchecked else ""
        rows.append(f"{'worse than before' if self.worse else 'not worse than before'}: {counts}{rest}")
        return "\n".join(rows) + "\n"


def compare(before: Json, after: Json) -> Comparison:
    """What changed. Raises `InvalidValue` for reports of different vendors or feeds."""
    for name in ("provider", "feed"):
        if before.get(name) != after.get(name):
            raise InvalidValue(
                f"{name}: the first report is of {before.get(name)}, the second of {after.get(name)}: "
                "they say nothing about each other"
            )
    earlier, later = _findings(before), _findings(after)
    checks = _checks(before), _checks(after)
    drawn = before.get("seed") != after.get("seed")
    new, gone, unsure = list[Json](), list[Json](), list[Unsure]()
    for mine, others, other, certain in ((earlier, later, checks[1], gone), (later, earlier, checks[0], new)):
        for key, finding in mine.items():
            if key in others:
                continue
            if reason := _doubt(finding, other.get(finding["check"]), drawn, mine is later):
                unsure.append(Unsure(finding, mine is later, reason))
            else:
                certain.append(finding)
    return Comparison(
        tuple(new),
        tuple(gone),
        tuple(Change(later[key], earlier[key]) for key in later if key in earlier),
        tuple(_unchecked(before["checks"], after)),
        tuple(unsure),
        tuple(_notes(before, after)),
    )


def _doubt(finding: Json, other: Json | None, drawn: bool, now: bool) -> str:
    """Why it says nothing that the other report does not have a finding; empty: it does."""
    if other is None or other["verdict"] == NOT_CHECKED:
        return "its check was not done there"
    if not other.get("complete", True):
        return "there its check was not done to its end, or found as much as a check tells of"
    if drawn and other.get("phase") in DRAWN:
        return "it is drawn by chance, and the seed is another"
    if finding.get("flaky") and (not now or other["findings"]):
        return "it does not come each time"
    return ""


def load(path: Path) -> Json:
    """A JSON report; `InvalidValue` says what is wrong with the file."""
    try:
        report = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidValue(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidValue(
            f"{path}: expected a report of `emulators check --report FILE`, got no JSON: {error}"
        ) from None
    if not isinstance(report, dict) or not isinstance(report.get("checks"), list):
        raise InvalidValue(f"{path}: expected a report of `emulators check --report FILE`, got other JSON")
    if report.get("version") != VERSION:
        raise InvalidValue(f"{path}: version: expected {VERSION}, got {report.get('version')!r}")
    _check_form(path, report["checks"])
    return report


def _check_form(path: Path, checks: list[Any]) -> None:
    """What is read of a report must be there; a report that somebody edited says where it is wrong."""
    severities = [severity.name.lower() for severity in Severity]
    for number, check in enumerate(checks):
        findings = check.get("findings") if isinstance(check, dict) else None
        wanted: list[tuple[str, Any, tuple[str, ...]]]
        wanted = [(f"checks/{number}", check, ("id", "name", "verdict", "reason"))]
        if isinstance(findings, list):
            wanted += [
                (
                    f"checks/{number}/findings/{place}",
                    finding,
                    ("check", "key", "verdict", "severity", "says"),
                )
                for place, finding in enumerate(findings)
            ]
        for where, value, names in wanted:
            if not isinstance(value, dict) or any(not isinstance(value.get(name), str) for name in names):
                raise InvalidValue(f"{path}: {where}: expected an object with the texts {', '.join(names)}")
            if value.get("severity", "low") not in severities:
                raise InvalidValue(
                    f"{path}: {where}/severity: expected one of {', '.join(severities)}, got {value['severity']!r}"
                )
        if not isinstance(findings, list):
            raise InvalidValue(f"{path}: checks/{number}/findings: expected a list")


def _findings(report: Json) -> dict[tuple[str, str], Json]:
    return {
        (finding["check"], finding["key"]): finding
        for check in report["checks"]
        for finding in check["findings"]
    }


def _checks(report: Json) -> dict[str, Json]:
    return {check["id"]: check for check in report["checks"]}


def _unchecked(before: Iterable[Json], after: Json) -> Iterable[Unchecked]:
    later = _checks(after)
    missing = (
        "the run was interrupted before it" if after.get("interrupted") else "the second run left it out"
    )
    for check in before:
        if check["verdict"] == NOT_CHECKED:
            continue
        now = later.get(check["id"])
        if now is None or now["verdict"] == NOT_CHECKED:
            yield Unchecked(check["id"], check["name"], check["verdict"], now["reason"] if now else missing)


def _notes(before: Json, after: Json) -> Iterable[str]:
    for name in ("target", "revision", "seed"):
        if before.get(name) != after.get(name):
            yield f"{name}: {line(str(before.get(name)))} before, {line(str(after.get(name)))} after"
    made = [report.get("versions", {}).get("emulators") for report in (before, after)]
    if made[0] != made[1]:
        yield f"version of emulators: {line(str(made[0]))} before, {line(str(made[1]))} after"
    for which, report in (("first", before), ("second", after)):
        if report.get("inconclusive"):
            yield f"the {which} report is inconclusive: {line(str(report['inconclusive']))}"
        if report.get("interrupted"):
            yield f"the {which} run was interrupted"


def _weight(finding: Json) -> tuple[bool, bool, int]:
    return (
        not finding.get("accepted"),
        finding["verdict"] == Verdict.FAIL.value,
        Severity[finding["severity"].upper()],
    )


def _rows(mark: str, findings: Iterable[Json]) -> list[str]:
    return [f"{mark}  {_sentence(finding)}" for finding in findings]


def _grade(finding: Json) -> str:
    accepted = ", accepted" if finding.get("accepted") else ""
    return f"{finding['verdict']} {finding['severity']}{accepted}"


def _sentence(finding: Json) -> str:
    name = line(str(finding.get("name", "")))
    hostile = "" if finding.get("legal", True) else ", hostile input"
    return f"{finding['check']} {name} {_grade(finding)}{hostile}: {_said(finding)}"


def _said(finding: Json) -> str:
    """The sentence without what is another one in each run."""
    return _PLANTED.sub("chk...", line(finding["says"]))


def _brief(finding: Json) -> dict[str, Any]:
    names = ("check", "name", "key", "verdict", "severity", "legal", "accepted", "accepted_until")
    return {**{name: finding[name] for name in names if name in finding}, "says": _said(finding)}
