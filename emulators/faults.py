"""Faults to inject: `esputnik.inject(LostAck(), Drop(kind="READ"))`, also as a context manager.

Each applies `times=1` (None: until cleared) with `probability=` drawn from the seed: towards the receiver to
requests that hold an event of `kind=`, towards the app to calls of `route=`.
"""

from emulators.engine.call_faults import Answer, Delay, Garbage, Hang, Reset, Truncate, VendorError
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
    "Answer",
    "Delay",
    "Drop",
    "Duplicate",
    "Fault",
    "Garbage",
    "Hang",
    "LostAck",
    "Recompose",
    "Reorder",
    "Reset",
    "ResetAfterBody",
    "SlowWrite",
    "Truncate",
    "VendorError",
]
