"""eSputnik's API: who gets in, how often, and how it refuses."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from emulators.faults import VendorError
from tests.support.esputnik_app import App

ANN = {"firstName": "Ann", "channels": [{"type": "email", "value": "ann@example.com"}]}


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


def emails(*values: str) -> dict[str, Any]:
    return {"channels": [{"type": "email", "value": value} for value in values]}


@pytest.mark.parametrize("user", ["", "user", "api-user162065", "ann@example.com"])
def test_any_user_name_gets_in_with_the_key(user, esputnik) -> None:
    answer = App(esputnik.env, user).get("/v1/account/info")
    assert answer.status == 200
    assert answer.body == {
        "userEmail": "owner@example.com",
        "organisationName": "Example Shop",
        "orgId": 51739,
    }


def test_without_the_key_the_answer_is_json_with_its_status(app) -> None:
    wrong = b64encode(b"user:wrong").decode()
    for authorization in ("", f"Basic {wrong}", "Basic %%%", f"Bearer {app.key}", f"Basic {app.key}"):
        answer = app.call("GET", "/v1/version", None, {"Authorization": authorization})
        assert (answer.status, answer.body) == (401, {"status": 401, "message": "Unauthorized"})


def test_a_refusal_says_beside_the_wire_what_was_missing(esputnik, app) -> None:
    app.call("GET", "/v1/version", None, {"Authorization": ""})
    assert "ESPUTNIK_API_KEY" in str(esputnik.calls("version")[-1].problems[0])


@pytest.mark.parametrize("path", ["/v1/version", "/v2/version", "/v1/version/", "//v1//version"])
def test_the_version_is_text(path, app) -> None:
    assert app.get(path).body == {"version": "55810", "protocolVersion": "1.0"}


def test_the_balance_is_text_as_recorded(app) -> None:
    body = app.get("/v1/balance").body
    assert body == {
        "currentBalance": "0.0",
        "creditLimit": "0.0",
        "currency": "UAH",
        "bonusEmails": "2500",
        "bonusSmses": "10",
    }


@pytest.mark.emulator("esputnik", options={"replies": "tidy", "account.user_email": "api-user162065"})
def test_tidy_replies_have_numbers(app) -> None:
    body = app.get("/v1/balance").body
    assert (body["currentBalance"], body["bonusEmails"]) == (0.0, 2500)
    assert isinstance(app.post("/v1/contact", ANN).body["id"], int)
    assert app.get("/v1/account/info").body["userEmail"] == "api-user162065"


def test_the_same_request_within_a_minute_is_a_conflict(esputnik, app) -> None:
    assert app.post("/v1/contact", ANN).status == 200
    esputnik.advance("59s")
    again = app.post("/v1/contact", ANN)
    assert (again.status, again.body) == (409, "Duplicated request")
    assert app.headers["content-type"].startswith("text/plain")
    assert app.post("/v1/contact", {**ANN, "firstName": "Anna"}).status == 200
    esputnik.advance("1s")
    assert app.post("/v1/contact", ANN).status == 200


def test_updates_and_subscriptions_are_not_repeated_either_and_other_calls_are(app) -> None:
    number = app.post("/v1/contact", ANN).body["id"]
    for method, path, body in (
        ("PUT", f"/v1/contact/{number}", {"lastName": "Lee"}),
        ("POST", "/v1/contact/subscribe", {"contact": ANN}),
    ):
        assert [app.call(method, path, body).status for _ in range(2)] == [200, 409]
    for path, body in (("/v1/emails/unsubscribed/add", {"emails": []}), ("/v1/orders", {"orders": []})):
        assert [app.post(path, body).status for _ in range(2)] == [200, 200]


def test_a_request_that_was_refused_may_be_repeated(app) -> None:
    assert [app.post("/v1/contact", emails("nobody")).status for _ in range(2)] == [400, 400]


def test_more_than_two_requests_are_remembered(esputnik, app) -> None:
    for number in range(5):
        assert app.post("/v1/contact", emails(f"a{number}@example.com")).status == 200
    esputnik.advance("1m")
    for number in range(5):
        assert app.post("/v1/contact", emails(f"a{number}@example.com")).status == 200
    for number in range(5):
        assert app.post("/v1/contact", emails(f"a{number}@example.com")).status == 409


@pytest.mark.emulator("esputnik", options={"duplicates.refused": False})
def test_repeating_may_be_allowed(app) -> None:
    assert [app.post("/v1/contact", ANN).status for _ in range(3)] == [200, 200, 200]


def test_limits_are_off_because_no_time_passes_between_calls(app) -> None:
    assert {app.get("/v1/contacts").status for _ in range(60)} == {200}


@pytest.mark.emulator("esputnik", options={"limits.enforced": True})
def test_the_fifty_first_search_of_a_second_is_too_many_and_other_calls_are_not(esputnik, app) -> None:
    assert {app.get("/v1/contacts").status for _ in range(50)} == {200}
    refused = app.get("/v1/contacts/")
    assert (refused.status, refused.body) == (429, "Too many requests")
    assert app.get("/v1/version").status == 200
    esputnik.advance("1s")
    assert app.get("/v1/contacts").status == 200


@pytest.mark.emulator("esputnik", options={"limits.enforced": True})
def test_calls_without_a_limit_of_their_own_share_two_hundred(app) -> None:
    paths = ("/v1/version", "/v1/balance")
    assert {app.get(paths[n % 2]).status for n in range(200)} == {200}
    assert app.get("/v1/groups").status == 429
    assert app.get("/v1/contacts").status == 200


@pytest.mark.parametrize("given", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
def test_a_body_that_is_not_called_json_is_not_supported(given, app) -> None:
    answer = app.call("POST", "/v1/contact", ANN, {"Content-Type": given})
    assert (answer.status, answer.body) == (415, "Unsupported media type")


def test_json_by_any_name_is_taken(app) -> None:
    for given in ("application/json; charset=UTF-8", "application/hal+json", "APPLICATION/JSON"):
        body = emails(f"{len(given)}@example.com")
        assert app.call("POST", "/v1/contact", body, {"Content-Type": given}).status == 200


@pytest.mark.emulator("esputnik", options={"errors.media_type": "take"})
def test_every_media_type_is_taken_by_option(app) -> None:
    assert app.call("POST", "/v1/contact", ANN, {"Content-Type": "text/plain"}).status == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"", b"null", b"\xff\xfe"])
def test_what_is_no_contact_is_a_bad_request_in_plain_text(body, app) -> None:
    answer = app.post("/v1/contact", body)
    assert answer.status == 400
    assert answer.body
    assert app.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("quota", 429, "Too many requests"),
        ("duplicate", 409, "Duplicated request"),
        ("wrong-key", 401, {"status": 401, "message": "Unauthorized"}),
        ("account-disabled", 403, "Forbidden"),
    ],
)
def test_errors_that_no_request_provokes_can_be_asked_for(name, status, told, esputnik, app) -> None:
    esputnik.inject(VendorError(name))
    answer = app.post("/v1/contact", ANN)
    assert (answer.status, answer.body) == (status, told)
    assert app.post("/v1/contact", ANN).status == 200


def test_a_server_error_is_a_page_of_html(esputnik, app) -> None:
    esputnik.inject(VendorError("server-error"))
    answer = app.get("/v1/version")
    assert answer.status == 500
    assert app.headers["content-type"].startswith("text/html")
    assert "<html>" in answer.body
