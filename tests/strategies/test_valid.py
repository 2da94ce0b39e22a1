"""Whatever is drawn, the vendor may send, or be sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators import registry
from emulators.errors import InvalidValue, UnknownName
from emulators.strategies import batches, delivery_plans, events, from_schema, invalid, machine, requests
from emulators.strategies.vendor import vendor
from tests.strategies.hunting import all_of, drawn
from tests.support.feeds import FEEDS

KINDS = [(n, f, kind) for n, f in FEEDS for kind in vendor(n).profile.feeds[f].kinds]
ROUTES = [(name, route.name) for name in registry.SHIPPED for route in vendor(name).provider.routes]
STEMS = sorted(
    {(n, f"{f}.event") for n, f in FEEDS} | {(n, f"{vendor(n).route(r).stem}.request") for n, r in ROUTES}
)
every_kind = pytest.mark.parametrize(("provider", "feed", "kind"), KINDS)
every_feed = pytest.mark.parametrize(("provider", "feed"), FEEDS)


@pytest.mark.parametrize("edge", [False, True], ids=["plain", "edge"])
@every_kind
def test_an_event_is_valid(provider: str, feed: str, kind: str, edge: bool) -> None:
    valid = vendor(provider).contract.valid
    found = drawn(events(provider, f"{feed}.{kind}", edge=edge), 30)
    assert all(valid(f"{feed}.event", event) for event in found)
    assert len({json.dumps(event) for event in found}) > len(found) / 2, "more of the same"


@every_kind
def test_an_event_stays_of_its_kind(provider: str, feed: str, kind: str) -> None:
    field = vendor(provider).kind_field(feed)
    found = drawn(events(provider, kind, feed=feed, edge=True), 15)
    assert len({event.get(field) for event in found}) == 1


@every_kind
def test_the_simplest_event_is_the_documents_own(provider: str, feed: str, kind: str) -> None:
    known = vendor(provider)
    printed = known.samples(feed, kind)
    # The first that Hypothesis tries is the simplest that there is.
    simplest = drawn(events(provider, f"{feed}.{kind}", edge=True), 1)[0]
    assert simplest == (printed[0] if printed else known.write(feed, kind, {}))


@every_feed
def test_a_batch_is_what_travels_in_one_request(provider: str, feed: str) -> None:
    known = vendor(provider)
    policy = known.policies[feed]

    def law(batch: list[Any]) -> None:
        assert all(known.contract.valid(f"{feed}.event", event) for event in batch)
        if policy.envelope == "array":
            assert len(batch) <= policy.batch_size
            assert known.contract.valid(feed, batch)

    for edge in (False, True):
        all_of(batches(provider, feed=feed, edge=edge), law, 25)


def test_batches_come_in_all_sizes_and_tell_stories() -> None:
    found = drawn(batches("sendpulse"), 60)
    assert {1, 2, 1000} <= {len(batch) for batch in found}
    stories = [
        batch
        for batch in found
        if [event["event"] for event in batch[:2]] == ["delivered", "opened"]
        and batch[0]["message_id"] == batch[1]["message_id"]
        and batch[0]["timestamp"] < batch[1]["timestamp"]
    ]
    assert stories


@pytest.mark.parametrize(("provider", "route"), ROUTES)
def test_a_request_is_valid(provider: str, route: str) -> None:
    known = vendor(provider)
    schema = f"{known.route(route).stem}.request"
    all_of(requests(provider, route), lambda body: known.contract.valid(schema, body) or 1 / 0, 10)


@pytest.mark.parametrize(("provider", "stem"), STEMS)
def test_a_schema_alone_is_enough(provider: str, stem: str) -> None:
    known = vendor(provider)
    found = drawn(from_schema(known.rules(stem).whole), 6)
    assert found
    assert all(known.contract.valid(stem, value) for value in found)


def test_edges_are_reached() -> None:
    found = drawn(events("esputnik", edge=True), 400)
    values = [value for event in found for value in event.values()]
    assert 2**63 - 1 in values
    assert "2024-02-29T12:00:00" in values
    assert "9999-12-31T23:59:59" in values
    assert any("\u200d" in value for value in values if isinstance(value, str))
    assert any("\x00" in value for value in values if isinstance(value, str))
    numbers = [event.get("campaign_id") for event in drawn(events("pushwoosh", edge=True), 400)]
    assert 2**64 - 1 in numbers


def test_the_same_values_come_again() -> None:
    for strategy in (events("esputnik", edge=True), delivery_plans("sendpulse"), invalid("pushwoosh")):
        assert drawn(strategy, 20) == drawn(strategy, 20)


def test_an_event_is_the_callers_to_change() -> None:
    for event in drawn(events("esputnik", "DELIVERED"), 10):
        event["statusData"]["mine"] = True
    assert all("mine" not in event["statusData"] for event in drawn(events("esputnik", "DELIVERED"), 10))


@pytest.mark.parametrize(
    ("call", "nearest"),
    [
        (lambda: events("sendpuls"), "did you mean 'sendpulse'"),
        (lambda: events("sendpulse", "open"), "open"),
        (lambda: events("esputnik", "delivred"), "did you mean 'DELIVERED'"),
        (lambda: events("esputnik", revision="2023-9"), "did you mean '2023-09'"),
        (lambda: events("sendpulse", feed="smpt"), "did you mean 'smtp'"),
        (lambda: batches("esputnik", "CLICKD"), "did you mean 'CLICKED'"),
        (lambda: invalid("esputnik", "REED"), "did you mean 'READ'"),
        (lambda: delivery_plans("pushwoosh", kind="Email Sendt"), "did you mean 'Email Sent'"),
        (lambda: requests("sendpulse", "event-by-nam"), "did you mean 'event-by-name'"),
        (lambda: machine("hellotex"), "did you mean 'hellotext'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(call: Any, nearest: str) -> None:
    if nearest == "open":
        # A kind of another feed is meant by its bare name, as in `emit`.
        assert drawn(call(), 1)[0]["event"] == "open"
        return
    with pytest.raises(UnknownName, match=nearest):
        call()


def test_what_cannot_be_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidValue, match="sends no webhooks"):
        events("hellotext")
    with pytest.raises(InvalidValue, match="puts 1 to 1000 events of activity into a request"):
        batches("esputnik", min_size=1001, max_size=2000)
    with pytest.raises(InvalidValue, match="names one already"):
        events("esputnik@2023-09", revision="2025-06")


@pytest.mark.parametrize("word", ["oneOf", "format", "unevaluatedProperties", "$dynamicRef"])
def test_a_keyword_that_is_not_known_is_refused_with_its_place(word: str) -> None:
    schema = {"type": "object", "properties": {"when": {"type": "string", word: "date"}}}
    with pytest.raises(
        InvalidValue, match=f"at /properties/when: unknown keyword '{word.replace('$', '[$]')}'"
    ):
        from_schema(schema)
