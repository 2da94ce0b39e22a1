"""Cases that are looked for together: fewer looks, the same findings; nobody is told of for what only the crowd shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from emulators.check.budget import BudgetSpent
from emulators.check.checks.edits import apart
from emulators.check.checks.stateful import judge
from emulators.check.checks.together import Together
from emulators.check.oracle import oracle_of
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Shot
from tests.check.planted import Bug, Store, good, session_against

pytestmark = pytest.mark.asyncio

Told = AsyncIterator[tuple[Failure, Case]]


def cases(session: Session, count: int, **more: Any) -> list[Case]:
    sender = session.sender
    return [
        Case("M01", f"case {n}", (Shot((apart(sender, sender.event(None, n), n),), **more),))
        for n in range(count)
    ]


def counted(session: Session, store: Store, last: int = 0) -> list[int]:
    """Has the oracle's looks counted, and it show the last records only."""
    looks: list[int] = []

    def answer() -> Any:
        looks.append(len(store.records))
        return store.records[-last:]

    session.records = oracle_of(function=answer)
    return looks


async def found(session: Session, chosen: Iterable[Case], at_once: int = 10) -> list[tuple[str, str]]:
    together, told = Together(session, judge, at_once), list[tuple[str, str]]()

    async def note(some: Told) -> None:
        told.extend([(failure.key, case.title) async for failure, case in some])

    for case in chosen:
        await note(together.execute(case))
    await note(together.rest())
    return told


async def test_ten_are_looked_for_with_one_look() -> None:
    async with session_against(good) as (session, store):
        looks = counted(session, store)
        assert await found(session, cases(session, 25)) == []
        assert looks == [10, 20, 25]


@pytest.mark.thorough
async def test_of_what_is_lost_the_cases_are_named_that_lose_by_themselves() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return store.once([event for event in events if event["subject"] != "lost"])

    async with session_against(bug) as (session, store):
        counted(session, store)
        chosen = cases(session, 12)
        for n in (3, 11):
            [event] = chosen[n].shots[0].events
            event["subject"] = "lost"
        assert await found(session, chosen) == [("lost", "case 3"), ("lost", "case 11")]
        assert len(store.seen) == 14
        # Nor does the account tell of it once more.
        lost = {key for key in session.ledger.keys if not session.ledger.is_told(key)}
        assert len(lost) == 10


async def test_an_oracle_that_shows_the_last_records_only_accuses_nobody() -> None:
    async with session_against(good) as (session, store):
        looks = counted(session, store, last=4)
        assert await found(session, cases(session, 20)) == []
        # Six are tried again, and all from then on are looked for one by one.
        assert looks[-10:] == list(range(17, 27))


async def test_a_status_is_told_at_once() -> None:
    bug: Bug = lambda store, events: 500 if len(store.seen) == 2 else store.once(events)  # noqa: E731
    async with session_against(bug) as (session, store):
        looks = counted(session, store)
        together = Together(session, judge)
        first, second = cases(session, 2)
        assert [told async for told in together.execute(first)] == []
        assert [failure.key async for failure, _ in together.execute(second)] == ["status 500"]
        assert len(looks) == 1


async def test_whoever_is_started_again_has_stored_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would be lost by a case that has nothing to do with it."""
    order: list[str] = []

    async def restart(self: object) -> None:
        order.append("restart")

    async with session_against(good) as (session, store):
        monkeypatch.setattr(type(session.hooks), "restart", restart)

        def answer() -> Any:
            order.append("look")
            return store.records

        session.records = oracle_of(function=answer)
        assert await found(session, [*cases(session, 3), *cases(session, 1, before="restart")]) == []
    assert order == ["look", "restart", "look"]


async def test_what_was_sent_until_the_requests_were_spent_is_told_of_all_the_same() -> None:
    async with session_against(lambda store, events: 200, requests=3) as (session, store):
        counted(session, store)
        together = Together(session, judge)
        told: list[str] = []
        with pytest.raises(BudgetSpent):
            for case in cases(session, 5):
                async for failure, _ in together.execute(case):
                    told.append(failure.key)
    assert told == ["lost"]


async def test_once_blind_it_judges_answers_alone() -> None:
    async with session_against(lambda store, events: 200) as (session, store):
        looks = counted(session, store)
        together = Together(session, judge)
        together.blind = True
        for case in cases(session, 11):
            assert [told async for told in together.execute(case)] == []
        assert looks == []


async def test_how_long_many_took_is_not_held_for_how_long_one_takes() -> None:
    async with session_against(good) as (session, store):
        counted(session, store)
        assert session.records is not None
        await found(session, cases(session, 10))
        assert session.records.visible_after == []
