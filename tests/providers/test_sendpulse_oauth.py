"""SendPulse's tokens: how one is got, how long it holds, and what else opens the door."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest

from emulators import catalog
from emulators.faults import VendorError
from tests.support.sendpulse_app import App

TOKEN, EVENT = "/oauth/access_token", "/events/name/registration"
ANN = {"email": "ann@example.com"}
UNAUTHORIZED = (401, {"message": "Unauthorized!", "error_code": 401})


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env)


def test_a_token_is_a_bearer_for_an_hour(app) -> None:
    status, answer = app.call("POST", TOKEN, app.credentials())
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
    assert set(answer) == {"token_type", "expires_in", "access_token"}
    app.token = answer["access_token"]
    assert app.call("POST", EVENT, ANN) == (200, {"result": True})


def test_a_token_looks_like_the_vendors(sendpulse, app) -> None:
    head, claims, signature = app.authorise().split(".")
    decoded = [json.loads(urlsafe_b64decode(part + "==")) for part in (head, claims)]
    assert (decoded[0]["typ"], decoded[0]["alg"]) == ("JWT", "RS256")
    assert decoded[0]["jti"] == decoded[1]["jti"]
    assert decoded[1]["aud"] == sendpulse.env["SENDPULSE_CLIENT_ID"]
    assert decoded[1]["exp"] == int(sendpulse.now.timestamp()) + 3600
    assert len(signature) == 342


@pytest.mark.emulator("sendpulse", options={"oauth.token_form": "opaque"})
def test_a_token_may_look_as_it_did_in_older_examples(app) -> None:
    assert len(app.authorise()) == 40
    assert app.call("POST", EVENT, ANN)[0] == 200


def test_a_token_is_asked_for_with_a_form_as_well(app) -> None:
    for send in (app.form, app.multipart):
        assert send("POST", TOKEN, list(app.credentials().items()))[0] == 200


def test_unknown_credentials_are_refused_in_the_words_that_clients_wait_for(sendpulse, app) -> None:
    failed = "Client authentication failed"
    expected = {"error": "invalid_client", "error_description": failed, "message": failed}
    for name in ("client_id", "client_secret"):
        assert app.call("POST", TOKEN, app.credentials(**{name: "unheard of"})) == (401, expected)
        [problem] = sendpulse.calls()[-1].problems
        assert problem.pointer == f"/{name}"


def test_another_secret_is_not_shown_in_the_explanation(sendpulse, app) -> None:
    app.call("POST", TOKEN, app.credentials(client_secret="hunter2"))
    assert "hunter2" not in sendpulse.timeline()


BROKEN = [
    ("oauth.bad_grant_type", {"grant_type": "password"}, "unsupported_grant_type"),
    ("oauth.bad_grant_type", {}, "unsupported_grant_type"),
    ("oauth.missing_fields", {"grant_type": "client_credentials", "client_id": "a"}, "invalid_request"),
    (
        "oauth.missing_fields",
        {"grant_type": "client_credentials", "client_id": 1, "client_secret": 2},
        "invalid_request",
    ),
    ("oauth.missing_fields", b"{", "invalid_request"),
    ("oauth.missing_fields", b"", "invalid_request"),
    ("oauth.missing_fields", b"[]", "invalid_request"),
]


@pytest.mark.parametrize(("option", "body", "kind"), BROKEN)
def test_what_is_no_request_for_a_token_is_refused_by_a_choice(option, body, kind, emulate) -> None:
    default = catalog.profile("sendpulse").options[option].default.value
    for status in (default, 401):
        with emulate.fresh("sendpulse", options={option: status}) as sendpulse:
            told, answer = App(sendpulse.env).call("POST", TOKEN, body)
            assert (told, answer["error"]) == (status, kind)
            assert sendpulse.calls()[-1].problems


def test_a_token_expires_after_an_hour_of_the_worlds_time(sendpulse, app) -> None:
    app.authorise()
    sendpulse.advance("59m59s")
    assert app.call("POST", EVENT, ANN)[0] == 200
    sendpulse.advance("1s")
    assert app.call("POST", EVENT, ANN) == UNAUTHORIZED
    assert "expired" in sendpulse.calls()[-1].problems[0].got
    app.authorise()
    assert app.call("POST", EVENT, ANN)[0] == 200


def test_several_tokens_are_valid_at_once(app) -> None:
    first, second = app.authorise(), app.authorise()
    assert first != second
    for token in (first, second):
        app.token = token
        assert app.call("POST", EVENT, ANN)[0] == 200


@pytest.mark.parametrize("token", [None, "", "unheard of"])
def test_without_a_token_that_is_known_nothing_is_taken(token, sendpulse, app) -> None:
    app.token = token
    assert app.call("POST", EVENT, ANN) == UNAUTHORIZED
    assert app.call("GET", "/v2/email-service/webhook") == UNAUTHORIZED
    assert not sendpulse.account.tables.get("events")


def test_a_token_goes_with_the_word_bearer(app) -> None:
    token = app.authorise()
    app.token = None
    assert app.call("POST", EVENT, ANN, Authorization=token) == UNAUTHORIZED
    assert app.call("POST", EVENT, ANN, Authorization=f"Basic {token}") == UNAUTHORIZED
    assert app.call("POST", EVENT, ANN, Authorization=f"bearer {token}")[0] == 200


def test_a_token_that_python_printed_as_bytes_is_not_a_token(sendpulse, app) -> None:
    app.token = str(app.authorise().encode())
    assert app.token.startswith("b'")
    assert app.call("POST", EVENT, ANN) == UNAUTHORIZED
    assert "repr of Python bytes" in sendpulse.calls()[-1].problems[0].got


def test_a_token_of_another_emulator_is_unknown(emulate) -> None:
    with emulate.in_thread("sendpulse", seed=1) as first, emulate.in_thread("sendpulse", seed=2) as second:
        token = App(first.env).authorise()
        assert App(second.env, token).call("POST", EVENT, ANN) == UNAUTHORIZED
        assert App(first.env, token).call("POST", EVENT, ANN)[0] == 200


def test_an_api_key_opens_the_door_and_does_not_expire(sendpulse, app) -> None:
    app.token = sendpulse.env["SENDPULSE_API_KEY"]
    sendpulse.advance("720h")
    assert app.call("POST", EVENT, ANN)[0] == 200


def test_a_token_can_be_made_to_expire(sendpulse, app) -> None:
    app.authorise()
    sendpulse.inject(VendorError("expired-token"))
    assert app.call("POST", EVENT, ANN) == UNAUTHORIZED
    assert app.call("POST", EVENT, ANN) == UNAUTHORIZED, "it is really gone"
    app.authorise()
    assert app.call("POST", EVENT, ANN)[0] == 200


def test_a_limit_can_be_reached_by_name(sendpulse, app) -> None:
    app.authorise()
    sendpulse.inject(VendorError("too-many-requests"), VendorError("quota"))
    told = [app.call("POST", EVENT, ANN) for _ in range(3)]
    assert [(status, answer.get("error_code")) for status, answer in told] == [
        (429, 2020202020),
        (429, 429),
        (200, None),
    ]


@pytest.mark.emulator("sendpulse", options={"limits.enforced": True})
def test_the_eleventh_call_within_a_second_is_too_fast(sendpulse, app) -> None:
    app.authorise()
    assert [app.call("POST", EVENT, ANN)[0] for _ in range(10)] == [200] * 10
    status, answer = app.call("POST", EVENT, ANN)
    assert (status, answer["error_code"]) == (429, 2020202020)
    sendpulse.advance(1)
    assert app.call("POST", EVENT, ANN)[0] == 200


def test_no_limit_is_kept_unless_asked_for(app) -> None:
    app.authorise()
    assert {app.call("POST", EVENT, ANN)[0] for _ in range(30)} == {200}
