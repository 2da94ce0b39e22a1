"""Every check, in the order of the ids."""

from __future__ import annotations

from emulators.check.checks import (
    acknowledging,
    batches,
    connections,
    credentials,
    fields,
    fuzzing,
    handshake,
    hostile,
    kinds,
    leaks,
    ordering,
    poison,
    preflight,
    reconciling,
    redelivery,
    samples,
    shapes,
    sizes,
    stateful,
    timing,
    values,
)

ALL = (
    *preflight.CHECKS,
    *samples.CHECKS,
    *sorted(
        (
            *acknowledging.CHECKS,
            *batches.CHECKS,
            *connections.CHECKS,
            *credentials.CHECKS,
            *fields.CHECKS,
            *handshake.CHECKS,
            *hostile.CHECKS,
            *kinds.CHECKS,
            *leaks.CHECKS,
            *ordering.CHECKS,
            *poison.CHECKS,
            *redelivery.CHECKS,
            *shapes.CHECKS,
            *sizes.CHECKS,
            *timing.CHECKS,
            *values.CHECKS,
        ),
        key=lambda check: check.id,
    ),
    *fuzzing.CHECKS,
    *stateful.CHECKS,
    *reconciling.CHECKS,
)
"""First whether anybody answers, then what the documents print, the rows of the catalogue, what chance brings, and the accounts
at the end."""
