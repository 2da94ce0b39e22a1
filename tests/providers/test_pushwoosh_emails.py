"""Pushwoosh's createEmailMessage, and what it leads to on the webhook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from emulators import catalog
from emulators.engine.state import fold
from tests.support.pushwoosh_app import App
from tests.support.receiver import Receiver

NULL = {"status_code": 200, "status_message": "OK", "response": None}


@pytest.fixture
def app(pushwoosh) -> App:
    return App(pushwoosh.env)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def told(receiver: Receiver) -> list[tuple[str, str]]:
    return [(post.json["hwid"], post.json["event_name"]) for post in receiver.posts]


def history(emulator: Any) -> list[str]:
    return [event.kind for event in emulator.account.history.get("webhook", ())]


def test_an_email_to_a_registered_address_is_sent_delivered_and_opened(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    assert app.device("registerEmail", email="ann@example.com", userId="Alex") == NULL
    assert app.mail("ann@example.com", use_auto_registration=False, campaign="12345-ABCDE") == NULL
    assert not receiver.posts
    pushwoosh.drain()
    assert [name for _, name in told(receiver)] == ["Email Sent", "Email Delivered", "Email Opened"]
    events = [post.json for post in receiver.posts]
    assert len({event["message_code"] for event in events}) == 1
    assert len({event["campaign_id"] for event in events}) == 1
    for event in events:
        catalog.validate(event, "pushwoosh/webhook")
        assert (event["platform"], event["payload"], event["user_id"]) == ("Email", "Hello", "Alex")
        assert event["application_code"] == app.application
        # Only what a journey sends has these.
        assert not {"journey_title", "journey_point_title"} & set(event)
    assert events == sorted(events, key=lambda event: event["timestamp"])


def test_who_has_no_user_id_is_told_with_the_address_in_its_place(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    app.mail("ann@example.com")
    pushwoosh.drain()
    assert {post.json["user_id"] for post in receiver.posts} == {"ann@example.com"}
    assert all("campaign_id" not in post.json for post in receiver.posts)


def test_an_address_that_nobody_registered_gets_nothing(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    assert app.mail("ann@example.com", use_auto_registration=False) == NULL
    pushwoosh.drain()
    assert not receiver.posts
    [problem] = pushwoosh.assert_called("create-email-message").problems
    assert problem.got == "ann@example.com"


@pytest.mark.parametrize(
    ("address", "end"),
    [
        ("bounce+ann@example.com", ["Email Sent", "Email Bounced"]),
        ("delivered+ann@example.com", ["Email Sent", "Email Delivered"]),
        ("silent+ann@example.com", []),
        ("hard-bounce+ann@example.com", ["Email Sent"]),
    ],
)
def test_the_address_may_say_what_becomes_of_its_email(address, end, pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    app.mail(address)
    pushwoosh.drain()
    assert [name for _, name in told(receiver)] == end


@pytest.mark.emulator("pushwoosh", options={"webhook.inferred_kinds": True})
def test_names_that_no_page_spells_are_told_if_asked_for(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    app.mail("ann@example.com", "hard-bounce@example.com", "unsubscribe@example.com", "spam@example.com")
    pushwoosh.drain()
    last = dict(told(receiver))
    assert last == {
        "ann@example.com": "Email Link Clicked",
        "hard-bounce@example.com": "Email Hard Bounced",
        "unsubscribe@example.com": "Email Unsubscribed",
        "spam@example.com": "Email Complained",
    }


@pytest.mark.emulator(
    "pushwoosh",
    options={"outcomes": {"ann@example.com": [["Email Bounced", 1]]}, "outcomes.default": "delivered"},
)
def test_options_may_say_what_becomes_of_emails(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    app.mail("ann@example.com", "bob@example.com")
    pushwoosh.drain()
    assert Counter(told(receiver)) == Counter(
        [
            ("ann@example.com", "Email Bounced"),
            ("bob@example.com", "Email Sent"),
            ("bob@example.com", "Email Delivered"),
        ]
    )


@pytest.mark.emulator("pushwoosh", options={"outcomes.default": "delivered"})
def test_a_transaction_that_was_seen_within_a_day_sends_nothing(pushwoosh, app) -> None:
    transaction = "6e22a9af-84e4-46e6-af16-e457a4a6e7e5"
    for _ in range(2):
        assert app.mail("ann@example.com", transactionId=transaction) == NULL
    pushwoosh.advance("23h59m")
    assert app.mail("ann@example.com", transactionId=transaction) == NULL
    pushwoosh.advance("2m")
    assert history(pushwoosh) == ["Email Sent", "Email Delivered"]
    app.mail("ann@example.com", transactionId=transaction)
    pushwoosh.advance("2m")
    assert history(pushwoosh) == ["Email Sent", "Email Delivered"] * 2


@pytest.mark.emulator("pushwoosh", options={"email.response": "codes"})
def test_codes_may_be_answered_and_say_who_is_unknown(pushwoosh, app) -> None:
    nobody = app.mail("nobody@example.com", use_auto_registration=False)["response"]
    assert nobody == {"Messages": ["CODE_NOT_AVAILABLE"], "UnknownDevices": {"": ["nobody@example.com"]}}
    app.device("registerEmail", email="ann@example.com")
    answer = app.mail("ann@example.com", "nobody@example.com", use_auto_registration=False)["response"]
    [code] = answer["Messages"]
    assert answer["UnknownDevices"] == {code: ["nobody@example.com"]}
    pushwoosh.drain()
    assert {event.payload["message_code"] for event in pushwoosh.account.history["webhook"]} == {code}


@pytest.mark.emulator("pushwoosh", options={"email.response": "codes"})
def test_a_repeated_transaction_is_answered_with_the_same_code(app) -> None:
    answers = [app.mail("ann@example.com", transactionId="once")["response"] for _ in range(2)]
    assert answers[0] == answers[1]


def test_an_email_without_a_list_reaches_everybody_whose_tags_fit(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    for name, age in (("ann", 17), ("bob", 18), ("cid", 40)):
        app.device("registerEmail", email=f"{name}@example.com", userId=name)
        app.device("setEmailTags", email=f"{name}@example.com", tags={"Age": age})
    app.mail(conditions=[["Age", "GTE", 18]])
    pushwoosh.advance("1m")
    assert {hwid for hwid, _ in told(receiver)} == {"bob@example.com", "cid@example.com"}
    app.mail(users=["ann"])
    pushwoosh.advance("1m")
    assert "ann@example.com" in dict(told(receiver))


def test_a_deleted_address_gets_no_more(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    app.device("registerEmailUser", email="ann@example.com", userId="Alex")
    assert app.device("deleteEmail", email="ann@example.com") == NULL
    app.mail(users=["Alex"])
    pushwoosh.drain()
    assert not receiver.posts


@pytest.mark.emulator("pushwoosh", options={"outcomes.default": "delivered"})
@pytest.mark.parametrize(
    ("date", "zone", "hours"),
    [
        ("2026-01-01 03:00", None, 3),
        ("2026-01-01 03:00", "Europe/Paris", 2),
        ("2025-12-31 20:00", "America/New_York", 1),
    ],
)
def test_an_email_waits_for_its_date(date, zone, hours, pushwoosh, app) -> None:
    app.mail("ann@example.com", send_date=date, **({"timezone": zone} if zone else {}))
    pushwoosh.advance(hours * 3600 - 1)
    assert not history(pushwoosh)
    pushwoosh.advance("1m")
    assert history(pushwoosh) == ["Email Sent", "Email Delivered"]


@pytest.mark.emulator("pushwoosh", options={"presets": {"ERDWE-32AFB": "Our summer sale"}})
def test_the_subject_is_that_of_the_email_or_of_its_preset(pushwoosh, app) -> None:
    app.mail("ann@example.com", subject=[{"de": "Hallo"}, {"default": "Hello, friend"}])
    pushwoosh.drain()
    app.mail("bob@example.com", subject=None)
    pushwoosh.drain()
    subjects = {e.payload["hwid"]: e.payload["payload"] for e in pushwoosh.account.history["webhook"]}
    assert subjects == {"ann@example.com": "Hello, friend", "bob@example.com": "Our summer sale"}


@pytest.mark.emulator("pushwoosh", options={"webhook.message_id": True})
def test_the_message_id_asked_for_is_the_same_in_all_events_and_in_the_list(pushwoosh, app) -> None:
    app.mail("ann@example.com")
    pushwoosh.drain()
    ids = {event.payload["message_id"] for event in pushwoosh.account.history["webhook"]}
    assert ids == {item["id"] for item in app.listed()[1]["items"]}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"send_date": None}, "Cannot parse date"),
        ({"send_date": "tomorrow"}, "Cannot parse date"),
        ({"send_date": "2026-02-30 10:00"}, "Cannot parse date"),
        ({"devices": "ann@example.com"}, 'Invalid devices list. "devices" must be an array.'),
        ({"devices": ["a@b.c"] * 1001}, "Too many devices"),
        ({"preset": ""}, "Preset is required"),
    ],
)
def test_a_wrong_email_is_a_210_within_http_200_and_sends_nothing(change, text, pushwoosh, app) -> None:
    assert app.mail("ann@example.com", **change) == {
        "status_code": 210,
        "status_message": text,
        "response": None,
    }
    [call] = pushwoosh.calls("create-email-message")
    assert call.status == 200
    assert call.problems
    pushwoosh.drain()
    assert not pushwoosh.account.history.get("webhook")
    assert not pushwoosh.account.tables.get("devices")


@pytest.mark.emulator("pushwoosh", options={"email.missing_preset": "taken"})
def test_an_email_without_a_preset_may_be_taken(app) -> None:
    assert app.mail("ann@example.com", preset="") == NULL


def test_a_state_that_is_folded_again_in_the_middle_changes_nothing(emulate) -> None:
    def lived(fold_again: bool) -> list[bytes]:
        with emulate.fresh("pushwoosh") as pushwoosh:
            App(pushwoosh.env).mail("ann@example.com", "bounce@example.com", campaign="12345-ABCDE")
            for _ in range(10):
                if fold_again:
                    pushwoosh.world.state = fold(pushwoosh.world.journal.entries)
                pushwoosh.advance("1m")
            return [event.body for event in pushwoosh.account.history["webhook"]]

    assert len(lived(False)) == 5
    assert lived(True) == lived(False)


def test_one_wrong_email_keeps_the_others_from_being_sent(pushwoosh, app) -> None:
    good = {
        "send_date": "now",
        "content": "Hi",
        "devices": ["ann@example.com"],
        "use_auto_registration": True,
    }
    answer = app.server(
        "createEmailMessage", application=app.application, notifications=[good, {**good, "send_date": 1}]
    )
    assert answer["status_code"] == 210
    pushwoosh.drain()
    assert not pushwoosh.account.history.get("webhook")


def test_what_was_sent_already_is_not_taken_back(pushwoosh, app, receiver) -> None:
    pushwoosh.subscribe(receiver.url)
    app.mail("ann@example.com")
    pushwoosh.advance("20s")
    assert [name for _, name in told(receiver)] == ["Email Sent", "Email Delivered"]
    code = receiver.posts[0].json["message_code"]
    assert app.server("cancelMessage", message=code)["status_code"] == 200
    pushwoosh.drain()
    assert [name for _, name in told(receiver)] == ["Email Sent", "Email Delivered", "Email Opened"]
