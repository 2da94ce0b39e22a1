"""The loop is closed: an app sends a mail, and the webhooks and records that follow from it are those of that mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.receiver import Receiver
from tests.support.smtp_app import App


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


def kinds(hook: Receiver, recipient: str) -> list[str]:
    return [event["event"] for event in arrived(hook) if event["recipient"] == recipient]


def test_a_mail_is_delivered_opened_and_clicked(sendpulse, app, hook) -> None:
    app.sent("ann@example.com", subject="Your order 7")
    sendpulse.advance("1h")
    told = arrived(hook)
    assert [event["event"] for event in told] == ["delivered", "opened", "clicked"]
    assert {(e["recipient"], e["sender"], e["subject"]) for e in told} == {
        ("ann@example.com", "news@shop.example.com", "Your order 7")
    }
    [message_id] = {event["message_id"] for event in told}
    assert type(message_id) is int
    assert [event["timestamp"] for event in told] == sorted({event["timestamp"] for event in told})


def test_nothing_is_told_before_it_happened(sendpulse, app, hook) -> None:
    app.sent("ann@example.com")
    sendpulse.advance("1m10s")
    assert kinds(hook, "ann@example.com") == ["delivered"]
    sendpulse.drain()
    assert kinds(hook, "ann@example.com") == ["delivered", "opened", "clicked"]


STORIES = {
    "delivered": ["delivered"],
    "opened": ["delivered", "opened"],
    "engaged": ["delivered", "opened", "clicked"],
    "bounce": ["undelivered"],
    "rejected": ["undelivered"],
    "soft-bounce": ["undelivered"],
    "spam": ["delivered", "opened", "spam_by_user"],
    "unsubscribe": ["delivered", "opened", "unsubscribed"],
    "silent": [],
}


def test_the_address_says_what_becomes_of_a_mail(sendpulse, app, hook) -> None:
    assert set(STORIES) == set(sendpulse.profile.facts["stories"].value)
    for story in STORIES:
        app.sent(f"{story}+ann@example.com")
    sendpulse.advance("1h")
    assert {story: kinds(hook, f"{story}+ann@example.com") for story in STORIES} == STORIES


@pytest.mark.parametrize(
    ("story", "code", "subcode"),
    [("bounce", "550", "5.1.1"), ("rejected", "554", "5.7.1"), ("soft-bounce", "451", "4.7.1")],
)
def test_every_bounce_has_the_answer_of_its_story(story, code, subcode, sendpulse, app, hook) -> None:
    for number in range(5):
        app.sent(f"{story}+{number}@example.com")
    sendpulse.advance("1h")
    answers = {
        (event["smtp_server_response_code"], event["smtp_server_response_subcode"]) for event in arrived(hook)
    }
    assert (answers, len(arrived(hook))) == ({(code, subcode)}, 5)


BOUNCES = [
    ("bounce", "hard_bounces", 550),
    ("rejected", "hard_bounces", 554),
    ("soft-bounce", "soft_bounces", 451),
]


@pytest.mark.parametrize("told", ["both", "bounce"])
@pytest.mark.parametrize(("story", "kind", "code"), BOUNCES)
def test_later_documents_tell_a_bounce_as_soft_or_hard(told, story, kind, code, emulate) -> None:
    with (
        Receiver() as receiver,
        emulate.fresh("sendpulse@2025-08", options={"smtp.bounces": told}) as sendpulse,
    ):
        sendpulse.subscribe(receiver.url, feed="smtp")
        App(sendpulse.env).sent(f"{story}+ann@example.com")
        sendpulse.advance("1h")
        *before, bounce = arrived(receiver)
        assert [event["event"] for event in before] == (["undelivered"] if told == "both" else [])
        assert (bounce["event"], bounce["smtp_server_response_code"]) == (kind, code)


OUTCOMES = {
    "ann@example.com": "bounce",
    "ben@example.com": [["delivered", 1], ["clicked", 1], ["clicked", 0]],
}


@pytest.mark.emulator("sendpulse", outcomes=OUTCOMES, options={"outcomes.default": "silent"})
def test_an_option_says_what_becomes_of_the_mails_to_an_address(sendpulse, app, hook) -> None:
    app.sent("ann@example.com", "ben@example.com", "cid@example.com")
    sendpulse.advance("1h")
    assert kinds(hook, "ann@example.com") == ["undelivered"]
    assert kinds(hook, "ben@example.com") == ["delivered", "clicked", "clicked"]
    assert kinds(hook, "cid@example.com") == []


def test_everybody_who_gets_a_mail_has_a_story_and_a_number_of_his_own(sendpulse, app, hook) -> None:
    app.sent("ann@example.com", cc=[{"email": "ben@example.com"}], bcc=[{"email": "bounce+cid@example.com"}])
    sendpulse.advance("1h")
    assert kinds(hook, "ann@example.com") == kinds(hook, "ben@example.com") == STORIES["engaged"]
    assert kinds(hook, "bounce+cid@example.com") == ["undelivered"]
    assert len({(event["recipient"], event["message_id"]) for event in arrived(hook)}) == 3
    assert len({event["message_id"] for event in arrived(hook)}) == 3


@pytest.mark.emulator("sendpulse", options={"smtp.message_id_per": "send"})
def test_the_recipients_of_a_mail_can_share_its_number(sendpulse, app, hook) -> None:
    for _ in range(2):
        app.sent("ann@example.com", "ben@example.com")
    sendpulse.advance("1h")
    assert len({event["message_id"] for event in arrived(hook)}) == 2


@pytest.mark.emulator("sendpulse", options={"smtp.message_id": "rest-id"})
def test_the_number_can_be_the_id_that_the_api_answered(sendpulse, app, hook) -> None:
    id = app.sent("ann@example.com", "unsubscribe+ben@example.com")
    sendpulse.advance("1h")
    assert {event.get("message_id") for event in arrived(hook)} == {id, None}


def test_an_unsubscription_has_no_number_as_on_the_page(sendpulse, app, hook) -> None:
    app.sent("unsubscribe+ann@example.com")
    sendpulse.advance("1h")
    assert list(arrived(hook)[-1]) == ["event", "recipient", "sender", "subject"]


def test_an_hour_later_the_record_shows_all_of_it(sendpulse, app) -> None:
    link = "PGEgaHJlZj0iaHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29tL29yZGVycy83Ij5Zb3VyIG9yZGVyPC9hPg=="
    id = app.sent("ann@example.com", html=link)
    before = app.get(f"/smtp/emails/{id}")
    assert (before["smtp_answer_code"], before["tracking"]["open"]) == (0, 0)
    sendpulse.advance("1h")
    record = app.get(f"/smtp/emails/{id}")
    assert (record["smtp_answer_code"], record["smtp_answer_code_explain"]) == (250, "Delivered")
    assert (record["tracking"]["open"], record["tracking"]["click"]) == (1, 1)
    [click], [client] = record["tracking"]["link"], record["tracking"]["client_info"]
    assert click["url"] == "https://shop.example.com/orders/7"
    assert record["send_date"] < client["action_date"] < click["action_date"]


def test_what_the_record_says_of_a_bounce_is_what_the_webhook_said(sendpulse, app, hook) -> None:
    id = app.sent("bounce+ann@example.com")
    sendpulse.advance("2m")
    [event], record = arrived(hook), app.get(f"/smtp/emails/{id}")
    assert record["smtp_answer_code"] == int(event["smtp_server_response_code"])
    assert record["smtp_answer_data"] == event["smtp_server_response"]
    day = app.get("/smtp/bounces/day")
    assert (day["total"], day["emails"][0]["email_to"]) == (1, "bounce+ann@example.com")
    assert day["emails"][0]["smtp_answer_subcode"] == event["smtp_server_response_subcode"]


@pytest.mark.parametrize(
    ("story", "reason"), [("spam", "spam_complaint"), ("unsubscribe", "unsubscribe_by_link")]
)
def test_who_had_enough_stands_on_the_list_and_gets_nothing_more(story, reason, sendpulse, app, hook) -> None:
    app.sent(f"{story}+ann@example.com")
    sendpulse.advance("1h")
    [row] = app.get("/smtp/unsubscribe")
    assert (row["email"], row[reason]) == (f"{story}+ann@example.com", 1)
    told = len(arrived(hook))
    app.sent(f"{story}+ann@example.com")
    sendpulse.advance("1h")
    assert len(arrived(hook)) == told


def test_who_unsubscribed_is_dropped_without_a_word_and_the_others_are_not(sendpulse, app, hook) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": [{"email": "Ann@example.com"}]})
    app.sent("ann@example.com", "ben@example.com")
    assert "ann@example.com" in str(sendpulse.calls("send-email")[-1].problems)
    sendpulse.advance("1h")
    assert kinds(hook, "ann@example.com") == []
    assert kinds(hook, "ben@example.com") == STORIES["engaged"]


def test_who_is_taken_off_the_list_gets_mails_again(sendpulse, app, hook) -> None:
    app.call("POST", "/smtp/unsubscribe", [{"email": "ann@example.com"}])
    app.call("DELETE", "/smtp/unsubscribe", {"emails": ["ann@example.com"]})
    app.sent("ann@example.com")
    sendpulse.advance("1h")
    assert kinds(hook, "ann@example.com") == STORIES["engaged"]


def test_all_of_it_happens_although_nobody_listens(sendpulse, app) -> None:
    id = app.sent("ann@example.com")
    sendpulse.advance("1h")
    assert app.get(f"/smtp/emails/{id}")["tracking"]["click"] == 1
    assert sendpulse.deliveries() == []


def test_a_refused_mail_has_no_story(sendpulse, app, hook) -> None:
    assert app.send("ann@example.com", subject=None)[0] == 422
    sendpulse.advance("1h")
    assert arrived(hook) == []


@pytest.mark.emulator("sendpulse", options={"outcomes.default": "mixed"})
def test_mixed_mails_live_through_many_stories_and_the_same_again(emulate, sendpulse, app, hook) -> None:
    for n in range(60):
        app.sent(f"ann{n}@example.com")
    sendpulse.advance("1h")
    lived = Counter(tuple(kinds(hook, f"ann{n}@example.com")) for n in range(60))
    # Most mails are delivered and never opened; a few are.
    assert set(lived) <= {tuple(story) for story in STORIES.values()}
    assert lived["delivered",] > 30 > lived["delivered", "opened"] > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_tells_the_same_story_to_the_byte(seed, emulate) -> None:
    bodies = []
    for _ in range(2):
        with Receiver() as hook, emulate.in_thread("sendpulse", seed=seed) as sendpulse:
            sendpulse.subscribe(hook.url, feed="smtp")
            App(sendpulse.env).sent("ann@example.com", "bounce+ben@example.com")
            sendpulse.advance("1h")
            bodies.append([post.body for post in hook.posts])
    assert bodies[0] == bodies[1] != []
