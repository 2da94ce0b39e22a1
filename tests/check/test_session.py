"""How often a case makes the oracle look: reading it may be slow."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.check.oracle import oracle_of
from emulators.check.vocabulary import Case, Failure, Outcome, Shot
from tests.check.planted import Store, session_against

pytestmark = pytest.mark.asyncio


def late(outcome: Outcome) -> Failure:
    """A judge who finds what no record can change, and what may have been chance."""
    return Failure("late", "late")


async def test_a_case_without_events_asks_the_oracle_before_and_after_it_and_waits_for_nothing() -> None:
    asked: list[int] = []

    def stores_nothings(store: Store, events: list[Any]) -> int:
        store.records.append("nothing")
        return 200

    async with session_against(stores_nothings) as (session, store):

        def answer() -> list[Any]:
            asked.append(len(store.records))
            return list(store.records)

        session.records = oracle_of(function=answer)
        outcome = await session.run(Case("C21", "nothing", (Shot(raw=b"[]"),)), late, oracle=True)
    assert asked == [0, 1]
    assert (outcome.stored, outcome.settled, outcome.grown) == ({}, True, frozenset([""]))
