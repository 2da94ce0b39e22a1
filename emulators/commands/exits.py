"""How a command ends: the exit codes that all of them share, and the one error that only commands raise."""

from __future__ import annotations

from enum import IntEnum

from emulators.errors import (
    EgressRefused,
    EmulatorError,
    InvalidValue,
    NotInstalled,
    StateRefused,
    TargetUnusable,
    UnknownName,
    VerificationFailed,
)


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    GOOD = 0
    FINDINGS = 1
    USAGE = 2
    UNUSABLE = 3
    OURS = 4
    INCONCLUSIVE = 5
    INTERRUPTED = 130


class Unusable(EmulatorError):
    """A port or a target that cannot be used: says which, and what else to try."""


def code_of(error: EmulatorError) -> Exit:
    """What an error means for whoever called: their words, their target, or a fault of ours."""
    if isinstance(error, UnknownName | InvalidValue | EgressRefused | NotInstalled):
        return Exit.USAGE
    if isinstance(error, VerificationFailed | Unusable | StateRefused | TargetUnusable):
        return Exit.UNUSABLE
    return Exit.OURS
