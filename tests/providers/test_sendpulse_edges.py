"""SendPulse's SMTP API at the edges of its rules, and mails with many recipients."""

from __future__ import annotations

import json

import pytest

from emulators.engine.journal import Reacted
from tests.support.receiver import Receiver
from tests.support.smtp_app import App

BACK_AT_ONCE = {"*": [["undelivered", 0]]}


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env)


def bounced(app: App, query: str = "") -> list[str]:
    return [row["email_to"].partition("@")[0] for row in app.get(f"/smtp/bounces/day{query}")["emails"]]


@pytest.mark.emulator("sendpulse", outcomes=BACK_AT_ONCE)
def test_a_bounce_is_listed_up_to_the_last_second_of_24_hours(sendpulse, app) -> None:
    app.sent("ann@example.com")
    sendpulse.advance("1s")
    sendpulse.advance("23h59m59s")
    assert (bounced(app), app.get("/smtp/bounces/day/total")) == (["ann"], {"total": 1})
    sendpulse.advance("1s")
    assert (bounced(app), app.get("/smtp/bounces/day/total")) == ([], {"total": 0})


@pytest.mark.emulator("sendpulse", outcomes=BACK_AT_ONCE)
def test_bounces_come_the_newest_first(sendpulse, app) -> None:
    for name in ("ann", "ben", "cid"):
        app.sent(f"{name}@example.com")
        sendpulse.advance("1m")
    assert bounced(app) == ["cid", "ben", "ann"]
    assert bounced(app, "?limit=2") == ["cid", "ben"]


def test_mails_are_listed_100_at_once(app) -> None:
    for number in range(101):
        app.sent(f"ann{number}@example.com")
    for query, count in (("", 100), ("?limit=99", 99), ("?limit=100", 100), ("?limit=101", 100)):
        listed = app.get(f"/smtp/emails{query}")
        assert (len(listed), listed[0]["recipient"]) == (count, "ann100@example.com")
    assert [row["recipient"] for row in app.get("/smtp/emails?offset=100")] == ["ann0@example.com"]


@pytest.mark.emulator("sendpulse", options={"smtp.max_size": 100})
def test_a_mail_of_exactly_the_largest_size_is_taken(app) -> None:
    assert app.sent(subject="s" * 10, text="t" * 90)
    assert app.error(subject="s" * 10, text="t" * 91)[1] == "Message size limit exceeded"


@pytest.mark.emulator("sendpulse", options={"smtp.max_recipients": 3})
def test_a_mail_to_exactly_as_many_as_may_be_is_taken(app) -> None:
    assert app.sent("a@example.com", "b@example.com", cc=[{"email": "c@example.com"}])
    several = {"cc": [{"email": "c@example.com"}], "bcc": [{"email": "d@example.com"}]}
    assert app.error("a@example.com", "b@example.com", **several)[2] == 550


@pytest.mark.emulator("sendpulse", options={"smtp.json_in_get": "honoured"})
def test_of_a_query_and_a_body_that_say_different_things_the_query_is_heard(app) -> None:
    app.sent("ann@example.com")
    app.sent("ben@example.com")
    found = app.get("/smtp/emails?recipient=ann@example.com", {"recipient": "ben@example.com", "limit": 5})
    assert [row["recipient"] for row in found] == ["ann@example.com"]


def test_numbers_of_messages_follow_each_other_without_a_gap(sendpulse, app) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": ["gone@example.com"]})
    with Receiver() as hook:
        sendpulse.subscribe(hook.url, feed="smtp")
        app.sent("gone@example.com", "ann@example.com", "ben@example.com")
        app.sent("cid@example.com")
        sendpulse.advance("1h")
        told = [event for post in hook.posts for event in post.json]
    numbers = {event["recipient"][:3]: event["message_id"] for event in told}
    assert numbers == {"ann": 1149317311, "ben": 1149317312, "cid": 1149317313}


@pytest.mark.emulator("sendpulse", options={"smtp.max_recipients": 200, "smtp.recipient_of_many": "first"})
def test_what_one_recipient_does_is_written_down_without_the_others(sendpulse, app) -> None:
    id = app.sent(*[f"ann{number}@example.com" for number in range(200)])
    sendpulse.advance("1h")
    reactions = list(sendpulse.world.journal.of(Reacted, sendpulse.name))
    assert len(reactions) == 600
    assert max(len(json.dumps(reaction.effects.changes)) for reaction in reactions) < 500
    record = app.get(f"/smtp/emails/{id}")
    assert (record["recipient"], record["smtp_answer_code"]) == ("ann0@example.com", 250)
    assert (record["tracking"]["open"], len(record["tracking"]["link"])) == (200, 200)
    [found] = app.get("/smtp/emails?recipient=ANN199@example.com")
    assert found == record
    assert app.get("/smtp/emails?recipient=ann200@example.com") == []
