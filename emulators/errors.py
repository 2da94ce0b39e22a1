"""Everything that can go wrong for the person at the keyboard, each saying what to do next.

Errors an *app* meets are not here: an app gets the vendor's own error shape over HTTP.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.engine.profile import Problem


class EmulatorError(Exception):
    """Base of every error raised by this package."""


class UnknownName(EmulatorError):
    """A name (provider, revision, kind, field, option, sample, ...) that nothing here knows."""


class InvalidValue(EmulatorError):
    """A known name with a value that its rule refuses: says field, expected, got and the rule's source.

    `problems` are the rules of the vendor's schema that a payload breaks.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class BrokenContract(EmulatorError):
    """A payload or reply of ours breaks our own schema: a bug of this package, please report it."""


class VerificationFailed(EmulatorError):
    """The vendor's verification request was not answered as it must be; the subscription stays inactive."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class StillOwed(EmulatorError):
    """`drain` ran out of time while deliveries or plans were still waiting."""


class NobodyListens(EmulatorError):
    """No active subscription wants the event that was emitted. `unheard` is the vendor that has to be subscribed to;
    empty: something else is to be done."""

    def __init__(self, message: str, unheard: str = "") -> None:
        super().__init__(f"{message}; subscribe first: {unheard}.subscribe(url)" if unheard else message)
        self.said = message
        self.unheard = unheard


class EgressRefused(EmulatorError):
    """The address is not on this machine and was not allowed."""


class ClockBusy(EmulatorError):
    """The clock is being turned already."""


class Runaway(EmulatorError):
    """One instant of the clock causes more deliveries without end."""


class WouldBlock(EmulatorError):
    """A blocking verb was called on a running event loop; its `.aio` twin must be awaited instead."""


class TargetUnusable(EmulatorError):
    """A port that cannot be had, a receiver that cannot be checked, or something that was to tell of it: nobody answers,
    or nothing can be read."""


class NotInstalled(EmulatorError):
    """A package that only some need is not there: says how to install it."""


class StateRefused(EmulatorError):
    """The file that keeps the state cannot be used, or could not be written: says why, and what to do."""


class Closed(EmulatorError):
    """The emulator was stopped; start a fresh one."""


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownName:
    """An `UnknownName` that offers the nearest known name, or lists what is known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5) or difflib.get_close_matches(
        name.lower(), [known_name.lower() for known_name in names], n=1, cutoff=0.5
    )
    nearest = next((n for n in names if near and n.lower() == near[0].lower()), None)
    known_ones = f"known: {', '.join(names)}" if names else "there is none"
    hint = f"did you mean {nearest!r}?" if nearest else known_ones
    return UnknownName(f"unknown {what} {name!r}; {hint}")
