"""Hypothesis strategies: what vendors send and what they are sent, at the edges of what their documents allow.

Everything comes from a seed and a few changes, so that a failure shrinks, in few calls, to the vendor's own example.
"""

from emulators.strategies.asked import requests
from emulators.strategies.broken import invalid, violations
from emulators.strategies.drawn import batches, events
from emulators.strategies.fallback import from_schema
from emulators.strategies.machines import VendorMachine, machine
from emulators.strategies.outcome import App, Receiver, as_test, assert_same_outcome
from emulators.strategies.planned import delivery_plans
from emulators.strategies.plans import Advance, DeliveryPlan, Emit, Inject
from emulators.strategies.violations import Invalid

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
