"""The account at the end tells what nobody else has told: what is missing, double, changed, or there against its own word."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.check.checks import reconciling
from emulators.check.checks.redelivery import judge_again
from emulators.check.running import Runner
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Finding, Shot
from tests.check.planted import Bug, Store, good, session_against

pytestmark = pytest.mark.asyncio


def forgetful(store: Store, events: list[Any]) -> int:
    return 200


def doubling(store: Store, events: list[Any]) -> int:
    store.records.extend(events)
    return 200


def contrary(store: Store, events: list[Any]) -> int:
    store.once(events)
    return 400


def cutting(store: Store, events: list[Any]) -> int:
    return store.once([{**event, "subject": event["subject"][:3]} for event in events])


def twice(session: Session) -> Case:
    event = session.sender.event("delivered", 3)
    return Case("C04", "the same again", (Shot((event,)), Shot((event,))))


async def at_the_end(session: Session) -> list[Finding]:
    runner = Runner(session, reconciling.CHECKS)
    await runner.run()
    [result] = runner.results
    return result.findings


@pytest.mark.parametrize(
    ("bug", "key"),
    [(forgetful, "lost"), (doubling, "duplicated"), (contrary, "unexpected"), (cutting, "altered")],
)
async def test_what_nobody_has_told_is_told(bug: Bug, key: str) -> None:
    async with session_against(bug, oracle=True) as (session, _):
        await session.run(twice(session))
        found = await at_the_end(session)
    assert [finding.key for finding in found] == [key]


async def test_of_what_is_right_nothing_is_told() -> None:
    async with session_against(good, oracle=True) as (session, _):
        await session.run(twice(session))
        assert await at_the_end(session) == []
        assert session.facts[reconciling.ACCOUNT] == {
            "acknowledged": 1,
            "not stored": 0,
            "stored too often": 0,
        }


async def test_what_a_check_has_told_is_in_the_account_and_not_told_again() -> None:
    async with session_against(doubling, oracle=True) as (session, _):
        case = twice(session)
        await session.run(case, lambda outcome: judge_again(session, case, outcome), oracle=True)
        found = await at_the_end(session)
        account = session.facts[reconciling.ACCOUNT]
    assert found == []
    assert account == {"acknowledged": 1, "not stored": 0, "stored too often": 1}


async def test_once_redeliveries_are_known_to_be_stored_again_no_other_is_told() -> None:
    async with session_against(doubling, oracle=True) as (session, _):
        case = twice(session)
        await session.run(twice(session))
        await session.run(case, lambda outcome: judge_again(session, case, outcome), oracle=True)
        assert await at_the_end(session) == []


async def test_a_field_that_is_known_to_change_is_not_told_again() -> None:
    async with session_against(cutting, oracle=True) as (session, _):
        case = twice(session)
        await session.run(twice(session))
        wrong = Failure("subject: subject altered", "it was cut")
        await session.run(case, lambda outcome: wrong, oracle=True)
        assert await at_the_end(session) == []


@pytest.mark.thorough
async def test_that_others_are_doubled_hides_no_loss() -> None:
    async with session_against(forgetful, oracle=True) as (session, _):
        first = await session.run(twice(session))
        await session.run(twice(session))
        session.ledger.tell({first.exchanges[0].keys[0]: 2}, "twice")
        assert [finding.key for finding in await at_the_end(session)] == ["lost"]


async def test_events_of_a_kind_that_is_left_out_on_purpose_are_not_missed() -> None:
    async with session_against(forgetful, oracle=True) as (session, _):
        session.ignored_kinds = ["delivered"]
        await session.run(twice(session))
        assert await at_the_end(session) == []


async def test_of_events_that_no_id_tells_apart_none_is_missed() -> None:
    async with session_against(forgetful, "esputnik", "activity", oracle=True) as (session, _):
        event = session.sender.event("DELIVERED")
        both = tuple(session.sender.addressed(event, f"{name}@example.com") for name in ("ann", "bob"))
        await session.run(Case("C15", "two of one message", (Shot(both),)))
        await session.run(Case("C15", "an empty id", (Shot(({**event, "iid": ""},)),)))
        await session.run(Case("C15", "no id", (Shot(({**event, "iid": "7"},)),)))
        assert await at_the_end(session) == []
        await session.run(Case("C15", "one of a message", (Shot((event,)),)))
        assert [found.key for found in await at_the_end(session)] == ["lost"]
        assert session.facts[reconciling.ACCOUNT] == {
            "acknowledged": 1,
            "not stored": 1,
            "stored too often": 0,
        }


async def test_an_id_that_is_known_to_be_stored_otherwise_hides_no_loss_of_an_address() -> None:
    async with session_against(forgetful, oracle=True) as (session, _):
        event = {**session.sender.event("spam_by_user"), "message_id": 2**53 + 1}
        session.ledger.tell({}, "message_id: message_id altered")
        await session.run(Case("C15", "known by its id", (Shot(({**event, "recipient": "ann"},)),)))
        assert await at_the_end(session) == []
        await session.run(Case("C15", "known by its address", (Shot((event,)),)))
        assert [found.key for found in await at_the_end(session)] == ["lost"]


async def test_what_came_with_others_is_not_missed_once_that_is_known_to_be_lost() -> None:
    async with session_against(forgetful, oracle=True) as (session, _):
        await session.run(Case("C01", "two", (Shot(session.sender.some(2, "delivered")),)))
        session.sender.apart = True
        assert await at_the_end(session) == []
