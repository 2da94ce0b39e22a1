"""Several receivers, several emulators and a clock that somebody, or nobody, turns."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from emulators import in_loop
from emulators.engine.journal import Delivery, Subscribed
from emulators.errors import ClockBusy, Runaway
from emulators.faults import Duplicate
from tests.support.receiver import Receiver


class Gate:
    """A receiver's handler that answers when the test says so."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.asked.set()
        await self.open.wait()
        return web.Response(status=self.status)


def watched(emulator: Any, urls: list[str]) -> dict[str, asyncio.Event]:
    """Events that say that the answer of a receiver has reached the vendor."""
    courier = emulator.world.crank._courier
    events, send = {url: asyncio.Event() for url in urls}, courier.send

    async def watch(request: Any) -> Any:
        answer = await send(request)
        events[request.url].set()
        return answer

    courier.send = watch
    return events


async def told_by(order: list[int]) -> list[Any]:
    """The journal of one story in which three receivers answer in this order."""
    gates = [Gate(200), Gate(500), Gate(202)]
    async with (
        in_loop("sendpulse", seed=1) as sendpulse,
        Receiver(gates[0]) as first,
        Receiver(gates[1]) as second,
        Receiver(gates[2]) as third,
    ):
        urls = [first.url, second.url, third.url]
        for url in urls:
            await sendpulse.aio.subscribe(url)
        answered = watched(sendpulse, urls)
        sendpulse.emit("opened", count=2)
        turning = asyncio.create_task(sendpulse.aio.advance("1m"))
        # All three were asked before any has answered.
        await asyncio.gather(*(gate.asked.wait() for gate in gates))
        assert sendpulse.deliveries() == []
        for number in order:
            gates[number].open.set()
            await answered[urls[number]].wait()
        await turning
        await sendpulse.aio.drain()
        assert [len(app.posts) for app in (first, second, third)] == [1, 2, 1]
        return [anonymous(entry, urls) for entry in sendpulse.world.journal.entries]


def anonymous(entry: Any, urls: list[str]) -> Any:
    """The entry without the ports, which are new in every run."""
    if isinstance(entry, Delivery):
        return replace(entry, url=str(urls.index(entry.url)))
    if hasattr(entry, "registration"):
        return replace(entry, registration=replace(entry.registration, url=""))
    return entry


def test_the_journal_does_not_depend_on_who_answers_first() -> None:
    stories = [asyncio.run(told_by(order)) for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0])]
    assert stories[0] == stories[1] == stories[2]
    delivered = [entry for entry in stories[0] if isinstance(entry, Delivery)]
    assert [(d.subscription, d.status) for d in delivered] == [(1, 200), (2, 500), (3, 202), (2, 200)]


def test_a_second_hand_on_the_clock_is_refused_and_the_first_goes_on() -> None:
    async def story() -> None:
        gate = Gate()
        async with in_loop("sendpulse") as sendpulse, Receiver(gate) as app:
            await sendpulse.aio.subscribe(app.url)
            sendpulse.emit("opened")
            turning = asyncio.create_task(sendpulse.aio.advance("1m"))
            await gate.asked.wait()
            for verb in (sendpulse.aio.advance(1), sendpulse.aio.drain(), sendpulse.aio.flush()):
                with pytest.raises(ClockBusy, match="await that call before the next"):
                    await verb
            gate.open.set()
            await turning
            assert sendpulse.deliveries()[0].outcome == "acknowledged"
            await sendpulse.aio.advance(1)

    asyncio.run(story())


def test_what_is_emitted_while_the_clock_turns_is_not_lost() -> None:
    async def story() -> None:
        gate = Gate()
        async with in_loop("esputnik") as esputnik, Receiver(gate) as app:
            await esputnik.aio.subscribe(app.url)
            esputnik.emit("READ", email="1@example.com")
            turning = asyncio.create_task(esputnik.aio.advance("10m"))
            await gate.asked.wait()
            esputnik.emit("READ", email="2@example.com")
            gate.open.set()
            await turning
            assert [post.json[0]["email"][0] for post in app.posts] == ["1", "2"]
            assert [d.at.minute for d in esputnik.deliveries()] == [1, 2]

    asyncio.run(story())


def test_a_url_that_is_replaced_while_a_request_is_under_way_leaves_nothing_behind() -> None:
    async def story() -> None:
        gate = Gate(500)
        async with in_loop("esputnik") as esputnik, Receiver(gate) as old, Receiver() as new:
            await esputnik.aio.subscribe(old.url)
            esputnik.emit("READ")
            turning = asyncio.create_task(esputnik.aio.advance("1m"))
            await gate.asked.wait()
            await esputnik.aio.subscribe(new.url)
            gate.open.set()
            await turning
            await esputnik.aio.drain()
            assert [post.body for post in new.posts] == [post.body for post in old.posts]
            assert [d.outcome for d in esputnik.deliveries()] == ["rescheduled", "acknowledged"]

    asyncio.run(story())


