"""A call, a reaction: everything that one step does is committed together, or nothing is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulators.engine.account import Draft
from emulators.engine.clock import SECOND, RunningClock
from emulators.engine.crank import Crank
from emulators.engine.egress import Egress
from emulators.engine.journal import Entry, Exchange, Reacted
from emulators.engine.provider import Call
from emulators.engine.state import fold
from emulators.engine.world import World
from tests.support.acme import acme, enlist


def call(emulator: Any, body: bytes = b"") -> Exchange:
    return emulator.answer(Call("POST", "/orders", body=body))


def turn(emulator: Any, seconds: float) -> None:
    """Turns the clock without sending anything."""
    world = emulator.world
    until = world.now() + round(seconds * SECOND)
    while (plan := emulator.account.agenda.next()) and plan.due <= until:
        world.turn(plan.due)
        world.react()
    world.turn(until)


def draft(emulator: Any) -> Draft:
    return emulator._draft(emulator.world.now())


def test_a_call_is_one_entry_with_all_that_it_caused() -> None:
    emulator = acme()
    enlist(emulator)
    before = len(emulator.world.journal.entries)
    exchange = call(emulator, b"tea")
    assert emulator.world.journal.entries[before:] == [exchange]
    order = exchange.reply.body.decode()
    assert exchange.effects.changes == (("orders", order, {"state": "new", "body": "tea"}),)
    assert [event.kind for event in exchange.effects.events] == ["a", "a", "c"]
    assert [(plan.reaction, plan.due) for plan in exchange.effects.plans] == [("ship", 30 * SECOND)]
    assert emulator.account.tables["orders"] == {order: {"state": "new", "body": "tea"}}


def test_a_handler_that_breaks_leaves_nothing_but_a_500_and_a_complaint() -> None:
    emulator = acme()
    enlist(emulator)
    before = emulator.account.snapshot()
    exchange = call(emulator, b"fail")
    assert exchange.status == 500
    assert "RuntimeError: broken on purpose" in dict(exchange.reply.headers)["x-emulator-error"]
    assert emulator.account.snapshot() == before
    assert "Acme: POST /orders broke the emulator" in emulator.world.complaints[0]
    # Nor does it use up what the next one draws.
    assert call(emulator).reply == call(acme()).reply


def test_a_route_that_is_not_imitated_is_a_501_that_says_what_there_is() -> None:
    emulator = acme()
    for method, path in (("GET", "/orders"), ("POST", "/order"), ("POST", "/orders/7")):
        exchange = emulator.answer(Call(method, path))
        assert exchange.status == 501
        header = dict(exchange.reply.headers)["x-emulator-error"]
        assert header == f"Acme as imitated here has no {method} {path}; nearest: POST /orders"
    assert len(emulator.world.complaints) == 3


def test_what_was_planned_comes_about_in_its_time_and_may_plan_again() -> None:
    emulator = acme()
    enlist(emulator)
    order = call(emulator).reply.body.decode()
    turn(emulator, 29)
    assert emulator.account.tables["orders"][order]["state"] == "new"
    turn(emulator, 1)
    assert emulator.account.tables["orders"][order]["state"] == "shipped"
    turn(emulator, 45)
    assert emulator.account.tables["orders"] == {}
    came = [entry for entry in emulator.world.journal.entries if isinstance(entry, Reacted)]
    assert [entry.instant for entry in came] == [30 * SECOND, 75 * SECOND]
    assert emulator.account.agenda.plans == {}


def test_a_reaction_that_breaks_is_told_once_leaves_nothing_and_the_clock_goes_on() -> None:
    emulator = acme()
    enlist(emulator)
    order = call(emulator, b"later").reply.body.decode()
    turn(emulator, 60)
    (complaint,) = emulator.world.complaints
    assert "Acme: explode broke" in complaint
    assert "RuntimeError: broken on purpose" in complaint
    assert emulator.account.tables["orders"][order]["state"] == "shipped"
    # Three of the call, one of the shipment, none of what broke.
    assert emulator.account.ordinals["event"] == 4
    assert fold(emulator.world.journal.entries).snapshot() == emulator.world.state.snapshot()


def test_a_running_clock_survives_a_reaction_that_breaks() -> None:
    async def story() -> None:
        world = World(0, RunningClock(0, 10_000), Egress())
        crank, emulator, came = Crank(world, asyncio.get_running_loop()), acme(world=world), asyncio.Event()
        crank.start()
        await asyncio.sleep(0)

        def listen(entry: Entry) -> None:
            if isinstance(entry, Reacted) and entry.plan.reaction == "ship":
                came.set()

        world.journal.listeners.append(listen)
        enlist(emulator)
        call(emulator, b"later")
        await came.wait()
        await crank.close()
        assert "broken on purpose" in world.complaints[0]

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_step_sees_what_it_wrote_itself_and_nobody_else_does() -> None:
    emulator = acme()
    order = call(emulator).reply.body.decode()
    step = draft(emulator)
    orders = step.table("orders")
    orders.put("x", {"n": 1})
    assert orders.get("x") == {"n": 1}
    assert "x" in orders
    assert sorted(orders) == sorted([order, "x"])
    orders.delete(order)
    assert (orders.get(order), list(orders)) == (None, ["x"])
    assert list(emulator.account.tables["orders"]) == [order]
    assert list(draft(emulator).table("orders")) == [order]


def test_values_are_copied_on_the_way_in_and_out() -> None:
    step = draft(acme())
    given: dict[str, Any] = {"list": [1]}
    step.table("t").put("k", given)
    step.after(1, "ship", order=given["list"])
    given["list"].append(2)
    step.table("t").get("k")["list"].append(3)
    effects = step.effects()
    assert effects.changes == (("t", "k", {"list": [1]}),)
    assert effects.plans[0].data == {"order": [1]}


def test_the_journal_alone_rebuilds_what_a_world_remembers() -> None:
    emulator = acme()
    enlist(emulator)
    for body in (b"one", b"fail", b"two"):
        call(emulator, body)
        turn(emulator, 20)
    live, folded = emulator.world.state, fold(emulator.world.journal.entries)
    assert folded.snapshot() == live.snapshot()
    assert folded.accounts["acme"].agenda.next() == emulator.account.agenda.next()


@pytest.mark.parametrize("seed", [0, 1])
def test_each_value_follows_from_seed_purpose_and_number_alone(seed: int) -> None:
    alone, busy = acme(seed), acme(seed)
    enlist(alone)
    enlist(busy)
    busy.emit("b", count=10)
    # Orders are numbered apart from events.
    assert call(alone).reply == call(busy).reply
    assert alone.emit("a").payload != busy.emit("a").payload
    assert call(acme(seed)).reply != call(acme(seed + 1)).reply
