"""Hypothesis strategies: what vendors send and what they are sent, at the edges of what their documents allow.

Everything comes from a seed and a few changes, so that a failure shrinks, in few calls, to the vendor's own example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.strategies.asked import requests
    from emulators.strategies.broken import invalid, violations
    from emulators.strategies.drawn import batches, events
    from emulators.strategies.fallback import from_schema
    from emulators.strategies.machines import VendorMachine, machine
    from emulators.strategies.outcome import App, Receiver, as_test, assert_same_outcome
    from emulators.strategies.planned import delivery_plans
    from emulators.strategies.plans import Advance, DeliveryPlan, Emit, Inject
    from emulators.strategies.violating import Invalid

__all__ = [
    "Advance",
    "App",
    "DeliveryPlan",
    "Emit",
    "Inject",
    "Invalid",
    "Receiver",
    "VendorMachine",
    "as_test",
    "assert_same_outcome",
    "batches",
    "delivery_plans",
    "events",
    "from_schema",
    "invalid",
    "machine",
    "requests",
    "violations",
]


def __getattr__(name: str) -> Any:
    # Loaded on first use: whoever wants the changes of a schema alone needs neither Hypothesis nor an emulator.
    from importlib import import_module

    homes = {
        "asked": ("requests",),
        "broken": ("invalid", "violations"),
        "drawn": ("batches", "events"),
        "fallback": ("from_schema",),
        "machines": ("VendorMachine", "machine"),
        "outcome": ("App", "Receiver", "as_test", "assert_same_outcome"),
        "planned": ("delivery_plans",),
        "plans": ("Advance", "DeliveryPlan", "Emit", "Inject"),
        "violating": ("Invalid",),
    }
    for home, names in homes.items():
        if name in names:
            return getattr(import_module(f"emulators.strategies.{home}"), name)
    raise AttributeError(f"module 'emulators.strategies' has no attribute {name!r}")
