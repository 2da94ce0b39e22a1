"""C08 on times that are made up: late answers, growing ones, and a machine that is busy. Nothing is waited for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from emulators.check.checks import timing
from emulators.check.checks.sizes import LATENCY
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.stalling import TICK, stalls
from emulators.check.vocabulary import Case, Failure, Heard, Pairs, Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress

pytestmark = pytest.mark.asyncio

Takes = Callable[[int, int], float]


class Timed(Wire):
    """A receiver that answers at once and is said to have taken `takes(events, number of the request)` seconds."""

    def __init__(self, takes: Takes, blocks: Callable[[int], None] = lambda number: None) -> None:
        super().__init__(Egress())
        self.takes, self.blocks = takes, blocks
        self.sizes: list[int] = []

    async def send(
        self,
        method: str,
        url: str,
        headers: Pairs,
        body: bytes | None,
        timeout: float,
        framing: str = "length",
    ) -> Heard:
        events = json.loads(body or b"[]")
        count = len(events) if isinstance(events, list) else 1
        self.sizes.append(count)
        number = len(self.sizes)
        await asyncio.sleep(0)
        self.blocks(number)
        took = self.takes(count, number)
        if took > timeout:
            return Heard(None, seconds=timeout, reason=f"no answer within {timeout:g} s")
        return Heard(200, seconds=took)


async def found(
    wire: Timed, feed: str = "sendpulse/smtp", timeout: float | None = None
) -> tuple[list[tuple[Failure, Case]], dict[str, Any]]:
    """What C08 finds of these times (the vendor waits 10 s and sends up to 1000 events), and what it learns."""
    vendor, _, name = feed.partition("/")
    session = Session(Sender(vendor, name), Target("http://127.0.0.1/", timeout=timeout), wire, 1, "00c0de")
    return [each async for each in timing.latencies(session)], session.facts


async def test_a_receiver_that_takes_its_time_for_each_request_alone_is_accused_of_nothing() -> None:
    failures, facts = await found(Timed(lambda count, number: 0.3))
    assert failures == []
    assert facts["seconds by events of a request"] == {1: 0.3, 10: 0.3, 100: 0.3, 500: 0.3}
    assert facts[LATENCY] == 0.0


async def test_who_is_late_twice_fails() -> None:
    [(failure, case)], _ = await found(Timed(lambda count, number: 15.0 if count == 100 else 0.1))
    assert (failure.key, failure.verdict) == ("late", None)
    assert "a request of 100 events: the receiver answered 200, 15.0 s after it was sent" in failure.says
    assert len(case.shots[0].events) == 100


async def test_who_never_answers_is_late_too() -> None:
    [(failure, _)], _ = await found(Timed(lambda count, number: 1000.0 if count == 10 else 0.1))
    assert failure.key == "late"
    assert "gave no answer" in failure.says


async def test_who_is_late_once_may_have_had_a_bad_moment() -> None:
    wire = Timed(lambda count, number: 15.0 if number == 5 else 0.1)
    [(failure, _)], _ = await found(wire)
    assert (failure.key, failure.verdict) == ("late", Verdict.RISK)
    assert "did not happen again" in failure.says


async def test_what_each_event_adds_is_carried_on_to_the_fullest_request() -> None:
    wire = Timed(lambda count, number: 0.1 + 0.015 * count)
    [(failure, case)], facts = await found(wire)
    assert (failure.key, failure.verdict) == ("slope", Verdict.RISK)
    assert "15.0 ms more for each event (7.60 s for 500): from some 660 events on" in failure.says
    assert "up to 1000 come in a request, which would take 15 s" in failure.says
    assert facts[LATENCY] == pytest.approx(0.015)
    assert len(case.shots[0].events) == 500


async def test_a_request_that_would_be_late_is_not_even_tried() -> None:
    wire = Timed(lambda count, number: 0.5 * count)
    [(failure, _)], _ = await found(wire)
    assert failure.key == "slope"
    assert max(wire.sizes) == 10


@pytest.mark.parametrize("strikes", [(4,), (4, 5), (7,), (10, 11)])
async def test_a_moment_of_a_busy_machine_is_no_slope(strikes: tuple[int, ...]) -> None:
    """A second and a half, once or twice in a row: from one of ten events on, that would be minutes for a thousand."""
    wire = Timed(lambda count, number: 1.5 if number in strikes else 0.02)
    failures, _ = await found(wire)
    assert failures == []


async def test_several_at_once_may_be_late_where_one_is_not() -> None:
    wire = Timed(lambda count, number: 15.0 if number > 12 else 0.1)
    [(failure, case)], _ = await found(wire)
    assert failure.verdict is None
    assert "8 such requests at once" in failure.says
    assert (len(case.shots), case.basis) == (8, "assumed")


async def test_several_at_once_prove_nothing_of_a_vendor_that_sends_one_after_the_other() -> None:
    wire = Timed(lambda count, number: 15.0 if number > 12 else 0.1)
    [(failure, _)], _ = await found(wire, "esputnik/activity")
    assert failure.verdict is Verdict.RISK


# -- our own slowness


async def test_what_kept_our_own_process_from_running_is_not_held_against_anybody() -> None:
    """The answer was there long before it was looked at."""

    def blocks(number: int) -> None:
        if number == 3:
            time.sleep(0.3)

    failures, _ = await found(
        Timed(lambda count, number: 0.31 if number == 3 else 0.01, blocks), timeout=0.25
    )
    assert failures == []


async def test_a_receiver_that_is_late_by_itself_is_not_excused_by_a_quiet_machine() -> None:
    failures, _ = await found(Timed(lambda count, number: 1.4), timeout=0.25)
    assert [failure.key for failure, _ in failures] == ["late"]


async def test_a_stall_is_as_long_as_nothing_could_run() -> None:
    async with stalls() as stalled:
        await asyncio.sleep(0)
        assert stalled() == 0
        time.sleep(10 * TICK)
        first = stalled()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        kept = stalled()
    assert first >= 8 * TICK
    assert kept >= first
