"""What goes to a receiver and what comes back, as values."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.engine.faulting import Fault


@dataclass(frozen=True, slots=True)
class Request:
    """A finished request. `patience`: seconds of real time that we wait for an answer."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    patience: float
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver did: its status, or None and the reason why there is none."""

    status: int | None
    reason: str = ""
    late: bool = False
    """Whether our patience ended first."""
    body: bytes = b""
    """The beginning of what it said."""
