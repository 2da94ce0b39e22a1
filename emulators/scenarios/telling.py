"""What came of scenarios, for people (a line a step, as it ends) and for programs (JSON)."""

from __future__ import annotations

import re
from typing import Any

from emulators.scenarios.results import Ending, Outcome, Report, Result

MARKS = {
    Ending.HELD: "ok",
    Ending.FAILED: "NO",
    Ending.REFUSED: "NO",
    Ending.WRONG: "NO",
    Ending.BROKEN: "NO",
    Ending.SKIPPED: "--",
}
WORDS = {
    Ending.REFUSED: "cannot be used: ",
    Ending.WRONG: "the scenario is wrong: ",
    Ending.BROKEN: "an error of ours: ",
    Ending.SKIPPED: "not tried: ",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def plain(text: str) -> str:
    """Text without characters that steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def opening(outcome: Outcome) -> str:
    """The line above a scenario's steps."""
    scenario = outcome.scenario
    return plain(f"{outcome.title} ({scenario.file}, seed {scenario.seed})")


def line(result: Result) -> str:
    """A step, and below it why it did not hold."""
    told = f"  {MARKS[result.ending]}  {result.elapsed}  {result.number:>2}  {result.title or result.text}"
    if not result.message or result.ending is Ending.SKIPPED:
        return plain(told)
    why = f"{WORDS.get(result.ending, '')}{result.message}"
    if result.title:
        why = f"{result.text}\n{why}"
    return plain("\n".join([told, *(f"      {row}" for row in why.splitlines())]))


def closing(outcome: Outcome) -> str:
    """What stands below a scenario's steps: of one that failed, its story."""
    if outcome.held:
        return ""
    skipped = [line(result) for result in outcome.results if result.ending is Ending.SKIPPED]
    why = next((r.message for r in outcome.results if r.ending is Ending.SKIPPED), "")
    rest = [*skipped, f"      ({why})"] if skipped else []
    story = [f"    {row}" for row in plain(outcome.timeline).splitlines()]
    return "\n".join([*rest, "  timeline", *story] if story else rest)


def summary(report: Report) -> str:
    """The last line."""
    steps = [result for outcome in report.outcomes for result in outcome.results]
    held = sum(result.ending.good for result in steps)
    missed = sum(len(outcome.missed) for outcome in report.outcomes)
    skipped = len(steps) - held - missed
    good = sum(outcome.held for outcome in report.outcomes)
    parts = [f"{held} step{'s' if held != 1 else ''} held"]
    parts += [f"{missed} did not"] if missed else []
    parts += [f"{skipped} not tried"] if skipped else []
    end = "Interrupted. " if report.interrupted else ""
    count = len(report.outcomes)
    return f"{end}{good} of {count} scenario{'s' if count != 1 else ''} held: {', '.join(parts)}."


def places(report: Report) -> list[str]:
    """Where the addresses lead that were given by reference."""
    return [plain(f"{name} is at {origin}") for name, origin in report.places.items()]


def told(report: Report) -> dict[str, Any]:
    """For programs."""
    return {
        "ok": all(outcome.held for outcome in report.outcomes) and not report.interrupted,
        "interrupted": report.interrupted,
        "references": dict(report.places),
        "scenarios": [_outcome(outcome) for outcome in report.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    scenario = outcome.scenario
    return {
        "file": scenario.file,
        "title": outcome.title,
        "ok": outcome.held,
        "seed": scenario.seed,
        "start": scenario.start.isoformat(),
        "seconds": round(outcome.seconds, 3),
        "emulators": outcome.emulators,
        "steps": [
            {
                "number": result.number,
                "verb": result.verb,
                "step": result.text,
                "title": result.title,
                "elapsed": result.elapsed,
                "at": result.at.isoformat(),
                "ending": result.ending.value,
                "message": result.message,
                "seconds": round(result.seconds, 3),
            }
            for result in outcome.results
        ],
        "timeline": outcome.timeline.splitlines(),
    }
