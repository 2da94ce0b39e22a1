"""SendPulse's later revision: batches of half a minute, bounces with other fields, variables of limited length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulators import catalog
from emulators.errors import InvalidValue, UnknownName
from tests.cli.running import Serving, run
from tests.support.receiver import Receiver
from tests.support.smtp_app import App

LATER = "sendpulse@2025-08"
pytestmark = pytest.mark.emulator(LATER)
BOUNCES = ("soft_bounces", "hard_bounces")


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env)


@pytest.fixture
def hook(sendpulse) -> Iterator[Receiver]:
    with Receiver() as receiver:
        sendpulse.subscribe(receiver.url, feed="smtp")
        yield receiver


def arrived(hook: Receiver) -> list[dict[str, Any]]:
    return [event for post in hook.posts for event in post.json]


def kinds(hook: Receiver, address: str) -> list[str]:
    return [
        event["event"] for event in arrived(hook) if address in (event.get("recipient"), event.get("email"))
    ]


def test_a_batch_leaves_after_half_a_minute(sendpulse, hook) -> None:
    sendpulse.emit("opened", count=2)
    sendpulse.advance("29s")
    assert hook.posts == []
    sendpulse.advance("1s")
    assert [len(post.json) for post in hook.posts] == [2]


def test_a_batch_leaves_when_it_has_five_hundred_events(sendpulse, hook) -> None:
    sendpulse.emit("clicked", count=1001)
    sendpulse.advance(0)
    assert [len(post.json) for post in hook.posts] == [500, 500]
    sendpulse.advance("30s")
    assert [len(post.json) for post in hook.posts] == [500, 500, 1]


@pytest.mark.parametrize("kind", BOUNCES)
def test_a_bounce_has_the_fields_and_types_of_the_other_service(kind, sendpulse, hook) -> None:
    sendpulse.emit(kind, email="ann@example.com")
    sendpulse.advance("30s")
    [event] = arrived(hook)
    [sample] = json.loads(catalog.samples("sendpulse", "2025-08")["smtp.hard_bounces"].body)
    assert list(event) == list(sample)
    assert {name: type(value) for name, value in event.items()} == {n: type(v) for n, v in sample.items()}
    assert (event["event"], event["email"]) == (kind, "ann@example.com")
    assert event["smtp_server_response_code"] // 100 == (4 if kind == "soft_bounces" else 5)


def test_a_bounce_has_neither_a_recipient_nor_a_number_of_its_mail(sendpulse, hook) -> None:
    for field in ("recipient", "message_id", "sender", "subject"):
        with pytest.raises(UnknownName, match=f"unknown field of hard_bounces '{field}'"):
            sendpulse.emit("hard_bounces", {field: "x"})


def test_the_sample_of_a_bounce_can_be_replayed(sendpulse, hook) -> None:
    sendpulse.replay("smtp.hard_bounces")
    sendpulse.advance("30s")
    assert hook.posts[0].body == catalog.samples("sendpulse", "2025-08")["smtp.hard_bounces"].body


def test_the_other_kinds_are_as_they_were(sendpulse, hook) -> None:
    for kind in ("delivered", "undelivered", "opened", "clicked", "unsubscribed", "spam_by_user"):
        event = sendpulse.emit(kind).payload
        [sample] = json.loads(catalog.samples("sendpulse")[f"smtp.{kind}"].body)
        assert list(event) == list(sample)
        assert {n: type(v) for n, v in event.items()} == {n: type(v) for n, v in sample.items()}


STORIES = {"bounce": "hard_bounces", "rejected": "hard_bounces", "soft-bounce": "soft_bounces"}


@pytest.mark.parametrize("story", STORIES)
def test_a_mail_that_comes_back_is_told_twice(story, sendpulse, app, hook) -> None:
    """Undelivered with the SMTP service's fields, and the bounce with the code as a number."""
    address = f"{story}+ann@example.com"
    app.sent(address)
    sendpulse.advance("1h")
    undelivered, bounce = arrived(hook)
    assert (undelivered["event"], undelivered["recipient"]) == ("undelivered", address)
    assert (bounce["event"], bounce["email"]) == (STORIES[story], address)
    assert bounce["smtp_server_response_code"] == int(undelivered["smtp_server_response_code"])
    for name in ("smtp_server_response", "smtp_server_response_subcode", "timestamp"):
        assert bounce[name] == undelivered[name]
    assert app.get("/smtp/bounces/day/total") == {"total": 1}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("choice", ["undelivered", "bounce"])
def test_an_option_says_which_of_the_two_is_told(choice, story, emulate) -> None:
    with (
        emulate.in_thread(LATER, options={"smtp.bounces": choice}) as sendpulse,
        Receiver() as hook,
    ):
        sendpulse.subscribe(hook.url, feed="smtp")
        app = App(sendpulse.env)
        id = app.sent(f"{story}+ann@example.com")
        sendpulse.advance("1h")
        told = "undelivered" if choice == "undelivered" else STORIES[story]
        assert kinds(hook, f"{story}+ann@example.com") == [told]
        assert app.get(f"/smtp/emails/{id}")["smtp_answer_code_explain"] == "Undelivered"
        [row] = app.get("/smtp/bounces/day")["emails"]
        assert str(row["smtp_answer_code"]) == str(arrived(hook)[0]["smtp_server_response_code"])


