"""A receiver that lets only so many requests through in a while is given time, and is accused of that alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from emulators.check.budget import BudgetSpent
from emulators.check.checks import ALL
from emulators.check.pacing import LONGEST, Pace, retry_after
from emulators.check.running import Runner
from emulators.check.session import Session
from emulators.check.vocabulary import Heard, Verdict
from tests.check.planted import Store, session_against

CHECKS = ("P01", "S01", "C04", "C05", "C13", "C18", "C19", "C20", "C29", "C31", "C33")
BUSY = Heard(429)


class Limited:
    """Takes so many requests, and then none until somebody has waited for a while; its time is what `sleep` is asked for."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._left, self._waited = most, 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._waited += seconds
        if self._waited >= self._seconds:
            self._left, self._waited = self._most, 0.0

    def __call__(self, store: Store, events: list[Any]) -> int:
        if not self._left:
            return 429
        self._left -= 1
        return store.once(events)


@asynccontextmanager
async def against(limit: Limited, *numbers: str) -> AsyncIterator[tuple[Runner, Session]]:
    async with session_against(limit, "esputnik", "activity", oracle=True) as (session, _):
        session.pace = Pace(limit.sleep)
        runner = Runner(session, [check for check in ALL if check.id in (numbers or CHECKS)])
        await runner.run()
        yield runner, session


def accused(runner: Runner) -> dict[str, list[str]]:
    return {found.check.id: [f.says for f in found.findings] for found in runner.results if found.findings}


@pytest.mark.asyncio
@pytest.mark.parametrize(("most", "seconds"), [(20, 1), (15, 30)])
async def test_who_limits_requests_is_told_of_that_and_of_nothing_else(most: int, seconds: float) -> None:
    limit = Limited(most, seconds)
    async with against(limit) as (runner, session):
        assert set(accused(runner)) == {"C29"}
        assert {result.verdict for result in runner.results} == {Verdict.PASS, Verdict.RISK}
        assert f"429, no Retry-After, after {most} requests that it took" in str(session.facts["rate limit"])
        assert sum(limit.pauses) >= seconds


@pytest.mark.asyncio
async def test_who_lets_nothing_more_through_is_not_called_broken_for_the_rest() -> None:
    limit = Limited(12, 1e9)
    async with against(limit) as (runner, _):
        assert accused(runner) == {}
        assert "lets no more requests through (429, no Retry-After) after 12 that it took" in runner.cut
        assert {result.reason for result in runner.results if result.verdict is Verdict.NOT_CHECKED} == {
            runner.cut
        }
        assert runner.results[-1].verdict is Verdict.NOT_CHECKED
        assert sum(limit.pauses) == LONGEST


@pytest.mark.asyncio
async def test_who_has_never_taken_anything_is_not_waited_for() -> None:
    limit = Limited(0, 1)
    async with against(limit, "P01") as (runner, _):
        [said] = accused(runner)["P01"]
        assert "answered 429" in said
        assert limit.pauses == []


@pytest.mark.asyncio
async def test_what_is_refused_while_others_get_through_is_refused_for_what_it_is() -> None:
    def strict(store: Store, events: list[Any]) -> int:
        return store.once(events) if all("viewMessageLink" in event for event in events) else 429

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with session_against(strict, "esputnik", "activity") as (session, _):
        session.pace = Pace(sleep)
        runner = Runner(session, [check for check in ALL if check.id in ("P01", "C13")])
        await runner.run()
    assert "viewMessageLink" in accused(runner)["C13"][0]
    assert set(slept) == {0.25}
    assert session.facts["rate limit"] == ""


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Sun, 22 Nov 2026 12:00:09 GMT", 9.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:00:09", None),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: float | None) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert retry_after(Heard(429, (("Retry-After", said),)), now) == seconds


async def pauses_of(after: str) -> list[float]:
    """How long somebody is waited for who says this and stays busy."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def busy() -> Heard:
        return BUSY

    with pytest.raises(BudgetSpent):
        await Pace(sleep).give_time(Heard(503, (("Retry-After", after),)), busy, busy)
    return slept


@pytest.mark.asyncio
async def test_the_first_pause_is_as_long_as_the_receiver_says_and_none_is_made_for_one_who_says_too_much() -> (
    None
):
    assert (await pauses_of("7"))[:2] == [7, 14]
    assert sum(await pauses_of("7")) == LONGEST
    assert (await pauses_of("0"))[0] == 0.25
    assert await pauses_of("900") == []
