"""What fails is told as a story that reads, and as a test to paste that fails in the same way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators import catalog
from emulators.errors import InvalidValue
from emulators.faults import Drop, LostAck, Recompose, ResetAfterBody
from emulators.strategies import (
    Advance,
    App,
    DeliveryPlan,
    Emit,
    Inject,
    as_test,
    assert_same_outcome,
    delivery_plans,
    events,
)
from tests.strategies.hunting import drawn, hunt
from tests.strategies.shop import CountsTwice, Shop
from tests.support.receiver import Receiver

SAMPLE = json.loads(catalog.samples("esputnik")["activity.bulk"].body)[0]
PLAN = DeliveryPlan(
    "esputnik@2023-09", "activity", (Inject(LostAck()), Emit("DELIVERED", SAMPLE), Advance(61))
)


def test_a_plan_sends_exactly_its_events(emulate) -> None:
    with Shop().served() as shop, emulate.fresh("esputnik") as esputnik:
        PLAN.clean().run(esputnik, shop.url)
        assert [delivery.events[0].payload for delivery in esputnik.deliveries()] == [SAMPLE]


@pytest.mark.parametrize("provider", ["sendpulse", "esputnik", "pushwoosh"])
def test_every_plan_can_be_run_and_delivers_all_of_its_events(emulate, provider: str) -> None:
    with Shop().served() as shop:
        for plan in drawn(delivery_plans(provider, edge=True), 25):
            shop.forget()
            with emulate.in_thread(plan.provider) as emulator:
                plan.run(emulator, shop.url)
                happened = [shop.identity(event) for event in plan.events if event]
            assert set(happened) <= shop.seen


def test_plans_have_all_the_lawful_faults_and_no_other() -> None:
    faults = {type(fault) for plan in drawn(delivery_plans("esputnik"), 100) for fault in plan.faults}
    assert {LostAck, Recompose, ResetAfterBody} < faults
    assert Drop not in faults
    # Who never tries again loses what was not read.
    faults = {type(fault) for plan in drawn(delivery_plans("pushwoosh"), 100) for fault in plan.faults}
    assert ResetAfterBody not in faults


def test_a_broken_law_is_told_with_the_difference_the_story_and_a_test(emulate) -> None:
    with CountsTwice().served() as shop:
        app = App(shop.url, shop.forget, shop.state)
        with pytest.raises(AssertionError) as raised:
            assert_same_outcome(emulate, PLAN, app)
        told = str(raised.value)
        assert "state['counts']['DELIVERED']: 1, but 2 after the plan" in told
        assert "1. the receiver subscribes to esputnik@2023-09, feed activity" in told
        assert "2. LostAck() is due: the receiver's answer gets lost" in told
        assert "4. 1m1s pass" in told
        assert "the receiver's answer (200) was lost (fault LostAck)" in told
        # The test to paste fails in the same way.
        test: dict[str, Any] = {}
        exec(as_test(PLAN), test)
        with pytest.raises(AssertionError, match="1, but 2 after the plan"):
            test["test_the_same_outcome"](emulate, app)


def test_a_receiver_may_be_started_anew_for_every_run(emulate) -> None:
    started: list[Shop] = []

    def serve() -> Any:
        started.append(Shop())
        return started[-1].served()

    assert_same_outcome(emulate, PLAN, serve)
    assert len(started) == 2


def test_what_a_plan_prints_is_the_plan() -> None:
    from emulators import faults, strategies

    names = {name: getattr(strategies, name) for name in strategies.__all__}
    for plan in drawn(delivery_plans("sendpulse", edge=True), 20):
        assert eval(repr(plan), {**names, **vars(faults)}) == plan


def test_a_plan_is_for_its_own_vendor(emulate) -> None:
    with (
        emulate.in_thread("sendpulse") as sendpulse,
        pytest.raises(InvalidValue, match="expected a fresh esputnik@2023-09, got sendpulse@2021-05"),
    ):
        PLAN.run(sendpulse, "http://127.0.0.1:9/hook")


def test_shrinking_needs_few_calls() -> None:
    found = hunt(events("esputnik", edge=True), lambda event: event["contactId"] < 2**31 or 1 / 0)
    assert len(found.examples) - found.first < 200


@pytest.mark.parametrize("provider", ["sendpulse", "pushwoosh"])
def test_a_receiver_that_refuses_everything_does_not_pass_for_one_that_loses_nothing(
    emulate, provider
) -> None:
    feed, kind = {"sendpulse": ("smtp", "opened"), "pushwoosh": ("webhook", "Email Opened")}[provider]
    plan = DeliveryPlan(provider, feed, (Emit(kind, {}),))
    with Receiver(then=500) as receiver:
        app = App(receiver.url, reset=lambda: None, state=lambda: None)
        with pytest.raises(AssertionError, match=r"lets the vendor give up, and loses 1 event"):
            assert_same_outcome(emulate, plan, app)
