"""What is wrong with a payload, in words; and that both validators judge alike."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from emulators import catalog
from emulators.contract import Contract
from emulators.engine import codec
from emulators.engine.profile import Problem

SAMPLES = [
    (provider, name) for provider in catalog.default().providers() for name in catalog.samples(provider)
]


def bulk() -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = codec.decode(catalog.samples("esputnik")["activity.bulk"].body)
    return events


def explained(provider: str, schema: str, instance: Any, **options: Any) -> tuple[Problem, ...]:
    return catalog.default().contract(provider).explain(schema, instance, **options)


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_a_wrong_type_is_named_with_place_and_source() -> None:
    events = bulk()
    events[2]["contactId"] = "12"
    problem = only(explained("esputnik", "activity", events))
    assert (problem.pointer, problem.expected, problem.got) == ("/2/contactId", "an integer", '"12"')
    assert problem.source.startswith("documented: eSputnik docs, ")
    assert str(problem).startswith('/2/contactId: expected an integer, got "12" (documented: eSputnik docs')


def test_a_field_that_a_status_demands_is_missed() -> None:
    events = bulk()
    del events[3]["hardBounce"]
    problem = only(explained("esputnik", "activity", events))
    assert (problem.pointer, problem.expected, problem.got) == ("/3/hardBounce", "this field", "nothing")
    assert problem.source.startswith("inferred: ")


def test_a_field_that_a_status_forbids_is_named() -> None:
    events = bulk()
    events[0]["clickEventLink"] = "https://shop.example"
    problem = only(explained("esputnik", "activity", events))
    assert problem.pointer == "/0/clickEventLink"
    assert problem.expected.startswith("no such field")


def test_an_unknown_field_offers_the_nearest() -> None:
    events = bulk()
    events[1]["externalCustomerID"] = "7"
    problem = only(explained("esputnik", "activity", events))
    assert problem.pointer == "/1/externalCustomerID"
    assert "did you mean 'externalCustomerId'?" in problem.expected


def test_an_unknown_kind_names_the_known_ones() -> None:
    problem = only(explained("sendpulse", "smtp", [{"event": "open"}]))
    assert problem.pointer == "/0/event"
    assert problem.expected.startswith('one of "delivered", "undelivered"')


def test_a_choice_of_fields_is_named_as_one() -> None:
    problem = only(explained("hellotext", "track-event.request", {"action": "page.viewed"}))
    assert (problem.pointer, problem.got) == ("", "none of them")
    assert problem.expected == "one of profile, profile_id, session, session_id"
    assert str(problem).startswith("the request: expected one of profile")


@pytest.mark.parametrize(
    ("provider", "schema", "instance", "expected", "got"),
    [
        ("sendpulse", "smtp", [], "at least 1 items", "0 items"),
        ("sendpulse", "smtp", {}, "an array", "{}"),
        ("hellotext", "track-event.response", {"state": "received"}, '"ok"', '"received"'),
        ("hellotext", "create-profile.response", {"id": ""}, "at least 1 characters", '""'),
        ("hellotext", "create-profile.request", {"reference": []}, "a string or an integer", "[]"),
    ],
)
def test_a_rule_is_put_in_words(provider: str, schema: str, instance: Any, expected: str, got: str) -> None:
    problem = only(explained(provider, schema, instance))
    assert (problem.expected, problem.got) == (expected, got)


def test_a_batch_that_is_too_large_says_so_and_no_more() -> None:
    event = {"event": "unsubscribed", "recipient": "", "sender": "", "subject": ""}
    problem = only(explained("sendpulse", "smtp", [event] * 1001))
    assert (problem.pointer, problem.expected, problem.got) == ("", "at most 1000 items", "1001 items")


def test_a_long_value_is_cut_and_a_pointer_is_escaped() -> None:
    event = codec.decode(catalog.samples("pushwoosh")["webhook.email-sent"].body)
    problem = only(explained("pushwoosh", "webhook", event | {"a/b~c": "x" * 200}))
    assert problem.pointer == "/a~1b~0c"
    assert len(problem.got) == 60


def test_no_more_problems_are_explained_than_asked_for() -> None:
    events = [{"event": "opened"}] * 1000
    assert len(explained("sendpulse", "smtp", events)) == 20
    assert len(explained("sendpulse", "smtp", events, limit=3)) == 3


def test_a_valid_payload_has_no_problems() -> None:
    assert explained("esputnik", "activity", bulk()) == ()


class TestBothValidators:
    """`slow` is the contract where jsonschema-rs cannot be imported: jsonschema alone."""

    EDGES: tuple[Any, ...] = (
        *(None, True, False, 0, 1, 1.0, -1, 1.5, -0.0, 1e300, float("nan"), float("inf"), 10**400),
        *(
            2**31 - 1,
            2**31,
            2**53 + 1,
            2**63 - 1,
            2**63,
            -(2**63),
            -(2**63) - 1,
            2**64 - 1,
            2**64,
            float(2**64),
        ),
        *("", "\n", "1", "\ud800", "\U0001f600", "x" * 300, "2023-09-14T08:30:03", "2023-09-14T08:30:03\n"),
        *(
            "٢٠٢٣-09-14T08:30:03",
            "2023-09-14T08:30:03Z",
            "email",
            "Email",
            "CLICKED",
            "UNDELIVERED",
            "opened",
        ),
        *([], {}, [[]], {"subscription": {"subscriptions": ["a"]}}, {"subscripton": {"subscriptons": [1]}}),
    )

    @pytest.fixture
    def slow(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
        contracts: dict[str, Contract] = {}

        def of(provider: str) -> Contract:
            def load(stem: str) -> dict[str, Any]:
                return catalog.schema(f"{provider}/{stem}")

            return contracts.setdefault(provider, Contract(load, {}))

        yield of

    @staticmethod
    def mutated(value: Any, random_: random.Random) -> Any:
        """A copy of `value` with one to three places replaced, removed or added."""
        value = deepcopy(value)
        for _ in range(random_.randint(1, 3)):
            edge = deepcopy(random_.choice(TestBothValidators.EDGES))
            places = list(containers(value))
            if not places:
                return edge
            holder, key = random_.choice(places)
            match random_.randrange(4):
                case 0:
                    del holder[key]
                case 1 if isinstance(holder, dict):
                    name = random_.choice(("extra", "hardBounce", "clickEventLink", "event", "subscripton"))
                    holder[name] = edge
                case 2 if isinstance(holder, list):
                    holder.append(edge)
                case _:
                    holder[key] = edge
        return value

    @pytest.mark.parametrize(("provider", "name"), SAMPLES)
    def test_agree_on_a_sample_and_150_mutations_of_it(self, provider: str, name: str, slow: Any) -> None:
        sample = catalog.samples(provider)[name]
        fast = catalog.default().contract(provider)
        whole = codec.decode(sample.body)
        assert fast.valid(sample.schema, whole)
        assert slow(provider).valid(sample.schema, whole)
        refused = 0
        for seed in range(150):
            instance = self.mutated(whole, random.Random(f"{name} {seed}"))
            verdict = fast.valid(sample.schema, instance)
            assert verdict == slow(provider).valid(sample.schema, instance), instance
            assert verdict == (not fast.explain(sample.schema, instance)), instance
            refused += not verdict
        assert refused > 20

    @pytest.mark.thorough
    @pytest.mark.parametrize("edge", EDGES, ids=lambda edge: ascii(edge)[:30])
    def test_agree_on_every_edge_in_every_field(self, edge: Any, slow: Any) -> None:
        for provider, name in SAMPLES:
            sample = catalog.samples(provider)[name]
            whole = codec.decode(sample.body)
            for holder, key in list(containers(whole)):
                kept, holder[key] = holder[key], edge
                verdict = catalog.default().contract(provider).valid(sample.schema, whole)
                assert verdict == slow(provider).valid(sample.schema, whole), (name, key)
                holder[key] = kept

    @pytest.mark.parametrize(
        ("value", "good"),
        [
            (2**64 - 1, True),
            (2**64, False),
            (-1, False),
            (1.0, True),
            (1.5, False),
            (True, False),
            (float("nan"), False),
        ],
    )
    def test_agree_on_what_a_uint64_is(self, value: Any, good: bool, slow: Any) -> None:
        event = codec.decode(catalog.samples("pushwoosh")["webhook.email-sent"].body) | {"campaign_id": value}
        assert catalog.default().contract("pushwoosh").valid("webhook", event) is good
        assert slow("pushwoosh").valid("webhook", event) is good

    def test_agree_that_a_trailing_newline_is_no_date(self, slow: Any) -> None:
        events = bulk()
        events[0]["activityDateTime"] += "\n"
        assert not catalog.default().contract("esputnik").valid("activity", events)
        assert not slow("esputnik").valid("activity", events)


def containers(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place inside `value`: the dict or list that holds it, and its key there."""
    for key, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from containers(part)
