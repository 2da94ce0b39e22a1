"""Ten bugs that receivers really have: each is found within 200 examples, by a test of a few lines, and what is left
of it after shrinking reads like the vendor's own."""

from __future__ import annotations

import json
from typing import Any

from emulators import catalog
from emulators.faults import Duplicate, LostAck, Reorder
from emulators.strategies import (
    App,
    assert_same_outcome,
    batches,
    delivery_plans,
    events,
)
from emulators.strategies.vendor import vendor
from tests.strategies.hunting import Found, all_of, hunt
from tests.strategies.shop import (
    ByIid,
    CountsTwice,
    FirstOnly,
    Floats,
    Int32,
    KnowsFour,
    LastWins,
    LocalTime,
    NeedsCustomer,
    Shop,
    TextTimestamp,
)


def printed(provider: str, sample: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(catalog.samples(provider)[sample].body)
    return found


def changed(event: dict[str, Any], sample: dict[str, Any]) -> dict[str, Any]:
    """What is another than in the vendor's sample; None stands for what is not there."""
    return {name: event.get(name) for name in {**event, **sample} if event.get(name) != sample.get(name)}


def body(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def small(found: Found) -> Any:
    assert found.first <= 200
    assert len(found.examples) - found.first <= 250, "shrinking takes too many calls"
    return found.smallest


BULK = printed("esputnik", "activity.bulk")


def test_a_shop_that_takes_the_first_event_of_a_batch_alone() -> None:
    def law(batch: list[Any]) -> None:
        shop = FirstOnly()
        shop.receive(body(batch))
        assert sum(shop.counts.values()) == len(batch)

    assert small(hunt(batches("esputnik"), law)) == [BULK[0], BULK[3]]


def test_a_shop_that_counts_a_repeated_event_twice(emulate) -> None:
    with CountsTwice().served() as shop:
        app = App(shop.url, shop.forget, shop.state)
        plan = small(hunt(delivery_plans("esputnik"), lambda plan: assert_same_outcome(emulate, plan, app)))
    assert plan.events == (BULK[0],)
    assert plan.faults in ((Duplicate(),), (LostAck(),))


def test_a_shop_that_keeps_ids_in_32_bits() -> None:
    found = hunt(events("esputnik", edge=True), lambda event: Int32().take(event))
    assert changed(small(found), BULK[0]) == {"contactId": 2**31}


def test_a_shop_that_takes_a_timestamp_for_text() -> None:
    found = hunt(events("sendpulse"), lambda event: TextTimestamp().take(event))
    assert [small(found)] == printed("sendpulse", "smtp.delivered")


def test_a_shop_that_expects_an_optional_field() -> None:
    found = hunt(events("esputnik", "DELIVERED"), lambda event: NeedsCustomer().take(event))
    own = [vendor("esputnik").event("activity", "DELIVERED", seed) for seed in range(99)]
    assert changed(small(found), BULK[0]) == {"externalCustomerId": None} or found.smallest in own


def test_a_shop_where_a_late_delivery_undoes_a_click(emulate) -> None:
    with LastWins().served() as shop:
        app = App(shop.url, shop.forget, shop.state)
        plan = small(hunt(delivery_plans("sendpulse"), lambda plan: assert_same_outcome(emulate, plan, app)))
    assert [event["event"] for event in plan.events] == ["delivered", "undelivered"]
    assert [[event] for event in plan.events] == [
        printed("sendpulse", "smtp.delivered"),
        printed("sendpulse", "smtp.undelivered"),
    ]
    assert plan.faults == (Reorder(),)


def test_a_shop_that_knows_an_event_by_its_iid_alone() -> None:
    def law(batch: list[Any]) -> None:
        shop, right = ByIid(), Shop()
        shop.receive(body(batch))
        right.receive(body(batch))
        assert shop.counts == right.counts

    smallest = small(hunt(batches("esputnik"), law))
    assert smallest == [BULK[0], BULK[3]]


def test_a_shop_that_takes_a_time_without_zone_for_its_own() -> None:
    def law(event: dict[str, Any]) -> None:
        assert LocalTime().shown(event) == event["activityDateTime"]

    found = hunt(events("esputnik", edge=True), law)
    assert changed(small(found), BULK[0]) == {"activityDateTime": "2024-03-31T03:30:00"}


def test_a_shop_whose_numbers_are_floats() -> None:
    def law(event: dict[str, Any]) -> None:
        assert Floats().stored(body(event)) == event

    assert changed(small(hunt(events("esputnik", edge=True), law)), BULK[0]) == {"contactId": 2**53 + 1}


def test_a_shop_that_breaks_on_a_kind_it_does_not_know() -> None:
    found = hunt(events("esputnik"), lambda event: KnowsFour().take(event))
    assert small(found)["activityStatus"] == "SENT"


def test_a_good_shop_obeys_the_law_for_every_vendor(emulate) -> None:
    with Shop().served() as shop:
        app = App(shop.url, shop.forget, shop.state)
        for provider in ("sendpulse", "esputnik", "pushwoosh"):
            all_of(
                delivery_plans(provider, edge=True),
                lambda plan: assert_same_outcome(emulate, plan, app),
                40,
            )
