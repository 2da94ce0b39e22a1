"""How a feed is delivered: when a request is full, when it is tried again, what each answer means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf
from typing import Any, NamedTuple

from emulators.engine.clock import SECOND, Instant
from emulators.errors import InvalidValue, unknown


@dataclass(frozen=True, slots=True)
class Policy:
    """How a feed is delivered. Times are seconds of emulator time, `patience` alone is seconds of real
    time. `timeout` is the vendor's figure; it is waited for on a clock that runs at real speed, elsewhere an
    attempt takes no emulator time and `patience` is how long we really wait (None: 5)."""

    method: str = "POST"
    content_type: str = "application/json"
    user_agent: str = "provider-emulators"
    envelope: str = "array"
    batch_size: int = 1
    batch_window: float = 0.0
    order: str = "independent"
    probe: str | None = None
    probe_answers: Mapping[str, str] = field(default_factory=dict)
    probe_headers: str = "sent"
    answers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    retry_delays: tuple[float, ...] = ()
    retry_after_last: str = "abandon"
    second_url: str = "adds"
    backlog_of_replaced: str = "moves"
    while_paused: str = "drop"
    template: str = ""
    """What the body is made of, where a receiver may say so."""
    pace: float = 0.0
    """Seconds between the starts of two attempts, until an answer holds the `unlock_key`; for lines only."""
    unlock_key: str = ""
    patience: float | None = None

    def verdict(self, status: int | None) -> str:
        """`acknowledge`, `retry` or `abandon`; an answer that never came counts as the answer `*`."""
        return _look_up(self.answers, status, "retry")

    def admits(self, status: int | None) -> bool:
        """Whether the answer to a verification request activates the subscription."""
        return status is not None and _look_up(self.probe_answers, status, "refuse") == "accept"

    def delay(self, attempt: int) -> float | None:
        """Seconds from the start of failed attempt number `attempt` (from 1) to the next; None: no more."""
        if attempt <= len(self.retry_delays):
            return self.retry_delays[attempt - 1]
        return self.retry_delays[-1] if self.retry_delays and self.retry_after_last == "repeat" else None

    def altered(self, changes: Mapping[str, Any]) -> Policy:
        """This policy with some fields replaced; an unknown or malformed one is refused."""
        # TOML has no null, and `probe = false` says as much.
        changes = {
            name: None if name == "probe" and value is False else value for name, value in changes.items()
        }
        for name, value in changes.items():
            check_policy(name, value)
        # Copies: what the caller does to his own list or table afterwards is none of ours.
        copies = {"retry_delays": tuple, "answers": dict, "probe_answers": dict}
        policy = replace(self, **{name: copies.get(name, _same)(value) for name, value in changes.items()})
        if policy.pace and policy.order != "in-line":
            raise InvalidValue(f"pace: only a line has one; expected order='in-line', got {policy.order!r}")
        if policy.envelope == "object" and policy.batch_size != 1:
            raise InvalidValue(f"batch_size: an object holds one event, got {policy.batch_size}")
        return policy


class Settlement(NamedTuple):
    """What an attempt led to: `acknowledged`, `rescheduled` (next at `next_at`) or `abandoned`."""

    outcome: str
    next_at: Instant | None


def settle_by(policy: Policy, verdict: str, attempt: int, started: Instant) -> Settlement:
    """What the policy makes of an answer to attempt number `attempt`; delays count from its start."""
    if verdict == "acknowledge":
        return Settlement("acknowledged", None)
    delay = policy.delay(attempt) if verdict == "retry" else None
    if delay is None:
        return Settlement("abandoned", None)
    return Settlement("rescheduled", started + round(delay * SECOND))


def _shown(choice: str | None) -> str:
    return "null (None)" if choice is None else repr(choice)


def _same(value: Any) -> Any:
    return value


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf


def _look_up(table: Mapping[str, str], status: int | None, otherwise: str) -> str:
    if status is None:
        return table.get("*", otherwise)
    return table.get(str(status)) or table.get(f"{status // 100}xx") or table.get("*", otherwise)


def check_policy(name: str, value: object) -> None:
    """Refuses a policy field that does not exist or a value of the wrong kind."""
    if name not in {f.name for f in fields(Policy)}:
        raise unknown("policy field", name, (f.name for f in fields(Policy)))
    choices = {
        "envelope": ("array", "object"),
        "order": ("in-line", "independent"),
        "retry_after_last": ("repeat", "abandon"),
        "second_url": ("replaces", "adds"),
        "backlog_of_replaced": ("moves", "dropped"),
        "while_paused": ("drop", "keep"),
        "probe": (None, "GET"),
        "probe_headers": ("sent", "left out"),
    }
    expected = ""
    if name in choices:
        expected = "" if value in choices[name] else " or ".join(_shown(choice) for choice in choices[name])
    elif name == "batch_size":
        expected = (
            ""
            if isinstance(value, int) and not isinstance(value, bool) and value >= 1
            else "a whole number from 1"
        )
    elif name in ("batch_window", "timeout", "patience", "pace"):
        expected = "" if _is_seconds(value) else "seconds, 0 or more"
    elif name == "retry_delays":
        good = isinstance(value, list | tuple) and all(map(_is_seconds, value))
        expected = "" if good else "a list of seconds"
    elif name in ("answers", "probe_answers"):
        verdicts = ("acknowledge", "retry", "abandon") if name == "answers" else ("accept", "refuse")
        good = isinstance(value, Mapping) and all(
            isinstance(status, str) and re.fullmatch(r"\d{3}|\dxx|\*", status) and verdict in verdicts
            for status, verdict in value.items()
        )
        expected = "" if good else f"statuses ('200', '2xx', '*') mapped to {' | '.join(verdicts)}"
    elif not isinstance(value, str):
        expected = "text"
    if expected:
        raise InvalidValue(f"{name}: expected {expected}, got {value!r}")
