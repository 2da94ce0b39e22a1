"""A world that goes on where an earlier process ended."""

from __future__ import annotations

import pytest

from emulators import in_thread
from emulators.engine.clock import Clock, RunningClock, VirtualClock
from emulators.engine.egress import Egress
from emulators.engine.freezing import freeze, freeze_state
from emulators.engine.state import State
from emulators.engine.world import World
from emulators.faults import Hang


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


def test_what_happens_after_a_world_went_back_does_not_change_what_it_went_back_to() -> None:
    with in_thread("hellotext") as hellotext:
        world = hellotext.world
        kept = world.keep()
        world.restore("hellotext", kept)
        entry = world.journal.entries[-1]
        before, kept_before = freeze(entry), freeze_state(kept)
        hellotext.advance("1h")
        hellotext.inject(Hang())
        assert freeze(entry) == before
        assert freeze_state(kept) == kept_before


def test_a_fault_never_gets_the_number_of_one_that_came_with_a_state_from_elsewhere() -> None:
    with in_thread("hellotext") as elsewhere, in_thread("hellotext") as hellotext:
        brought = elsewhere.inject(Hang(), Hang())
        hellotext.world.restore("hellotext", elsewhere.world.keep())
        assert not set(hellotext.inject(Hang()).ids) & set(brought.ids)
