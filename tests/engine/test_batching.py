"""What travels together, and when: through real sockets, on virtual time."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from emulators import catalog
from emulators.errors import Closed, InvalidValue, NobodyListens, UnknownName, VerificationFailed
from tests.support.receiver import Receiver

SECOND = 1_000_000


def sizes(app: Receiver) -> list[int]:
    return [len(post.json) for post in app.posts]


def seconds(emulator) -> list[float]:
    """When deliveries were made, in seconds since the start."""
    start = emulator.world.journal.entries[0].instant
    return [(d.instant - start) / SECOND for d in emulator.deliveries()]


def test_2500_sendpulse_events_are_two_full_batches_at_once_and_the_rest_at_the_windows_end(
    sendpulse,
) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        emitted = sendpulse.emit("opened", count=2500)
        sendpulse.advance(0)
        assert sizes(app) == [1000, 1000]
        sendpulse.advance(59)
        assert sizes(app) == [1000, 1000]
        sendpulse.advance(1)
        assert sizes(app) == [1000, 1000, 500]
        arrived = [event for post in app.posts for event in post.json]
        assert arrived == [event.payload for event in emitted]
    assert seconds(sendpulse) == [0, 0, 60]


def test_999_wait_for_the_window_and_the_1000th_sends_them_at_once(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        sendpulse.emit("opened", count=999)
        sendpulse.advance(30)
        assert app.posts == []
        sendpulse.emit("clicked")
        sendpulse.advance(0)
        assert sizes(app) == [1000]
        assert {event["event"] for event in app.posts[0].json} == {"opened", "clicked"}
    assert seconds(sendpulse) == [30]


def test_a_window_begins_with_the_first_event_and_the_next_one_after_its_end(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        sendpulse.advance(10)
        sendpulse.emit("delivered", recipient="1@example.com")
        sendpulse.advance(59)
        sendpulse.emit("opened", recipient="2@example.com")
        sendpulse.advance(1)
        # At the very instant of its end a batch takes nothing in any more.
        sendpulse.emit("clicked", recipient="3@example.com")
        sendpulse.advance("5m")
        assert [[event["recipient"][0] for event in post.json] for post in app.posts] == [["1", "2"], ["3"]]
    assert seconds(sendpulse) == [70, 130]


def test_a_batch_that_waits_behind_another_takes_nothing_in_after_its_window(esputnik) -> None:
    with Receiver(500, 500, 500) as app:
        esputnik.subscribe(app.url)
        for number in range(4):
            esputnik.emit("READ", email=f"{number}@example.com")
            esputnik.advance("61s")
        esputnik.drain()
        assert [post.json[0]["email"][0] for post in app.posts] == ["0", "0", "0", "0", "1", "2", "3"]


def test_a_single_event_travels_in_an_array_except_to_pushwoosh(sendpulse, esputnik, pushwoosh) -> None:
    for emulator, kind, shape in (
        (sendpulse, "opened", list),
        (esputnik, "READ", list),
        (pushwoosh, "Email Sent", dict),
    ):
        with Receiver() as app:
            emulator.subscribe(app.url)
            emulator.emit(kind)
            emulator.advance("1m")
            assert [type(post.json) for post in app.posts] == [shape]
            assert app.posts[0].headers["content-type"] == "application/json"


def test_flushing_sends_what_waits_now(sendpulse, esputnik) -> None:
    with Receiver() as app, Receiver() as other:
        sendpulse.subscribe(app.url)
        esputnik.subscribe(other.url)
        sendpulse.emit("opened", count=3)
        esputnik.emit("READ")
        sendpulse.flush()
        assert sizes(app) == [3]
        assert other.posts == []
        sendpulse.advance("5m")
        assert sizes(app) == [3]
        assert sizes(other) == [1]
    assert seconds(sendpulse) == [0]


def test_each_receiver_gets_the_kinds_it_wants(sendpulse) -> None:
    with Receiver() as opens, Receiver() as all_kinds:
        sendpulse.subscribe(opens.url, kinds=["opened"])
        sendpulse.subscribe(all_kinds.url)
        for kind in ("opened", "clicked", "opened"):
            sendpulse.emit(kind)
        sendpulse.advance("1m")
        assert [event["event"] for event in opens.posts[0].json] == ["opened", "opened"]
        assert [event["event"] for event in all_kinds.posts[0].json] == ["opened", "clicked", "opened"]


def test_what_nobody_wants_is_not_emitted_in_silence(sendpulse) -> None:
    with pytest.raises(NobodyListens, match=r"wants smtp\.opened; subscribe first"):
        sendpulse.emit("opened")
    with Receiver() as app:
        sendpulse.subscribe(app.url, kinds=["clicked"])
        with pytest.raises(NobodyListens):
            sendpulse.emit("opened")
        with pytest.raises(UnknownName, match="did you mean 'clicked'"):
            sendpulse.emit("clickd")
        sendpulse.advance("5m")
        assert app.posts == []


def test_sent_json_and_bytes_arrive_as_they_are_behind_what_waits(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ")
        esputnik.send({"no": ["schema", 1.5, None]})
        esputnik.send(b"\xff not even JSON")
        esputnik.advance(0)
        assert len(app.posts[0].json) == 1
        assert app.posts[1].json == {"no": ["schema", 1.5, None]}
        assert app.posts[2].body == b"\xff not even JSON"


@pytest.mark.parametrize("sample", ["activity.bulk", "activity.triggered"])
def test_a_replayed_sample_arrives_byte_for_byte(esputnik, sample: str) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        esputnik.replay(sample)
        esputnik.advance(0)
        shipped = catalog.root() / "esputnik" / "2023-09" / "samples" / f"{sample}.json"
        assert app.posts[0].body == shipped.read_bytes()
    assert esputnik.deliveries()[0].label == sample
    with pytest.raises(UnknownName, match=r"did you mean 'activity\.bulk'"):
        esputnik.replay("activity.bulky")


def test_a_url_that_fails_its_verification_stays_inactive(esputnik) -> None:
    with Receiver(get=403) as app:
        with pytest.raises(VerificationFailed, match="answered 403") as failed:
            esputnik.subscribe(app.url)
        assert failed.value.status == 403
        (probe,) = esputnik.probes()
        assert (probe.method, probe.url, probe.status, probe.accepted) == ("GET", app.url, 403, False)
        assert [s.state for s in esputnik.subscriptions()] == ["inactive"]
        with pytest.raises(NobodyListens):
            esputnik.emit("READ")
        app.get = 200
        assert esputnik.subscribe(app.url).state == "active"
        assert [request.method for request in app.received] == ["GET", "GET"]
    assert [probe.accepted for probe in esputnik.probes()] == [False, True]
    assert esputnik.deliveries() == []


def test_a_failed_verification_of_a_second_url_leaves_the_first_in_place(esputnik) -> None:
    with Receiver() as first, Receiver(get=500) as second:
        kept = esputnik.subscribe(first.url)
        with pytest.raises(VerificationFailed):
            esputnik.subscribe(second.url)
        assert kept.state == "active"
        esputnik.emit("READ")
        esputnik.advance("1m")
        assert (len(first.posts), len(second.posts)) == (1, 0)


def test_a_second_url_of_esputnik_replaces_the_first_and_takes_over_its_line(esputnik) -> None:
    with Receiver(then=500) as first, Receiver() as second:
        old = esputnik.subscribe(first.url)
        esputnik.emit("READ", email="1@example.com")
        esputnik.advance("2m")
        esputnik.emit("READ", email="2@example.com")
        tried = len(first.posts)
        new = esputnik.subscribe(second.url)
        assert (old.state, new.state) == ("replaced", "active")
        esputnik.drain()
        assert len(first.posts) == tried == 2
        assert [post.json[0]["email"] for post in second.posts] == ["1@example.com", "2@example.com"]
        assert second.posts[0].body == first.posts[0].body


def test_what_a_successor_takes_over_is_cut_to_its_own_batches(esputnik) -> None:
    with Receiver(500) as first, Receiver() as second:
        esputnik.subscribe(first.url)
        emitted = esputnik.emit("READ", count=5)
        esputnik.advance("1m")
        esputnik.subscribe(second.url, batch_size=1, envelope="object")
        esputnik.drain()
        assert [post.json for post in second.posts] == [event.payload for event in emitted]


def test_a_second_url_of_sendpulse_is_one_more(sendpulse) -> None:
    with Receiver() as first, Receiver() as second:
        sendpulse.subscribe(first.url)
        sendpulse.subscribe(second.url)
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        assert first.posts[0].body == second.posts[0].body


def test_a_pause_holds_back_what_waits_and_a_cancellation_forgets_it(sendpulse) -> None:
    with Receiver() as app, Receiver() as other:
        paused, cancelled = sendpulse.subscribe(app.url), sendpulse.subscribe(other.url)
        sendpulse.emit("opened", recipient="before@example.com")
        paused.pause()
        cancelled.cancel()
        with pytest.raises(NobodyListens):
            sendpulse.emit("opened", recipient="meanwhile@example.com")
        sendpulse.advance("1h")
        assert (app.posts, other.posts) == ([], [])
        paused.resume()
        sendpulse.advance(0)
        assert [event["recipient"] for event in app.posts[0].json] == ["before@example.com"]
        sendpulse.drain()
        assert (sizes(app), other.posts) == ([1], [])


def test_the_body_is_json_in_utf8(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ", messageName="Знижки — 50 %")
        esputnik.advance("1m")
        assert "Знижки — 50 %".encode() in app.posts[0].body
        assert json.loads(app.posts[0].body)[0]["messageName"] == "Знижки — 50 %"


def test_the_requests_of_one_subscription_go_out_one_after_another_even_at_one_instant(pushwoosh) -> None:
    under_way = 0
    most = 0

    async def answer(request: web.BaseRequest) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        return web.Response(status=200)

    with Receiver(then=answer) as app:
        pushwoosh.subscribe(app.url)
        emitted = pushwoosh.emit("Email Sent", count=30)
        pushwoosh.advance(0)
        assert [post.body for post in app.posts] == [event.body for event in emitted]
    assert most == 1


def test_an_event_during_a_pause_is_refused_saying_that_it_is_one(esputnik) -> None:
    with Receiver() as app:
        subscription = esputnik.subscribe(app.url)
        subscription.pause()
        with pytest.raises(NobodyListens, match="subscription 1 is paused"):
            esputnik.emit("READ")


def test_a_subscription_of_before_a_reset_is_gone_and_says_so(esputnik) -> None:
    with Receiver() as app:
        subscription = esputnik.subscribe(app.url)
        esputnik.reset()
        assert repr(subscription) == "<Subscription 1, gone>"
        with pytest.raises(Closed, match="the emulator was reset"):
            subscription.pause()


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda e: e.subscribe("http://127.0.0.1:1/", auth="token"), "auth: expected"),
        (lambda e: e.emit("READ", count="3"), "count: expected a whole number"),
        (lambda e: e.emit("READ", {"email": "a@example.com"}, email="b@example.com"), "email: given twice"),
        (lambda e: e.advance(10**12), "the year 9999"),
        (lambda e: e.drain(10**12), "the year 9999"),
        (lambda e: e.emit("READ", hardBounce=True), "it comes only with the status UNDELIVERED"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(ask, told, esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        with pytest.raises(InvalidValue, match=told):
            ask(esputnik)
        with pytest.raises(TypeError):
            esputnik.send({1, 2})
