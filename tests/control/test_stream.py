"""The journal as it happens: each entry once, in order, for as many as listen, however slow they are."""

from __future__ import annotations

import sys

import pytest

from tests.cli.running import Serving
from tests.control.asking import Asking
from tests.control.listening import Listener
from tests.support.receiver import Receiver


def last(ask) -> int:
    return ask.get("/journal", limit=0)["last"]


def numbers(heard) -> list[int]:
    return [each.id for each in heard]


def test_all_that_happened_is_sent_and_then_what_happens(ask):
    begun = last(ask)
    with Receiver() as receiver, Listener(ask) as listener:
        ask.post("/esputnik/subscriptions", url=receiver.url)
        ask.post("/esputnik/events", kind="READ", fields={"email": "ann@example.com"})
        ask.post("/drain")
        heard = listener.until(last(ask))
    assert numbers(heard) == list(range(1, last(ask) + 1))
    new = [each for each in heard if each.id > begun]
    kinds = ["Changed", "Probe", "Subscribed", "Happened", "Turned", "Departed", "Delivery"]
    assert [each.kind for each in new] == kinds
    paged = ask.get("/journal", after=begun, limit=100)["entries"]
    assert [each.data for each in new] == [each["entry"] for each in paged]


def test_the_head_says_what_it_is_and_that_nobody_may_keep_it(ask):
    with Listener(ask) as listener:
        status, headers = listener.head()
    assert (status, headers["content-type"], headers["cache-control"]) == (
        200,
        "text/event-stream",
        "no-store",
    )


def test_who_comes_back_goes_on_where_he_left_off(ask):
    ask.post("/clock/advance", by=1)
    ask.post("/clock/advance", by=1)
    known = last(ask)
    ask.post("/clock/advance", by=1)
    ask.post("/clock/advance", by=1)
    with Listener(ask, after=known) as listener:
        assert numbers(listener.until(known + 2)) == [known + 1, known + 2]
    with Listener(ask, query=f"?after={known + 1}") as listener:
        assert numbers(listener.until(known + 2)) == [known + 2]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 19, "²"])
def test_what_is_no_number_is_refused(ask, after):
    told = ask("GET", "/journal/stream", after=after)
    assert told.error[:2] == (400, "InvalidValue")
    assert "after: expected the number of an entry" in told.error[2]


def test_two_listeners_hear_the_same_and_one_that_goes_leaves_the_other(ask):
    begun = last(ask)
    with Listener(ask, after=begun) as stays:
        with Listener(ask, after=begun) as goes:
            ask.post("/clock/advance", by=1)
            assert numbers(goes.until(begun + 1)) == [begun + 1]
        for _ in range(20):
            ask.post("/clock/advance", by=1)
        assert numbers(stays.until(begun + 21)) == list(range(begun + 1, begun + 22))


def test_who_does_not_read_holds_up_nobody_and_misses_nothing(ask):
    """Far more happens than lies in the buffers between us."""
    with Receiver() as receiver:
        ask.post("/sendpulse/subscriptions", url=receiver.url)
        begun = last(ask)
        with Listener(ask, after=begun, buffer=4096) as slow, Listener(ask, after=begun) as quick:
            for _ in range(12):
                ask.post("/sendpulse/send", json="x" * 1_000_000)
            ask.post("/clock/advance", by=1)
            end = last(ask)
            assert numbers(quick.until(end)) == list(range(begun + 1, end + 1))
            assert numbers(slow.until(end)) == list(range(begun + 1, end + 1))


def test_a_stream_is_that_of_its_tenant_and_ends_with_it(ask):
    ask.post("/tenants", name="one")
    one = ask.as_tenant("one")
    with Listener(one) as listener:
        ask.post("/clock/advance", by=1)
        one.post("/clock/advance", by="1h")
        ask("DELETE", "/tenants/one")
        [heard] = list(listener)
    assert (heard.id, heard.kind) == (1, "Turned")


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there")
def test_a_stream_ends_with_the_process_and_does_not_keep_it():
    with Serving("--port", "0", "--clock", "virtual", "--quiet") as serving:
        ask = Asking(serving.ready)
        ask.post("/clock/advance", by=1)
        with Listener(ask) as listener, Listener(ask, buffer=4096):
            heard = iter(listener)
            assert next(heard).id == 1
            assert serving.stop() == 0
            assert list(heard) == []
        assert serving.rest == ("", "")


def test_what_memory_has_dropped_is_told_of():
    """Without a file, 64 MiB of journal are kept: who comes late hears how much he missed."""
    with Receiver() as receiver, Serving("--port", "0", "--clock", "virtual", "--quiet") as serving:
        ask = Asking(serving.ready)
        ask.post("/sendpulse/subscriptions", url=receiver.url)
        while not (page := ask.get("/journal", limit=1))["lost"]:
            ask.post("/sendpulse/send", json="x" * 8_000_000)
        assert page["entries"][0]["number"] == page["lost"] + 1
        with Listener(ask, after=1) as listener:
            heard = iter(listener)
            lost, first = next(heard), next(heard)
        assert (lost.kind, lost.data) == ("lost", {"from": 2, "to": page["lost"]})
        assert first.id == page["lost"] + 1
        assert ask.get("/sendpulse/deliveries")["lost"] == page["lost"]
