"""What a call leads to comes about in its time, from the journal alone if need be."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from emulators.engine.provider import Call
from emulators.engine.state import fold
from tests.support.receiver import Receiver

EMAIL = {
    "subject": "Hello",
    "text": "Hi",
    "html": "SGk=",
    "from": {"name": "Shop", "email": "shop@example.com"},
    "to": [{"name": "Ann", "email": "ann@example.com"}, {"name": "Bob", "email": "bounce+bob@example.com"}],
}
EVENT = {
    "eventTypeKey": "productViewed",
    "keyValue": "9d0c163d-cc3b-4f9e-bb03-2f5d1111ef91",
    "params": [{"name": "email", "value": "ann@example.com"}],
}


def send_mail(sendpulse: Any) -> Any:
    headers = (("authorization", f"Bearer {sendpulse.credentials['api_key']}"),)
    body = json.dumps({"email": EMAIL}).encode()
    return sendpulse.answer(Call("POST", "/smtp/emails", headers=headers, body=body))


def view_product(esputnik: Any) -> Any:
    login = b64encode(f"any:{esputnik.credentials['api_key']}".encode()).decode()
    body = json.dumps(EVENT).encode()
    return esputnik.answer(
        Call("POST", "/api/v2/event", headers=(("authorization", f"Basic {login}"),), body=body)
    )


LOOPS = pytest.mark.parametrize(
    ("name", "call", "kinds"),
    [
        ("sendpulse", send_mail, {"delivered", "opened", "clicked", "undelivered"}),
        ("esputnik", view_product, {"DELIVERED", "READ", "CLICKED"}),
    ],
    ids=["sendpulse", "esputnik"],
)


def lived(
    emulate: Any, name: str, call: Callable[[Any], Any], before: Callable[[Any], None]
) -> tuple[list[str], set[str]]:
    """The bodies that a receiver gets in an hour, and the kinds of events; `before` meddles each minute."""
    with Receiver() as app, emulate.fresh(name) as emulator:
        emulator.subscribe(app.url)
        assert call(emulator).taken
        for _ in range(60):
            before(emulator)
            emulator.advance("1m")
        emulator.drain()
        assert not emulator.world.complaints
        kinds = {event.kind for delivery in emulator.deliveries() for event in delivery.events}
        return [post.body.decode() for post in app.posts], kinds


@LOOPS
def test_a_call_leads_to_the_webhooks_that_it_would_lead_to(
    emulate, name: str, call: Callable[[Any], Any], kinds: set[str]
) -> None:
    bodies, seen = lived(emulate, name, call, lambda emulator: None)
    assert bodies
    assert seen == kinds


@LOOPS
def test_a_state_that_is_folded_again_in_the_middle_changes_nothing(
    emulate, name: str, call: Callable[[Any], Any], kinds: set[str]
) -> None:
    def fold_again(emulator: Any) -> None:
        emulator.world.state = fold(emulator.world.journal.entries)

    assert lived(emulate, name, call, fold_again) == lived(emulate, name, call, lambda emulator: None)


@LOOPS
def test_nobody_has_to_listen(emulate, name: str, call: Callable[[Any], Any], kinds: set[str]) -> None:
    with emulate.fresh(name) as emulator:
        assert call(emulator).taken
        emulator.advance("2h")
        assert not emulator.world.complaints
        feed = next(iter(emulator.profile.feeds))
        assert {event.kind for event in emulator.account.history[feed]} == kinds
