"""Deviations that are put up with: what they cover in a run, what they cover no more, and what they never covered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from emulators.check.running import MOST_FINDINGS, Result
from emulators.check.settings import Accepted
from emulators.check.vocabulary import Finding

FACT = "accepted deviations"
"""Fact: what is to be said of them, in sentences."""


def marked(finding: Finding, accept: Sequence[Accepted], today: date) -> Finding:
    """The finding, with the reason why it is put up with, and until when, where somebody does."""
    for accepted in accept:
        if accepted.covers(finding, today):
            until = accepted.until.isoformat() if accepted.until else ""
            return replace(finding, accepted=accepted.reason, accepted_until=until)
    return finding


def notes(accept: Sequence[Accepted], results: Mapping[str, Result], today: date) -> Iterator[str]:
    """What has to be said of them: those whose day is over, and those that covered nothing though their check was done. `results`
    by the check's id."""
    for accepted in accept:
        result = results.get(accepted.check)
        if result is None:
            continue
        name = f"accept {accepted.check}" + (f" {accepted.key!r}" if accepted.key else "")
        if any(map(accepted.fits, result.findings)):
            if accepted.expired(today):
                yield f"{name}: expired on {accepted.until}, what it covered counts again"
        elif not result.reason and len(result.findings) < MOST_FINDINGS:
            yield f"{name}: nothing to accept any more"
