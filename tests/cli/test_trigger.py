"""`emulators trigger` sends one event, now, and judges the answer as the vendor would."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.running import run
from tests.support.receiver import Receiver, free_port_url


def test_an_acknowledged_event_is_shown_with_the_answer():
    with Receiver() as receiver:
        done = run("trigger", "esputnik", "UNDELIVERED", "--to", receiver.url, "--seed", "3")
    assert done.returncode == 0, done.stderr
    (event,) = receiver.posts[0].json
    assert event["activityStatus"] == "UNDELIVERED"
    assert f'"iid": "{event["iid"]}"' in done.stdout
    assert done.stdout.startswith(f"eSputnik (2023-09) sends UNDELIVERED (seed 3) to {receiver.url}")
    assert done.stdout.endswith("\n200, acknowledged\n")


def test_it_is_not_verified_first_and_not_tried_again():
    with Receiver(500) as receiver:
        done = run("trigger", "esputnik", "READ", "--to", receiver.url)
    assert done.returncode == 1
    assert [request.method for request in receiver.received] == ["POST"]
    assert "500, not acknowledged: only 200 acknowledges; eSputnik would try again after 60 s" in done.stdout


def test_an_answer_that_only_this_vendor_refuses_is_explained():
    with Receiver(201) as receiver:
        assert run("trigger", "esputnik", "READ", "--to", receiver.url).returncode == 1
        assert run("trigger", "pushwoosh", "Email Sent", "--to", receiver.url).returncode == 0
    with Receiver(500) as receiver:
        done = run("trigger", "pushwoosh", "Email Sent", "--to", receiver.url)
    assert "only 2xx acknowledges; Pushwoosh would give up" in done.stdout


def test_a_receiver_that_is_not_there_is_exit_code_3():
    done = run("trigger", "sendpulse", "opened", "--to", free_port_url())
    assert done.returncode == 3
    assert "no answer, not acknowledged: no connection: Connection refused" in done.stdout


def test_a_host_elsewhere_is_refused_and_the_way_to_allow_it_named():
    done = run("trigger", "sendpulse", "opened", "--to", "http://192.0.2.1/hook")
    assert done.returncode == 2
    assert "--allow 192.0.2.1" in done.stderr


@pytest.mark.parametrize(
    ("provider", "kind", "words", "expected"),
    [
        ("esputnik", "UNDELIVERED", ["hardBounce=true"], {"hardBounce": True}),
        ("esputnik", "READ", ["contactId=12"], {"contactId": 12}),
        ("esputnik", "READ", ["sms=380956490955"], {"sms": "380956490955"}),
        (
            "esputnik",
            "READ",
            ["externalCustomerId=7", "contactId=7"],
            {"externalCustomerId": "7", "contactId": 7},
        ),
        ("esputnik", "READ", ["email=ann@example.com"], {"email": "ann@example.com"}),
        (
            "esputnik",
            "SUBSCRIPTION_CHANGED",
            ['statusData={"subscription":{"subscriptions":["sale"]}}'],
            {"statusData": {"subscription": {"subscriptions": ["sale"]}}},
        ),
        ("sendpulse", "delivered", ["smtp_server_response_code=250"], {"smtp_server_response_code": "250"}),
        ("pushwoosh", "Email Sent", ["user_id=1500", "campaign_id=9"], {"user_id": "1500", "campaign_id": 9}),
    ],
)
def test_set_gives_a_field_the_type_that_the_vendor_gives_it(provider, kind, words, expected):
    settings = [part for word in words for part in ("--set", word)]
    with Receiver() as receiver:
        done = run("trigger", provider, kind, "--to", receiver.url, *settings)
    assert done.returncode == 0, done.stderr
    sent = receiver.posts[0].json
    event = sent[0] if isinstance(sent, list) else sent
    assert {name: event[name] for name in expected} == expected


def test_null_leaves_a_field_out():
    with Receiver() as receiver:
        done = run("trigger", "pushwoosh", "Email Sent", "--to", receiver.url, "--set", "journey_title=null")
    assert done.returncode == 0, done.stderr
    assert "journey_title" not in receiver.posts[0].json


def test_a_value_that_the_vendor_would_never_send_is_refused_with_the_rule():
    with Receiver() as receiver:
        done = run("trigger", "esputnik", "READ", "--to", receiver.url, "--set", "contactId=many")
    assert done.returncode == 2
    assert "/contactId: expected an integer" in done.stderr
    assert receiver.received == []


def test_count_events_travel_as_the_vendor_batches_them():
    with Receiver() as receiver:
        assert run("trigger", "sendpulse", "opened", "--to", receiver.url, "--count", "3").returncode == 0
        assert [len(request.json) for request in receiver.posts] == [3]
        done = run("trigger", "pushwoosh", "Email Sent", "--to", receiver.url, "--count", "2")
        assert done.returncode == 0
        assert [type(request.json) for request in receiver.posts[1:]] == [dict, dict]


def test_a_seed_repeats_the_values_and_without_one_they_differ():
    with Receiver() as receiver:
        for words in (["--seed", "7"], ["--seed", "7"], [], []):
            assert run("trigger", "esputnik", "READ", "--to", receiver.url, *words).returncode == 0
    iids = [request.json[0]["iid"] for request in receiver.posts]
    assert iids[0] == iids[1]
    assert len(set(iids)) == 3


def test_it_happens_now():
    with Receiver() as receiver:
        assert run("trigger", "sendpulse", "opened", "--to", receiver.url).returncode == 0
    happened = datetime.fromtimestamp(receiver.posts[0].json[0]["timestamp"], UTC)
    assert abs(datetime.now(UTC) - happened) < timedelta(minutes=1)


def test_an_option_opens_what_the_documents_leave_open():
    with Receiver() as receiver:
        done = run(
            "trigger", "esputnik", "WIDGET_VIEW", "--to", receiver.url, "--option", "activity.widgets=true"
        )
    assert done.returncode == 0, done.stderr
    assert receiver.posts[0].json[0]["mediaType"] == "widget"


def test_as_json_it_tells_what_was_sent_and_what_came_back():
    with Receiver(503) as receiver:
        done = run("trigger", "esputnik", "READ", "--to", receiver.url, "--json", "--seed", "1")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["provider"], told["revision"], told["kind"], told["seed"]) == (
        "esputnik",
        "2023-09",
        "READ",
        1,
    )
    (request,) = told["requests"]
    assert request["body"].encode() == receiver.posts[0].body
    assert (request["status"], request["acknowledged"], request["events"]) == (503, False, 1)


def test_a_long_body_is_cut_for_people_only():
    with Receiver() as receiver:
        words = ["trigger", "sendpulse", "opened", "--to", receiver.url, "--count", "100"]
        shown, told = run(*words), run(*words, "--json")
    assert "--json prints every one" in shown.stdout
    assert len(json.loads(json.loads(told.stdout)["requests"][0]["body"])) == 100


def test_a_host_that_cannot_be_looked_up_has_to_be_allowed():
    done = run("trigger", "pushwoosh", "Email Sent", "--to", "http://shop.invalid/hook")
    assert (done.returncode, done.stdout) == (2, "")
    assert "shop.invalid could not be looked up" in done.stderr
    assert "--allow shop.invalid on the command line" in done.stderr
    allowed = run(
        "trigger", "pushwoosh", "Email Sent", "--to", "http://shop.invalid/hook", "--allow", "shop.invalid"
    )
    assert allowed.returncode == 3
    assert "no connection: " in allowed.stdout


def test_what_could_match_no_host_cannot_be_allowed():
    done = run("trigger", "pushwoosh", "Email Sent", "--to", "http://foo/x", "--allow", "http://foo/x")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "argument --allow: expected HOST or HOST:PORT, such as shop.example.com, got 'http://foo/x'"
        in done.stderr
    )
