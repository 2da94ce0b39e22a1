"""Pushwoosh's webhook integration, beside the page that documents it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from emulators import catalog
from emulators.errors import InvalidValue
from tests.support.receiver import Receiver


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.mark.parametrize("kind", ["Email Sent", "Email Delivered", "Email Bounced", "Email Opened"])
def test_a_status_is_one_object_with_the_printed_fields(kind, pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    pushwoosh.emit(kind)
    pushwoosh.advance(0)
    event = app.posts[0].json
    printed = json.loads(catalog.samples("pushwoosh")["webhook.email-sent"].body)
    assert list(event) == list(printed)
    assert {name: type(value) for name, value in event.items()} == {n: type(v) for n, v in printed.items()}
    assert event["event_name"] == kind


def test_the_address_is_the_hwid_and_always_the_same_user(pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    first, second = (pushwoosh.emit("Email Sent", hwid="ann@example.com").payload for _ in range(2))
    assert first["hwid"] == "ann@example.com"
    assert first["user_id"] == second["user_id"]
    assert first["message_code"] != second["message_code"]


def test_the_message_id_is_left_out_as_in_the_example_unless_asked_for(pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    assert "message_id" not in pushwoosh.emit("Email Sent").payload
    assert pushwoosh.emit("Email Sent", message_id=2**64 - 1).payload["message_id"] == 2**64 - 1
    with pytest.raises(InvalidValue, match="/message_id"):
        pushwoosh.emit("Email Sent", message_id=2**64)


def test_names_that_no_page_spells_are_opt_in(pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    with pytest.raises(InvalidValue, match=r"inferred, not documented.*webhook\.inferred_kinds"):
        pushwoosh.emit("Email Unsubscribed")


@pytest.mark.emulator("pushwoosh", options={"webhook.inferred_kinds": True})
def test_inferred_names_asked_for_are_sent(pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    for kind in pushwoosh.profile.feeds["webhook"].kinds:
        assert pushwoosh.emit(kind).payload["event_name"] == kind


@pytest.mark.emulator("pushwoosh", options={"webhook.message_id": True})
def test_the_message_id_asked_for_stands_where_the_table_has_it(pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    assert list(pushwoosh.emit("Email Sent").payload)[:2] == ["event_name", "message_id"]


def test_a_second_endpoint_takes_the_place_of_the_first(pushwoosh, app) -> None:
    first, second = pushwoosh.subscribe(app.url), pushwoosh.subscribe(app.url + "/new")
    pushwoosh.emit("Email Sent")
    pushwoosh.advance(0)
    assert [post.path for post in app.posts] == ["/hook/new"]
    assert (first.state, second.state) == ("replaced", "active")


@pytest.mark.parametrize(("backlog", "arrives"), [("moves", 1), ("dropped", 0)])
def test_what_waits_for_the_first_endpoint_moves_or_is_dropped(backlog, arrives, emulate, app) -> None:
    options = {"webhook.backlog_of_replaced": backlog, "webhook.batch_window": 60}
    with emulate.in_thread("pushwoosh", options=options) as pushwoosh:
        pushwoosh.subscribe("http://127.0.0.1:9/old", batch_window=60)
        # One event is a full request, so only what the clock has not sent yet can wait.
        pushwoosh.emit("Email Sent")
        pushwoosh.subscribe(app.url)
        pushwoosh.advance("2m")
        assert len(app.posts) == arrives


def test_a_port_in_the_url_is_kept(pushwoosh, app) -> None:
    pushwoosh.subscribe(app.url)
    pushwoosh.emit("Email Sent")
    pushwoosh.advance(0)
    assert app.posts[0].headers["host"] == f"127.0.0.1:{app.port}"
