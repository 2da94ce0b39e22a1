"""Faults to inject: `esputnik.inject(LostAck(), Drop(kind="READ"))`, also as a context manager.

Each applies `times=1` (None: until cleared) with `probability=` drawn from the seed: towards the receiver to
requests that hold an event of `kind=`, towards the app to calls of `route=`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import MappingProxyType
from typing import Any

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
from emulators.errors import InvalidValue, unknown

BASE64 = "body_base64"
"""How a body of bytes is told in JSON."""

__all__ = [
    "KINDS",
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
    "fault_of",
    "told",
]


KINDS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        name: known
        for name, known in list(globals().items())
        if isinstance(known, type) and issubclass(known, Fault) and known is not Fault
    }
)
"""Every fault by its name."""


def fault_of(name: str, settings: Mapping[str, Any]) -> Fault:
    """The fault that a name and plain values stand for: `fault_of("LostAck", {"times": 2})`.

    Raises `UnknownName` for a fault or a setting that does not exist and `InvalidValue` for a wrong value.
    """
    if name not in KINDS:
        raise unknown("fault", name, KINDS)
    make = KINDS[name]
    known = [field.name for field in fields(make)]
    given = dict(settings)
    if "body" in known and BASE64 in given:
        try:
            given["body"] = b64decode(given.pop(BASE64), validate=True)
        except (TypeError, ValueError) as error:
            raise InvalidValue(f"{BASE64}: {error}") from None
    for setting in given:
        if setting not in known:
            raise unknown(f"setting of {name}", setting, known)
    needed = (field.name for field in fields(make) if field.default is MISSING)
    if missing := next((setting for setting in needed if setting not in given), ""):
        raise InvalidValue(f"{missing}: required, and not there")
    if given.get("times") == "always":
        given["times"] = None
    try:
        return make(**given)
    except TypeError as error:
        raise InvalidValue(f"{name}: {str(error).partition('() ')[2] or error}") from None


def told(fault: Fault) -> dict[str, Any]:
    """A fault as JSON: its name under `fault`, its settings beside it; `fault_of` reads them."""
    settings = {field.name: getattr(fault, field.name) for field in fields(fault)}
    if isinstance(body := settings.get("body"), bytes):
        del settings["body"]
        settings[BASE64] = b64encode(body).decode()
    return {"fault": type(fault).__name__, **settings}
