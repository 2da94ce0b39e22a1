"""Durations, instants and the two clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.engine.clock import (
    Agenda,
    Plan,
    RunningClock,
    VirtualClock,
    duration,
    instant,
    moment,
    span,
)
from emulators.errors import InvalidValue


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (90, 90),
        (0.5, 0.5),
        (timedelta(hours=1, minutes=30), 5400),
        ("90s", 90),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("1d", 86400),
        (0, 0),
    ],
)
def test_a_duration_may_be_seconds_a_timedelta_or_text(said: object, seconds: float) -> None:
    assert duration(said) == seconds * 1_000_000


@pytest.mark.parametrize(
    "said", ["", "soon", "5", "1h-30m", "h", -1, "1x", True, float("nan"), float("inf"), timedelta(-1)]
)
def test_anything_else_is_refused_and_so_is_the_past(said: object) -> None:
    with pytest.raises(InvalidValue, match="duration"):
        duration(said)


@given(st.integers(0, 10**15))
def test_a_span_for_people_reads_back_as_the_same_duration(micros: int) -> None:
    assert duration(span(micros)) == micros


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_a_moment_is_exact_to_the_microsecond(when: datetime) -> None:
    assert moment(instant(when)) == when


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidValue, match="time zone"):
        instant(datetime(2026, 1, 1))


def test_a_virtual_clock_stands_still_and_never_goes_back() -> None:
    clock = VirtualClock(100)
    clock.jump(250)
    clock.jump(50)
    assert clock.now() == 250


def test_a_running_clock_follows_real_time_at_its_speed_and_can_be_moved_ahead() -> None:
    real = [10.0]
    clock = RunningClock(1_000_000, speed=60, monotonic=lambda: real[0])
    real[0] += 2
    assert clock.now() == 1_000_000 + 120_000_000
    assert clock.seconds_until(clock.now() + 60_000_000) == 1
    clock.jump(clock.now() + 5_000_000)
    assert clock.now() == 1_000_000 + 125_000_000
    clock.jump(0)
    assert clock.now() == 1_000_000 + 125_000_000


def test_a_clock_that_does_not_move_is_refused() -> None:
    with pytest.raises(InvalidValue, match="speed"):
        RunningClock(0, speed=0)


@given(st.lists(st.integers(0, 5), max_size=20))
def test_plans_come_in_order_of_time_and_then_of_making(dues: list[int]) -> None:
    agenda = Agenda()
    for number, due in enumerate(dues):
        agenda.add(Plan(number, due, "reaction", {}))
    came = []
    while plan := agenda.next():
        agenda.remove(plan.id)
        came.append((plan.due, plan.id))
    assert came == sorted((due, number) for number, due in enumerate(dues))
