"""Fresh identities: whom an event names is planted wherever the address stands, and the template stays as it is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from emulators.check.checks.edits import apart
from emulators.check.planting import TOKEN, Planting
from emulators.check.sender import Sender
from emulators.strategies.rules import ABSENT
from tests.support.feeds import NAMED


def sender_of(feed: str) -> Sender:
    return Sender(*feed.split("/"))


def planted(sender: Sender, *events: Any) -> list[tuple[Any, str]]:
    planting = Planting(sender, "abc123", 1)
    return [planting.plant(event) for event in events]


@pytest.mark.parametrize("feed", NAMED)
def test_the_address_of_each_feed_carries_an_identity_of_this_execution(feed: str) -> None:
    sender = sender_of(feed)
    template = sender.event()
    before = deepcopy(template)
    [(event, key)] = planted(sender, template)
    assert TOKEN.fullmatch(key)
    assert sender.person(event) == f"{key}@example.com"
    assert sender.legal(event)
    assert template == before


def test_an_ordinary_address_has_nothing_odd_and_an_odd_one_stays_as_odd_as_it_was() -> None:
    sender = sender_of("sendpulse/smtp")
    odd, plain = (
        sender.addressed(sender.event(), each) for each in ("{who:1}@EXAMPLE.COM", "a+b@example.com")
    )
    (first, one), (second, two) = planted(sender, odd, plain)
    assert sender.person(first) == f"{one}@EXAMPLE.COM"
    assert sender.person(second) == f"{two}@example.com"


def test_an_address_inside_of_an_object_is_planted_and_what_stands_beside_it_stays() -> None:
    sender = sender_of("esputnik/workflow")
    template = sender.event()
    [(event, key)] = planted(sender, template)
    assert event["data"] == {**template["data"], "email": f"{key}@example.com"}


def test_equal_addresses_become_equal_ones_and_others_others() -> None:
    sender = sender_of("esputnik/workflow")
    ann, other = apart(sender, sender.event(), 1), apart(sender, sender.event(), 2)
    (_, one), (_, two), (_, again) = planted(sender, ann, other, ann)
    assert one == again != two


@pytest.mark.parametrize("address", ["", "somebody"])
def test_who_is_named_by_no_address_is_known_by_the_id(address: str) -> None:
    sender = sender_of("sendpulse/smtp")
    [(event, key)] = planted(sender, sender.addressed(sender.event(), address))
    assert key == str(event["message_id"])
    assert event["recipient"] == address


def test_a_receiver_that_stores_no_addresses_is_asked_for_ids() -> None:
    sender = sender_of("esputnik/workflow")
    sender.by_id = True
    (event, key), (_, other) = planted(sender, *(apart(sender, sender.event(), n) for n in (1, 2)))
    assert key == event["workflowInstanceId"] != other


@pytest.mark.parametrize("feed", NAMED)
def test_an_address_is_changed_and_taken_away_where_it_stands(feed: str) -> None:
    sender = sender_of(feed)
    event = sender.event()
    assert sender.person(sender.addressed(event, "eve@example.com")) == "eve@example.com"
    gone = sender.addressed(event, ABSENT)
    assert (sender.place(gone), sender.person(gone)) == (None, "")
    assert sender.addressed(gone, "eve@example.com") == gone
    assert sender.addressed({}, "eve@example.com", sender.place(event)) != {}


@pytest.mark.parametrize("keep", [("data",), ("data", "email")])
def test_what_is_to_stay_of_an_address_stays(keep: tuple[str, ...]) -> None:
    sender = sender_of("esputnik/workflow")
    event = sender.event()
    assert sender.person(apart(sender, event, 7, keep)) == sender.person(event)
    assert sender.person(apart(sender, event, 7, ("data", "sms"))) == "ann7@example.com"


def test_identities_are_as_wide_in_the_first_execution_as_in_a_late_one() -> None:
    sender = sender_of("sendpulse/smtp")
    widths = {len(Planting(sender, "abc123", number).plant(sender.event())[1]) for number in (1, 42, 987)}
    assert len(widths) == 1
