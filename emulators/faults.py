"""Faults to inject: `esputnik.inject(LostAck(), Drop(kind="READ"))`, also as a context manager.

Each applies `times=1` (None: until cleared), to requests that hold an event of `kind=`, with `probability=`
drawn from the seed.
"""

from emulators.engine.faulting import (
    Drop,
    Duplicate,
    Fault,
    LostAck,
    Recompose,
    Reorder,
    ResetAfterBody,
    SlowWrite,
)

__all__ = [
    "Drop",
    "Duplicate",
    "Fault",
    "LostAck",
    "Recompose",
    "Reorder",
    "ResetAfterBody",
    "SlowWrite",
]
