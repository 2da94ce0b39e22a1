"""Faults towards the app: what its call gets instead of, or on top of, the vendor's answer. Pure values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from emulators.engine.faulting import CallFault, Fault
from emulators.engine.provider import Reply
from emulators.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Answer(CallFault):
    """The call is answered with `status` and `body` (text, bytes or a JSON value; None: empty), and the vendor
    does nothing."""

    status: int
    body: Any = None

    def __post_init__(self) -> None:
        CallFault.__post_init__(self)
        if not isinstance(self.status, int) or not 200 <= self.status <= 599:
            raise InvalidValue(f"status: expected 200 to 599, got {self.status!r}")
        try:
            self.reply()
        except (TypeError, ValueError) as error:
            raise InvalidValue(f"body: expected text, bytes or JSON, got {self.body!r}: {error}") from None

    def reply(self) -> Reply:
        """What the app gets."""
        if self.body is None:
            return Reply(self.status)
        if isinstance(self.body, bytes):
            return Reply(self.status, self.body)
        text = isinstance(self.body, str)
        body = self.body if text else json.dumps(self.body, ensure_ascii=False)
        kind = "text/plain; charset=utf-8" if text else "application/json; charset=utf-8"
        return Reply(self.status, body.encode("utf-8", "backslashreplace"), (("content-type", kind),))


@dataclass(frozen=True, slots=True)
class VendorError(CallFault):
    """The vendor's own answer to something that no request provokes, by name: `VendorError("quota")`."""

    name: str


@dataclass(frozen=True, slots=True)
class Delay(CallFault):
    """The answer comes after `seconds` of real time."""

    seconds: float

    def __post_init__(self) -> None:
        CallFault.__post_init__(self)
        _check_seconds(self.seconds)


@dataclass(frozen=True, slots=True)
class Hang(CallFault):
    """No answer comes; after `seconds` of real time the connection is reset. `processed`: the vendor did what
    it was asked for all the same."""

    seconds: float = 60.0
    processed: bool = False

    def __post_init__(self) -> None:
        CallFault.__post_init__(self)
        _check_seconds(self.seconds)


@dataclass(frozen=True, slots=True)
class Reset(CallFault):
    """The connection is reset before any answer. `processed`: the vendor did what it was asked for all the same."""

    processed: bool = False


def swallowed(fault: Fault) -> bool:
    """Whether the vendor never gets the call."""
    return isinstance(fault, Hang | Reset) and not fault.processed


class Truncate(CallFault):
    """The answer breaks off in the middle of its body."""

    __slots__ = ()


class Garbage(CallFault):
    """The body of the answer is noise, its status and headers are the vendor's."""

    __slots__ = ()


def _check_seconds(seconds: object) -> None:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < float("inf"):
        raise InvalidValue(f"seconds: expected 0 or more, got {seconds!r}")
