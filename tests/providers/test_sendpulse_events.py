"""Events for SendPulse's Automation 360: the calls of the page, in every encoding, and every way to be refused."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from emulators import catalog
from tests.support.sendpulse_app import App

BY_ID = "/events/id/eb561baa181247d1cd378c4ead632877/7043663"
BY_NAME = "/events/name/registration"
TAKEN = (200, {"result": True})
ANN = {"email": "ann@example.com"}


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])


def received(sendpulse) -> list[Any]:
    return list(sendpulse.account.tables.get("events", {}).values())


@pytest.mark.parametrize(
    ("sample", "path"),
    [("php-with-curl", BY_ID), ("python", BY_ID), ("php-library", BY_NAME), ("python-library", BY_NAME)],
)
def test_the_printed_calls_run_as_written(sample, path, sendpulse, app) -> None:
    body = catalog.samples("sendpulse")[f"event.request.{sample}"].body
    assert app.call("POST", path, body) == TAKEN
    [call] = sendpulse.calls()
    assert (call.body, call.problems) == (json.loads(body), ())
    [event] = received(sendpulse)
    assert (event["email"], event["phone"]) == ("test1@test1.com", "+123456789")


def test_blanks_around_an_address_are_not_part_of_it_but_stay_in_what_came(sendpulse, app) -> None:
    body = catalog.samples("sendpulse")["event.request.php-with-curl"].body
    app.call("POST", BY_ID, body)
    assert received(sendpulse)[0]["email"] == "test1@test1.com"
    assert sendpulse.calls()[0].body["email"] == " test1@test1.com"


def test_variables_keep_the_types_in_which_they_came(sendpulse, app) -> None:
    given = {
        "product_id": 123,
        "price": "10.50",
        "coupon": None,
        "note": "",
        "ordered_at": "2021-05-28T09:02:39Z",
        "day": "2018.10.12",
        "products": [{"id": "1", "name": "Тест"}, {"id": 2, "name": "", "tags": []}],
        "": True,
        "long": "x" * 255,
    }
    assert app.call("POST", BY_ID, {**ANN, **given}) == TAKEN
    assert received(sendpulse)[0]["variables"] == given
    assert sendpulse.calls()[0].problems == ()


def test_a_url_without_a_token_needs_none_and_the_one_by_name_does(sendpulse) -> None:
    app = App(sendpulse.env)
    assert app.call("POST", BY_ID, ANN) == TAKEN
    assert app.call("POST", BY_NAME, ANN) == (401, {"message": "Unauthorized!", "error_code": 401})


def test_a_doubled_slash_as_of_the_python_library_is_no_other_path(app) -> None:
    assert app.call("POST", "/" + BY_NAME, ANN) == TAKEN


PAIRS = [
    ("email", "ann@example.com"),
    ("phone", "+380631234567"),
    ("automation_id", "123456"),
    ("product_id", "7"),
    ("products[0][id]", "1"),
    ("products[0][name]", "Тест"),
    ("products[1][id]", "2"),
]


@pytest.mark.parametrize("encoding", ["form", "multipart"])
def test_a_form_says_the_same_as_text(encoding, sendpulse, app) -> None:
    assert getattr(app, encoding)("POST", BY_ID, PAIRS) == TAKEN
    [event] = received(sendpulse)
    assert (event["phone"], event["automation_id"]) == ("+380631234567", 123456)
    assert event["variables"] == {
        "product_id": "7",
        "products": [{"id": "1", "name": "Тест"}, {"id": "2"}],
    }
    assert sendpulse.calls()[0].problems == ()


def test_a_bare_plus_in_a_form_is_a_blank(sendpulse, app) -> None:
    app.call("POST", BY_ID, b"phone=+123456789", "application/x-www-form-urlencoded")
    assert received(sendpulse)[0]["phone"] == "123456789"


@pytest.mark.parametrize(
    "identity", [{"email": "ann@example.com", "phone": ""}, {"email": None, "phone": "+1234567"}]
)
def test_one_of_the_two_is_enough_and_the_other_may_be_empty(identity, app) -> None:
    assert app.call("POST", BY_ID, identity) == TAKEN


NOBODY = [
    {},
    {"name": "Ann"},
    {"email": ""},
    {"email": " ", "phone": None},
    {"email": ["ann@example.com"]},
    {"phone": True},
]


@pytest.mark.parametrize("body", NOBODY)
def test_an_event_of_nobody_is_refused(body, sendpulse, app) -> None:
    refused = {"message": "Argument email missing", "error_code": 422}
    assert app.call("POST", BY_ID, body) == (422, refused)
    assert not received(sendpulse)
    assert "option events.missing_identity" in sendpulse.calls()[0].problems[0].source


@pytest.mark.parametrize(
    ("status", "answer"),
    [(400, {"message": "Argument email missing", "error_code": 400}), (200, {"result": False})],
)
def test_what_an_event_of_nobody_is_answered_is_a_choice(status, answer, emulate) -> None:
    with emulate.fresh("sendpulse", options={"events.missing_identity": status}) as sendpulse:
        assert App(sendpulse.env).call("POST", BY_ID, {"name": "Ann"}) == (status, answer)
        assert not received(sendpulse)


UNREADABLE = [
    b"",
    b"{",
    b"[]",
    b'"ann@example.com"',
    b"\xff",
    b"[" * 5000,
    b'{"email": ' + b"[" * 250 + b"]" * 250 + b"}",
]


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_event_is_refused_by_a_choice(body, emulate) -> None:
    for status in (400, 415):
        with emulate.fresh("sendpulse", options={"events.malformed_body": status}) as sendpulse:
            refused = {"message": "Badly formed incoming data", "error_code": status}
            assert App(sendpulse.env).call("POST", BY_ID, body) == (status, refused)
    with emulate.fresh("sendpulse", options={"events.malformed_body": 200}) as sendpulse:
        assert App(sendpulse.env).call("POST", BY_ID, body) == (200, {"result": False})


UNKNOWN = [
    "/events/name/purchase",
    "/events/id/eb561baa181247d1cd378c4ead632877/1",
    "/events/id/" + "0" * 32 + "/7043663",
]
NOT_FOUND = (404, {"message": "Event not found", "error_code": 404})


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_event_that_was_not_made_is_unknown_and_the_explanation_says_how_to_make_it(
    path, sendpulse, app
) -> None:
    assert app.call("POST", path, ANN) == NOT_FOUND
    [problem] = sendpulse.calls()[0].problems
    event = path.removeprefix("/events/name/").removeprefix("/events/id/")
    assert f"{{'events.names': [{event!r}]}}" in problem.expected


def test_an_unknown_event_is_told_its_nearest(sendpulse, app) -> None:
    for path in ("/events/name/registrtion", "/events/id/eb561baa181247d1cd378c4ead632877/1"):
        assert app.call("POST", path, ANN) == NOT_FOUND
    first, second = sendpulse.calls()
    assert "did you mean 'registration'?" in first.problems[0].expected
    assert "did you mean 'eb561baa181247d1cd378c4ead632877/7043663'?" in second.problems[0].expected


@pytest.mark.emulator("sendpulse", options={"flows": {"purchase": [{"webhook": {}}], "77": []}})
def test_an_event_with_a_flow_exists_and_a_number_of_a_flow_is_none(sendpulse, app) -> None:
    assert app.call("POST", "/events/name/purchase", ANN) == TAKEN
    assert app.call("POST", "/events/name/77", ANN) == NOT_FOUND


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_event_is_made_by_an_option(path, emulate) -> None:
    event = path.removeprefix("/events/name/").removeprefix("/events/id/")
    for options in ({"events.names": [event]}, {"events.unknown": "create"}):
        with emulate.fresh("sendpulse", options=options) as sendpulse:
            app = App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])
            assert app.call("POST", path, ANN) == TAKEN
            assert received(sendpulse)[0]["event"] == event
            assert app.call("POST", BY_NAME, ANN) == TAKEN


@pytest.mark.emulator("sendpulse", options={"events.unknown": 200})
def test_an_unknown_event_may_be_refused_with_200(sendpulse, app) -> None:
    assert app.call("POST", UNKNOWN[0], ANN) == (200, {"result": False})
    assert not received(sendpulse)


ODD = [
    ("/phone", {"phone": 380631234567}),
    ("/email", {"email": 7, "phone": "+1234567"}),
    ("/automation_id", {**ANN, "automation_id": "123"}),
    ("/automation_id", {**ANN, "automation_id": "abc"}),
    ("/automation_id", {**ANN, "automation_id": [1]}),
]


@pytest.mark.parametrize(("pointer", "body"), ODD)
def test_another_type_than_the_documented_is_taken_with_a_note_or_refused(pointer, body, emulate) -> None:
    with emulate.fresh("sendpulse") as sendpulse:
        assert App(sendpulse.env).call("POST", BY_ID, body) == TAKEN
        assert [problem.pointer for problem in sendpulse.calls()[0].problems] == [pointer]
    with emulate.fresh("sendpulse", options={"events.types": "strict"}) as sendpulse:
        refused = {"message": f"Argument {pointer[1:]} is invalid", "error_code": 422}
        assert App(sendpulse.env).call("POST", BY_ID, body) == (422, refused)


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "ann"), ("phone", "call me"), ("product_name", "x" * 256), ("phone", "+12")],
)
def test_values_that_only_a_strict_vendor_would_refuse_are_taken_with_a_note(field, value, emulate) -> None:
    body = {**ANN, "phone": "+380631234567", field: value}
    with emulate.fresh("sendpulse") as sendpulse:
        assert App(sendpulse.env).call("POST", BY_ID, body) == TAKEN
        [note] = sendpulse.calls()[0].problems
        assert (note.pointer, "option events.types" in note.source) == (f"/{field}", True)
    with emulate.fresh("sendpulse", options={"events.types": "strict"}) as sendpulse:
        assert App(sendpulse.env).call("POST", BY_ID, body)[0] == 422


@pytest.mark.emulator("sendpulse", options={"events.types": "strict"})
def test_the_printed_calls_run_where_types_are_strict_as_well(app) -> None:
    for sample in ("php-with-curl", "python", "php-library", "python-library"):
        body = catalog.samples("sendpulse")[f"event.request.{sample}"].body
        assert app.call("POST", BY_ID, body) == TAKEN


@pytest.mark.parametrize(
    ("given", "read"), [(123456, 123456), (1.0, 1), ("0017", 17), (10**30, 10**30), (None, None)]
)
def test_the_flow_that_is_meant_is_a_number(given, read, sendpulse, app) -> None:
    assert app.call("POST", BY_ID, {**ANN, "automation_id": given}) == TAKEN
    assert received(sendpulse)[0]["automation_id"] == read


def test_a_browser_on_another_origin_may_post_events(sendpulse, app) -> None:
    request = urllib.request.Request(
        sendpulse.url + BY_ID,
        method="OPTIONS",
        headers={"Origin": "https://shop.example.com", "Access-Control-Request-Headers": "content-type"},
    )
    with urllib.request.urlopen(request) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
