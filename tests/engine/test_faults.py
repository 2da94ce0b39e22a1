"""Each planned misbehaviour towards a receiver: what the receiver really got, and what the journal says."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from emulators.errors import InvalidValue, UnknownName
from emulators.faults import Drop, Duplicate, LostAck, Recompose, Reorder, ResetAfterBody, SlowWrite
from tests.support.receiver import Receiver
from tests.support.rude import RudeReceiver


def record(emulator: Any) -> list[tuple[int, int | None, str]]:
    return [(d.attempt, d.status, d.outcome) for d in emulator.deliveries()]


def emails(app: Receiver) -> list[str]:
    """The numbers in the addresses of each request."""
    return ["".join(event["email"][0] for event in post.json) for post in app.posts]


def emit_batches(esputnik: Any, count: int) -> None:
    """Batches of one event each, all due now; the address says which."""
    for number in range(1, count + 1):
        esputnik.emit("READ", email=f"{number}@example.com")


def test_after_a_lost_answer_the_receiver_gets_the_same_bytes_once_more(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        esputnik.inject(LostAck())
        esputnik.emit("READ")
        esputnik.advance("2m")
        assert len(app.posts) == 2
        assert app.posts[0].body == app.posts[1].body
    assert record(esputnik) == [(1, None, "rescheduled"), (2, 200, "acknowledged")]
    assert "the receiver's answer (200) was lost (fault LostAck)" in esputnik.deliveries()[0].reason
    assert isinstance(esputnik.deliveries()[0].fault, LostAck)
    assert esputnik.deliveries()[1].fault is None


def test_a_lost_answer_is_the_end_where_the_vendor_does_not_try_again(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.inject(LostAck())
        pushwoosh.emit("Email Sent")
        pushwoosh.drain()
        assert len(app.posts) == 1
    assert record(pushwoosh) == [(1, None, "abandoned")]


def test_a_duplicate_is_acknowledged_and_sent_once_more_at_the_same_instant(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.inject(Duplicate())
        pushwoosh.emit("Email Sent")
        pushwoosh.advance(0)
        assert len(app.posts) == 2
        assert app.posts[0].body == app.posts[1].body
    assert record(pushwoosh) == [(1, 200, "rescheduled"), (2, 200, "acknowledged")]
    assert "sent once more (fault Duplicate)" in pushwoosh.deliveries()[0].reason
    assert pushwoosh.deliveries()[0].next_instant == pushwoosh.deliveries()[1].instant


def test_a_failed_request_is_no_occasion_for_a_duplicate(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url)
        sendpulse.inject(Duplicate())
        sendpulse.emit("opened")
        sendpulse.drain()
        assert len(app.posts) == 2
    assert record(sendpulse) == [(1, 500, "rescheduled"), (2, 200, "acknowledged")]


def test_a_reordered_line_lets_the_second_request_overtake_the_first(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url, batch_size=1)
        esputnik.inject(Reorder())
        emit_batches(esputnik, 3)
        esputnik.advance(0)
        assert emails(app) == ["2", "1", "3"]
    assert isinstance(esputnik.deliveries()[0].fault, Reorder)
    assert {d.outcome for d in esputnik.deliveries()} == {"acknowledged"}


def test_the_one_that_overtook_holds_up_the_line_when_it_fails(esputnik) -> None:
    with Receiver(500) as app:
        esputnik.subscribe(app.url, batch_size=1)
        esputnik.inject(Reorder())
        emit_batches(esputnik, 2)
        esputnik.advance(0)
        assert emails(app) == ["2"]
        esputnik.drain()
        assert emails(app) == ["2", "2", "1"]


def test_where_nothing_waits_the_events_inside_a_batch_are_reversed(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        sendpulse.inject(Reorder())
        for number in "123":
            sendpulse.emit("opened", recipient=f"{number}@example.com")
        sendpulse.advance("1m")
        assert [event["recipient"][0] for event in app.posts[0].json] == ["3", "2", "1"]


def test_a_single_event_alone_cannot_be_reordered_and_the_fault_waits(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        sendpulse.inject(Reorder())
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        sendpulse.emit("opened", count=2)
        sendpulse.advance("1m")
        assert [d.fault is not None for d in sendpulse.deliveries()] == [False, True]
        assert len(app.posts) == 2


def test_a_recomposed_retry_takes_in_later_events(esputnik) -> None:
    with Receiver(500) as app:
        esputnik.subscribe(app.url, batch_size=3)
        esputnik.inject(Recompose())
        esputnik.emit("READ", email="1@example.com")
        esputnik.advance("1m")
        esputnik.emit("READ", email="2@example.com")
        esputnik.advance("1m")
        assert emails(app) == ["1", "12"]
        esputnik.drain()
        assert len(app.posts) == 2


def test_a_recomposed_retry_stays_within_the_batch_size_and_loses_nothing(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url, batch_size=3, batch_window=60)
        sendpulse.inject(Recompose())
        for number, instant in (("1", 60), ("2", 59), ("3", 0), ("4", 0), ("5", 0)):
            sendpulse.emit("opened", recipient=f"{number}@example.com")
            sendpulse.advance(instant)
        sendpulse.drain()
        arrived = [[event["recipient"][0] for event in post.json] for post in app.posts]
    # The batch of three has no room beside the one that is tried again.
    assert arrived == [["1"], ["2", "3", "4"], ["1", "5"]]


def test_a_recomposed_retry_of_a_ready_body_leaves_it_alone(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url, batch_size=3, batch_window=60)
        sendpulse.inject(Recompose())
        sendpulse.send({"ready": True})
        sendpulse.advance(30)
        sendpulse.emit("opened")
        sendpulse.drain()
        assert [post.json == {"ready": True} for post in app.posts] == [True, True, False]
        assert app.posts[2].json[0]["event"] == "opened"


def test_events_that_joined_a_retry_due_at_the_same_instant_travel_once(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url)
        sendpulse.inject(Recompose())
        sendpulse.emit("opened", recipient="1@example.com")
        sendpulse.advance(60)
        # The window of this one ends when the first is tried again.
        sendpulse.emit("opened", recipient="2@example.com")
        sendpulse.drain()
        arrived = [[event["recipient"][0] for event in post.json] for post in app.posts]
    assert arrived == [["1"], ["1", "2"]]


def test_a_dropped_request_never_leaves_and_is_on_record(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url, batch_size=1)
        esputnik.inject(Drop())
        emit_batches(esputnik, 2)
        esputnik.drain()
        assert emails(app) == ["2"]
    assert record(esputnik) == [(1, None, "abandoned"), (1, 200, "acknowledged")]
    assert esputnik.deliveries()[0].reason == "never sent (fault Drop)"


# Only Linux tells what has not been taken in yet.
@pytest.mark.parametrize("count", [1, 1000 if sys.platform == "linux" else 10])
def test_a_reset_comes_after_the_whole_request_and_is_followed_by_a_retry(esputnik, count: int) -> None:
    # One that takes in little at a time.
    with RudeReceiver("hang", buffer=4096) as app:
        esputnik.subscribe(app.url, probe=None)
        esputnik.inject(ResetAfterBody())
        esputnik.emit("READ", count=count)
        esputnik.flush()
        assert app.read.acquire(timeout=10), "the receiver never got the whole request"
        (first,) = esputnik.deliveries()
        assert app.bodies == [first.body]
    assert (first.status, first.outcome, first.reason) == (
        None,
        "rescheduled",
        "connection reset after the body",
    )


def test_the_request_that_is_reset_is_the_same_as_any_other(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url + "/a?b=c", auth=("login", "password"))
        sendpulse.inject(ResetAfterBody())
        sendpulse.emit("opened")
        sendpulse.drain()
        first, second = app.posts
        assert (first.path, first.body) == (second.path, second.body)
        for name in ("host", "content-type", "user-agent", "authorization", "content-length"):
            assert first.headers[name] == second.headers[name]


def test_a_slow_request_arrives_whole_however_long_it_takes(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url, patience=0.5)
        sendpulse.inject(SlowWrite(chunk=16, pause=0.005))
        sendpulse.emit("opened", count=15)
        sendpulse.advance("1m")
        (only,) = sendpulse.deliveries()
        # More pauses than patience: that is for the receiver's slowness, not for ours.
        assert len(only.body) / 16 * 0.005 > 0.5
        assert [post.body for post in app.posts] == [only.body]
        assert app.posts[0].headers["content-length"] == str(len(only.body))
        assert "transfer-encoding" not in app.posts[0].headers
    assert (only.status, only.outcome) == (200, "acknowledged")


def test_a_fault_applies_as_often_as_it_says(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.inject(Drop(times=2))
        pushwoosh.emit("Email Sent", count=5)
        pushwoosh.advance(0)
        assert len(app.posts) == 3
    assert [d.outcome for d in pushwoosh.deliveries()] == [*["abandoned"] * 2, *["acknowledged"] * 3]


def test_a_fault_may_be_for_one_kind_of_event(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.inject(Drop(times=None, kind="Email Opened"))
        for kind in ("Email Sent", "Email Opened", "Email Bounced", "Email Opened"):
            pushwoosh.emit(kind)
        pushwoosh.advance(0)
        assert [post.json["event_name"] for post in app.posts] == ["Email Sent", "Email Bounced"]
    with pytest.raises(UnknownName, match="did you mean 'Email Opened'"):
        pushwoosh.inject(Drop(kind="Email Open"))


def test_a_probable_fault_is_drawn_from_the_seed(emulate) -> None:
    def dropped(seed: int) -> list[bool]:
        with Receiver() as app, emulate.in_thread("pushwoosh", seed=seed) as pushwoosh:
            pushwoosh.subscribe(app.url)
            pushwoosh.inject(Drop(times=None, probability=0.3))
            pushwoosh.emit("Email Sent", count=100)
            pushwoosh.advance(0)
            return [d.outcome == "abandoned" for d in pushwoosh.deliveries()]

    assert dropped(1) == dropped(1)
    assert dropped(1) != dropped(2)
    assert 15 < sum(dropped(1)) < 45


def test_faults_end_with_their_block_and_only_they(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.inject(Drop(kind="Email Opened", times=None))
        with pushwoosh.inject(Drop(kind="Email Sent", times=None), Drop(kind="Email Bounced", times=None)):
            pushwoosh.emit("Email Sent")
            pushwoosh.advance(0)
        for kind in ("Email Sent", "Email Bounced", "Email Opened"):
            pushwoosh.emit(kind)
        pushwoosh.advance(0)
        assert [post.json["event_name"] for post in app.posts] == ["Email Sent", "Email Bounced"]
        pushwoosh.clear_faults()
        pushwoosh.emit("Email Opened")
        pushwoosh.advance(0)
        assert app.posts[-1].json["event_name"] == "Email Opened"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Drop(times=0),
        lambda: Drop(probability=0),
        lambda: Drop(probability=1.1),
        lambda: SlowWrite(times=0),
        lambda: SlowWrite(chunk=0),
        lambda: SlowWrite(pause=-1),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_at_once(make) -> None:
    with pytest.raises(InvalidValue, match=r"^(times|probability|chunk|pause): expected .*, got"):
        make()


def test_a_request_of_a_vendor_that_keeps_no_line_is_overtaken_as_well(pushwoosh) -> None:
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        reorder = pushwoosh.inject(Reorder())
        first, second, third = pushwoosh.emit("Email Sent", count=3)
        pushwoosh.advance(0)
        assert [post.body for post in app.posts] == [second.body, first.body, third.body]
    assert reorder.struck == 1
    assert "fault Reorder" in pushwoosh.timeline()


def test_a_fault_that_never_struck_says_so(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        waiting = sendpulse.inject(LostAck(kind="spam_by_user", times=5))
        sendpulse.emit("opened")
        sendpulse.advance("1m")
        assert waiting.struck == 0


@pytest.mark.parametrize("wrong", [Drop, "Drop", None])
def test_what_is_no_fault_is_refused_in_words(wrong, sendpulse) -> None:
    with pytest.raises(InvalidValue, match=r"expected faults such as LostAck\(\)"):
        sendpulse.inject(wrong)
    with pytest.raises(InvalidValue, match="times"):
        Duplicate(times="3")
    with pytest.raises(InvalidValue, match="probability"):
        Duplicate(probability="often")
