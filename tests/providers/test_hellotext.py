"""Hellotext as a backend calls it: the two calls of the page, and every way to be refused."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators import catalog

EVENTS, PROFILES = "/attribution/events", "/profiles"


class Backend:
    """An app that calls Hellotext with what `env` says."""

    def __init__(self, env: dict[str, str]) -> None:
        self.base = urlsplit(env["HELLOTEXT_URL"])
        self.headers = {
            "Authorization": f"Bearer {env['HELLOTEXT_TOKEN']}",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: Any, **headers: str | None) -> tuple[int, Any]:
        sent = {name: value for name, value in {**self.headers, **headers}.items() if value is not None}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port)
        connection.request("POST", self.base.path + path, data, sent)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer


@pytest.fixture
def backend(hellotext) -> Backend:
    return Backend(hellotext.env)


@pytest.mark.parametrize("name", ["profile", "session"])
def test_the_printed_calls_run_as_written(name, hellotext, backend) -> None:
    body = catalog.samples("hellotext")[f"track-event.request.{name}"].body
    assert backend.post(EVENTS, body) == (201, {"state": "ok"})
    hellotext.assert_called("track-event", action="product.purchased")


def test_a_profile_is_created_first_and_then_known(hellotext, backend) -> None:
    event = {"action": "product.purchased", "product": "vxqQJ3Yg", "profile": "unheard1"}
    assert backend.post(EVENTS, event)[0] == 422
    status, profile = backend.post(PROFILES, {"first_name": "Ann", "phone": "+59899000001"})
    assert (status, len(profile["id"])) == (201, 8)
    assert backend.post(EVENTS, {**event, "profile": profile["id"]}) == (201, {"state": "ok"})


def test_the_same_phone_is_the_same_profile(backend) -> None:
    ids = {
        backend.post(PROFILES, {"phone": "+59899000001", "first_name": n})[1]["id"] for n in ("Ann", "Anna")
    }
    assert len(ids) == 1


def test_a_session_of_another_profile_is_refused(backend) -> None:
    first, second = (
        backend.post(PROFILES, {"email": f"{n}@example.com", "session": n})[1]["id"] for n in "ab"
    )
    event = {"action": "page.viewed", "url": "https://shop.example.com", "session": "a"}
    assert backend.post(EVENTS, {**event, "profile": first})[0] == 201
    status, answer = backend.post(EVENTS, {**event, "profile": second})
    assert (status, answer["errors"][0]["type"]) == (422, "identity_assigned")


GOOD = {"action": "product.purchased", "product": "vxqQJ3Yg", "profile": "PROFILE_ID"}


def without(name: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in {**GOOD, **more}.items() if key != name}


REFUSALS = [
    ("events.malformed_body", b"action=product.purchased", "invalid", None),
    ("events.malformed_body", b"[]", "invalid", None),
    ("events.missing_action", without("action"), "parameter_missing", "action"),
    ("events.missing_action", {**GOOD, "action": 7}, "invalid", "action"),
    ("events.unknown_action", {**GOOD, "action": "product.bought"}, "not_found", "action"),
    ("events.missing_identity", without("profile"), "parameter_missing", "profile"),
    ("events.unknown_profile", {**GOOD, "profile": "nobody00"}, "not_found", "profile"),
    ("events.unknown_session", without("profile", session="nosession"), "not_found", "session"),
    ("events.missing_object", without("product"), "parameter_missing", "product"),
    ("events.missing_object", without("product", action="page.viewed"), "parameter_missing", "url"),
    ("events.unknown_object", {**GOOD, "product": "00000000"}, "not_found", "product"),
]


@pytest.mark.parametrize(("option", "body", "kind", "parameter"), REFUSALS)
def test_a_wrong_call_is_refused_in_the_vendors_shape(
    option, body, kind, parameter, hellotext, backend
) -> None:
    status, answer = backend.post(EVENTS, body)
    assert status == catalog.profile("hellotext").options[option].default.value
    [error] = answer["errors"]
    assert (error["type"], error.get("parameter")) == (kind, parameter)
    assert error["message"] == error["description"]
    catalog.validate(answer, "hellotext/errors.response")
    [problem] = hellotext.calls()[0].problems
    assert option in problem.source


@pytest.mark.parametrize("option", sorted({option for option, *_ in REFUSALS}))
def test_each_status_that_no_page_gives_is_an_option(option, emulate) -> None:
    body = next(body for name, body, *_ in REFUSALS if name == option)
    with emulate.fresh("hellotext", options={option: 418}) as hellotext:
        assert Backend(hellotext.env).post(EVENTS, body)[0] == 418


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Basic abc"])
@pytest.mark.parametrize("path", [EVENTS, PROFILES])
def test_without_the_token_nothing_is_taken(token, path, hellotext, backend) -> None:
    assert backend.post(path, GOOD, Authorization=token)[0] == 401
    assert not hellotext.account.tables.get("events")


def test_every_built_in_action_is_taken_with_its_object(hellotext, backend) -> None:
    facts = catalog.profile("hellotext").facts
    actions = {**facts["actions"].value, **facts["former_actions"].value, **facts["later_actions"].value}
    for action, needed in actions.items():
        body = {"action": action, "profile": "PROFILE_ID", "url": "https://shop.example.com"}
        if needed:
            body[f"{needed}_parameters"] = {"reference": "1"}
        assert backend.post(EVENTS, body) == (201, {"state": "ok"}), action
    assert len(hellotext.account.tables["events"]) == len(actions)


@pytest.mark.emulator("hellotext", options={"events.currency_without_amount": "refuse"})
def test_a_currency_without_an_amount_may_be_refused(backend) -> None:
    status, answer = backend.post(EVENTS, {**GOOD, "currency": "USD"})
    assert (status, answer["errors"][0]["parameter"]) == (422, "amount")


@pytest.mark.parametrize("path", [EVENTS, PROFILES])
@pytest.mark.emulator("hellotext", options={"account.may_write": False})
def test_a_plan_that_may_only_read_is_refused(path, backend) -> None:
    assert backend.post(path, GOOD)[0] == 403
    assert backend.post(path, GOOD, Authorization=None)[0] == 401


@pytest.mark.emulator("hellotext", options={"events.later_actions": False})
def test_actions_that_came_later_may_be_unknown(backend) -> None:
    event = {"profile": "PROFILE_ID", "order_parameters": {"reference": "1"}}
    assert backend.post(EVENTS, {**event, "action": "order.delivered"})[0] == 404
    assert backend.post(EVENTS, {**event, "action": "order.placed"})[0] == 201


@pytest.mark.emulator("hellotext", options={"events.amount_without_currency": "refuse"})
def test_an_amount_without_a_currency_may_be_refused(backend) -> None:
    status, answer = backend.post(EVENTS, {**GOOD, "amount": 10})
    assert (status, answer["errors"][0]["parameter"]) == (422, "currency")
    assert backend.post(EVENTS, {**GOOD, "amount": 10, "currency": "USD"})[0] == 201


@pytest.mark.emulator("hellotext", options={"errors.text_fields": ["description"]})
def test_the_field_that_holds_an_errors_text_is_a_choice(backend) -> None:
    [error] = backend.post(EVENTS, without("action"))[1]["errors"]
    assert set(error) == {"type", "description", "parameter"}


@pytest.mark.emulator("hellotext", options={"profiles.created_status": 200})
def test_the_status_of_a_created_profile_is_a_choice(backend) -> None:
    assert backend.post(PROFILES, {"email": "ann@example.com"})[0] == 200


def test_a_session_is_not_moved_to_another_profile(backend) -> None:
    first, _ = (backend.post(PROFILES, {"email": f"{n}@example.com", "session": "s1"})[1]["id"] for n in "ab")
    event = {"action": "page.viewed", "url": "https://shop.example.com", "session": "s1", "profile": first}
    assert backend.post(EVENTS, event)[0] == 201


def test_curl_is_told_to_continue_before_it_sends_a_body(hellotext) -> None:
    base = urlsplit(hellotext.url)
    with socket.create_connection((base.hostname, base.port)) as connection:
        head = "POST /v1/attribution/events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"{}")
        assert connection.recv(64).startswith(b"HTTP/1.1 401")


def test_no_webhook_is_known_of_hellotext(hellotext) -> None:
    from emulators.errors import InvalidValue

    with pytest.raises(InvalidValue, match="sends no webhooks"):
        hellotext.subscribe("http://127.0.0.1:1/hook")
