"""What came of a scenario, as values: for people, for programs and for CI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from emulators.scenarios.story import Scenario, Step


class Ending(Enum):
    """How a step ended."""

    HELD = "held"
    FAILED = "failed"
    """What was expected is not so, or the story went another way than it was told."""
    REFUSED = "refused"
    """The receiver did not let itself be verified, or a port could not be had."""
    WRONG = "wrong"
    """The file asks for something that cannot be."""
    BROKEN = "broken"
    """An error of ours."""
    SKIPPED = "skipped"

    @property
    def good(self) -> bool:
        return self is Ending.HELD


@dataclass(frozen=True, slots=True)
class Result:
    """A step and how it ended. `elapsed` is the story's time at its end, as in a timeline; `seconds` are real."""

    number: int
    verb: str
    text: str
    elapsed: str
    at: datetime
    ending: Ending
    message: str = ""
    seconds: float = 0.0
    title: str = ""


@dataclass(slots=True)
class Outcome:
    """A scenario that was played, or is being played: what is known so far."""

    scenario: Scenario
    began: datetime
    title: str
    emulators: dict[str, dict[str, str]] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    timeline: str = ""
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Whether all of it was played and held."""
        return bool(self.results) and all(result.ending.good for result in self.results)

    @property
    def missed(self) -> list[Result]:
        """What did not hold, without what was not tried."""
        return [r for r in self.results if r.ending not in (Ending.HELD, Ending.SKIPPED)]


@dataclass(frozen=True, slots=True)
class Report:
    """All scenarios of a run. `places` says where the addresses lead that were given by reference."""

    outcomes: Sequence[Outcome]
    places: Mapping[str, str]
    interrupted: bool = False


def not_tried(step: Step, why: str, last: Result | None, text: str, title: str, start: datetime) -> Result:
    """A step that never came about."""
    elapsed, at = (last.elapsed, last.at) if last else ("+00:00:00", start)
    return Result(step.number, step.verb, text, elapsed, at, Ending.SKIPPED, why, 0.0, title)
