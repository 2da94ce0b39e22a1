"""What the control API says to those who are refused is said in its own words, and says what to do."""

from __future__ import annotations

import http.client
import json

import pytest

from emulators import faults
from emulators.errors import InvalidValue
from tests.control.asking import Asking
from tests.support.receiver import Receiver


def said(ask: Asking, method: str, path: str, fields: object = None, **query: object) -> tuple[int, str]:
    status, _, message = ask(method, path, fields, **query).error
    return status, message


def raw(ask: Asking, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Status and message of a request with no other headers than these."""
    connection = http.client.HTTPConnection(ask.netloc, timeout=10)
    try:
        connection.request(method, path, b"" if method == "POST" else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["error"]["message"]
    finally:
        connection.close()


def test_who_emits_to_nobody_is_told_what_to_post(ask: Asking) -> None:
    status, message = said(ask, "POST", "/esputnik/events", {"kind": "READ"})
    assert (status, message) == (
        409,
        "no active subscription of esputnik wants activity.READ; subscribe first: POST /v1/esputnik/subscriptions",
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"fault": "VendorError"}, "name: required, and not there"),
        ({"fault": "Delay"}, "seconds: required, and not there"),
        (
            {"fault": "SlowWrite", "chunk": "many"},
            "chunk: expected 1 byte or more, got 'many'",
        ),
        ({"fault": "SlowWrite", "pause": "long"}, "pause: expected seconds, 0 or more, got 'long'"),
        ({"fault": "LostAck", "times": 0}, "times: expected 1 or more, or null (None) for always, got 0"),
    ],
)
def test_a_fault_that_is_incomplete_says_what_it_needs(ask: Asking, fields: dict, message: str) -> None:
    assert said(ask, "POST", "/hellotext/faults", fields) == (400, message)


def test_a_fault_may_last_for_always() -> None:
    assert faults.fault_of("LostAck", {"times": "always"}) == faults.LostAck(times=None)
    with pytest.raises(InvalidValue, match="times: expected 1 or more"):
        faults.fault_of("LostAck", {"times": "never"})


@pytest.mark.parametrize(
    ("snapshot", "why"),
    [({}, "got another document"), ({"now": "x"}, "got another document"), ({"now": 1, "accounts": []}, "")],
)
def test_a_document_that_is_no_snapshot_is_refused_without_a_word_of_python(
    ask: Asking, snapshot: dict, why: str
) -> None:
    status, message = said(ask, "PUT", "/snapshots/one", {"snapshot": snapshot})
    assert status == 400
    assert message.startswith(
        'snapshot: expected what stands under "snapshot" in the answer of GET /v1/snapshots/NAME, as it was, got'
    )
    assert why in message
    assert "Error" not in message
    assert "object has no" not in message


@pytest.mark.parametrize("number", ["-5", "1.5", "x", "9" * 20])
def test_a_number_of_a_query_is_a_whole_one(ask: Asking, number: str) -> None:
    expected = (400, f"after: expected a whole number from 0, got {number!r}")
    assert said(ask, "GET", "/journal", after=number) == expected


def test_nothing_is_known_by_no_name(ask: Asking) -> None:
    assert said(ask, "GET", "/snapshots/none") == (404, "unknown snapshot 'none'; there is none")


def test_a_snapshot_stands_in_place_of_one_of_its_name(ask: Asking) -> None:
    ask.post("/snapshots", name="one")
    ask.post("/clock/advance", by="1h")
    ask.post("/snapshots", name="one")
    [kept] = ask.get("/snapshots")["snapshots"]
    assert kept["now"] == ask.get("/clock")["now"]
    assert "in place of one of that name" in ask.document["paths"]["/v1/snapshots"]["post"]["summary"]


def test_a_wrong_method_comes_before_a_wrong_form(ask: Asking) -> None:
    token = f"Bearer {ask.ready['token']}"
    status, message = raw(ask, "POST", "/v1/clock", Authorization=token)
    assert (status, message) == (405, "/v1/clock takes GET, not POST")
    assert raw(ask, "POST", "/v1/nowhere", Authorization=token)[0] == 404
    assert raw(ask, "POST", "/v1/reset", Authorization=token)[0] == 415


def test_who_has_no_token_is_told_where_there_is_one(ask: Asking) -> None:
    status, message = raw(ask, "GET", "/v1/clock")
    assert status == 401
    assert message.startswith(
        "expected the header Authorization: Bearer TOKEN, with the token of the ready line"
    )
    assert "EMULATORS_TOKEN" in message


def test_who_asks_under_another_name_is_told_how_it_is_let_in(ask: Asking) -> None:
    status, message = raw(ask, "GET", "/v1/clock", Host="emulators.test:8800")
    assert status == 403
    assert message.endswith("to be asked under that name: --control-host emulators.test")


def test_a_credential_that_is_not_of_the_right_kind_is_not_said_again(ask: Asking) -> None:
    status, message = said(
        ask, "POST", "/esputnik/subscriptions", {"url": "http://127.0.0.1/", "auth": "s3cr3t"}
    )
    assert (status, message) == (400, "auth: expected array or null, got <redacted>")


def test_a_policy_is_refused_in_the_words_of_json_and_false_is_no_probe(ask: Asking) -> None:
    with Receiver(405) as receiver:
        made = ask.post("/esputnik/subscriptions", url=receiver.url, policy={"probe": False})
        assert made["state"] == "active"
        assert receiver.received == []
    status, message = said(
        ask, "POST", "/esputnik/subscriptions", {"url": "http://127.0.0.1/", "policy": {"probe": "HEAD"}}
    )
    assert (status, message) == (400, "probe: expected null (None) or 'GET', got 'HEAD'")


def test_a_host_that_cannot_be_looked_up_has_to_be_allowed(ask: Asking) -> None:
    status, kind, message = ask("POST", "/esputnik/subscriptions", {"url": "http://shop.invalid/"}).error
    assert (status, kind) == (400, "EgressRefused")
    assert "shop.invalid could not be looked up" in message
    assert "--allow shop.invalid on the command line" in message


def story(ask: Asking, **query: object) -> list[str]:
    return ask.get("/timeline", **query)["timeline"].splitlines()


def test_the_timeline_begins_with_the_reset(ask: Asking) -> None:
    with Receiver() as receiver:
        ask.post("/esputnik/subscriptions", url=receiver.url)
        ask.post("/esputnik/events", kind="READ")
        ask.post("/clock/advance", by="1h")
        before = ask.get("/journal", limit=0)["last"]
        ask.post("/reset")
        assert all("starts as" in line and line.startswith("+00:00:00") for line in story(ask))
        assert len(story(ask, provider="esputnik")) == 1
        ask.post("/clock/advance", by="1m")
        ask.post("/sendpulse/subscriptions", url=receiver.url, feed="smtp")
        ask.post("/esputnik/reset")
    assert [line.split()[0] for line in story(ask, provider="esputnik")] == ["+00:00:00"]
    assert any("sendpulse" in line and "subscription 1" in line for line in story(ask))
    assert sum("esputnik" in line for line in story(ask)) == 1
    assert ask.get("/journal", limit=0)["last"] > before > 4
    assert ask.get("/journal", limit=1)["entries"][0]["number"] == 1


def test_after_a_restore_the_timeline_begins_there(ask: Asking) -> None:
    ask.post("/snapshots", name="one")
    ask.post("/clock/advance", by="1h")
    ask.post("/snapshots/one/restore")
    assert story(ask)[0].endswith("everything is as it was when 'one' was kept")


def test_what_stood_in_a_header_in_place_of_a_credential_is_not_told(ask: Asking) -> None:
    url = ask.ready["providers"]["pushwoosh"]["url"].removeprefix("http://").partition("/")[0]
    connection = http.client.HTTPConnection(url, timeout=10)
    try:
        headers = {"Authorization": "s3cr3t-without-a-scheme", "Content-Type": "application/json"}
        connection.request("POST", "/messaging/v2/notify", b"{}", headers)
        connection.getresponse().read()
    finally:
        connection.close()
    [line] = [line for line in story(ask, provider="pushwoosh") if "notify" in line]
    assert "expected the header Authorization: Token PUSHWOOSH_TOKEN, got <redacted>" in line
    assert "s3cr3t" not in json.dumps(ask.get("/pushwoosh/calls"))
