"""Which routes a client proves: those that took a call of it, and those that say so."""

from __future__ import annotations

from typing import Any


def routes_that_took_a_call(emulator: Any) -> set[str]:
    return {call.route for call in emulator.calls() if call.taken}


def routes_proven_with(client: str, emulator: Any) -> set[str]:
    """By the profile: what `emulators explain` tells its reader."""
    return {name for name, route in emulator.profile.routes.items() if client in route.clients}
