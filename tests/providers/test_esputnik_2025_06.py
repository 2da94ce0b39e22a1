"""eSputnik's later revision: eight statuses, a login for our receiver, several webhooks, and the App Inbox."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from uuid import UUID

import pytest

from emulators import catalog
from emulators.errors import UnknownName
from tests.cli.running import Serving, run
from tests.support.esputnik_app import App
from tests.support.receiver import Receiver

LATER = "esputnik@2025-06"
pytestmark = pytest.mark.emulator(LATER)

STATUSES = "SENT DELIVERED UNDELIVERED READ CLICKED UNSUBSCRIBED SPAM SUBSCRIPTION_CHANGED".split()


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def second() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def statuses(app: Receiver) -> list[str]:
    return [event["activityStatus"] for post in app.posts for event in post.json]


def test_there_are_the_eight_documented_statuses_and_no_others(esputnik, app) -> None:
    kinds = esputnik.profile.feeds["activity"].kinds
    assert list(kinds) == STATUSES
    assert {kind.basis for kind in kinds.values()} == {"documented"}
    assert catalog.schema(f"{LATER}/activity.event")["properties"]["activityStatus"]["enum"] == STATUSES
    esputnik.subscribe(app.url)
    for status in STATUSES:
        esputnik.emit(status)
    esputnik.advance(0)
    assert statuses(app) == STATUSES


def test_widgets_are_promised_no_more(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    with pytest.raises(UnknownName, match="unknown kind 'WIDGET_VIEW'"):
        esputnik.emit("WIDGET_VIEW")
    assert "activity.widgets" not in esputnik.options


def test_a_change_of_subscriptions_is_spelt_right(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("SUBSCRIPTION_CHANGED").payload
    assert event["statusData"] == {"subscription": {"subscriptions": ["news", "promo"]}}
    for name in ("subscripton", "subscriptons", "sourceEventTypeId"):
        with pytest.raises(UnknownName, match=f"unknown field of SUBSCRIPTION_CHANGED '{name}'"):
            esputnik.emit("SUBSCRIPTION_CHANGED", {name: []})


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        ({"email": "ann@example.com"}, "Example Shop"),
        ({"sms": "380956490955"}, "Example Shop"),
        ({"mediaType": "viber"}, "Example Shop"),
        ({"mobilepush": "token"}, None),
        ({"mediaType": "telegrambot"}, None),
    ],
)
def test_e_mail_sms_and_viber_name_their_sender(given, sender, esputnik, app) -> None:
    esputnik.subscribe(app.url)
    assert esputnik.emit("DELIVERED", given).payload.get("from") == sender


def test_what_no_page_shows_a_value_of_comes_only_if_it_is_given(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    more = {"osName": "Android 14", "osType": "Android", "messageLanguageCode": "uk"}
    plain = esputnik.emit("SENT", mobilepush="token").payload
    assert not set(more) & set(plain)
    event = esputnik.emit("SENT", {**more, "mobilepush": "token"}).payload
    assert {name: event[name] for name in more} == more
    order = esputnik.profile.feeds["activity"].kinds["SENT"].fields
    assert list(event) == [name for name in order if name in event]


def test_nothing_is_gathered_for_a_minute(esputnik, app) -> None:
    """A message that is delivered, read and clicked is three requests."""
    esputnik.subscribe(app.url)
    shop = App(esputnik.env)
    body = {
        "from": '"Shop" <shop@example.com>',
        "subject": "Hi",
        "htmlText": "<b>Hi</b>",
        "emails": ["ann@example.com"],
    }
    assert shop.post("/v1/message/email", body).status == 200
    esputnik.advance("1h")
    assert [[e["activityStatus"] for e in post.json] for post in app.posts] == [
        ["DELIVERED"],
        ["READ"],
        ["CLICKED"],
    ]
    assert {event["from"] for post in app.posts for event in post.json} == {'"Shop" <shop@example.com>'}
    rows = shop.get("/v2/contacts/activity", dateFrom="2026-01-01", dateTo="2026-01-02").body
    assert {row["from"] for row in rows} == {'"Shop" <shop@example.com>'}


def test_a_second_webhook_gets_all_of_it_too(esputnik, app, second) -> None:
    for receiver in (app, second):
        esputnik.subscribe(receiver.url)
    esputnik.emit("READ")
    esputnik.advance(0)
    assert statuses(app) == statuses(second) == ["READ"]


def test_each_webhook_has_its_own_statuses(esputnik, app, second) -> None:
    esputnik.subscribe(app.url, kinds=["UNDELIVERED", "SPAM"])
    esputnik.subscribe(second.url)
    for status in STATUSES:
        esputnik.emit(status)
    esputnik.advance(0)
    assert statuses(app) == ["UNDELIVERED", "SPAM"]
    assert statuses(second) == STATUSES


def test_one_webhook_that_fails_does_not_hold_up_the_other(esputnik, app, second) -> None:
    app.then = 503
    for receiver in (app, second):
        esputnik.subscribe(receiver.url)
    for _ in range(2):
        esputnik.emit("READ")
        esputnik.advance("1s")
    assert (len(app.posts), len(second.posts)) == (1, 2)


def test_a_login_travels_with_the_verification_and_with_every_request(esputnik, app) -> None:
    esputnik.subscribe(app.url, auth=("shop", "secret"))
    esputnik.emit("READ")
    esputnik.advance(0)
    basic = "Basic " + b64encode(b"shop:secret").decode()
    assert [(r.method, r.headers["authorization"]) for r in app.received] == [("GET", basic), ("POST", basic)]


def test_retries_are_as_they_were(esputnik, app) -> None:
    old = catalog.profile("esputnik", "2023-09").feeds["activity"].policy
    new = esputnik.profile.feeds["activity"].policy
    for name in ("answers", "retry_delays", "retry_after_last", "order"):
        assert new[name] == old[name]
    app.answers.extend([204, 500])
    esputnik.subscribe(app.url)
    esputnik.emit("READ")
    esputnik.advance("3m")
    assert [d.status for d in esputnik.deliveries()] == [204, 500, 200]


def test_the_inbox_gets_an_object_for_each_message(esputnik, app) -> None:
    esputnik.subscribe(app.url, feed="app-inbox", auth=("shop", "secret"))
    esputnik.emit("message", externalCustomerId="77", customData={"points": 3})
    esputnik.emit("message", title="Hi", image=None)
    esputnik.advance(0)
    assert [request.method for request in app.received] == ["POST", "POST"]
    first, other = (post.json for post in app.posts)
    fields = (
        "externalCustomerId id messageId createdDate title content image link category customData".split()
    )
    assert list(first) == fields
    assert (first["externalCustomerId"], first["customData"]) == ("77", {"points": 3})
    assert UUID(first["id"]).version == 4
    assert first["createdDate"] == 1_767_225_600_000
    assert other["title"] == "Hi"
    assert "image" not in other
    assert all(post.headers["authorization"].startswith("Basic ") for post in app.posts)


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503])
def test_the_inbox_is_tried_again_where_the_page_says_so(status, esputnik, app) -> None:
    app.answers.append(status)
    esputnik.subscribe(app.url, feed="app-inbox")
    esputnik.emit("message")
    esputnik.advance("59s")
    assert len(app.posts) == 1
    esputnik.advance("1s")
    assert [(d.status, d.outcome) for d in esputnik.deliveries()] == [
        (status, "rescheduled"),
        (200, "acknowledged"),
    ]
    assert app.posts[0].body == app.posts[1].body


@pytest.mark.parametrize("status", [400, 404, 204])
def test_the_inbox_is_not_tried_again_after_other_answers(status, esputnik, app) -> None:
    app.answers.append(status)
    esputnik.subscribe(app.url, feed="app-inbox")
    esputnik.emit("message")
    esputnik.drain()
    assert [(d.status, d.outcome) for d in esputnik.deliveries()] == [(status, "abandoned")]


@pytest.mark.emulator("esputnik")
def test_the_default_revision_knows_nothing_of_this(esputnik, app) -> None:
    assert esputnik.revision == "2023-09"
    esputnik.subscribe(app.url)
    with pytest.raises(UnknownName, match="unknown feed of esputnik 'app-inbox'"):
        esputnik.subscribe(app.url, feed="app-inbox")
    assert "from" not in esputnik.emit("DELIVERED", email="ann@example.com").payload
    with pytest.raises(UnknownName, match="unknown field of DELIVERED 'from'"):
        esputnik.emit("DELIVERED", {"from": "Shop"})


def test_the_command_line_knows_the_revision() -> None:
    with Receiver() as receiver:
        for kind in ("SUBSCRIPTION_CHANGED", "app-inbox.message"):
            assert run("trigger", LATER, kind, "--to", receiver.url).returncode == 0
        assert isinstance(receiver.posts[0].json, list)
        assert receiver.posts[1].json["customData"] == {}
    assert "WEBHOOK app-inbox" in run("explain", LATER).stdout
    with Serving(LATER, "--port", "0") as serving:
        assert serving.ready["providers"]["esputnik"]["revision"] == "2025-06"
        assert App(serving.ready["providers"]["esputnik"]["env"]).get("/v1/version").status == 200
        serving.stop()
