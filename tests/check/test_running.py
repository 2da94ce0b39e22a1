"""What a runner makes of a check that asks nothing, or that the time does not suffice for."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from emulators.check.budget import Budget
from emulators.check.catalogue import Check
from emulators.check.hooks import Hooks
from emulators.check.running import Result, Runner
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Severity, Shot, Verdict
from tests.check.planted import by_status, good, session_against

pytestmark = pytest.mark.asyncio


def check(**given: object) -> Check:
    return Check("C99", "planted", "coverage", Severity.HIGH, Verdict.FAIL, "a bug", **given)  # type: ignore[arg-type]


async def result_of(session: Session, one: Check) -> Result:
    runner = Runner(session, [one])
    await runner.run()
    [result] = runner.results
    return result


async def test_a_check_that_asks_nothing_has_not_passed() -> None:
    def none(session: Session) -> Iterator[Case]:
        yield from ()

    async with session_against(good) as (session, _):
        result = await result_of(session, check(cases=none, judge=by_status))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, "nothing of it applies to this receiver")


async def test_a_check_that_asks_and_finds_nothing_has_passed() -> None:
    def one(session: Session) -> Iterator[Case]:
        yield Case("C99", "an event", (Shot((session.sender.event(),)),))

    async with session_against(good) as (session, _):
        result = await result_of(session, check(cases=one, judge=by_status))
    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(("requests", "shown"), [(None, [500]), (0, [])])
async def test_what_is_not_made_smaller_is_done_once_more_to_have_a_request_to_show(
    requests: int | None, shown: list[int]
) -> None:
    async def one(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
        yield Failure("seen", "it was seen"), Case("C99", "an event", (Shot((session.sender.event(),)),))

    async with session_against(lambda store, events: 500, requests=requests) as (session, _):
        result = await result_of(session, check(run=one, judge=by_status, shrinks=False))
    [found] = result.findings
    assert [one.heard.status for one in (found.outcome.exchanges if found.outcome else ())] == shown


async def test_the_time_is_kept_in_the_middle_of_a_hook_and_what_was_found_is_told() -> None:
    async def slow(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
        yield Failure("seen", "it was seen"), Case("C99", "an event", (Shot((session.sender.event(),)),))
        await session.hooks.restart()

    async with session_against(good) as (session, _):
        session.hooks = Hooks(restart=[sys.executable, "-c", "import time; time.sleep(60)"])
        session.budget = Budget(until=time.monotonic() + 0.5)
        result = await result_of(session, check(run=slow))
    assert (result.verdict, result.reason) == (Verdict.FAIL, "the time is up")
    assert [finding.key for finding in result.findings] == ["seen"]