@pytest.mark.emulator(LATER, outcomes={"*": [["soft_bounces", 3]]})
def test_a_story_may_name_a_bounce_itself(sendpulse, app, hook) -> None:
    app.sent("ann@example.com")
    sendpulse.advance("1h")
    assert kinds(hook, "ann@example.com") == ["soft_bounces"]
    assert app.get("/smtp/bounces/day/total") == {"total": 1}


def resubscribe(sendpulse, app: App) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": [{"email": "ann@example.com"}]})
    sent = {"email": "ann@example.com", "sender": "news@shop.example.com", "lang": "en"}
    assert app.call("POST", "/smtp/resubscribe", sent)[0] == 200
    sendpulse.advance("1h")
    assert app.get("/smtp/unsubscribe/search?email=ann%40example.com") == {"result": False}


def test_resubscribed_has_no_known_payload_and_is_not_sent_unasked(sendpulse, app, hook) -> None:
    with pytest.raises(InvalidValue, match=r"'resubscribed' is assumed, not documented.*smtp\.resubscribed"):
        sendpulse.emit("resubscribed")
    with pytest.raises(InvalidValue, match=r"option outcomes: .*steps such as"), _with_story("resubscribed"):
        pass
    resubscribe(sendpulse, app)
    assert hook.posts == []


def _with_story(kind: str) -> Any:
    from emulators import in_thread

    return in_thread(LATER, outcomes={"*": [[kind, 1]]})


@pytest.mark.emulator(LATER, options={"smtp.resubscribed": True})
def test_resubscribed_is_sent_by_who_asks_for_it(sendpulse, app, hook) -> None:
    assert list(sendpulse.emit("resubscribed").payload) == ["event", "recipient", "sender", "subject"]
    sendpulse.flush()
    resubscribe(sendpulse, app)
    event = arrived(hook)[-1]
    assert (event["event"], event["recipient"]) == ("resubscribed", "ann@example.com")
    assert event["sender"] == "news@shop.example.com"


OUTCOMES = {"*": [["unsubscribed", 1], ["resubscribed", 600]]}


@pytest.mark.emulator(LATER, options={"smtp.resubscribed": True}, outcomes=OUTCOMES)
def test_who_subscribes_again_in_a_story_gets_mails_again(sendpulse, app, hook) -> None:
    app.sent("ann@example.com")
    sendpulse.advance("1m")
    assert app.get("/smtp/unsubscribe/search?email=ann%40example.com") == {"result": True}
    sendpulse.advance("1h")
    assert app.get("/smtp/unsubscribe/search?email=ann%40example.com") == {"result": False}
    assert kinds(hook, "ann@example.com") == ["unsubscribed", "resubscribed"]


@pytest.mark.emulator(LATER, options={"events.types": "strict"})
def test_a_string_of_an_event_has_at_most_255_characters_where_types_are_strict(sendpulse, app) -> None:
    assert sendpulse.profile.facts["string_variables"].basis == "documented"
    for length, status in ((255, 200), (256, 422)):
        event = {"email": "ann@example.com", "note": "x" * length}
        assert app.call("POST", "/events/name/registration", event)[0] == status


@pytest.mark.emulator("sendpulse")
def test_the_default_revision_knows_nothing_of_this(sendpulse, app, hook, emulate) -> None:
    assert sendpulse.revision == "2021-05"
    for kind in BOUNCES:
        assert kind not in sendpulse.profile.feeds["smtp"].kinds
    app.sent("bounce+ann@example.com")
    sendpulse.advance("1h")
    assert kinds(hook, "bounce+ann@example.com") == ["undelivered"]
    with (
        pytest.raises(UnknownName, match=r"unknown option of sendpulse 'smtp\.bounces'"),
        emulate.in_thread("sendpulse", options={"smtp.bounces": "both"}),
    ):
        pass


def test_the_command_line_knows_the_revision() -> None:
    with Receiver() as receiver:
        words = ("--to", receiver.url)
        done = run("trigger", LATER, "smtp.soft_bounces", *words, "--set", "email=ann@example.com")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("SendPulse (2025-08) sends soft_bounces")
        assert run("replay", LATER, "smtp.hard_bounces", *words).returncode == 0
        assert [post.json[0]["event"] for post in receiver.posts] == ["soft_bounces", "hard_bounces"]
    assert "batch_size = 500 events" in run("explain", LATER).stdout
    with Serving(LATER, "--port", "0") as serving:
        assert serving.ready["providers"]["sendpulse"]["revision"] == "2025-08"
        assert App(serving.ready["providers"]["sendpulse"]["env"]).send("ann@example.com")[0] == 200
        serving.stop()
