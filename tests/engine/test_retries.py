"""What a vendor does when a receiver fails: through real sockets, on virtual time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from emulators.errors import StillOwed
from tests.support.receiver import Receiver, free_port_url
from tests.support.rude import RudeReceiver

MINUTE = 60_000_000


def minutes(deliveries: list[Any]) -> list[float]:
    """When attempts were made, in minutes after the first."""
    return [(d.instant - deliveries[0].instant) / MINUTE for d in deliveries]


def test_esputnik_tries_a_receiver_that_is_down_for_a_day_at_the_documented_minutes(esputnik) -> None:
    with Receiver(then=503) as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ", count=3)
        esputnik.advance("1m")
        esputnik.advance("24h")
        expected = [0, 1, 3, 7, 15, 31, 63, *range(123, 24 * 60, 60)]
        assert minutes(esputnik.deliveries()) == expected
        assert len(app.posts) == len(expected)
        assert len({post.body for post in app.posts}) == 1
        assert [d.attempt for d in esputnik.deliveries()] == list(range(1, len(expected) + 1))
        app.then = 200
        esputnik.advance("1h")
        assert esputnik.deliveries()[-1].outcome == "acknowledged"
        assert app.posts[-1].body == app.posts[0].body
        esputnik.advance("24h")
        assert len(app.posts) == len(expected) + 1


@pytest.mark.parametrize("status", [201, 202, 204, 301, 302, 400, 404, 410, 500])
def test_any_answer_but_200_is_a_failure_for_esputnik(esputnik, status: int) -> None:
    with Receiver(status) as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ")
        esputnik.advance("2m")
        assert len(app.posts) == 2
    first, second = esputnik.deliveries()
    assert (first.status, first.outcome) == (status, "rescheduled")
    assert first.reason == f"answered {status}, only 200 acknowledges"
    assert (second.status, second.outcome, second.next_at) == (200, "acknowledged", None)


def test_the_target_of_a_redirect_is_never_visited(esputnik) -> None:
    with Receiver() as elsewhere:

        async def moved(request: web.BaseRequest) -> web.Response:
            return web.Response(status=301, headers={"location": elsewhere.url})

        with Receiver(then=moved) as app:
            esputnik.subscribe(app.url)
            esputnik.emit("READ")
            esputnik.advance("10m")
            assert len(app.posts) == 4
        assert elsewhere.received == []
    assert {(d.status, d.outcome) for d in esputnik.deliveries()} == {(301, "rescheduled")}


def test_batches_that_come_up_behind_a_failing_one_wait_and_then_arrive_in_order(esputnik) -> None:
    with Receiver(then=500) as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ", email="0@example.com")
        esputnik.advance("1m")
        for number in range(1, 6):
            esputnik.emit("READ", email=f"{number}@example.com")
            esputnik.advance("10m")
        # Only the first was ever tried.
        assert {post.body for post in app.posts} == {app.posts[0].body}
        assert len(esputnik.world.owed()) == 6
        app.then = 200
        esputnik.drain()
        arrived = [post.json for post in app.posts[-6:]]
        assert [[event["email"] for event in batch] for batch in arrived] == [
            [f"{number}@example.com"] for number in range(6)
        ]
        # Each goes as soon as the one before it is through, at one instant.
        assert len({d.instant for d in esputnik.deliveries()[-6:]}) == 1


def test_sendpulse_tries_after_1_5_and_15_minutes_and_then_abandons_on_record(sendpulse) -> None:
    with Receiver(then=500) as app:
        sendpulse.subscribe(app.url)
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        sendpulse.advance("24h")
        assert len(app.posts) == 4
        assert len({post.body for post in app.posts}) == 1
    assert minutes(sendpulse.deliveries()) == [0, 1, 6, 21]
    assert [d.outcome for d in sendpulse.deliveries()] == [*["rescheduled"] * 3, "abandoned"]
    assert sendpulse.deliveries()[-1].reason.endswith("; no further attempt")
    sendpulse.drain()


def test_for_sendpulse_a_failing_batch_does_not_hold_up_later_ones(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url)
        sendpulse.emit("opened", recipient="first@example.com")
        sendpulse.advance("90s")
        sendpulse.emit("opened", recipient="second@example.com")
        sendpulse.advance("2m")
        arrived = [post.json[0]["recipient"] for post in app.posts]
    assert arrived == ["first@example.com", "first@example.com", "second@example.com"]
    assert minutes(sendpulse.deliveries()) == [0, 1, 1.5]


def test_pushwoosh_sends_at_once_and_never_again(pushwoosh) -> None:
    with Receiver(500) as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.emit("Email Sent", count=2)
        pushwoosh.advance(0)
        assert [type(post.json) for post in app.posts] == [dict, dict]
        pushwoosh.advance("24h")
        assert len(app.posts) == 2
    assert [d.outcome for d in pushwoosh.deliveries()] == ["abandoned", "acknowledged"]
    assert pushwoosh.deliveries()[0].instant == pushwoosh.deliveries()[1].instant


def test_a_policy_may_be_overridden_for_one_subscription(sendpulse) -> None:
    with Receiver(503, 410) as app:
        sendpulse.subscribe(
            app.url,
            batch_window=5,
            retry_delays=[7],
            retry_after_last="repeat",
            answers={"200": "acknowledge", "410": "abandon", "*": "retry"},
        )
        sendpulse.emit("opened")
        sendpulse.advance("1h")
    assert [d.outcome for d in sendpulse.deliveries()] == ["rescheduled", "abandoned"]
    start = sendpulse.world.journal.entries[0].instant
    assert [(d.instant - start) / 1e6 for d in sendpulse.deliveries()] == [5, 12]


def test_a_receiver_that_hangs_is_waited_for_as_long_as_patience_says(sendpulse) -> None:
    with RudeReceiver("hang") as app:
        sendpulse.subscribe(app.url, patience=0.2)
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        assert app.bodies == [sendpulse.deliveries()[0].body]
    assert sendpulse.deliveries()[0].reason == "no answer within 0.2 s of real time"
    # No time of the world passes in an attempt.
    assert sendpulse.deliveries()[0].next_instant == sendpulse.world.now() + MINUTE


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("close", "connection closed without an answer"),
        ("reset", "connection broken"),
        ("babble", "the answer is not HTTP"),
    ],
)
def test_what_is_no_answer_is_a_failure_that_says_what_came(sendpulse, manner: str, reason: str) -> None:
    with RudeReceiver(manner) as app:
        sendpulse.subscribe(app.url)
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        assert app.bodies == [sendpulse.deliveries()[0].body]
    only = sendpulse.deliveries()[0]
    assert (only.status, only.outcome) == (None, "rescheduled")
    assert reason in only.reason


def test_a_refused_connection_is_a_failure(sendpulse) -> None:
    sendpulse.subscribe(free_port_url())
    sendpulse.emit("opened")
    sendpulse.advance("1m")
    only = sendpulse.deliveries()[0]
    assert (only.status, only.outcome) == (None, "rescheduled")
    assert only.reason.startswith("no connection: ")
    assert "refused" in only.reason.lower()


def test_an_endless_answer_counts_by_its_status_and_is_not_read_to_its_end(sendpulse) -> None:
    with RudeReceiver("flood") as app:
        sendpulse.subscribe(app.url, patience=30)
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        assert sendpulse.deliveries()[0].status == 200
        # It ended because we hung up, not because all of it was taken.
        assert app.hung_up.wait(timeout=10)


def test_a_compressed_answer_is_not_unpacked(sendpulse) -> None:
    async def broken_gzip(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"this is no gzip", headers={"content-encoding": "gzip"})

    with Receiver(then=broken_gzip) as app:
        sendpulse.subscribe(app.url)
        sendpulse.emit("opened")
        sendpulse.advance("1m")
    assert [(d.status, d.outcome) for d in sendpulse.deliveries()] == [(200, "acknowledged")]


def test_draining_ends_as_soon_as_nothing_is_owed(esputnik) -> None:
    with Receiver(500, 500) as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ")
        begin = esputnik.world.now()
        esputnik.drain()
        assert len(app.posts) == 3
    assert esputnik.world.now() - begin == (1 + 1 + 2) * MINUTE


def test_what_is_owed_after_draining_is_named(esputnik) -> None:
    with Receiver(then=500) as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ", count=2)
        with pytest.raises(StillOwed) as failed:
            esputnik.drain("5m")
        told = str(failed.value)
        assert app.url in told
        assert "after 5m" in told
        assert "2 event(s), 3 attempt(s) made, next at 2026-01-01T00:08:00+00:00" in told


def test_a_day_of_outage_holds_five_later_batches_back_and_then_all_arrive_in_order(esputnik) -> None:
    with Receiver(then=503) as app:
        esputnik.subscribe(app.url)
        batches = [esputnik.emit("READ", count=2)]
        for _ in range(5):
            esputnik.advance("2h")
            batches.append(esputnik.emit("CLICKED", count=3))
        esputnik.advance("14h")
        down = esputnik.deliveries()
        assert minutes(down)[:8] == [0, 1, 3, 7, 15, 31, 63, 123]
        assert minutes(down)[-1] == 123 + 60 * 21
        assert {post.body for post in app.posts} == {app.posts[0].body}, (
            "only the first is tried, always the same"
        )
        app.then = 200
        esputnik.drain()
        up = esputnik.deliveries()[len(down) :]
        assert [list(delivery.events) for delivery in up] == batches
        assert [delivery.outcome for delivery in up] == ["acknowledged"] * 6
        # All of them at the first attempt that succeeds: an hour after the last that failed.
        assert {delivery.at for delivery in up} == {down[-1].at + timedelta(hours=1)}
        arrived = [event for post in app.posts[len(down) :] for event in post.json]
        assert arrived == [event.payload for batch in batches for event in batch]
