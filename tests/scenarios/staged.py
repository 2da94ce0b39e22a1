"""Scenarios out of a text, as `emulators run` reads and plays them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from emulators.scenarios.playing import opened, play
from emulators.scenarios.reading import read
from emulators.scenarios.references import References
from emulators.scenarios.results import Outcome, Report
from emulators.scenarios.story import Scenario

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def scenarios(text: str, references: References | None = None, **environ: str) -> list[Scenario]:
    """What a file says."""
    return read(text.encode(), "story.toml", references or References(environ, {}))


def played(text: str, given: Mapping[str, str] | None = None, **environ: str) -> Report:
    """What comes of it."""
    references = References(environ, given or {})
    outcomes = []
    for scenario in scenarios(text, references):
        outcomes.append(opened(scenario, references, NOW))
        asyncio.run(play(outcomes[-1], references, [], lambda result: None))
    return Report(outcomes, references.places())


def outcome(text: str, **environ: str) -> Outcome:
    """The same for the one scenario of a file."""
    [only] = played(text, **environ).outcomes
    return only


def endings(outcome: Outcome) -> list[str]:
    """How each step ended."""
    return [result.ending.value for result in outcome.results]


def told(outcome: Outcome) -> str:
    """What was not as it should be."""
    return "\n".join(result.message for result in outcome.results if result.message)
