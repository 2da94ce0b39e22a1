"""A clock that runs by itself. Nobody sleeps here: each test waits for the fact it is about."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from emulators import in_loop
from emulators.engine.journal import Delivery
from tests.support.receiver import Receiver


class Told:
    """A handler that answers at once and lets a test wait until so many requests have come."""

    def __init__(self) -> None:
        self.came = asyncio.Semaphore(0)

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.came.release()
        return web.Response()


async def landed(emulator, count: int) -> list[Delivery]:
    """The deliveries, as soon as there are `count`."""
    heard = asyncio.Event()
    emulator.world.journal.listeners.append(lambda entry: heard.set())
    while len(emulator.deliveries()) < count:
        heard.clear()
        await heard.wait()
    return emulator.deliveries()


def run(story) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))


def test_deliveries_happen_by_themselves() -> None:
    async def story() -> None:
        app = Receiver(then=Told())
        async with in_loop("sendpulse", clock=1000) as sendpulse, app:
            await sendpulse.aio.subscribe(app.url)
            emitted = sendpulse.emit("opened")
            await app.then.came.acquire()
            (delivery,) = await landed(sendpulse, 1)
            assert delivery.outcome == "acknowledged"
            assert delivery.at - emitted.at >= timedelta(minutes=1)

    run(story)


def test_retries_happen_by_themselves() -> None:
    async def story() -> None:
        async with in_loop("sendpulse", clock=20_000) as sendpulse, Receiver(500, 500) as app:
            await sendpulse.aio.subscribe(app.url)
            sendpulse.emit("opened")
            first, second, third = await landed(sendpulse, 3)
            assert [d.outcome for d in (first, second, third)] == [
                *["rescheduled"] * 2,
                "acknowledged",
            ]
            assert second.at >= first.next_at
            assert third.at >= second.next_at

    run(story)


def test_an_advance_jumps_ahead_and_delivers_on_the_way() -> None:
    async def story() -> None:
        async with in_loop("esputnik", clock="wall") as esputnik, Receiver(500) as app:
            await esputnik.aio.subscribe(app.url)
            emitted = esputnik.emit("READ")
            before = esputnik.now
            await esputnik.aio.advance("1h")
            assert esputnik.now - before >= timedelta(hours=1)
            assert [d.outcome for d in esputnik.deliveries()] == ["rescheduled", "acknowledged"]
            waits = [d.at - emitted.at for d in esputnik.deliveries()]
            assert timedelta(minutes=1) <= waits[0]
            assert timedelta(minutes=2) <= waits[1]
            assert waits[1] < timedelta(hours=1)

    run(story)


def test_two_receivers_that_hang_do_not_hold_up_a_third() -> None:
    async def story() -> None:
        hanging = asyncio.Event()

        async def hang(request: web.BaseRequest) -> web.Response:
            await hanging.wait()
            return web.Response()

        told = Told()
        async with (
            in_loop("pushwoosh", clock="wall") as pushwoosh,
            Receiver(then=hang) as one,
            Receiver(then=hang) as two,
            Receiver(then=told) as three,
        ):
            for app in (one, two, three):
                await pushwoosh.aio.subscribe(app.url, second_url="adds", patience=60)
            for _ in range(3):
                pushwoosh.emit("Email Sent")
                await told.came.acquire()
            await landed(pushwoosh, 3)
            assert {d.subscription for d in pushwoosh.deliveries()} == {3}
            hanging.set()
            await landed(pushwoosh, 9)
            assert {d.outcome for d in pushwoosh.deliveries()} == {"acknowledged"}

    run(story)


def test_what_is_emitted_from_another_thread_wakes_the_clock() -> None:
    async def story() -> None:
        told = Told()
        async with in_loop("pushwoosh", clock="wall") as pushwoosh, Receiver(then=told) as app:
            await pushwoosh.aio.subscribe(app.url)
            await asyncio.to_thread(pushwoosh.emit, "Email Sent")
            await told.came.acquire()

    run(story)


def test_an_emulator_that_was_let_go_does_not_wake_a_clock_that_is_gone() -> None:
    kept = []

    async def story() -> None:
        async with in_loop("pushwoosh", clock="wall") as pushwoosh, Receiver() as app:
            await pushwoosh.aio.subscribe(app.url)
            kept.append(pushwoosh)

    run(story)
    # Its loop is closed by now.
    kept[0].world.wake()


def test_an_advance_waits_for_what_is_under_way() -> None:
    async def story() -> None:
        asked, answer = asyncio.Event(), asyncio.Event()

        async def slow(request: web.BaseRequest) -> web.Response:
            asked.set()
            await answer.wait()
            return web.Response()

        async with in_loop("pushwoosh", clock="wall") as pushwoosh, Receiver(slow) as app:
            await pushwoosh.aio.subscribe(app.url)
            pushwoosh.emit("Email Sent")
            await asked.wait()
            turning = asyncio.create_task(pushwoosh.aio.advance("1h"))
            await asyncio.sleep(0)
            answer.set()
            await turning
            (delivery,) = pushwoosh.deliveries()
            assert delivery.outcome == "acknowledged"
            assert pushwoosh.now - delivery.at >= timedelta(minutes=59)

    run(story)


def test_delays_count_from_when_an_attempt_really_starts_not_from_when_it_was_due() -> None:
    async def story() -> None:
        asked, answer = asyncio.Semaphore(0), asyncio.Semaphore(0)

        async def slow(request: web.BaseRequest) -> web.Response:
            asked.release()
            await answer.acquire()
            return web.Response(status=500)

        async with in_loop("sendpulse", clock="wall") as sendpulse, Receiver(then=slow) as app:
            await sendpulse.aio.subscribe(app.url, batch_size=1, retry_delays=[3600])
            sendpulse.emit("opened", count=2)
            await asked.acquire()
            answer.release()
            await asked.acquire()
            answer.release()
            first, second = await landed(sendpulse, 2)
            assert first.at < second.at
            for delivery in (first, second):
                assert delivery.next_at - delivery.at == timedelta(hours=1)

    run(story)


def test_the_requests_of_a_subscription_go_one_after_another_and_those_of_others_beside_them() -> None:
    async def story() -> None:
        asked, answer = asyncio.Semaphore(0), asyncio.Event()

        async def slow(request: web.BaseRequest) -> web.Response:
            asked.release()
            await answer.wait()
            return web.Response()

        other = Receiver(then=Told())
        async with in_loop("sendpulse", clock="wall") as sendpulse, Receiver(then=slow) as app, other:
            await sendpulse.aio.subscribe(app.url, ["opened"], batch_size=1)
            await sendpulse.aio.subscribe(other.url, ["clicked"], batch_size=1)
            sendpulse.emit("opened", count=3)
            await asked.acquire()
            sendpulse.emit("clicked", count=2)
            for _ in range(2):
                await other.then.came.acquire()
            assert len(app.posts) == 1
            answer.set()
            await landed(sendpulse, 5)
            assert len(app.posts) == 3

    run(story)


def test_an_attempt_that_a_stop_breaks_off_is_on_record() -> None:
    async def story() -> None:
        asked = asyncio.Event()

        async def hang(request: web.BaseRequest) -> web.Response:
            asked.set()
            await asyncio.Event().wait()
            return web.Response()

        async with Receiver(then=hang) as app:
            async with in_loop("sendpulse", clock="wall") as sendpulse:
                await sendpulse.aio.subscribe(app.url, batch_size=1)
                sendpulse.emit("opened")
                await asked.wait()
            (delivery,) = sendpulse.deliveries()
            assert (delivery.outcome, "broken off" in delivery.reason) == ("rescheduled", True)

    run(story)


def test_where_real_and_vendors_time_are_one_the_vendors_time_out_is_waited_for() -> None:
    async def story() -> None:
        async def hang(request: web.BaseRequest) -> web.Response:
            await asyncio.Event().wait()
            return web.Response()

        async with (
            Receiver(then=hang) as app,
            in_loop("pushwoosh", clock="wall") as pushwoosh,
        ):
            await pushwoosh.aio.subscribe(app.url, timeout=0.05)
            pushwoosh.emit("Email Sent")
            (delivery,) = await landed(pushwoosh, 1)
            assert delivery.reason.startswith("no answer within 0.05 s")

    run(story)
