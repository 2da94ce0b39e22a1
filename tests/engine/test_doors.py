"""Nothing leaves the machine through a side door: receivers that an app registers, blocks of a workflow, events."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from emulators.engine.provider import Call
from tests.support.receiver import Receiver

FOREIGN = pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data", "http://203.0.113.7/hook", "http://user:pw@127.0.0.1:1/"],
)


def asked(emulator: Any, method: str, path: str, body: Any) -> Any:
    credentials = emulator.credentials
    if "api_key" in credentials and emulator.name == "sendpulse":
        authorization = f"Bearer {credentials['api_key']}"
    else:
        authorization = "Basic " + b64encode(f"any:{credentials['api_key']}".encode()).decode()
    call = Call(method, path, headers=(("authorization", authorization),), body=json.dumps(body).encode())
    return emulator.answer(call)


def refused(emulator: Any) -> list[str]:
    """Why deliveries were refused before anything was connected to."""
    return [d.reason for d in emulator.deliveries() if d.reason.startswith("refused by the egress guard")]


@FOREIGN
def test_a_receiver_that_is_registered_over_the_api_is_guarded(sendpulse, url: str) -> None:
    created = asked(sendpulse, "POST", "/v2/email-service/webhook", {"url": url, "actions": ["open"]})
    if created.status == 200:
        sendpulse.emit("email-service.open")
        sendpulse.advance("5m")
        assert len(refused(sendpulse)) == len(sendpulse.deliveries()) > 0


@FOREIGN
def test_a_receiver_that_is_moved_over_the_api_is_guarded(sendpulse, url: str) -> None:
    with Receiver() as app:
        created = asked(sendpulse, "POST", "/v2/email-service/webhook", {"url": app.url, "actions": ["open"]})
        number = json.loads(created.reply.body)["data"][0]["id"]
        moved = asked(sendpulse, "PUT", f"/v2/email-service/webhook/{number}", {"url": url})
        sendpulse.emit("email-service.open")
        sendpulse.advance("5m")
        if moved.status == 200:
            assert app.posts == []
            assert len(refused(sendpulse)) == len(sendpulse.deliveries()) > 0


@FOREIGN
@pytest.mark.parametrize("where", ["block", "parameter"])
def test_the_url_of_a_block_is_guarded(emulate, url: str, where: str) -> None:
    block = {"webhook": "WH", "method": "POST", "body": "x"}
    block["url"] = url if where == "block" else "$data.get('target')"
    event = {"eventTypeKey": "paid", "keyValue": "1", "params": [{"name": "target", "value": url}]}
    with (
        Receiver() as app,
        emulate.fresh("esputnik", options={"workflows": {"paid": [block]}}) as esputnik,
    ):
        esputnik.subscribe(app.url, feed="workflow")
        assert asked(esputnik, "POST", "/api/v2/event", event).status == 200
        esputnik.advance("5m")
        # What is no URL at all goes to the receiver that was subscribed.
        assert len(app.posts) + len(refused(esputnik)) == len(esputnik.deliveries()) == 1
        assert not app.posts or where == "parameter"


def test_one_wrong_url_does_not_keep_others_from_their_webhooks(sendpulse) -> None:
    with Receiver() as app:
        body = {"url": "http://user:pw@127.0.0.1:1/", "actions": ["open"]}
        asked(sendpulse, "POST", "/v2/email-service/webhook", body)
        sendpulse.subscribe(app.url, feed="email-service")
        sendpulse.emit("email-service.open")
        sendpulse.advance("2m")
        assert len(app.posts) == 1
