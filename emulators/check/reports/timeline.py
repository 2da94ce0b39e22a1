"""Which exchange was when, and how long the phases took: what the reports show of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING

from emulators.check.reports.model import Moment, PhaseResult
from emulators.check.reports.words import plural, size
from emulators.check.vocabulary import Exchange
from emulators.redaction import Veil

if TYPE_CHECKING:
    from emulators.check import running

MOST = 5_000
"""Moments that are kept; of more, those alone that went wrong, and of these as many again."""


class Timeline:
    """Begins when it is made. `note` is told of every exchange."""

    def __init__(self, veil: Veil, now: Callable[[], float] = perf_counter) -> None:
        self._veil = veil
        self._now = now
        self._began = now()
        self._requests: Counter[str] = Counter()
        self.moments: list[Moment] = []

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._now() - self._began

    def note(self, exchange: Exchange, phase: str) -> None:
        """An exchange of this phase that has just ended."""
        self._requests[phase] += 1
        if len(self.moments) >= (MOST if exchange.acknowledged else 2 * MOST):
            return
        shot, heard = exchange.shot, exchange.heard
        told = [plural(len(shot.events), "event")] if shot.events else []
        told += [size(len(exchange.body))] if exchange.body else []
        told += [odd for odd in (shot.loss, shot.framing) if odd not in ("", "length")]
        self.moments.append(
            Moment(
                max(0.0, self.seconds - heard.seconds),
                heard.seconds,
                phase,
                f"{shot.method} {', '.join(told)}".strip(),
                heard.status,
                exchange.acknowledged,
                self._veil.text(heard.reason),
            )
        )

    def phases(self, results: Iterable[running.Result], cut: str = "") -> tuple[PhaseResult, ...]:
        """Those so far, in their order. `cut` is why the run ended before its end: it stands at the phases with a check that
        was not done for this reason."""
        groups: dict[str, list[running.Result]] = {}
        for result in results:
            groups.setdefault(result.check.phase, []).append(result)
        # A check that is interrupted does not know its own requests yet.
        return tuple(
            PhaseResult(
                phase,
                max(sum(result.requests for result in own), self._requests[phase]),
                sum(result.seconds for result in own),
                cut if cut and any(result.reason == cut for result in own) else "",
            )
            for phase, own in groups.items()
        )
