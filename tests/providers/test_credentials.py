"""Every call that wants credentials refuses missing, wrong and expired ones, in the vendor's own shape."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from emulators import catalog, registry
from emulators.engine.provider import Call, Route
from emulators.pushwoosh import access

GUARDED = [
    (name, route)
    for name in registry.SHIPPED
    for route in registry.load(name).provider.routes
    if route.guard is not None
]
every_guarded_route = pytest.mark.parametrize(
    ("name", "route"), GUARDED, ids=[f"{name}-{route.name}" for name, route in GUARDED]
)
OPEN = {"oauth-token", "event-by-id"}
# Pushwoosh lets apps on devices in without a token unless told otherwise.
STRICTLY = {"pushwoosh": {"auth.device_token": "required"}}
IN_THE_BODY = (access.server, access.sender)


def knock(emulator: Any, route: Route, authorization: str | None) -> Any:
    headers = () if authorization is None else (("authorization", authorization),)
    body: dict[str, Any] = {}
    if route.guard in IN_THE_BODY:
        body = {"request": {} if authorization is None else {"auth": authorization.rpartition(" ")[2]}}
    return emulator.answer(Call(route.method, route.path, headers=headers, body=json.dumps(body).encode()))


def refused(route: Route) -> int:
    """The status of a refusal; Pushwoosh's servers are told in the body alone."""
    return 200 if route.guard in IN_THE_BODY else 401


def wrong_credentials(name: str) -> list[str | None]:
    wrong: list[str | None] = [None, "", "nonsense", "Bearer", "Bearer ", "Bearer wrong", "Basic", "Basic !!"]
    return [*wrong, "Basic " + b64encode(b"any:wrong").decode(), "Basic " + b64encode(b"no colon").decode()]


def shape(name: str, route: Route | None = None) -> dict[str, Any]:
    """The body of a refusal where it does not depend on the route."""
    if route and route.guard in IN_THE_BODY:
        return {"status_code": 210, "status_message": "Account not found", "response": None}
    return {"sendpulse": {"message": "Unauthorized!", "error_code": 401}}.get(name, {})


@every_guarded_route
def test_without_good_credentials_nothing_is_done(emulate, name: str, route: Route) -> None:
    with emulate.fresh(name, options=STRICTLY.get(name, {})) as emulator:
        for authorization in wrong_credentials(name):
            before = emulator.account.snapshot()
            exchange = knock(emulator, route, authorization)
            assert exchange.status == refused(route), authorization
            assert exchange.problems, "a refusal is explained"
            body = json.loads(exchange.reply.body)
            catalog.validate(body, f"{name}/{'errors' if exchange.status >= 400 else route.stem}.response")
            assert not shape(name, route) or body == shape(name, route)
            after = emulator.account.snapshot()
            assert {**after, "ordinals": {}} == {**before, "ordinals": {}}
        assert not emulator.world.complaints


def test_only_the_calls_that_documents_show_without_credentials_are_open() -> None:
    known = {
        route.name
        for name in registry.SHIPPED
        for route in registry.load(name).provider.routes
        if not route.guard
    }
    assert known == OPEN


@pytest.mark.parametrize(
    "route", [route for name, route in GUARDED if name == "sendpulse"], ids=lambda r: r.name
)
def test_sendpulses_tokens_expire_after_an_hour_of_its_time(emulate, route: Route) -> None:
    with emulate.fresh("sendpulse") as sendpulse:
        body = {
            "grant_type": "client_credentials",
            "client_id": sendpulse.env["SENDPULSE_CLIENT_ID"],
            "client_secret": sendpulse.env["SENDPULSE_CLIENT_SECRET"],
        }
        asked = sendpulse.answer(Call("POST", "/oauth/access_token", body=json.dumps(body).encode()))
        token = json.loads(asked.reply.body)["access_token"]
        sendpulse.advance("59m")
        assert knock(sendpulse, route, f"Bearer {token}").status != 401
        sendpulse.advance("2m")
        expired = knock(sendpulse, route, f"Bearer {token}")
        assert json.loads(expired.reply.body) == shape("sendpulse")
        assert expired.status == 401
