"""Pushwoosh's messaging v2 and the list of messages, each with errors of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators import catalog
from emulators.faults import VendorError
from tests.support.pushwoosh_app import App

NOW = {"after": "0s"}


@pytest.fixture
def app(pushwoosh) -> App:
    app = App(pushwoosh.env)
    app.device("registerEmail", email="ann@example.com", userId="Alex")
    return app


def mail(app: App, **more: Any) -> dict[str, Any]:
    request = {
        "application": app.application,
        "platforms": ["EMAIL"],
        "hwids": {"list": ["ann@example.com", "nobody@example.com"]},
        "email_payload": {"subject": {"en": "Hello"}, "body": "<p>Hello</p>"},
        "schedule": NOW,
        **more,
    }
    return {"transactional": {name: value for name, value in request.items() if value is not None}}


def kinds(pushwoosh: Any) -> list[str]:
    return [event.kind for event in pushwoosh.account.history.get("webhook", ())]


def test_an_email_is_created_and_leads_to_webhooks(pushwoosh, app) -> None:
    status, answer = app.messaging("notify", mail(app))
    assert (status, answer["result"]["unknown_identifiers"]) == (200, [])
    pushwoosh.drain()
    assert kinds(pushwoosh) == ["Email Sent", "Email Delivered", "Email Opened"]
    event = pushwoosh.account.history["webhook"][0].payload
    assert event["message_code"] == answer["result"]["message_code"]
    assert (event["payload"], event["user_id"]) == ("Hello", "Alex")


def test_unknown_identifiers_are_told_if_asked_for(app) -> None:
    answer = app.messaging("notify", mail(app, return_unknown_identifiers=True))[1]
    assert answer["result"]["unknown_identifiers"] == ["nobody@example.com"]


def test_names_in_camel_case_are_read_as_well(pushwoosh, app) -> None:
    request = mail(app)["transactional"]
    request["emailPayload"] = request.pop("email_payload")
    request["returnUnknownIdentifiers"] = True
    request["dynamic_content_placeholders"] = {"firstName": "Ann"}
    answer = app.messaging("notify", {"transactional": request})[1]
    assert answer["result"]["unknown_identifiers"] == ["nobody@example.com"]
    [call] = pushwoosh.calls("notify")
    assert call.body["transactional"]["dynamic_content_placeholders"] == {"firstName": "Ann"}


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ({"after": "90.5s"}, 90),
        ({"at": "2026-01-01T01:00:00Z"}, 3600),
        ({"at": "2026-01-01T02:00:00+02:00"}, 0),
    ],
)
def test_a_message_leaves_as_scheduled(schedule, seconds, pushwoosh, app) -> None:
    app.messaging("notify", mail(app, schedule=schedule))
    pushwoosh.advance(seconds)
    assert not kinds(pushwoosh)
    pushwoosh.advance("10s")
    assert "Email Sent" in kinds(pushwoosh)


def test_a_segment_reaches_everybody_and_the_journal_says_so(pushwoosh, app) -> None:
    request = mail(app, hwids=None, code="active_users")["transactional"]
    assert app.messaging("notify", {"segment": request})[0] == 200
    assert pushwoosh.calls("notify")[0].problems[0].pointer == "/segment"
    pushwoosh.advance("1m")
    assert "Email Sent" in kinds(pushwoosh)


def test_a_push_message_goes_to_users(pushwoosh, app) -> None:
    payload = {"content": {"localized_content": {"en": {"ios": {"body": "Hello!"}}}}}
    push = mail(app, email_payload=None, payload=payload, hwids=None, users={"list": ["Alex", "nobody"]})
    push["transactional"]["return_unknown_identifiers"] = True
    assert app.messaging("notify", push)[1]["result"]["unknown_identifiers"] == ["Alex", "nobody"]
    app.device("registerDevice", hwid="hw-1", device_type=1, push_token="t", userId="Alex")
    assert app.messaging("notify", push)[1]["result"]["unknown_identifiers"] == ["nobody"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"schedule": None}, 400, 3),
        ({"schedule": {"after": "soon"}}, 400, 3),
        ({"schedule": {"at": "2026-01-01"}}, 400, 3),
        ({"schedule": {**NOW, "at": "2026-01-01T01:00:00Z"}}, 400, 3),
        ({"email_payload": None}, 400, 3),
        ({"payload": {}}, 400, 3),
        ({"hwids": None}, 400, 3),
        ({"users": {"list": []}}, 400, 3),
        ({"hwids": {"list": "ann@example.com"}}, 400, 3),
        ({"message_type": "IMPORTANT"}, 400, 3),
        ({"application": "00000-00000"}, 404, 5),
    ],
)
def test_a_wrong_message_is_refused_as_a_grpc_gateway_does(change, status, code, pushwoosh, app) -> None:
    got, answer = app.messaging("notify", mail(app, **change))
    assert (got, answer["code"], answer["details"]) == (status, code, [])
    catalog.validate(answer, "pushwoosh/errors.response")
    assert pushwoosh.calls("notify")[0].problems
    assert not pushwoosh.account.tables.get("messages")


@pytest.mark.parametrize("body", [b"{", b"[]", b"", {}, {"segment": {}, "transactional": {}}])
def test_a_body_that_is_neither_kind_is_refused(body, app) -> None:
    status, answer = app.messaging("notify", body)
    assert (status, answer["code"]) == (400, 3)


@pytest.mark.parametrize("authorization", ["Token wrong", "Bearer x", ""])
def test_without_the_token_of_a_server_nothing_is_taken(authorization, app) -> None:
    status, answer = app.post("/messaging/v2/notify", mail(app), Authorization=authorization)
    assert (status, answer["code"]) == (401, 16)


def test_a_message_is_cancelled_while_it_waits(pushwoosh, app) -> None:
    code = app.messaging("notify", mail(app, schedule={"after": "60s"}))[1]["result"]["message_code"]
    assert app.messaging("cancel", {"message_code": code}) == (200, {})
    pushwoosh.drain()
    assert not kinds(pushwoosh)
    assert app.listed()[1]["items"][0]["status"] == "CANCELED"
    assert app.messaging("cancel", {"message_code": code})[0] == 400


def test_what_is_being_sent_ends_where_it_is_cancelled(pushwoosh, app) -> None:
    code = app.messaging("notify", mail(app))[1]["result"]["message_code"]
    pushwoosh.advance(0)
    assert app.listed()[1]["items"][0]["status"] == "PROCESSING"
    assert app.messaging("cancel", {"message_code": code})[0] == 200
    pushwoosh.drain()
    assert not kinds(pushwoosh)


def test_a_message_that_has_left_is_not_cancelled(pushwoosh, app) -> None:
    code = app.messaging("notify", mail(app))[1]["result"]["message_code"]
    pushwoosh.advance("1m")
    assert app.listed()[1]["items"][0]["status"] == "DONE"
    status, answer = app.messaging("cancel", {"message_code": code})
    assert (status, answer["code"]) == (400, 9)


def test_an_unknown_message_is_the_printed_404(app) -> None:
    printed = json.loads(catalog.samples("pushwoosh")["errors.response.message-not-found"].body)
    assert app.messaging("cancel", {"message_code": "XXXX-XXXXXXXX-XXXXXXXX"}) == (404, printed)
    assert app.messaging("cancel", {})[0] == 400


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("quota", 429, 8), ("internal-error", 500, 13), ("wrong-token", 401, 16), ("token-forbidden", 403, 7)],
)
def test_what_no_request_provokes_comes_as_grpc_gateways_have_it(name, status, code, pushwoosh, app) -> None:
    pushwoosh.inject(VendorError(name))
    got, answer = app.messaging("notify", mail(app))
    assert (got, answer["code"]) == (status, code)
    assert app.messaging("notify", mail(app))[0] == 200


class TestTheListOfMessages:
    """POST /api/v2/messages:list."""

    def test_messages_are_told_with_details_and_metrics(self, pushwoosh, app) -> None:
        app.mail("ann@example.com")
        pushwoosh.drain()
        [item] = app.listed(params={"with_details": True, "with_metrics": True})[1]["items"]
        assert (item["status"], item["platforms"], item["source"]) == ("DONE", ["EMAIL"], "EMAIL_API")
        assert item["email_info"] == {
            "details": {"filter_name": "", "filter_code": "", "template": "ERDWE-32AFB"},
            "metrics": [{"sends": 1, "opens": 1, "deliveries": 1}],
        }

    def test_filters_and_pages(self, pushwoosh, app) -> None:
        for _ in range(3):
            app.mail("ann@example.com")
        pushwoosh.advance("1d")
        app.server("createMessage", application=app.application, notifications=[{"send_date": "now"}])

        def total(**filters: Any) -> int:
            return app.listed(filters=filters)[1]["total"]

        assert (total(), total(platforms=["EMAIL"]), total(source="API")) == (4, 3, 1)
        assert (total(date_range={"date_to": "2026-01-01"}), total(campaign="none")) == (3, 0)
        app.server(
            "createMessage",
            application=app.application,
            notifications=[{"send_date": "now", "platforms": [1, 3]}],
        )
        assert total(platforms=["ANDROID"]) == 1
        whole = app.listed()[1]["items"]
        assert total(messages_codes=[whole[0]["code"]]) == total(messages_ids=[whole[0]["id"]]) == 1
        pages = [app.listed(per_page=3, page=page)[1] for page in (1, 2, 3)]
        assert [len(page["items"]) for page in pages] == [3, 2, 0]
        assert [item for page in pages for item in page["items"]] == whole

    def test_a_later_copy_of_the_page_wraps_the_request(self, app) -> None:
        body = {"request": {"filters": {"application": app.application}}}
        assert app.post("/api/v2/messages:list", body, Authorization=f"Api {app.token}") == (
            200,
            {"total": 0, "items": []},
        )

    def test_it_refuses_in_a_dialect_of_its_own(self, app) -> None:
        path = "/api/v2/messages:list"
        assert app.post(path, {}) == (401, {"error": "account not found"})
        assert app.post(path, {}, Authorization=app.token) == (400, {"error": "filters are required"})
        assert app.listed(filters={"application": "wrong"})[0] == 400

    @pytest.mark.parametrize(
        ("name", "status"), [("quota", 429), ("wrong-token", 401), ("internal-error", 500)]
    )
    def test_so_do_troubles_that_no_request_provokes(self, name, status, pushwoosh, app) -> None:
        pushwoosh.inject(VendorError(name))
        got, answer = app.listed()
        assert (got, list(answer)) == (status, ["error"])
