"""Every check, in the order of the ids."""

from __future__ import annotations

from emulators.check.checks import (
    credentials,
    handshake,
    hostile,
    leaks,
    preflight,
    samples,
    shapes,
    values,
)

ALL = (
    *preflight.CHECKS,
    *samples.CHECKS,
    *sorted(
        (
            *credentials.CHECKS,
            *handshake.CHECKS,
            *hostile.CHECKS,
            *leaks.CHECKS,
            *shapes.CHECKS,
            *values.CHECKS,
        ),
        key=lambda check: check.id,
    ),
)
"""First whether anybody answers, then what the documents print, then the rows of the catalogue."""
