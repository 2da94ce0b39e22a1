"""What the run had learned of a receiver is known again when a case is played: nobody is accused of what is his habit."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulators.check.cases import Loaded, playable, read, write
from emulators.check.checks import preflight
from emulators.check.checks.answers import legal
from emulators.check.checks.growing import stored
from emulators.check.oracle import oracle_of
from emulators.check.replaying import Replay, Replayed, replay
from emulators.check.running import Runner
from emulators.check.session import Session
from emulators.check.shrinking import minimised
from emulators.check.vocabulary import Case, Failure, Outcome, Shot
from tests.check.planted import Bug, Store, check_with, finding_of, good, session_against, shown_late
from tests.check.test_known import of_messages

pytestmark = pytest.mark.asyncio

STORED = check_with(legal, reads_oracle=True, blind=True)
TWICE = {"subject": "twice"}


def poisoned(store: Store, events: list[Any]) -> int:
    return 500 if any(event.get("subject") == "x" for event in events) else good(store, events)


async def case_of(
    folder: Path, spec: str = "sendpulse", feed: str = "smtp", lenient: int | None = None
) -> Loaded:
    """The case of a receiver that fails at a subject, found with an oracle."""
    async with session_against(poisoned, spec, feed, oracle=True) as (session, _):
        event = {**session.sender.event(session.sender.kinds[2], 9), "subject": "x"}
        found = await minimised(session, STORED, finding_of("5xx", Shot((event,))))
        session.lenient = lenient
        return read(write(folder, found, session), [STORED])


async def played(loaded: Loaded, bug: Bug) -> Replayed:
    async with session_against(bug, loaded.spec, loaded.feed, oracle=True) as (session, _):
        return await replay(session, loaded)


async def test_kinds_that_an_app_leaves_out_are_missed_by_nobody(tmp_path: Path) -> None:
    def clicks_only(store: Store, events: list[Any]) -> int:
        return store.once([event for event in events if event["event"] == "clicked"])

    assert (await played(await case_of(tmp_path), clicks_only)).verdict == Replay.FIXED


async def test_another_success_that_was_complained_of_already_is_one(tmp_path: Path) -> None:
    def accepting(store: Store, events: list[Any]) -> int:
        return 202 if poisoned(store, events) == 200 else 500

    def mended(store: Store, events: list[Any]) -> int:
        good(store, events)
        return 202

    loaded = await case_of(tmp_path, "esputnik", "activity", 202)
    assert (await played(loaded, accepting)).tries == (loaded.says,) * 3
    assert (await played(loaded, mended)).verdict == Replay.FIXED
    strict = await played(replace(loaded, lenient=None), mended)
    assert (strict.verdict, "answered 202" in strict.tries[0]) == (Replay.FAILED, True)


@pytest.mark.thorough
async def test_who_stores_late_is_waited_for(tmp_path: Path) -> None:
    loaded = await case_of(tmp_path)
    async with session_against(good) as (session, store):
        session.records = oracle_of(function=shown_late(store))
        assert (await replay(session, loaded)).verdict == Replay.FIXED


@pytest.mark.thorough
async def test_who_stores_ids_and_no_addresses_is_asked_for_ids(tmp_path: Path) -> None:
    def once_more(store: Store, events: list[Any]) -> int:
        of_messages(store, events)
        store.records += [store.records[-1]] if any(TWICE.items() <= e.items() for e in events) else []
        return 200

    def judged(session: Session, case: Case, outcome: Outcome) -> Failure | None:
        most = max((outcome.stored or {}).values(), default=0)
        return Failure("twice", "twice", lasting=True) if most > 1 else legal(session, case, outcome)

    check = check_with(judged, reads_oracle=True)
    given = {"oracle": True, "spec": "esputnik", "feed": "workflow"}
    async with session_against(once_more, **given) as (session, _):
        shot = Shot(({**session.sender.event(), **TWICE},))
        loaded = read(write(tmp_path, finding_of("twice", shot), session), [check])
        assert (await replay(session, loaded)).tries == ("twice",) * 3
    async with session_against(of_messages, **given) as (session, _):
        assert (await replay(session, loaded)).verdict == Replay.FIXED


async def test_a_log_of_requests_that_grows_by_itself_is_nothing_that_was_stored(tmp_path: Path) -> None:
    check = check_with(lambda session, case, outcome: stored(case, outcome), reads_oracle=True)

    def stores_nothings(store: Store, events: list[Any]) -> int:
        return store.once(events or [{"nothing": len(store.seen)}])

    for bug, verdict in ((stores_nothings, Replay.FAILED), (good, Replay.FIXED)):
        async with session_against(bug) as (session, store):
            session.records = oracle_of(
                function=lambda s=store: {"log": [len(body) for body in s.bytes_seen], "all": s.records}
            )
            loaded = read(
                write(tmp_path, finding_of("stored", Shot(raw=b"[]"), legal=False), session), [check]
            )
            assert (await replay(session, loaded)).verdict == verdict


# -- the preflight


async def preflight_case(session: Session, folder: Path) -> Loaded:
    runner = Runner(session, preflight.CHECKS)
    await runner.run()
    [found] = runner.results[0].findings
    assert playable(runner.results[0].check, found)
    return read(write(folder, found, session), preflight.CHECKS)


def refuses_old(store: Store, events: list[Any]) -> int:
    return good(store, events) if all(time.time() - e["timestamp"] < 1800 for e in events) else 400


def drops_old(store: Store, events: list[Any]) -> int:
    return store.once([e for e in events if time.time() - e["timestamp"] < 1800])


@pytest.mark.parametrize(
    ("bug", "oracle"),
    [
        (refuses_old, False),
        pytest.param(drops_old, True, marks=pytest.mark.thorough),
    ],
)
async def test_who_wants_no_old_events_fails_in_the_same_way_until_he_is_mended(
    bug: Bug, oracle: bool, tmp_path: Path
) -> None:
    async with session_against(bug, oracle=oracle) as (session, _):
        loaded = await preflight_case(session, tmp_path)
        again = await replay(session, loaded)
    assert (loaded.key, loaded.oracle) == ("stale", oracle)
    assert (again.verdict, again.tries) == (Replay.FAILED, (loaded.says,))
    async with session_against(good, oracle=oracle) as (session, _):
        assert (await replay(session, loaded)).tries == ("", "", "")
    async with session_against(good) as (session, _):
        blind = await replay(session, loaded)
    assert blind.verdict == (Replay.ERROR if oracle else Replay.FIXED)
