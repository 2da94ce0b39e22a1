"""Whatever is asked, with whatever values: it is done or refused in words, and the process goes on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.control.operations import Operation
from emulators.control.table import OPERATIONS
from tests.cli.running import Serving
from tests.control.asking import Asking
from tests.support.receiver import Receiver

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**18, max_value=10**40)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        "READ opened activity.bulk track-event / smtp LostAck Answer 1h 1ms one OK== http://[".split()
    )
    | st.sampled_from(["x" * 70, "\ud800", "http://127.0.0.1:1/"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
).map(lambda value: value)  # as one choice beside others, not as the many that it is made of
INNER = {
    "policy": [
        "batch_size",
        "retry_delays",
        "patience",
        "pace",
        "probe",
        "answers",
        "url",
        "self",
        "timeout",
    ],
    "fields": ["email", "route", "timeout", "self", "/a", "/action", "~", "count", "kind"],
    "snapshot": ["now", "accounts", "faults", "memory", "exactly"],
}
BESIDE = [
    "times",
    "probability",
    "kind",
    "route",
    "status",
    "body",
    "body_base64",
    "seconds",
    "name",
    "processed",
]


GOOD: dict[str, list[Any]] = {
    "url": ["URL"],
    "kinds": [None, ["READ"], ["opened"]],
    "feed": [None, "activity", "smtp"],
    "auth": [None, ["ann", "pw"]],
    "kind": ["READ", "opened"],
    "route": ["track-event", "oauth-token"],
    "timeout": [0],
    "sample": ["activity.bulk", "smtp.delivered"],
    "fault": ["LostAck", "Drop", "Answer", "Reset", "Delay", "VendorError", "SlowWrite"],
    "by": [0, 1, "1h", 2.5],
    "within": [0, "1d"],
    "name": ["one", "two"],
    "base64": ["", "AA=="],
    "count": [1, 3],
    "times": [1, None],
    "status": [200, 503],
    "seconds": [0],
}


def bodies(operation: Operation) -> st.SearchStrategy[Any]:
    """Objects with the fields of an operation, some right and some of any kind; now and then something else."""

    def field(name: str) -> st.SearchStrategy[Any]:
        if name in INNER:
            return st.just({}) | st.dictionaries(st.sampled_from(INNER[name]), VALUES, max_size=2) | SCALARS
        return st.sampled_from(GOOD[name]) | VALUES if name in GOOD else VALUES

    needed = {name: field(name) for name, wanted in operation.body.items() if wanted.required}
    more = [name for name in operation.body if name not in needed] + BESIDE * operation.open_fields
    whole = st.fixed_dictionaries(needed, optional={name: field(name) for name in more})
    return st.one_of(whole, whole, whole, whole.map(lambda body: dict(list(body.items())[1:])), VALUES)


def requests() -> st.SearchStrategy[tuple[Operation, dict[str, str], dict[str, str], Any]]:
    """An operation, what stands in its path and its query, and its body."""

    def one(operation: Operation) -> st.SearchStrategy[Any]:
        vendors = st.sampled_from(["sendpulse", "esputnik", "esputnik", "pushwoosh", "hellotext", "nobody"])
        names = st.sampled_from(["1", "one", "two"]) | st.text(min_size=1, max_size=5)
        path = st.fixed_dictionaries({"provider": vendors, "id": names, "name": names})
        texts = st.integers().map(str) | st.text(max_size=5) | st.sampled_from(["READ", "esputnik", "9" * 18])
        query = st.fixed_dictionaries({}, optional=dict.fromkeys(operation.query, texts))
        return st.tuples(st.just(operation), path, query, bodies(operation))

    return st.sampled_from(OPERATIONS).flatmap(one)


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as receiver:
        yield receiver


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(story=st.lists(requests(), min_size=1, max_size=6))
def test_no_request_breaks_it(serving: Serving, receiver: Receiver, story) -> None:
    ask = Asking(serving.ready)
    for vendor in ("esputnik", "sendpulse"):
        ask.post(f"/{vendor}/subscriptions", url=receiver.url)
    for operation, path, query, body in story:
        template = operation.path.removeprefix("/v1")
        for name, value in path.items():
            template = template.replace(f"{{{name}}}", quote(value, safe="", errors="replace"))
        if isinstance(body, dict) and body.get("url") == "URL":
            body = {**body, "url": receiver.url}
        data = json.dumps(body).encode() if operation.method in ("POST", "PUT") else None
        assert ask.raw(operation.method, template, data, **query).status < 500
    assert not [text for text in ask.get("/complaints")["complaints"] if "broke" in text]
