"""A world that goes on where an earlier process ended."""

from __future__ import annotations

import pytest

from emulators.engine.clock import Clock, RunningClock, VirtualClock
from emulators.engine.egress import Egress
from emulators.engine.state import State
from emulators.engine.world import World


@pytest.mark.parametrize(
    ("clock", "left", "found"),
    [
        (VirtualClock(100), 500, 500),
        # It had gone back to before its beginning.
        (VirtualClock(100), 50, 50),
        # Real time went on while nobody was there.
        (RunningClock(100, monotonic=lambda: 0.0), 50, 100),
        # It had been advanced, or the clock of the machine was set back.
        (RunningClock(100, monotonic=lambda: 0.0), 500, 500),
    ],
)
def test_the_clock_of_a_world_goes_on(clock: Clock, left: int, found: int) -> None:
    world = World(0, clock, Egress())
    world.resume(State(now=left), 1, {})
    assert world.now() == found
