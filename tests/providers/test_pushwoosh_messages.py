"""Pushwoosh's createMessage and its kin: codes, refusals within HTTP 200, and what may be asked afterwards."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from emulators import catalog
from emulators.faults import VendorError
from tests.support.pushwoosh_app import App

CODE = re.compile(r"[0-9A-F]{4}-[0-9A-F]{8}-[0-9A-F]{8}")
PHONE = {"hwid": "hw-1", "device_type": 3, "push_token": "token-1", "userId": "Alex"}


@pytest.fixture
def app(pushwoosh) -> App:
    return App(pushwoosh.env)


def send(app: App, *notifications: Any, **more: Any) -> Any:
    request = {"application": app.application, "notifications": list(notifications), **more}
    return app.server("createMessage", **request)


def one(**more: Any) -> dict[str, Any]:
    return {"send_date": "now", "content": "Hello", **more}


def refused(text: str, response: Any = None) -> dict[str, Any]:
    return {"status_code": 210, "status_message": text, "response": response}


def test_each_notification_has_a_code(app) -> None:
    answer = send(app, one(), one(content={"en": "Hi", "fr": "Salut"}))
    assert (answer["status_code"], answer["status_message"]) == (200, "OK")
    first, second = answer["response"]["Messages"]
    assert first != second
    assert CODE.fullmatch(first)
    assert CODE.fullmatch(second)


def test_no_notifications_are_no_messages(app) -> None:
    assert send(app)["response"] == {"Messages": []}


def test_a_message_without_content_is_taken(app) -> None:
    assert send(app, {"send_date": "now"})["status_code"] == 200


def test_devices_that_nobody_knows_have_no_code(app) -> None:
    assert send(app, one(devices=["e5397eb5054d9d"]))["response"] == {
        "Messages": ["CODE_NOT_AVAILABLE"],
        "UnknownDevices": {"": ["e5397eb5054d9d"]},
    }


@pytest.mark.parametrize("name", ["hw-1", "token-1"])
def test_a_device_is_known_by_hwid_and_by_push_token(name, app) -> None:
    app.device("registerDevice", **PHONE)
    answer = send(app, one(devices=[name, "nobody"]))["response"]
    [code] = answer["Messages"]
    assert CODE.fullmatch(code)
    assert answer["UnknownDevices"] == {code: ["nobody"]}


@pytest.mark.emulator("pushwoosh", options={"messages.code_of_listed": "not-available"})
def test_messages_to_listed_devices_may_have_no_code(app) -> None:
    app.device("registerDevice", **PHONE)
    assert send(app, one(devices=["hw-1"]))["response"] == {"Messages": ["CODE_NOT_AVAILABLE"]}
    assert CODE.fullmatch(send(app, one())["response"]["Messages"][0])


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"application": "00000-00000"}, "Application not found"),
        ({"application": None}, "Application not found"),
        ({"notifications": None}, "No notifications"),
        ({"auth": "wrong"}, "Account not found"),
        ({"auth": None}, "Account not found"),
        ({"notifications": [{"content": "Hi"}]}, "Cannot parse date"),
        ({"notifications": [one(android_root_params=[])]}, "android_root_params must be key-value object"),
        ({"notifications": [one(devices="hw-1")]}, 'Invalid devices list. "devices" must be an array.'),
    ],
)
def test_a_wrong_argument_is_a_210_within_http_200(request_, text, pushwoosh, app) -> None:
    good = {"application": app.application, "notifications": [one()]}
    assert app.server("createMessage", **{**good, **request_}) == refused(text)
    [call] = pushwoosh.calls("create-message")
    assert call.status == 200
    assert call.problems
    assert not pushwoosh.account.tables.get("messages")


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}", b'{"request": 1}', b"a=b"])
def test_what_has_no_request_in_it_is_an_http_400(body, pushwoosh, app) -> None:
    assert app.post("/json/1.3/createMessage", body) == (400, None)
    assert app.post("/json/1.3/registerDevice", body) == (400, None)
    assert all(call.problems for call in pushwoosh.calls())


@pytest.mark.emulator("pushwoosh", options={"errors.malformed_body": "envelope"})
def test_the_http_400_may_come_with_an_envelope(app) -> None:
    status, body = app.post("/json/1.3/createMessage", b"{")
    assert (status, body["status_code"]) == (400, 400)


@pytest.mark.emulator("pushwoosh", options={"messages.missing_send_date": "now"})
def test_the_date_may_be_left_out(app) -> None:
    assert send(app, {"content": "Hi"})["status_code"] == 200


@pytest.mark.emulator("pushwoosh", options={"applications": ["AAAAA-BBBBB"]})
def test_further_applications_and_groups_are_taken(app) -> None:
    assert send(app, one(), application="AAAAA-BBBBB")["status_code"] == 200
    assert send(app, one(), application=None, applications_group="GROUP-CODE0")["status_code"] == 200


@pytest.mark.emulator("pushwoosh", options={"envelope.base_url": "http://127.0.0.1:1/json/1.3/"})
def test_another_base_url_is_told_if_asked_for(app) -> None:
    assert send(app)["base_url"] == "http://127.0.0.1:1/json/1.3/"


def test_no_base_url_is_told_unasked(app) -> None:
    assert set(send(app)) == {"status_code", "status_message", "response"}


def test_a_body_sent_as_text_is_read_as_json(app) -> None:
    body = {"request": {"auth": app.token, "application": app.application, "notifications": []}}
    status, answer = app.post("/json/1.3/createMessage", body, Content_Type="text/plain;charset=UTF-8")
    assert (status, answer["status_code"]) == (200, 200)


def test_a_browser_may_read_the_answers(pushwoosh, app) -> None:
    send(app)
    assert ("access-control-allow-origin", "*") in pushwoosh.calls()[0].reply.headers


@pytest.mark.emulator("pushwoosh", options={"webhook.inferred_kinds": True})
def test_push_sent_is_told_only_where_inferred_names_are(pushwoosh, app) -> None:
    app.device("registerDevice", **PHONE)
    send(app, one())
    pushwoosh.drain()
    [event] = pushwoosh.account.history["webhook"]
    assert (event.kind, event.payload["platform"], event.payload["payload"]) == (
        "Push Sent",
        "Android",
        "Hello",
    )


def test_a_message_is_deleted_by_its_code_once(app) -> None:
    [code] = send(app, one())["response"]["Messages"]
    assert app.server("deleteMessage", message=code)["response"] is None
    assert app.server("deleteMessage", message=code) == refused("Message not found")


def test_a_code_that_is_not_available_cannot_be_deleted(pushwoosh, app) -> None:
    assert app.server("deleteMessage", message="CODE_NOT_AVAILABLE")["status_code"] == 210
    assert "CODE_NOT_AVAILABLE" in pushwoosh.calls()[0].problems[0].expected


@pytest.mark.parametrize("method", ["deleteMessage", "cancelMessage"])
def test_what_was_taken_back_in_time_is_not_sent(method, pushwoosh, app) -> None:
    app.mail("ann@example.com", send_date="2026-01-01 12:00")
    [item] = app.listed()[1]["items"]
    assert item["status"] == "PENDING"
    assert app.server(method, message=item["code"])["status_code"] == 200
    pushwoosh.advance("13h")
    assert not pushwoosh.account.history.get("webhook")


def test_the_details_of_a_message_are_texts_but_for_its_id(pushwoosh, app) -> None:
    [code] = send(app, one(platforms=[1, 3], ignore_user_timezone=True, data={"a": 1}))["response"][
        "Messages"
    ]
    pushwoosh.advance("1m")
    details = app.server("getMessageDetails", message=code)["response"]["message"]
    assert (details["code"], details["status"], details["platforms"]) == (code, "done", "[1,3]")
    assert (details["content"], details["ignore_user_timezone"]) == ({"default": "Hello"}, "1")
    assert isinstance(details["id"], int)


def test_a_targeted_message_has_one_code_under_another_name(app) -> None:
    answer = app.server(
        "createTargetedMessage", devices_filter='A("AAAAA-BBBBB")', send_date="now", content="Hi"
    )
    assert CODE.fullmatch(answer["response"]["messageCode"])
    assert app.server("createTargetedMessage", send_date="now")["status_code"] == 210


def test_a_filter_counts_devices_and_the_journal_says_that_it_was_not_read(pushwoosh, app) -> None:
    app.device("registerDevice", **PHONE)
    app.device("registerEmail", email="ann@example.com")
    answer = app.server("compileFilter", devices_filter='A("AAAAA-BBBBB")')
    assert answer["response"] == {"devices_count": 1}
    assert pushwoosh.calls("compile-filter")[0].problems[0].pointer == "/request/devices_filter"


def test_an_sms_goes_to_one_number(app) -> None:
    def sms(**more: Any) -> Any:
        return app.server("createSMSMessage", application=app.application, notifications=[one(**more)])

    assert sms(devices=["+15550100"])["response"] == {"Messages": ["CODE_NOT_AVAILABLE"]}
    [code] = sms(devices=["+15550100"], use_auto_registration=True)["response"]["Messages"]
    assert CODE.fullmatch(code)
    printed = catalog.samples("pushwoosh")["create-sms-message.response.refused"].body
    answer = sms(devices="+15550100")
    assert answer == json.loads(printed)
    assert sms(devices=["+15550100", "+15550101"])["status_code"] == 210


@pytest.mark.parametrize(("choice", "kind"), [("number", int), ("text", str)])
def test_results_are_asked_for_and_then_fetched(choice, kind, emulate) -> None:
    with emulate.fresh("pushwoosh", options={"results.count": choice}) as pushwoosh:
        app = App(pushwoosh.env)
        app.mail("ann@example.com", "bounce@example.com")
        pushwoosh.drain()
        [item] = app.listed()[1]["items"]
        asked = app.server("getMsgStats", message=item["code"])["response"]["request_id"]
        results = app.server("getResults", request_id=asked)["response"]
        assert results["formatter"] == "minutely"
        assert results["conversion"] == {"send": 2, "delivery": 1, "open": 1, "events": []}
        assert {type(row["count"]) for row in results["rows"]} == {kind}
        assert sum(int(row["count"]) for row in results["rows"]) == 4
        assert app.server("getResults", request_id="0" * 32) == refused("Request not found")


EXAMPLES = sorted((catalog.root() / "pushwoosh" / "2024-08" / "examples").glob("*.request.*.json"))
# These speak of something that has to be there first.
OF_SOMETHING = {
    "delete-message",
    "cancel-message",
    "get-message-details",
    "get-msg-stats",
    "get-results",
    "cancel",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_is_taken_by_a_fresh_emulator(path, pushwoosh, app) -> None:
    route = pushwoosh.profile.routes[path.name.split(".")[0]]
    body = path.read_bytes().replace(b"API_ACCESS_TOKEN", app.token.encode())
    token = app.device_token if route.path.startswith("/json/") else app.token
    status, answer = app.post(route.path, body, Authorization=f"Token {token}")
    if route.name in OF_SOMETHING:
        assert answer.get("status_message", answer.get("message", "")).endswith("not found")
    else:
        assert (status, answer.get("status_code", 200)) == (200, 200)


class TestTheLimit:
    """600 calls of createMessage a minute."""

    @pytest.mark.emulator("pushwoosh", options={"limits.enforced": True})
    def test_the_601st_call_of_a_minute_is_refused(self, pushwoosh, app) -> None:
        for _ in range(600):
            assert send(app)["status_code"] == 200
        body = {"request": {"auth": app.token, "application": app.application, "notifications": []}}
        status, answer = app.post("/json/1.3/createMessage", body)
        assert (status, answer["status_code"]) == (429, 429)
        assert app.device("checkDevice", hwid="hw-1")["status_code"] == 200
        pushwoosh.advance("1m")
        assert send(app)["status_code"] == 200

    def test_nobody_counts_unless_asked_to(self, app) -> None:
        assert all(send(app)["status_code"] == 200 for _ in range(610))


@pytest.mark.parametrize(
    ("name", "status", "code", "text"),
    [
        ("quota", 429, 429, "Too Many Requests"),
        ("internal-error", 500, 500, "Internal error"),
        ("wrong-token", 200, 210, "Account not found"),
        ("token-forbidden", 403, 403, "Token restrictions forbid this operation"),
    ],
)
def test_what_no_request_provokes_comes_in_the_envelope(name, status, code, text, pushwoosh, app) -> None:
    pushwoosh.inject(VendorError(name))
    body = {"request": {"auth": app.token, "application": app.application, "notifications": []}}
    got, answer = app.post("/json/1.3/createMessage", body)
    assert (got, answer) == (status, {"status_code": code, "status_message": text, "response": None})
    assert app.post("/json/1.3/createMessage", body)[0] == 200


@pytest.mark.emulator("pushwoosh", options={"errors.internal": 200, "errors.token_forbidden": 200})
@pytest.mark.parametrize(("name", "code"), [("internal-error", 500), ("token-forbidden", 403)])
def test_even_these_may_come_with_http_200(name, code, pushwoosh, app) -> None:
    pushwoosh.inject(VendorError(name))
    assert send(app)["status_code"] == code


def test_a_server_in_trouble_answers_with_a_page(pushwoosh, app) -> None:
    pushwoosh.inject(VendorError("server-error"))
    with pytest.raises(ValueError, match="Expecting value"):
        send(app)
    assert pushwoosh.calls()[0].status == 500


def test_what_is_not_imitated_of_a_choice_of_people_is_noted(pushwoosh, app) -> None:
    choice = {"platforms": [1], "conditions": [["Age", "XX", 1], ["Age", "GTE", 18], 5, ["Age", ["EQ"], 1]]}
    app.server(
        "createMessage",
        application=app.application,
        notifications=[{"send_date": "now", "content": "Hi", **choice}],
    )
    noted = {problem.pointer for problem in pushwoosh.calls("create-message")[0].problems}
    assert noted >= {
        f"/request/{place}" for place in ("platforms", "conditions/0", "conditions/2", "conditions/3")
    }
    assert "/request/conditions/1" not in noted


def test_another_token_in_the_body_opens_nothing_to_a_device(pushwoosh, app) -> None:
    body = {"request": {"application": app.application, "hwid": "x", "auth": "any"}}
    status, answer = app.post("/json/1.3/registerDevice", body)
    assert answer["status_code"] == 210, status
    assert "devices" not in pushwoosh.account.tables
