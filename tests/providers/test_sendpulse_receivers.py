"""SendPulse's e-mail service: webhooks are registered over REST, and what they bring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulators import catalog
from emulators.errors import NobodyListens
from tests.support.receiver import Receiver
from tests.support.sendpulse_app import App

WEBHOOK = "/v2/email-service/webhook"
KINDS = tuple(catalog.profile("sendpulse").feeds["email-service"].kinds)


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def rows(app: App) -> list[Any]:
    status, answer = app.call("GET", WEBHOOK)
    assert (status, answer["success"]) == (200, True)
    return list(answer["data"])


def arrived(shop: Receiver) -> list[str]:
    return [event["event"] for post in shop.posts for event in post.json]


def test_a_registered_webhook_gets_the_events_of_its_action(sendpulse, app, shop) -> None:
    status, answer = app.call("POST", WEBHOOK, {"url": shop.url, "actions": ["open", "unsubscribe"]})
    assert (status, answer["success"]) == (200, True)
    told = [(row["url"], row["action"], row["user_id"]) for row in answer["data"]]
    assert told == [(shop.url, "open", 7043663), (shop.url, "unsubscribe", 7043663)]
    sendpulse.emit("email-service.open", email="ann@example.com")
    sendpulse.emit("email-service.unsubscribe")
    with pytest.raises(NobodyListens):
        sendpulse.emit("email-service.spam")
    sendpulse.advance("1m")
    assert sorted(arrived(shop)) == ["open", "unsubscribe"]
    assert all(isinstance(post.json, list) for post in shop.posts)


def test_rows_are_read_changed_and_deleted_one_by_one(sendpulse, app, shop) -> None:
    _, answer = app.call("POST", WEBHOOK, {"url": shop.url, "actions": ["open", "spam"]})
    first, second = answer["data"]
    path = f"{WEBHOOK}/{first['id']}"
    assert app.call("GET", path) == (200, {"success": True, "data": first})
    assert app.call("PUT", path, {"url": shop.url + "/new"}) == (200, {"success": True, "data": [True]})
    assert rows(app) == [{**first, "url": shop.url + "/new"}, second]
    assert app.call("PUT", path, {"actions": ["delete"]})[0] == 200
    assert rows(app) == [{**first, "url": shop.url + "/new", "action": "delete"}, second]
    sendpulse.emit("delete")
    sendpulse.advance("1m")
    assert [post.path for post in shop.posts] == ["/hook/new"]
    assert app.call("DELETE", path) == (200, {"success": True, "data": [True]})
    assert rows(app) == [second]
    assert app.call("GET", path)[0] == 404
    assert app.call("DELETE", path)[0] == 404


@pytest.mark.parametrize("path", [WEBHOOK, WEBHOOK + "/", "/" + WEBHOOK])
def test_slashes_do_not_matter(path, app, shop) -> None:
    assert app.call("POST", path, {"url": shop.url, "actions": ["open"]})[0] == 200
    assert app.call("GET", path)[0] == 200


@pytest.mark.parametrize("encoding", ["form", "multipart"])
def test_a_form_registers_as_well(encoding, app, shop) -> None:
    pairs = [("url", shop.url), ("actions[]", "open"), ("actions[]", "delivered")]
    status, answer = getattr(app, encoding)("POST", WEBHOOK, pairs)
    assert status == 200
    assert [row["action"] for row in answer["data"]] == ["open", "delivered"]
    assert (
        getattr(app, encoding)("PUT", f"{WEBHOOK}/{answer['data'][0]['id']}", [("url", shop.url + "/x")])[0]
        == 200
    )


def test_the_body_that_the_php_library_deletes_with_is_no_hindrance(app, shop) -> None:
    _, answer = app.call("POST", WEBHOOK, {"url": shop.url, "actions": ["open"]})
    assert app.call("DELETE", f"{WEBHOOK}/{answer['data'][0]['id']}", b"[]")[0] == 200
    assert rows(app) == []


def test_a_receiver_that_a_test_registered_is_listed_and_changed_too(sendpulse, app, shop) -> None:
    sendpulse.subscribe(shop.url, feed="email-service")
    listed = rows(app)
    assert [row["action"] for row in listed] == list(KINDS)
    assert len({row["id"] for row in listed}) == len(KINDS)
    moved, gone = listed[0], listed[1]
    assert app.call("PUT", f"{WEBHOOK}/{moved['id']}", {"url": shop.url + "/moved"})[0] == 200
    assert app.call("DELETE", f"{WEBHOOK}/{gone['id']}")[0] == 200
    changed = [{**moved, "url": shop.url + "/moved"}, *listed[2:]]
    assert sorted(rows(app), key=lambda row: row["id"]) == changed
    sendpulse.emit(f"email-service.{moved['action']}")
    sendpulse.emit("redirect")
    with pytest.raises(NobodyListens):
        sendpulse.emit(f"email-service.{gone['action']}")
    sendpulse.advance("1m")
    assert sorted((post.path, post.json[0]["event"]) for post in shop.posts) == [
        ("/hook", "redirect"),
        ("/hook/moved", moved["action"]),
    ]


def test_webhooks_of_the_smtp_service_are_not_listed(sendpulse, app, shop) -> None:
    sendpulse.subscribe(shop.url)
    assert rows(app) == []


URL = "https://shop.example.com/hook"
INVALID = [
    ({"actions": ["open"]}, "Argument url missing"),
    ({"url": "", "actions": ["open"]}, "Argument url is invalid"),
    ({"url": "ftp://shop.example.com", "actions": ["open"]}, "Argument url is invalid"),
    ({"url": "http://[", "actions": ["open"]}, "Argument url is invalid"),
    ({"url": "http://x:99999/", "actions": ["open"]}, "Argument url is invalid"),
    ({"url": 7, "actions": ["open"]}, "Argument url is invalid"),
    ({"url": URL}, "Argument actions missing"),
    ({"url": URL, "actions": "open"}, "Argument actions must be array"),
    ({"url": URL, "actions": []}, "Argument actions is invalid"),
    ({"url": URL, "actions": ["opened"]}, "Argument actions is invalid"),
    ({"url": URL, "actions": [["open"]]}, "Argument actions is invalid"),
    ({}, "Argument url missing"),
    ([], "Argument url missing"),
    (b"", "Argument url missing"),
]


@pytest.mark.parametrize(("body", "text"), INVALID)
def test_a_webhook_without_a_url_or_actions_is_refused(body, text, sendpulse, app) -> None:
    assert app.call("POST", WEBHOOK, body) == (422, {"message": text, "error_code": 422})
    assert sendpulse.calls()[0].problems
    assert rows(app) == []


def test_a_change_that_says_nothing_is_refused(app, shop) -> None:
    _, answer = app.call("POST", WEBHOOK, {"url": shop.url, "actions": ["open"]})
    path = f"{WEBHOOK}/{answer['data'][0]['id']}"
    for body in ({}, {"url": "nowhere"}, {"actions": ["open", "spam"]}, {"url": None}):
        assert app.call("PUT", path, body)[0] == 422
    assert rows(app) == answer["data"]


@pytest.mark.parametrize("number", ["1", "abc", "9" * 5000, "%ED%A0%80"])
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", {"url": URL}), ("DELETE", None)])
def test_an_id_that_is_not_there_is_not_found(method, body, number, app) -> None:
    expected = (404, {"message": "Webhook not found", "error_code": 404})
    assert app.call(method, f"{WEBHOOK}/{number}", body) == expected


@pytest.mark.parametrize(
    ("option", "status", "method", "path", "body"),
    [
        ("webhooks.invalid", 400, "POST", WEBHOOK, {}),
        ("webhooks.malformed_body", 400, "POST", WEBHOOK, b"{"),
        ("webhooks.malformed_body", 422, "POST", WEBHOOK, b"{"),
        ("webhooks.unknown", 400, "GET", WEBHOOK + "/1", None),
    ],
)
def test_each_status_that_no_page_gives_is_an_option(option, status, method, path, body, emulate) -> None:
    with emulate.fresh("sendpulse", options={option: status}) as sendpulse:
        assert App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"]).call(method, path, body)[0] == status


@pytest.mark.parametrize(
    ("choice", "status", "count"), [("add", 200, 3), ("keep", 200, 2), ("refuse", 422, 1)]
)
def test_what_is_registered_twice_is_a_choice(choice, status, count, emulate) -> None:
    with emulate.fresh("sendpulse", options={"webhooks.repeated": choice}) as sendpulse:
        app = App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])
        assert app.call("POST", WEBHOOK, {"url": URL, "actions": ["open"]})[0] == 200
        assert app.call("POST", WEBHOOK, {"url": URL, "actions": ["open", "spam", "spam"]})[0] == status
        assert len(rows(app)) == count


@pytest.mark.parametrize(("choice", "status"), [("add", 200), ("keep", 422), ("refuse", 422)])
@pytest.mark.parametrize("change", [{"actions": ["open"]}, {"url": URL, "actions": ["open"]}, {"url": URL}])
def test_a_change_makes_no_second_row_unless_it_may_be_added(choice, status, change, emulate) -> None:
    with emulate.fresh("sendpulse", options={"webhooks.repeated": choice}) as sendpulse:
        app = App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])
        first, other = (URL, URL + "/other") if "actions" not in change else (URL, URL)
        action = "open" if "actions" not in change else "spam"
        app.call("POST", WEBHOOK, {"url": first, "actions": ["open"]})
        _, answer = app.call("POST", WEBHOOK, {"url": other, "actions": [action]})
        path = f"{WEBHOOK}/{answer['data'][0]['id']}"
        assert app.call("PUT", path, change)[0] == status
        assert len({(row["url"], row["action"]) for row in rows(app)}) == (1 if choice == "add" else 2)


@pytest.mark.emulator("sendpulse", options={"webhooks.repeated": "refuse"})
def test_a_row_may_be_changed_to_what_it_is(app) -> None:
    _, answer = app.call("POST", WEBHOOK, {"url": URL, "actions": ["open"]})
    path = f"{WEBHOOK}/{answer['data'][0]['id']}"
    assert app.call("PUT", path, {"url": URL, "actions": ["open"]})[0] == 200


def test_a_batch_leaves_after_a_minute_or_with_the_hundredth_event(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="email-service")
    sendpulse.emit("email-service.open", count=99)
    sendpulse.advance(59)
    assert shop.posts == []
    sendpulse.emit("redirect")
    sendpulse.advance(0)
    assert [len(post.json) for post in shop.posts] == [100]
    sendpulse.emit("redirect")
    sendpulse.advance("59s")
    assert len(shop.posts) == 1
    sendpulse.advance(1)
    assert [len(post.json) for post in shop.posts] == [100, 1]


TEXT, NUMBER = {"timestamp": str, "task_id": str}, {"timestamp": int, "task_id": int}


@pytest.mark.parametrize(
    ("kind", "fields", "types"),
    [
        ("spam", "timestamp event task_id email", TEXT),
        (
            "open",
            "task_id timestamp open_device open_platform browser_ver browser_name email event",
            TEXT,
        ),
        (
            "redirect",
            "link_url task_id timestamp open_device open_platform browser_ver browser_name link_id email event",
            {**TEXT, "link_id": str},
        ),
        (
            "unsubscribe",
            "task_id timestamp from_all email reason book_id event categories",
            {**TEXT, "from_all": str, "reason": type(None), "book_id": str},
        ),
        ("new_emails", "timestamp event email book_id source variables", {"timestamp": str, "book_id": str}),
        ("delete", "timestamp event email book_id", {"timestamp": str, "book_id": str}),
        ("delivered", "timestamp event task_id email", NUMBER),
        ("task_status_update", "timestamp event task_id book_id status status_explain", TEXT),
        (
            "soft_bounces",
            "smtp_server_response_code smtp_server_response_subcode task_id smtp_server_response timestamp event email",
            {**NUMBER, "smtp_server_response_code": int, "smtp_server_response_subcode": str},
        ),
        (
            "hard_bounces",
            "smtp_server_response_code smtp_server_response_subcode task_id smtp_server_response timestamp event email",
            {**NUMBER, "smtp_server_response_code": int, "smtp_server_response_subcode": str},
        ),
    ],
)
def test_each_kind_has_its_fields_and_types(kind, fields, types, sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="email-service")
    payload = sendpulse.emit(f"email-service.{kind}").payload
    assert list(payload) == fields.split()
    assert {name: type(payload[name]) for name in types} == types
    assert int(payload["timestamp"]) == int(sendpulse.now.timestamp())


def test_every_kind_is_among_the_actions(app) -> None:
    assert app.call("POST", WEBHOOK, {"url": URL, "actions": list(KINDS)})[0] == 200
    assert [row["action"] for row in rows(app)] == list(KINDS)


def test_no_variables_are_an_empty_array_as_php_prints_them(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="email-service")
    found = {type(sendpulse.emit("new_emails").payload["variables"]) for _ in range(20)}
    assert found == {dict, list}


def test_an_unsubscription_of_somebody_has_a_reason_of_null_too(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="email-service")
    assert sendpulse.emit("unsubscribe", email="ann@example.com").payload["reason"] is None
