"""M01 finds what only a row of requests shows, and tells it as the shortest story."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators.check.checks import stateful
from emulators.check.checks.stateful import stories
from emulators.check.running import Result, Runner
from emulators.check.session import Session
from emulators.check.vocabulary import Verdict
from tests.check.planted import Bug, Store, good, session_against
from tests.support.feeds import FEEDS

pytestmark = pytest.mark.asyncio


async def result_of(session: Session, runs: int) -> Result:
    runner = Runner(session, [stateful.check(runs)])
    await runner.run()
    return runner.results[0]


@pytest.mark.parametrize(("spec", "feed"), FEEDS)
async def test_a_good_receiver_has_nothing_found_of_any_vendor(spec: str, feed: str) -> None:
    async with session_against(good, spec, feed, oracle=True) as (session, _):
        result = await result_of(session, 8)
    assert (result.verdict, result.findings) == (Verdict.PASS, [])
    assert result.requests > 16


async def test_without_an_oracle_it_is_not_checked_and_says_why() -> None:
    async with session_against(good) as (session, store):
        result = await result_of(session, 8)
    assert result.verdict == Verdict.NOT_CHECKED
    assert "--oracle-url" in result.reason
    assert not store.seen


async def test_what_comes_again_and_is_stored_again_is_told_as_two_requests() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        store.records += events
        return 200

    async with session_against(bug, oracle=True) as (session, _):
        result = await result_of(session, 10)
    (found,) = result.findings
    assert (found.key, found.confirmed, found.tried, found.minimal) == ("stored twice", 3, 3, True)
    assert found.case is not None
    first, second = found.case.shots
    assert first.events == second.events
    assert len(first.events) == 1
    assert not first.loss
    assert found.took <= 120


async def test_whoever_knows_requests_and_not_events_is_found_when_they_come_in_other_company() -> None:
    known: set[str] = set()

    def bug(store: Store, events: list[Any]) -> int:
        whole = json.dumps(events)
        if whole not in known:
            known.add(whole)
            store.records += events
        return 200

    async with session_against(bug, oracle=True) as (session, _):
        result = await result_of(session, 30)
    (found,) = result.findings
    assert found.case is not None
    first, second = found.case.shots
    assert first.events != second.events
    assert sum(len(shot.events) for shot in found.case.shots) == 3


@pytest.mark.thorough
async def test_an_event_that_is_lost_after_the_acknowledgement_is_found() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return store.once(events[:1])

    async with session_against(bug, oracle=True) as (session, _):
        result = await result_of(session, 10)
    assert [found.key for found in result.findings] == ["lost"]
    (found,) = result.findings
    assert found.case is not None
    assert [len(shot.events) for shot in found.case.shots] == [2]


async def test_refusing_what_it_knows_already_is_found() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 409 if any(event in store.records for event in events) else store.once(events)

    async with session_against(bug, oracle=True) as (session, _):
        result = await result_of(session, 10)
    (found,) = result.findings
    assert found.key == "status 409"
    assert found.case is not None
    assert len(found.case.shots) == 2


@pytest.mark.parametrize(("spec", "feed"), FEEDS)
async def test_the_same_seed_tells_the_same_stories(spec: str, feed: str) -> None:
    async with session_against(good, spec, feed) as (session, _):
        told = list(stories(session, 30, 12))
        assert told == list(stories(session, 30, 12))
        session.seed = 8
        assert told != list(stories(session, 30, 12))
    assert all(2 <= len(story.shots) <= 12 for story in told)
    assert not any(story.shots[-1].loss for story in told)
    assert any(shot.loss for story in told for shot in story.shots)
    for story in told:
        for shot in story.shots:
            assert all(session.sender.legal(event) for event in shot.events)
            assert 1 <= len(shot.events) <= session.sender.most


async def test_of_a_vendor_who_waits_in_line_a_lost_request_comes_again_before_any_other() -> None:
    async with session_against(good, "esputnik", "activity") as (session, _):
        told = list(stories(session, 60, 12))
    for story in told:
        for lost, behind in zip(story.shots, story.shots[1:], strict=False):
            if lost.loss:
                assert any(event in behind.events for event in lost.events)


@pytest.mark.parametrize(("has", "restarted"), [(True, True), (False, False)])
async def test_stories_have_restarts_where_there_is_a_hook(
    has: bool, restarted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with session_against(good) as (session, _):
        monkeypatch.setattr(type(session.hooks), "has", lambda self, need: has)
        told = list(stories(session, 30, 12))
    assert any(shot.before == "restart" for story in told for shot in story.shots) == restarted


async def test_whoever_remembers_in_memory_alone_stores_again_after_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory: list[Any] = []

    def bug(store: Store, events: list[Any]) -> int:
        new = [event for event in events if event not in memory]
        memory.extend(new)
        store.records += new
        return 200

    async def restart(self: object) -> None:
        memory.clear()

    async with session_against(bug, oracle=True) as (session, _):
        monkeypatch.setattr(type(session.hooks), "has", lambda self, need: True)
        monkeypatch.setattr(type(session.hooks), "restart", restart)
        result = await result_of(session, 30)
    (found,) = result.findings
    assert found.case is not None
    assert [shot.before for shot in found.case.shots] == ["", "restart"]
    assert found.case.shots[0].events == found.case.shots[1].events


async def test_bugs_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bug: Bug = lambda store, events: 500  # noqa: E731
    async with session_against(bug, oracle=True) as (session, _):
        result = await result_of(session, 10)
    assert [found.key for found in result.findings] == ["status 500"]
