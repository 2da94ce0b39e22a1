"""Events for eSputnik: the three versions of the call, and every rule that its pages give."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators import catalog
from tests.support.esputnik_app import App

TAKEN = (200, "")


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


def event(**changes: Any) -> dict[str, Any]:
    given = {
        "eventTypeKey": "cartAbandoned",
        "keyValue": "k-1",
        "params": [{"name": "EmailAddress", "value": "ann@example.com"}],
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def types(esputnik) -> list[str]:
    return list(esputnik.account.tables.get("event types", {}))


def test_the_example_of_an_event_is_taken_with_an_empty_body(esputnik, app) -> None:
    example = catalog.default().contract("esputnik").example("event-v2.request")
    assert app.post("/v2/event", example) == TAKEN
    assert esputnik.calls("event-v2")[0].problems == ()


@pytest.mark.parametrize("path", ["/v1/event", "/v2/event", "/v1/event/"])
def test_an_unknown_type_exists_as_soon_as_it_came(path, esputnik, app) -> None:
    assert types(esputnik) == ["productViewed"]
    assert app.post(path, event()) == TAKEN
    assert types(esputnik) == ["productViewed", "cartAbandoned"]


def test_version_3_takes_parameters_as_an_object(esputnik, app) -> None:
    assert app.post("/v3/event", event(params={"email": "ann@example.com", "name": "x"})) == TAKEN
    status, _ = app.post("/v3/event", event())
    assert status == 400


@pytest.mark.parametrize("path", ["/v1/event", "/v2/event"])
@pytest.mark.parametrize("params", [{"email": "ann@example.com"}, {"name": "Ann"}, {}])
def test_versions_1_and_2_want_a_list_where_version_3_wants_an_object(path, params, esputnik, app) -> None:
    assert app.post(path, event(params=params)) == (400, "params is not valid")
    problem = esputnik.calls()[0].problems[0]
    told = ("/params", "a list of {name, value}; version 3 takes an object", "an object")
    assert (problem.pointer, problem.expected, problem.got) == told


def test_the_answer_of_version_3_is_told_to_be_a_guess(esputnik, app) -> None:
    assert app.post("/v3/event", event(params={"email": "ann@example.com"})) == TAKEN
    [note] = esputnik.calls()[0].problems
    assert note.source.startswith("assumed: ")


def test_a_new_type_that_looks_like_one_with_a_workflow_is_taken_with_a_note(esputnik, app) -> None:
    for known in ("productView", "PRODUCTVIEWED", "productView", "productViewed", "cartAbandoned"):
        assert app.post("/v2/event", event(eventTypeKey=known)) == TAKEN
    notes = [[p.pointer for p in call.problems] for call in esputnik.calls()]
    assert notes == [["/eventTypeKey"], ["/eventTypeKey"], [], [], []]
    assert "did you mean 'productViewed'?" in esputnik.calls()[0].problems[0].expected


def test_version_2_takes_any_value_and_version_1_wants_json_escaped(app) -> None:
    nested = event(params=[{"name": "items", "value": [{"id": 1, "price": 2.5}]}])
    assert app.post("/v2/event", nested) == TAKEN
    assert app.post("/v1/event", nested) == (400, "params/0/value is not valid")
    assert app.post("/v1/event", event(params=[{"name": "items", "value": '[{"id": 1}]'}])) == TAKEN


@pytest.mark.emulator("esputnik", options={"events.v1_nested_value": 200})
def test_version_1_may_take_what_clients_send_it_unescaped(esputnik, app) -> None:
    assert app.post("/v1/event", event(params=[{"name": "json", "value": {"x": [1, 2]}}])) == TAKEN
    assert esputnik.calls()[0].problems


def test_a_number_is_taken_for_text(esputnik, app) -> None:
    assert app.post("/v1/event", event(keyValue=7, params=[{"name": "price", "value": 9.5}])) == TAKEN
    assert len(esputnik.calls()[0].problems) == 2


def test_a_single_parameter_may_stand_without_its_list(app) -> None:
    assert app.post("/v2/event", event(params={"name": "email", "value": "ann@example.com"})) == TAKEN


@pytest.mark.parametrize(
    "name", ["contactId", "Contact_id", "EXTERNALCUSTOMERID", "email", "UserEmail", "SMS", "pushToken"]
)
def test_a_missing_key_is_taken_from_the_parameters(name, app) -> None:
    assert app.post("/v2/event", event(keyValue=None, params=[{"name": name, "value": "77"}])) == TAKEN


@pytest.mark.parametrize("value", [None, "", " ", "null", "NULL"])
def test_a_blank_id_of_the_customer_is_no_key(value, app) -> None:
    params = [{"name": "externalCustomerId", "value": value}]
    assert app.post("/v2/event", event(keyValue=None, params=params)) == (400, "keyValue is required")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"eventTypeKey": None}, "eventTypeKey is required"),
        ({"eventTypeKey": " "}, "eventTypeKey is required"),
        ({"eventTypeKey": "x" * 101}, "eventTypeKey is not valid"),
        ({"keyValue": "x" * 301}, "keyValue is not valid"),
        ({"keyValue": None, "params": None}, "keyValue is required"),
        ({"keyValue": None, "params": []}, "keyValue is required"),
        ({"params": [{"name": "a"}]}, "params/0/value is required"),
        ({"params": [{"value": "a"}]}, "params/0/name is required"),
        ({"params": [{"name": "x" * 101, "value": "a"}]}, "params/0/name is not valid"),
        (
            {"params": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]},
            "Parameter 'a' is not unique",
        ),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_in_words(changes, told, esputnik, app) -> None:
    assert app.post("/v2/event", event(**changes)) == (400, told)
    assert esputnik.calls()[0].problems
    assert types(esputnik) == ["productViewed"]


@pytest.mark.parametrize("char", "<;’\\/|\"`'^?!,>")
def test_forbidden_characters_are_refused_in_type_and_key(char, app) -> None:
    assert app.post("/v1/event", event(eventTypeKey=f"a{char}b"))[0] == 400
    assert app.post("/v1/event", event(keyValue=f"a{char}b"))[0] == 400
    assert app.post("/v1/event", event(keyValue="a@b.c (x) #1")) == TAKEN


def test_an_event_of_more_than_20_kb_is_refused(app) -> None:
    assert app.post("/v2/event", event(params=[{"name": "a", "value": "x" * 20_000}])) == TAKEN
    assert app.post("/v2/event", event(params=[{"name": "a", "value": "x" * 20_480}]))[0] == 400


def test_what_is_no_json_is_refused(app) -> None:
    assert app.post("/v2/event", b"{") == (400, "Wrong format of the request")
    assert app.post("/v2/event", b"[]")[0] == 400
    deep = (
        b'{"eventTypeKey":"a","keyValue":"b","params":[{"name":"a","value":'
        + b"[" * 900
        + b"]" * 900
        + b"}]}"
    )
    assert app.post("/v2/event", deep)[0] == 400


@pytest.mark.emulator(
    "esputnik", options={"events.required_params": {"cartAbandoned": ["EmailAddress", "sku"]}}
)
def test_a_type_whose_parameters_are_validated_says_which_it_wants(app) -> None:
    wanted = [{"name": "EmailAddress", "required": True}, {"name": "sku", "required": True}]
    told = f"The event should have the following params: {json.dumps(wanted)}"
    assert app.post("/v2/event", event()) == (400, told)
    answer = {"params": {"EmailAddress": {"required": True}, "sku": {"required": True}}}
    assert app.post("/v3/event", event(params={"EmailAddress": "a@b.c"})) == (400, answer)
    whole = [{"name": "EmailAddress", "value": "a@b.c"}, {"name": "sku", "value": "7"}]
    assert app.post("/v2/event", event(params=whole)) == TAKEN
    assert app.post("/v2/event", event(eventTypeKey="other")) == TAKEN


@pytest.mark.emulator(
    "esputnik",
    options={
        "events.required_params": {"cartAbandoned": {"sku": True, "note": False}},
        "events.validation_answer": "map",
    },
)
def test_the_newest_page_of_the_platform_answers_with_an_object(app) -> None:
    answer = {"params": {"sku": {"required": True}, "note": {"required": False}}}
    assert app.post("/v1/event", event()) == (400, answer)


@pytest.mark.parametrize("path", ["/v1/event", "/v2/event", "/v3/event"])
def test_nobody_gets_in_without_the_key(path, esputnik, app) -> None:
    app.key = "wrong"
    assert app.post(path, event())[0] == 401
    assert types(esputnik) == ["productViewed"]
