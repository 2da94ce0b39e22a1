"""Time: instants, durations, the virtual and the running clock, and the agenda of what is planned.

An instant is a whole number of microseconds since the Unix epoch, UTC. Integers keep a day of retries exact.
"""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Protocol

from emulators.errors import InvalidValue

Instant = int
Duration = float | int | str | timedelta
SECOND = 1_000_000
VIRTUAL_START = datetime(2026, 1, 1, tzinfo=UTC)
LATEST = 253_402_300_799 * SECOND
"""The last second of the year 9999, beyond which Python has no dates."""


def instant(when: datetime) -> Instant:
    """The instant of an aware datetime."""
    if when.tzinfo is None:
        raise InvalidValue(f"a start without a time zone is ambiguous: {when.isoformat()}; add tzinfo=UTC")
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def moment(at: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def duration(value: Duration) -> int:
    """Microseconds of `value`: seconds, a timedelta or text such as "90s", "1h30m"; never negative."""
    if isinstance(value, timedelta):
        micros = value // timedelta(microseconds=1)
    elif isinstance(value, str):
        micros = _parse(value)
    elif (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not isfinite(value))
    ):
        raise InvalidValue(f"duration: expected seconds, a timedelta or text such as '1h30m', got {value!r}")
    else:
        micros = _micros(value)
    if micros < 0:
        raise InvalidValue(f"duration: time only moves forward, got {value!r}")
    return micros


def wait(value: object) -> float | None:
    """Seconds that somebody is to wait: seconds or text such as "1h30m", up to thirty years; None: it is neither."""
    try:
        micros = duration(value)  # type: ignore[arg-type]
    except (InvalidValue, OverflowError):
        return None
    return micros / SECOND if micros < 10**9 * SECOND else None


def _parse(text: str) -> int:
    units = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": 86_400 * SECOND}
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise InvalidValue(f"duration: expected seconds, a timedelta or text such as '1h30m', got {text!r}")
    return _micros(sum(float(number) * units[unit] for number, unit in parts) / SECOND)


def _micros(seconds: float) -> int:
    try:
        return round(seconds * SECOND)
    except OverflowError:
        raise InvalidValue(f"duration: the clock ends with the year 9999, got {seconds:g} s") from None


def span(micros: int) -> str:
    """A duration for people: 90 seconds are `1m30s`."""
    if micros % SECOND:
        return f"{micros / SECOND:.6f}".rstrip("0") + "s"
    seconds = micros // SECOND
    parts = [(seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


class Clock(Protocol):
    """Tells the world's time. `running` says whether it moves by itself."""

    running: bool

    def now(self) -> Instant: ...

    def jump(self, to: Instant) -> None:
        """Moves on to `to`; an instant already past is left alone."""

    def set(self, to: Instant) -> None:
        """Goes to `to`, back as well."""


class VirtualClock:
    """Stands still until it is told to jump."""

    running = False

    def __init__(self, start: Instant) -> None:
        self._now = start

    def now(self) -> Instant:
        return self._now

    def jump(self, to: Instant) -> None:
        self._now = max(self._now, to)

    def set(self, to: Instant) -> None:
        self._now = to


class RunningClock:
    """Follows real time, `speed` times as fast (60: an hour takes a minute), and can be moved ahead."""

    running = True

    def __init__(
        self, start: Instant, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if not speed > 0:
            raise InvalidValue(f"speed: expected a number above 0, got {speed!r}")
        self.speed = speed
        self._start = start
        self._monotonic = monotonic
        self._since = monotonic()

    def now(self) -> Instant:
        return self._start + round((self._monotonic() - self._since) * self.speed * SECOND)

    def jump(self, to: Instant) -> None:
        self._start += max(0, to - self.now())

    def set(self, to: Instant) -> None:
        self._start += to - self.now()

    def seconds_until(self, due: Instant) -> float:
        """Real seconds until `due`."""
        return max(0.0, (due - self.now()) / SECOND / self.speed)


@dataclass(frozen=True, slots=True)
class Plan:
    """A reaction that a provider asked for: which, with what, when."""

    id: int
    due: Instant
    reaction: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Agenda:
    """Plans by due time; of two due at one instant the one made first comes first."""

    plans: dict[int, Plan] = field(default_factory=dict)
    _heap: list[tuple[Instant, int]] = field(default_factory=list, compare=False)

    def add(self, plan: Plan) -> None:
        self.plans[plan.id] = plan
        heapq.heappush(self._heap, (plan.due, plan.id))

    def remove(self, plan_id: int) -> None:
        del self.plans[plan_id]

    def next(self) -> Plan | None:
        """The plan that is due first, due or not."""
        while self._heap and self._heap[0][1] not in self.plans:
            heapq.heappop(self._heap)
        return self.plans[self._heap[0][1]] if self._heap else None
