"""The control API describes itself; `asking` holds every answer of these tests against what it says."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from emulators.control.answers import ANSWERS
from emulators.control.openapi import document
from emulators.control.table import OPERATIONS
from tests.control.asking import Asking, Told


@pytest.fixture(scope="module")
def described():
    return document("http://127.0.0.1:8800")


def operations(described):
    return [operation for path in described["paths"].values() for operation in path.values()]


def test_it_is_openapi_to_the_letter(described):
    OpenAPIV31SpecValidator(json.loads(json.dumps(described))).validate()


def test_it_lists_all_that_is_answered(described):
    listed = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    answered = {(operation.method, operation.path) for operation in OPERATIONS}
    assert listed == answered | {("GET", "/v1/journal/stream"), ("GET", "/v1/openapi.json")}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_answers(described):
    names = [operation["operationId"] for operation in operations(described)]
    assert len(set(names)) == len(names)
    assert set(names) == set(ANSWERS)


def test_no_two_operations_take_the_same_request(described):
    for operation in OPERATIONS:
        segments = tuple(
            "esputnik" if part == "{provider}" else "1" if part.startswith("{") else part
            for part in operation.path.strip("/").split("/")
        )
        first = next(other for other in OPERATIONS if other.match(operation.method, segments) is not None)
        assert first is operation


def test_every_parameter_in_a_path_is_declared(described):
    for path, methods in described["paths"].items():
        for operation in methods.values():
            declared = {p["name"] for p in operation["parameters"] if p.get("in") == "path"}
            assert declared == {part.strip("{}") for part in path.split("/") if part.startswith("{")}


def test_only_health_needs_no_token(described):
    assert described["security"] == [{"token": []}]
    open_to_all = [o["operationId"] for o in operations(described) if o.get("security") == []]
    assert open_to_all == ["health"]


def test_a_process_gives_the_document_with_its_own_address(ask):
    told = ask.get("/openapi.json")
    assert told == document(ask.ready["control"])
    assert told["servers"] == [{"url": ask.ready["control"]}]


def test_an_answer_that_is_not_as_documented_is_noticed(ask):
    """The check that all other tests rely on."""
    good = {"now": "2026-01-01T00:00:00+00:00", "clock": "virtual", "speed": None, "next_due": None}
    ask.check("GET", "/v1/clock", Told(200, good, {}))
    for status, value in [(200, {**good, "speed": "fast"}), (201, good), (400, {"error": "no"}), (500, {})]:
        with pytest.raises(Exception, match=r"."):
            ask.check("GET", "/v1/clock", Told(status, value, {}))


def test_the_path_of_a_vendor_is_not_that_of_the_world(ask):
    """`/v1/{provider}/reset` would fit `/v1/clock/advance` if it were not for the order."""
    assert Asking(ask.ready)._operation("POST", "/v1/clock/advance")["operationId"] == "advance"
    assert Asking(ask.ready)._operation("POST", "/v1/esputnik/reset")["operationId"] == "reset-one"
