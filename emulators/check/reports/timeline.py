"""Which exchange was when: listens to a session, and keeps what the reports show of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from emulators.check.reports.model import Moment, PhaseResult
from emulators.check.vocabulary import Exchange
from emulators.redaction import Veil

MOST = 5_000
"""Moments that are kept; beyond them those that were acknowledged are counted alone."""


class Timeline:
    """`begin` a phase, set `check` to what is being checked, and let `note` listen to the session."""

    def __init__(self, veil: Veil, now: Callable[[], float] = perf_counter) -> None:
        self._veil = veil
        self._now = now
        self._began = now()
        self._phases: list[PhaseResult] = []
        self._phase_began: float | None = None
        self.check = ""
        self.moments: list[Moment] = []

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._now() - self._began

    def begin(self, phase: str) -> None:
        """The phase before it is over."""
        self.end()
        self._phase_began = self._now()
        self._phases.append(PhaseResult(phase))

    def end(self, cut: str = "") -> None:
        """The phase that goes on is over; `cut` if it is so before its end."""
        if self._phases:
            self._phases[-1] = replace(self._told(), cut=cut or self._phases[-1].cut)
            self._phase_began = None

    def note(self, exchange: Exchange) -> None:
        """An exchange that has just ended."""
        if self._phases:
            self._phases[-1] = replace(self._phases[-1], requests=self._phases[-1].requests + 1)
        if len(self.moments) >= MOST and exchange.acknowledged:
            return
        shot, heard = exchange.shot, exchange.heard
        events = (
            f"{len(exchange.keys)} event{'s' if len(exchange.keys) != 1 else ''}, " if exchange.keys else ""
        )
        oddness = "".join(f", {odd}" for odd in (shot.loss, shot.framing) if odd not in ("", "length"))
        self.moments.append(
            Moment(
                max(0.0, self.seconds - heard.seconds),
                heard.seconds,
                self._phases[-1].name if self._phases else "",
                f"{self.check} {shot.method} {events}{len(exchange.body):,} bytes{oddness}".strip(),
                heard.status,
                exchange.acknowledged,
                self._veil.text(heard.reason),
            )
        )

    def phases(self) -> tuple[PhaseResult, ...]:
        """Those so far, with the one that goes on."""
        return (*self._phases[:-1], self._told()) if self._phases else ()

    def _told(self) -> PhaseResult:
        last = self._phases[-1]
        return last if self._phase_began is None else replace(last, seconds=self._now() - self._phase_began)