def test_an_advance_that_is_broken_off_loses_nothing() -> None:
    async def story() -> None:
        gate = Gate()
        async with in_loop("sendpulse") as sendpulse, Receiver(gate) as app:
            await sendpulse.aio.subscribe(app.url)
            sendpulse.emit("opened")
            turning = asyncio.create_task(sendpulse.aio.advance("1m"))
            await gate.asked.wait()
            turning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turning
            assert sendpulse.deliveries()[0].outcome == "rescheduled"
            assert "broken off on our side" in sendpulse.deliveries()[0].reason
            gate.open.set()
            await sendpulse.aio.drain()
            assert sendpulse.deliveries()[-1].outcome == "acknowledged"

    asyncio.run(story())


def test_a_receiver_that_causes_an_event_with_every_delivery_is_told_apart_from_much_work() -> None:
    async def story() -> None:
        async with in_loop("pushwoosh") as pushwoosh:

            async def again(request: web.BaseRequest) -> web.Response:
                pushwoosh.emit("Email Opened")
                return web.Response()

            async with Receiver(then=again) as app:
                await pushwoosh.aio.subscribe(app.url)
                pushwoosh.world.crank.most_per_instant = 30
                pushwoosh.emit("Email Sent")
                with pytest.raises(Runaway, match="does each delivery cause another one"):
                    await pushwoosh.aio.advance(0)
                assert len(app.posts) == 31
                # Much that waits already is no runaway, and the clock can be turned again.
                app.then = 200
                pushwoosh.emit("Email Sent", count=100)
                await pushwoosh.aio.advance(0)
                assert len(app.posts) >= 131

    asyncio.run(story())


def test_duplicates_without_end_are_a_runaway(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.world.crank.most_per_instant = 30
        with pushwoosh.inject(Duplicate(times=None)):
            pushwoosh.emit("Email Sent")
            with pytest.raises(Runaway):
                pushwoosh.advance(0)
        assert len({post.body for post in app.posts}) == 1
        assert len(app.posts) == 31
        # The last attempt is on record as well, and nothing stays on its way for ever.
        assert pushwoosh.deliveries()[-1].outcome == "abandoned"
        assert pushwoosh.world.owed() == []


def test_no_time_at_all_delivers_what_is_due_and_nothing_else(pushwoosh, sendpulse) -> None:
    with Receiver() as app, Receiver() as other:
        pushwoosh.subscribe(app.url)
        sendpulse.subscribe(other.url)
        pushwoosh.emit("Email Sent")
        sendpulse.emit("opened")
        before = pushwoosh.now
        sendpulse.advance(0)
        assert (len(app.posts), len(other.posts)) == (1, 0)
        assert pushwoosh.now == before


def test_one_turn_moves_every_emulator_of_the_world_in_the_order_of_time(sendpulse, esputnik) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url, batch_window=30)
        esputnik.subscribe(app.url, batch_window=60)
        sendpulse.emit("opened")
        esputnik.emit("READ")
        sendpulse.advance("2m")
    delivered = [e for e in sendpulse.world.journal.entries if isinstance(e, Delivery)]
    assert [(d.emulator, d.at.minute * 60 + d.at.second) for d in delivered] == [
        ("sendpulse", 30),
        ("esputnik", 60),
        ("sendpulse", 90),
    ]
    assert sendpulse.now == esputnik.now


def test_a_reset_forgets_everything_but_the_time(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        first = sendpulse.emit("opened")
        sendpulse.advance(10)
        now = sendpulse.now
        sendpulse.reset()
        assert sendpulse.now == now
        assert (sendpulse.subscriptions(), sendpulse.deliveries(), sendpulse.probes()) == ([], [], [])
        sendpulse.advance("5m")
        assert app.posts == []
        sendpulse.subscribe(app.url)
        again = sendpulse.emit("opened")
        assert again.ordinal == first.ordinal == 1
        assert len(list(sendpulse.world.journal.of(Subscribed, "sendpulse"))) == 1


def test_a_subscription_that_hangs_holds_up_no_other_and_its_own_requests_for_one_patience_only(
    sendpulse,
) -> None:
    async def hang(request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    with Receiver(then=hang) as hanging, Receiver() as app:
        sendpulse.subscribe(hanging.url, batch_size=1, patience=0.2)
        sendpulse.subscribe(app.url, batch_size=1)
        sendpulse.emit("opened", count=150)
        sendpulse.advance(0)
        assert len(app.posts) == 150
    late = [d for d in sendpulse.deliveries() if d.status is None]
    assert [(d.attempt, d.outcome) for d in late] == [(1, "rescheduled")] * 150
    order = [(d.subscription, d.shipment) for d in sendpulse.deliveries()]
    assert order == sorted(order)


def test_a_receivers_own_header_takes_the_place_of_the_vendors(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url, headers={"Content-Type": "application/json; charset=UTF-8"})
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        assert app.posts[0].headers["content-type"] == "application/json; charset=UTF-8"
        assert sendpulse.deliveries()[0].status == 200
