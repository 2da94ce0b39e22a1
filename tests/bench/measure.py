"""What a benchmark hands back, and how two things are compared: in turn, in one run, by their medians.

Machines differ and are noisy, so the ratio counts; the absolute figures are there to give a scale.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Aim:
    """A bound on `of`: `ours`, `ratio` (ours to the reference) or `difference` (ours minus the reference)."""

    of: str
    sign: str
    bound: float
    unit: str = ""

    def met_by(self, value: float) -> bool:
        """Whether a value keeps to the bound."""
        return value <= self.bound if self.sign == "<=" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.of} {self.sign} {self.bound:g}{self.unit and ' ' + self.unit}"


@dataclass(frozen=True)
class Result:
    """One row of the table. `reference` says in words what was compared with; `ours` is None if it cannot run."""

    name: str
    unit: str
    ours: float | None
    reference: str = ""
    theirs: float | None = None
    aim: Aim | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to theirs: below 1 is better for a time, above 1 for a rate."""
        return self.ours / self.theirs if self.ours is not None and self.theirs else None

    @property
    def ok(self) -> bool | None:
        """Whether the aim is met; None where there is none, or nothing to judge."""
        if self.aim is None or self.ours is None:
            return None
        difference = self.ours - self.theirs if self.theirs is not None else None
        value = {"ours": self.ours, "ratio": self.ratio, "difference": difference}[self.aim.of]
        return None if value is None else self.aim.met_by(value)


@dataclass
class Stopwatch:
    """The seconds between its start and its end."""

    seconds: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Times its `with` block, which begins with what earlier blocks left swept away."""
    gc.collect()
    watch = Stopwatch()
    started = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - started


def alternate(rounds: int, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
    """The medians of two measurements made in turn, A B A B, after one of each to warm up."""
    pairs = []
    for number in range(rounds + 1):
        pair = ours(), theirs()
        said = "warm-up" if number == 0 else f"round {number} of {rounds}"
        progress(f"  {said}: {pair[0]:.4g} against {pair[1]:.4g}")
        if number:
            pairs.append(pair)
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def progress(text: str) -> None:
    """Tells whoever waits; the results alone go to stdout."""
    print(text, file=sys.stderr, flush=True)
