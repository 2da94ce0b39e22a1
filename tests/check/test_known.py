"""Whether ids are kept is found out before anybody is held to it: one record of a person, no events of nobody, no addresses."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.check.checks import fuzzing, reconciling, stateful
from emulators.check.checks.known import by_id_alone, ids_kept
from emulators.check.running import Runner
from emulators.check.session import Session
from emulators.check.vocabulary import Shot
from tests.check.planted import Bug, Store, good, session_against
from tests.support.feeds import FEEDS

pytestmark = pytest.mark.asyncio

IDS = ("iid", "message_id", "message_code", "workflowInstanceId")


def person_of(event: Any) -> str:
    inner = event.get("data")
    places = (event.get("email"), event.get("recipient"), event.get("hwid"))
    said = [*places, inner.get("email") if isinstance(inner, dict) else None]
    return next((str(one).strip().lower() for one in said if isinstance(one, str) and one.strip()), "")


def id_of(event: Any) -> str:
    return next((str(event[name]) for name in IDS if event.get(name)), "")


def by_person(store: Store, events: list[Any]) -> int:
    """One record of each person, with what was heard last; of nobody, one of each message."""
    for event in events:
        if isinstance(event, dict):
            person = person_of(event)
            key = person or id_of(event)
            store.records[:] = [one for one in store.records if one["key"] != key]
            store.records.append({"key": key, "message": id_of(event)})
    return 200


def of_somebody(store: Store, events: list[Any]) -> int:
    """Leaves out what names nobody."""
    return store.once([event for event in events if isinstance(event, dict) and "@" in person_of(event)])


def of_messages(store: Store, events: list[Any]) -> int:
    """Stores ids, and no addresses."""
    return store.once([{"message": id_of(event)} for event in events if isinstance(event, dict)])


async def accused(session: Session) -> list[tuple[str, str]]:
    session.ids_kept = await ids_kept(session)
    checks = [fuzzing.check(60, 10), stateful.check(10), *reconciling.CHECKS]
    runner = Runner(session, checks, shrink=False)
    await runner.run()
    return [(found.check, found.says) for result in runner.results for found in result.findings]


@pytest.mark.thorough
@pytest.mark.parametrize(("spec", "feed"), FEEDS)
@pytest.mark.parametrize("receiver", [by_person, of_somebody])
async def test_a_receiver_that_knows_people_and_no_ids_is_left_in_peace(
    receiver: Bug, spec: str, feed: str
) -> None:
    async with session_against(receiver, spec, feed, oracle=True) as (session, _):
        assert await accused(session) == []


@pytest.mark.thorough
@pytest.mark.parametrize("receiver", [by_person, of_somebody])
@pytest.mark.parametrize(
    ("spec", "feed"), [("sendpulse", "smtp"), ("esputnik", "workflow"), ("pushwoosh", "webhook")]
)
async def test_of_one_record_of_a_person_the_last_id_does_not_tell(
    receiver: Bug, spec: str, feed: str
) -> None:
    async with session_against(receiver, spec, feed, oracle=True) as (session, _):
        assert not await ids_kept(session)


@pytest.mark.parametrize(("spec", "feed"), FEEDS)
async def test_who_keeps_whole_events_is_held_to_their_ids(spec: str, feed: str) -> None:
    async with session_against(good, spec, feed, oracle=True) as (session, _):
        assert await ids_kept(session)


async def test_what_a_receiver_refuses_says_nothing_of_what_it_keeps() -> None:
    def strict(store: Store, events: list[Any]) -> int:
        return store.once(events) if all("@" in person_of(event) for event in events) else 422

    async with session_against(strict, oracle=True) as (session, _):
        assert await ids_kept(session)


async def test_of_a_kind_that_is_left_out_nothing_is_asked() -> None:
    def clicks(store: Store, events: list[Any]) -> int:
        return store.once([event for event in events if event["event"] == "clicked"])

    async with session_against(clicks, oracle=True) as (session, _):
        session.ignored_kinds = [kind for kind in session.sender.kinds if kind != "clicked"]
        assert await ids_kept(session)


@pytest.mark.thorough
async def test_events_without_an_address_that_came_before_are_held_against_nobody() -> None:
    async with session_against(by_person, oracle=True) as (session, _):
        sender = session.sender
        for seed in (1, 2):
            event = sender.addressed(sender.event(None, seed), "somebody")
            await session.fire(Shot((event,)))
        session.ids_kept = await ids_kept(session)
        runner = Runner(session, reconciling.CHECKS)
        await runner.run()
    assert runner.results[0].findings == []


@pytest.mark.parametrize(("receiver", "told"), [(of_messages, True), (by_person, False)])
async def test_a_receiver_that_stores_ids_and_no_addresses_is_known_by_ids(receiver: Bug, told: bool) -> None:
    async with session_against(receiver, "esputnik", "workflow", oracle=True) as (session, _):
        assert await by_id_alone(session) is told
        assert session.sender.by_id is told


async def test_addresses_that_were_looked_for_before_are_held_against_nobody() -> None:
    async with session_against(of_messages, "esputnik", "workflow", oracle=True) as (session, _):
        await session.fire(Shot((session.sender.event(),)))
        assert await by_id_alone(session)
        runner = Runner(session, reconciling.CHECKS)
        await runner.run()
    assert runner.results[0].findings == []


async def test_a_feed_without_ids_is_not_known_by_them() -> None:
    async with session_against(of_messages, "sendpulse", "automation360", oracle=True) as (session, _):
        assert not await by_id_alone(session)
