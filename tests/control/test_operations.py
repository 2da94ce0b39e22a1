"""What can be asked of a running process, over HTTP: what it does, and what it refuses in words."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest
from aiohttp import web

from emulators import catalog
from tests.cli.running import Serving
from tests.control.asking import Asking
from tests.support.rawhttp import Wire
from tests.support.receiver import Receiver, free_port_url

START = "2026-01-01T00:00:00+00:00"


def call_hellotext(ready: dict, body: bytes | None = None, token: str | None = None) -> int:
    """The app tracks an event; what it is answered."""
    env = ready["providers"]["hellotext"]["env"]
    body = catalog.samples("hellotext")["track-event.request.session"].body if body is None else body
    headers = {
        "Authorization": f"Bearer {token or env['HELLOTEXT_TOKEN']}",
        "Content-Type": "application/json",
    }
    with urlopen(Request(f"{env['HELLOTEXT_URL']}/attribution/events", body, headers), timeout=10) as answer:
        return answer.status


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


def is_refused(told, status: int, kind: str, *said: str) -> None:
    """With this status, by this error, which says so."""
    assert told.error[:2] == (status, kind), told.json
    for words in said:
        assert words in told.error[2]


# -- the process and its clock


def test_health_says_which_process_it_is(ask, serving):
    assert ask.get("/health") == {"ready": True, "id": serving.ready["id"]}


def test_providers_tells_what_the_ready_line_told(ask, serving):
    assert ask.get("/providers") == {"tenant": "default", "providers": serving.ready["providers"]}


def test_the_clock_stands_until_it_is_advanced(ask):
    before = ask.get("/clock")
    assert before["clock"] == "virtual"
    assert ask.get("/clock") == before
    assert ask.post("/clock/advance", by="1h30m")["now"] > before["now"]
    assert ask.post("/clock/advance", by=0.5)["speed"] is None
    assert ask.post("/clock/advance", by=0) == ask.get("/clock")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "by: required"),
        ({"by": None}, "by: expected string or number, got None"),
        ({"by": True}, "by: expected string or number"),
        ({"by": [60]}, "by: expected"),
        ({"by": "soon"}, "'soon'"),
        ({"by": -1}, "-1"),
        ({"by": 1e308}, "year 9999"),
        ({"by": float("nan")}, "nan"),
        ({"by": 10**400}, "year 9999"),
        ({"by": 10**20}, "year 9999"),
    ],
)
def test_what_is_no_duration_is_refused(ask, fields, said):
    is_refused(ask("POST", "/clock/advance", fields), 400, "InvalidValue", said)
    is_refused(ask("POST", "/drain", {"within": "soon"}), 400, "InvalidValue", "'soon'")


def test_an_unknown_field_is_refused_with_the_nearest(ask):
    is_refused(ask("POST", "/clock/advance", {"bye": 1}), 404, "UnknownName", "'bye'", "did you mean 'by'?")
    is_refused(ask("POST", "/reset", {"clock": True}), 404, "UnknownName", "'clock'", "there is none")
    is_refused(ask("GET", "/journal", limits=3), 404, "UnknownName", "did you mean 'limit'?")


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{", "NotJson", "the body: expected JSON"),
        (b"\xff", "NotJson", "the body: expected JSON"),
        (b"[" * 100_000, "NotJson", "nested too deeply"),
        (b"[]", "InvalidValue", "expected a JSON object, got []"),
        (b'"by"', "InvalidValue", "expected a JSON object"),
        (b"null", "InvalidValue", "expected a JSON object"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(ask, body, kind, said):
    is_refused(ask.raw("POST", "/clock/advance", body), 400, kind, said)


def test_an_empty_body_is_one_without_fields(ask):
    assert ask.raw("POST", "/reset", b"").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nowhere", 404, "there is no /v1/nowhere here; GET /v1/openapi.json lists"),
        ("GET", "/esputnik/nowhere", 404, "openapi.json"),
        ("GET", "/clock/advance", 405, "takes POST, not GET"),
        ("PUT", "/clock", 405, "takes GET, not PUT"),
        ("POST", "/openapi.json", 405, "takes GET, not POST"),
        ("DELETE", "/journal/stream", 405, "takes GET, not DELETE"),
        ("PATCH", "/esputnik/subscriptions", 405, "takes GET, POST, not PATCH"),
        ("GET", "/esputnk/calls", 404, "did you mean 'esputnik'?"),
        ("GET", "/esputnik%2Fcalls/calls", 404, "unknown provider here"),
    ],
)
def test_what_there_is_not_is_told_apart_from_what_it_does_not_take(ask, method, path, status, said):
    told = ask.raw(method, path, b"{}" if method in ("POST", "PUT", "PATCH") else None)
    is_refused(told, status, "UnknownName", said)
    if status == 405:
        assert all(method in said for method in told.headers["allow"].split(", "))


def test_drain_ends_when_nothing_is_owed(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    receiver.answers.extend([500, 500])
    ask.post("/esputnik/events", kind="READ")
    done = ask.post("/drain")
    assert done["next_due"] is None
    assert [d["status"] for d in ask.get("/esputnik/deliveries")["deliveries"]] == [500, 500, 200]


def test_drain_says_what_is_still_owed(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    receiver.then = 500
    ask.post("/esputnik/events", kind="READ")
    is_refused(ask("POST", "/drain", {"within": "1h"}), 409, "StillOwed", receiver.url, "attempt(s) made")


def test_a_second_hand_on_the_clock_is_refused(ask):
    """The receiver holds the first advance until the second one was refused."""
    arrived, go = threading.Event(), threading.Event()

    async def hold(request):
        arrived.set()
        await asyncio.to_thread(go.wait, 20)
        return web.Response()

    with Receiver(hold) as receiver, ThreadPoolExecutor(1) as pool:
        ask.post("/esputnik/subscriptions", url=receiver.url, policy={"patience": 30})
        ask.post("/esputnik/events", kind="READ")
        first = pool.submit(ask, "POST", "/clock/advance", {"by": "1h"})
        try:
            assert arrived.wait(20)
            for path, fields in [
                ("/clock/advance", {"by": 1}),
                ("/drain", {}),
                ("/reset", {}),
                ("/esputnik/flush", {}),
                ("/snapshots", {"name": "now"}),
            ]:
                is_refused(ask("POST", path, fields), 409, "ClockBusy", "turned already")
        finally:
            go.set()
        assert first.result(20).status == 200
    assert ask("POST", "/clock/advance", {"by": 1}).status == 200


def test_reset_makes_all_as_new_and_leaves_the_clock(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    ask.post("/esputnik/events", kind="READ")
    now = ask.post("/clock/advance", by="1h")["now"]
    assert ask.post("/reset") == {"now": now, "clock": "virtual", "speed": None, "next_due": None}
    for vendor in ("esputnik", "sendpulse"):
        assert ask.get(f"/{vendor}/subscriptions")["subscriptions"] == []
        assert ask.get(f"/{vendor}/deliveries")["deliveries"] == []
        assert ask.get(f"/{vendor}/probes")["probes"] == []


def test_reset_of_one_vendor_leaves_the_others(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    assert ask.post("/esputnik/reset")["now"] == ask.get("/clock")["now"]
    assert ask.get("/esputnik/subscriptions")["subscriptions"] == []
    assert len(ask.get("/sendpulse/subscriptions")["subscriptions"]) == 1


# -- subscriptions


def test_a_subscription_is_verified_listed_paused_resumed_and_cancelled(ask, receiver):
    made = ask("POST", "/esputnik/subscriptions", {"url": receiver.url, "kinds": ["READ", "SENT"]})
    assert made.status == 201
    assert made.json == {
        "id": 1,
        "url": receiver.url,
        "feed": "activity",
        "kinds": ["READ", "SENT"],
        "state": "active",
    }
    assert ask.get("/esputnik/subscriptions") == {"subscriptions": [made.json]}
    [probe] = ask.get("/esputnik/probes")["probes"]
    assert (probe["method"], probe["status"], probe["accepted"]) == ("GET", 200, True)
    assert ask.post("/esputnik/subscriptions/1/pause")["state"] == "paused"
    assert ask.post("/esputnik/subscriptions/1/resume")["state"] == "active"
    assert ask("DELETE", "/esputnik/subscriptions/1").json["state"] == "cancelled"
    is_refused(ask("POST", "/esputnik/events", {"kind": "READ"}), 409, "NobodyListens")


def test_a_verification_that_fails_tells_the_status_of_the_receiver(ask, receiver):
    receiver.get = 503
    told = ask("POST", "/esputnik/subscriptions", {"url": receiver.url})
    is_refused(told, 409, "VerificationFailed", "answered 503")
    assert told.json["error"]["status"] == 503
    nobody = ask("POST", "/esputnik/subscriptions", {"url": free_port_url()})
    is_refused(nobody, 409, "VerificationFailed")
    assert "status" not in nobody.json["error"]
    assert [each["state"] for each in ask.get("/esputnik/subscriptions")["subscriptions"]] == ["inactive"] * 2


def test_headers_login_and_numbers_of_the_vendor_may_be_given(ask, receiver):
    fields = {"auth": ["ann", "pw"], "headers": {"X-One": "1"}, "policy": {"batch_size": 1}}
    ask.post("/sendpulse/subscriptions", url=receiver.url, kinds=None, feed=None, **fields)
    ask.post("/sendpulse/events", kind="opened", count=2)
    ask.post("/drain")
    assert [len(post.json) for post in receiver.posts] == [1, 1]
    login = "Basic " + b64encode(b"ann:pw").decode()
    assert {(post.headers["authorization"], post.headers["x-one"]) for post in receiver.posts} == {
        (login, "1")
    }


@pytest.mark.parametrize(
    ("fields", "status", "kind", "said"),
    [
        ({}, 400, "InvalidValue", "url: required"),
        ({"url": 5}, 400, "InvalidValue", "url: expected string, got 5"),
        ({"url": "ftp://127.0.0.1/"}, 400, "InvalidValue", "ftp"),
        ({"url": "http://192.0.2.1/"}, 400, "EgressRefused", "192.0.2.1"),
        ({"url": "OWN"}, 400, "EgressRefused", ""),
        ({"url": "URL", "kinds": "READ"}, 400, "InvalidValue", "kinds: expected array or null"),
        ({"url": "URL", "kinds": [5]}, 400, "InvalidValue", "kinds"),
        ({"url": "URL", "kinds": ["RAED"]}, 404, "UnknownName", "'READ'"),
        ({"url": "URL", "feed": "activty"}, 404, "UnknownName", "'activity'"),
        ({"url": "URL", "auth": ["ann"]}, 400, "InvalidValue", "auth"),
        ({"url": "URL", "auth": ["ann", 1]}, 400, "InvalidValue", "auth"),
        ({"url": "URL", "auth": ["ann", "a", "b"]}, 400, "InvalidValue", "auth"),
        ({"url": "URL", "headers": {"X": 1}}, 400, "InvalidValue", "headers"),
        ({"url": "URL", "headers": {"X": "a\r\nb"}}, 400, "InvalidValue", "headers"),
        ({"url": "URL", "policy": {"batchsize": 1}}, 404, "UnknownName", "'batch_size'"),
        ({"url": "URL", "policy": {"batch_size": "1"}}, 400, "InvalidValue", "batch_size"),
        ({"url": "URL", "policy": {"url": "x"}}, 404, "UnknownName", "policy field 'url'"),
        ({"url": "URL", "policy": {"self": "x"}}, 404, "UnknownName", "policy field 'self'"),
        ({"url": "URL", "policies": {}}, 404, "UnknownName", "did you mean 'policy'?"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(ask, receiver, fields, status, kind, said):
    places = {"URL": receiver.url, "OWN": ask.ready["control"] + "/v1/reset"}
    given = {
        name: places.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }
    is_refused(ask("POST", "/esputnik/subscriptions", given), status, kind, said)
    assert ask.get("/esputnik/subscriptions")["subscriptions"] == []


def test_a_vendor_without_webhooks_says_so(ask, receiver):
    told = ask("POST", "/hellotext/subscriptions", {"url": receiver.url})
    is_refused(told, 400, "InvalidValue", "sends no webhooks")


@pytest.mark.parametrize("number", ["2", "one", "0", "-1", "²", "1" * 30, "%2F"])
def test_a_subscription_that_there_is_not_cannot_be_moved(ask, receiver, number):
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    for method, path in [("POST", "/pause"), ("POST", "/resume"), ("DELETE", "")]:
        told = ask(method, f"/sendpulse/subscriptions/{number}{path}")
        is_refused(told, 404, "UnknownName", "unknown subscription")


# -- what happens


def test_an_event_is_told_as_it_was_written(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    fields = {"email": "ann@example.com", "hardBounce": True}
    told = ask("POST", "/esputnik/events", {"kind": "UNDELIVERED", "fields": fields})
    assert told.status == 201
    [event] = told.json["events"]
    assert (event["feed"], event["kind"], event["at"]) == (
        "activity",
        "UNDELIVERED",
        ask.get("/clock")["now"],
    )
    assert event["payload"]["email"] == "ann@example.com"
    ask.post("/drain")
    assert receiver.posts[-1].json == [event["payload"]]
    [delivery] = ask.get("/esputnik/deliveries")["deliveries"]
    assert delivery["events"] == [event]
    assert delivery["body"] is None


def test_of_many_events_all_happen_and_a_thousand_are_shown(ask, receiver):
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    told = ask.post("/sendpulse/events", kind="opened", count=1500)
    assert told["count"] == 1500
    assert len(told["events"]) == 1000
    ask.post("/drain")
    assert sum(len(post.json) for post in receiver.posts) == 1500


@pytest.mark.parametrize(
    ("fields", "status", "kind", "said"),
    [
        ({}, 400, "InvalidValue", "kind: required"),
        ({"kind": None}, 400, "InvalidValue", "kind: expected string"),
        ({"kind": "RAED"}, 404, "UnknownName", "'READ'"),
        ({"kind": "READ", "fields": {"emial": "a@b.c"}}, 404, "UnknownName", "'email'"),
        ({"kind": "READ", "fields": []}, 400, "InvalidValue", "fields: expected object"),
        ({"kind": "READ", "fields": {"email": 5}}, 400, "InvalidValue", "email"),
        ({"kind": "READ", "count": 0}, 400, "InvalidValue", "count"),
        ({"kind": "READ", "count": -1}, 400, "InvalidValue", "count"),
        ({"kind": "READ", "count": 1.5}, 400, "InvalidValue", "count: expected integer"),
        ({"kind": "READ", "count": True}, 400, "InvalidValue", "count: expected integer"),
        ({"kind": "READ", "count": 100_001}, 400, "InvalidValue", "at most 100000"),
        ({"kind": "READ", "count": 10**30}, 400, "InvalidValue", "at most 100000"),
        ({"kind": "READ", "number": 2}, 404, "UnknownName", "known: count, fields, kind"),
    ],
)
def test_an_event_that_cannot_be_is_refused(ask, receiver, fields, status, kind, said):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    is_refused(ask("POST", "/esputnik/events", fields), status, kind, said)
    assert ask.post("/drain")["next_due"] is None
    assert not receiver.posts


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"json": {"any": "thing"}}, b'{"any":"thing"}'),
        ({"json": None}, b"null"),
        ({"json": 2**70}, str(2**70).encode()),
        ({"json": [1.5, False, ""]}, b'[1.5,false,""]'),
        ({"base64": b64encode(b"\xff\x00{").decode()}, b"\xff\x00{"),
        ({"base64": ""}, b""),
    ],
)
def test_exactly_what_is_given_is_sent(ask, receiver, fields, sent):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    assert ask.post("/esputnik/send", **fields) == {"sent": True}
    ask.post("/drain")
    assert [post.body for post in receiver.posts] == [sent]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "the body: expected"),
        ({"json": 1, "base64": ""}, "the body: expected"),
        ({"base64": None}, "base64: expected string"),
        ({"base64": "a"}, "base64:"),
        ({"base64": "????"}, "base64:"),
        ({"base64": "ünicode"}, "base64:"),
    ],
)
def test_what_cannot_be_sent_is_refused(ask, receiver, fields, said):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    is_refused(ask("POST", "/esputnik/send", fields), 400, "InvalidValue", said)


def test_a_sample_is_replayed_byte_for_byte(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    assert ask.post("/esputnik/replay", sample="activity.bulk") == {"sent": "activity.bulk"}
    ask.post("/drain")
    sample = catalog.samples("esputnik")["activity.bulk"].body
    assert [post.body for post in receiver.posts] == [sample]
    [delivery] = ask.get("/esputnik/deliveries")["deliveries"]
    assert (delivery["label"], delivery["body"].encode()) == ("activity.bulk", sample)
    told = ask("POST", "/esputnik/replay", {"sample": "activity.bluk"})
    is_refused(told, 404, "UnknownName", "'activity.bulk'")


def test_what_is_no_text_is_shown_as_base64(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/esputnik/send", base64="//4=")
    ask.post("/drain")
    [delivery] = ask.get("/esputnik/deliveries")["deliveries"]
    assert delivery["body"] == {"base64": "//4="}


def test_flush_sends_open_batches_at_once(ask, receiver):
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    ask.post("/sendpulse/events", kind="opened")
    before = ask.get("/clock")
    assert before["next_due"] > before["now"]
    assert ask.post("/sendpulse/flush") == {"now": before["now"]}
    assert len(receiver.posts) == 1


# -- looking back


def test_calls_show_what_the_app_sent_and_got(ask, serving):
    assert call_hellotext(serving.ready) == 201
    [call] = ask.get("/hellotext/calls", route="track-event")["calls"]
    assert (call["method"], call["path"], call["status"], call["taken"]) == (
        "POST",
        "/v1/attribution/events",
        201,
        True,
    )
    assert call["body"] == json.loads(catalog.samples("hellotext")["track-event.request.session"].body)
    assert json.loads(call["reply"]["body"]) == {"state": "ok"}
    assert [c["number"] for c in ask.get("/hellotext/calls", route="/v1/attribution/events")["calls"]] == [
        call["number"]
    ]
    assert ask.get("/hellotext/calls", route="mint-session")["calls"] == []
    assert ask.get("/esputnik/calls")["calls"] == []
    is_refused(ask("GET", "/hellotext/calls", route="track-evnt"), 404, "UnknownName", "'track-event'")


def test_deliveries_are_chosen_by_kind_and_outcome(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    receiver.answers.append(500)
    ask.post("/esputnik/events", kind="READ")
    ask.post("/esputnik/events", kind="SENT")
    ask.post("/drain")

    def outcomes(**query):
        return [d["outcome"] for d in ask.get("/esputnik/deliveries", **query)["deliveries"]]

    assert outcomes() == ["rescheduled", "acknowledged"]
    assert outcomes(kind="READ") == outcomes(kind="activity.READ") == outcomes()
    assert outcomes(kind="CLICKED") == []
    assert outcomes(kind="READ", outcome="acknowledged") == ["acknowledged"]
    is_refused(
        ask("GET", "/esputnik/deliveries", outcome="acknowleged"), 404, "UnknownName", "'acknowledged'"
    )
    is_refused(ask("GET", "/esputnik/deliveries", kind="RAED"), 404, "UnknownName", "'READ'")


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_lead_through_everything_once_and_in_order(ask, receiver, limit):
    ask.post("/sendpulse/subscriptions", url=receiver.url, policy={"batch_size": 1})
    ask.post("/sendpulse/events", kind="opened", count=3)
    ask.post("/sendpulse/events", kind="clicked", count=4)
    ask.post("/drain")
    whole = [d["number"] for d in ask.get("/sendpulse/deliveries", limit=1000)["deliveries"]]
    assert len(whole) == 7
    for query, wanted in [({}, whole), ({"kind": "clicked"}, whole[3:])]:
        seen, after = [], 0
        while page := ask.get("/sendpulse/deliveries", after=after, limit=limit, **query):
            assert len(page["deliveries"]) <= limit
            if not page["deliveries"]:
                break
            seen += [d["number"] for d in page["deliveries"]]
            after = page["next"]
        assert seen == wanted
    assert ask.get("/sendpulse/deliveries", after=whole[-1])["deliveries"] == []
    assert ask.get("/sendpulse/deliveries", after=10**17)["deliveries"] == []


def test_the_journal_is_read_in_pages_without_a_gap(ask, receiver):
    begun = ask.get("/journal", limit=0)["last"]
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/esputnik/events", kind="READ")
    ask.post("/drain")
    entries, after = [], begun
    while page := ask.get("/journal", after=after, limit=2)["entries"]:
        entries += page
        after = page[-1]["number"]
    assert [each["number"] for each in entries] == list(range(begun + 1, after + 1))
    kinds = [each["kind"] for each in entries]
    assert kinds == ["Changed", "Probe", "Subscribed", "Happened", "Turned", "Departed", "Delivery"]
    assert ask.get("/journal", after=after) == {"entries": [], "last": after, "lost": 0}


@pytest.mark.parametrize("path", ["/journal", "/esputnik/deliveries", "/esputnik/calls", "/esputnik/probes"])
@pytest.mark.parametrize("name", ["after", "limit"])
@pytest.mark.parametrize("value", ["-1", "1.5", "x", "", "²", "1" * 19, "1" * 5000, "1e3"])
def test_what_is_no_number_is_refused_in_a_page(ask, path, name, value):
    is_refused(
        ask("GET", path, **{name: value}), 400, "InvalidValue", f"{name}: expected a whole number from 0"
    )


def test_a_query_says_each_thing_once(ask):
    is_refused(ask("GET", "/journal", after=[1, 2]), 400, "InvalidValue", "after: given twice")


def test_the_timeline_tells_the_story(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    told = ask.get("/timeline")
    assert "esputnik" in told["timeline"]
    assert "sendpulse" in told["timeline"]
    alone = ask.get("/timeline", provider="sendpulse", last=4)
    assert "subscription 1: smtp" in alone["timeline"]
    assert "GET" not in alone["timeline"], "the verification is eSputnik's"
    assert alone["entries"] == 4
    is_refused(ask("GET", "/timeline", provider="sendpuls"), 404, "UnknownName", "'sendpulse'")


def test_what_must_not_go_unseen_is_listed(ask, serving):
    before = len(ask.get("/complaints")["complaints"])
    with pytest.raises(OSError, match="501"):
        urlopen(serving.ready["providers"]["esputnik"]["url"] + "/nowhere", timeout=10)
    [told] = ask.get("/complaints")["complaints"][before:]
    assert "GET /nowhere" in told


# -- waiting for the app


def test_a_call_that_was_made_already_is_found(ask, serving):
    call_hellotext(serving.ready)
    told = ask.post("/hellotext/calls/wait", route="track-event", fields={"/action": "product.purchased"})
    assert told == ask.get("/hellotext/calls")["calls"][0]


def test_a_call_is_waited_for(ask, serving):
    """The process answers others meanwhile; by their second answer it has begun to wait."""
    body = b'{"route": "track-event", "timeout": 30}'
    head = f"POST /v1/hellotext/calls/wait HTTP/1.1\r\nhost: {ask.netloc}\r\ncontent-length: {len(body)}\r\n"
    head += f"content-type: application/json\r\nauthorization: Bearer {serving.ready['token']}\r\n\r\n"
    with Wire(serving.ready["control"]) as wire:
        wire.send(head.encode() + body)
        for _ in range(2):
            assert ask.get("/hellotext/calls")["calls"] == []
        call_hellotext(serving.ready)
        told = wire.answer()
    assert told.status == 200
    assert json.loads(told.body) == ask.get("/hellotext/calls")["calls"][0]


def test_of_two_calls_that_are_alike_the_first_since_the_reset_is_told(ask, serving):
    call_hellotext(serving.ready)
    ask.post("/hellotext/reset")
    call_hellotext(serving.ready)
    call_hellotext(serving.ready)
    first, second = ask.get("/hellotext/calls")["calls"]
    assert ask.post("/hellotext/calls/wait", route="track-event") == first
    assert first["number"] < second["number"]


def test_a_call_that_does_not_come_is_told_with_what_came_instead(ask, serving):
    wanted = {"route": "track-event", "timeout": 0.01, "fields": {"action": "cart.added"}}
    is_refused(ask("POST", "/hellotext/calls/wait", wanted), 404, "NotCalled", "made no call at all")
    call_hellotext(serving.ready)
    told = ask("POST", "/hellotext/calls/wait", wanted)
    is_refused(told, 404, "NotCalled", "action: expected 'cart.added', got 'product.purchased'")


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({}, 400, "route: required"),
        ({"route": "track-evnt"}, 404, "'track-event'"),
        ({"route": "track-event", "timeout": "1s"}, 400, "timeout: expected number"),
        ({"route": "track-event", "timeout": -1}, 400, "timeout: expected 0 to 3600"),
        ({"route": "track-event", "timeout": 1e300}, 400, "timeout: expected 0 to 3600"),
        ({"route": "track-event", "timeout": 10**400}, 400, "timeout: expected 0 to 3600"),
        ({"route": "track-event", "timeout": float("nan")}, 400, "timeout: expected 0 to 3600"),
        ({"route": "track-event", "fields": ["action"]}, 400, "fields: expected object"),
        (
            {"route": "track-event", "timeout": 0, "fields": {"route": 1, "timeout": 2, "self": 3}},
            404,
            "no call",
        ),
    ],
)
def test_a_call_cannot_be_waited_for_in_any_way(ask, fields, status, said):
    told = ask("POST", "/hellotext/calls/wait", fields)
    assert told.error[0] == status
    assert said in told.error[2]


# -- faults


def test_a_fault_applies_and_is_spent(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    told = ask("POST", "/esputnik/faults", {"fault": "LostAck", "times": 2})
    assert told.status == 201
    [number] = told.json["ids"]
    assert ask.get("/esputnik/faults") == {"faults": [{"id": number, "fault": "LostAck(times=2)", "left": 2}]}
    ask.post("/esputnik/events", kind="READ")
    ask.post("/drain")
    told = ask.get("/esputnik/deliveries")["deliveries"]
    assert [d["fault"] for d in told] == ["LostAck(times=2)", "LostAck(times=2)", None]
    assert ask.get("/esputnik/faults") == {"faults": []}


def test_faults_are_taken_back_one_or_all(ask):
    numbers = [
        ask.post("/esputnik/faults", fault=fault, times=None)["ids"][0]
        for fault in ("LostAck", "Drop", "Duplicate")
    ]
    left = ask("DELETE", "/esputnik/faults", id=numbers[1]).json["faults"]
    assert [each["id"] for each in left] == [numbers[0], numbers[2]]
    assert {each["left"] for each in left} == {None}
    assert ask("DELETE", "/esputnik/faults", id=10**17).json["faults"] == left
    assert ask("DELETE", "/esputnik/faults").json == {"faults": []}


def test_a_fault_answers_with_any_bytes(ask, serving):
    ask.post("/hellotext/faults", fault="Answer", status=200, body_base64="//4=", route="track-event")
    env = serving.ready["providers"]["hellotext"]["env"]
    headers = {"Authorization": f"Bearer {env['HELLOTEXT_TOKEN']}", "Content-Type": "application/json"}
    request = Request(f"{env['HELLOTEXT_URL']}/attribution/events", b"{}", headers)
    with urlopen(request, timeout=10) as answer:
        assert answer.read() == b"\xff\xfe"
    [call] = ask.get("/hellotext/calls")["calls"]
    assert call["reply"]["body"] == {"base64": "//4="}
    assert call["fault"].startswith("Answer(")


@pytest.mark.parametrize(
    ("fields", "status", "kind", "said"),
    [
        ({}, 400, "InvalidValue", "fault: required"),
        ({"fault": 5}, 400, "InvalidValue", "fault: expected string"),
        ({"fault": "LostAk"}, 404, "UnknownName", "'LostAck'"),
        ({"fault": "Fault"}, 404, "UnknownName", "unknown fault"),
        ({"fault": "LostAck", "time": 1}, 404, "UnknownName", "'times'"),
        ({"fault": "LostAck", "times": 0}, 400, "InvalidValue", "times"),
        ({"fault": "LostAck", "times": "2"}, 400, "InvalidValue", "times"),
        ({"fault": "LostAck", "probability": "x"}, 400, "InvalidValue", "probability"),
        ({"fault": "LostAck", "kind": 5}, 400, "InvalidValue", "kind: expected text"),
        ({"fault": "Reset", "route": ["track"]}, 400, "InvalidValue", "route: expected text"),
        ({"fault": "LostAck", "kind": "RAED"}, 404, "UnknownName", "'READ'"),
        ({"fault": "Answer"}, 400, "InvalidValue", "status: required"),
        ({"fault": "Answer", "status": 99}, 400, "InvalidValue", "status"),
        ({"fault": "Answer", "status": 500, "body_base64": "ü"}, 400, "InvalidValue", "body_base64"),
        ({"fault": "Answer", "status": 500, "body_base64": 5}, 400, "InvalidValue", "body_base64"),
        ({"fault": "Delay", "seconds": -1}, 400, "InvalidValue", "seconds"),
        ({"fault": "Reset", "route": "nowhere"}, 404, "UnknownName", "unknown route"),
        ({"fault": "VendorError", "name": "nothing"}, 404, "UnknownName", "unknown error"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(ask, fields, status, kind, said):
    is_refused(ask("POST", "/esputnik/faults", fields), status, kind, said)
    assert ask.get("/esputnik/faults") == {"faults": []}
    is_refused(
        ask("DELETE", "/esputnik/faults", id="x"), 400, "InvalidValue", "id: expected a whole number from 0"
    )


# -- states to go back to


def test_a_world_goes_back_to_a_snapshot(ask, receiver):
    """One event waits for its retry when the state is kept; a second one happens after it."""
    ask.post("/esputnik/subscriptions", url=receiver.url)
    receiver.then = 500
    ask.post("/esputnik/events", kind="READ", fields={"email": "kept@example.com"})
    ask.post("/clock/advance", by=90)
    kept = ask.get("/clock")
    assert ask("POST", "/snapshots", {"name": "one"}).json == {"name": "one", "now": kept["now"]}
    ask.post("/esputnik/events", kind="READ", fields={"email": "gone@example.com"})
    ask.post("/clock/advance", by="1h")
    assert ask.post("/snapshots/one/restore") == kept
    assert ask.get("/esputnik/deliveries")["deliveries"] == []
    receiver.then = 200
    before = len(receiver.posts)
    ask.post("/drain")
    later = [event["email"] for post in receiver.posts[before:] for event in post.json]
    assert later == ["kept@example.com"]
    [delivery] = ask.get("/esputnik/deliveries")["deliveries"]
    assert delivery["attempt"] > 1
    # It may be gone back to as often as one likes.
    assert ask.post("/snapshots/one/restore") == kept


def test_what_follows_a_snapshot_is_the_same_each_time(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/snapshots", name="one")
    seen = []
    for _ in range(2):
        ask.post("/snapshots/one/restore")
        seen.append(ask.post("/esputnik/events", kind="READ", count=3)["events"])
    assert seen[0] == seen[1]


def test_who_awoke_after_a_snapshot_is_as_new_when_it_is_gone_back_to(ask, receiver):
    with Serving("--port", "0", "--clock", "virtual", "--quiet") as fresh:
        ask = Asking(fresh.ready)
        ask.post("/snapshots", name="empty")
        ask.post("/sendpulse/subscriptions", url=receiver.url)
        ask.post("/snapshots/empty/restore")
        assert ask.get("/sendpulse/subscriptions") == {"subscriptions": []}
        assert ask.get("/clock")["now"] == START


def test_a_snapshot_is_carried_into_another_process(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url, auth=["ann", "pw"])
    receiver.answers.append(500)
    ask.post("/esputnik/events", kind="READ")
    ask.post("/clock/advance", by=90)
    ask.post("/snapshots", name="one")
    document = ask.get("/snapshots/one")
    here = ask.get("/clock")
    with Serving("--port", "0", "--clock", "virtual", "--quiet") as other:
        there = Asking(other.ready)
        assert there("PUT", "/snapshots/two", document).json == {"name": "two"}
        assert there.get("/snapshots/two") == document
        assert there.post("/snapshots/two/restore") == here
        assert there.get("/esputnik/subscriptions") == ask.get("/esputnik/subscriptions")
        there.post("/drain")
        [delivery] = there.get("/esputnik/deliveries")["deliveries"]
    assert (delivery["attempt"], delivery["status"]) == (2, 200)
    assert receiver.posts[0].body == receiver.posts[1].body
    assert receiver.posts[1].headers["authorization"].startswith("Basic ")


def test_snapshots_are_listed_and_dropped(ask):
    ask.post("/snapshots", name="one")
    ask.post("/clock/advance", by=60)
    ask.post("/snapshots", name="two")
    listed = ask.get("/snapshots")["snapshots"]
    assert [each["name"] for each in listed] == ["one", "two"]
    assert listed[0]["now"] < listed[1]["now"]
    assert ask("DELETE", "/snapshots/one").json == {"removed": "one"}
    assert [each["name"] for each in ask.get("/snapshots")["snapshots"]] == ["two"]


@pytest.mark.parametrize("path", ["/snapshots/tow", "/snapshots/tow/restore"])
def test_a_snapshot_that_was_not_kept_is_refused_with_the_nearest(ask, path):
    ask.post("/snapshots", name="two")
    for method in ("POST",) if path.endswith("restore") else ("GET", "DELETE"):
        is_refused(ask(method, path), 404, "UnknownName", "unknown snapshot 'tow'", "'two'")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "x" * 65, "../x"])
def test_a_name_is_plain(ask, name):
    is_refused(ask("POST", "/snapshots", {"name": name}), 400, "InvalidValue", "name: expected")
    is_refused(ask("POST", "/tenants", {"name": name}), 400, "InvalidValue", "name: expected")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"now": "x"},
        {"now": 1.5},
        {"now": 10**30},
        {"now": 1, "faults": 0, "accounts": {"esputnik": 5}},
        {"now": 1, "faults": 0, "accounts": {"esputnik": {}}},
        {"now": 1, "faults": 0, "accounts": [1]},
        {"exactly": "no base64"},
        {"exactly": 5},
    ],
)
def test_what_is_no_snapshot_is_refused(ask, document):
    is_refused(
        ask("PUT", "/snapshots/one", {"snapshot": document}), 400, "InvalidValue", "snapshot: expected"
    )
    is_refused(ask("PUT", "/snapshots/one", {"snapshot": "text"}), 400, "InvalidValue", "expected object")
    assert ask.get("/snapshots") == {"snapshots": []}


def test_a_snapshot_of_other_vendors_or_revisions_changes_nothing(ask, receiver):
    ask.post("/esputnik/subscriptions", url=receiver.url)
    ask.post("/sendpulse/subscriptions", url=receiver.url)
    ask.post("/snapshots", name="one")
    document = ask.get("/snapshots/one")
    for words, kind, said in [
        (("esputnik",), "UnknownName", "sendpulse"),
        (("esputnik", "sendpulse@2025-08"), "InvalidValue", "sendpulse: this was kept by revision 2021-05"),
    ]:
        with Serving(*words, "--port", "0", "--clock", "virtual", "--quiet") as other:
            there = Asking(other.ready)
            there("PUT", "/snapshots/one", document)
            told = there("POST", "/snapshots/one/restore")
            assert told.error[1] == kind
            assert said in told.error[2]
            assert there.get("/esputnik/subscriptions") == {"subscriptions": []}
            assert there("POST", "/clock/advance", {"by": "1h"}).status == 200


# -- tenants (see test_tenants.py)


def test_tenants_are_added_listed_and_removed(ask):
    made = ask("POST", "/tenants", {"name": "one", "seed": 7})
    assert made.status == 201
    assert (made.json["name"], made.json["seed"]) == ("one", 7)
    assert ask.get("/tenants")["tenants"] == [{"name": "default", "seed": 0}, {"name": "one", "seed": 7}]
    assert ask.as_tenant("one").get("/providers") == {
        "tenant": "one",
        "providers": made.json["providers"],
    }
    is_refused(ask("POST", "/tenants", {"name": "one"}), 400, "InvalidValue", "'one' already")
    is_refused(ask("POST", "/tenants", {"name": "two", "seed": "7"}), 400, "InvalidValue", "seed: expected")
    is_refused(ask("DELETE", "/tenants/own"), 404, "UnknownName", "did you mean 'one'?")
    is_refused(ask("DELETE", "/tenants/default"), 400, "InvalidValue", "reset it")
    assert ask("DELETE", "/tenants/one").json == {"removed": "one"}
    is_refused(ask.as_tenant("one")("GET", "/clock"), 404, "UnknownName", "unknown tenant 'one'")
