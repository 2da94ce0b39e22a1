"""What is found out before anything else: whether anybody answers, and whether the oracle looks where he stores."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators.check.checks import (
    batches,
    fields,
    fuzzing,
    handshake,
    ordering,
    preflight,
    reconciling,
    redelivery,
    samples,
    stateful,
)
from emulators.check.checks.preflight import find_again
from emulators.check.oracle import QUIET, OracleUnusable, oracle_of
from emulators.check.running import Runner
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from emulators.errors import TargetUnusable
from tests.check.planted import Store, good, session_against, shown_late
from tests.check.receivers.mutants import Mutant
from tests.support.receiver import free_port_url

pytestmark = pytest.mark.asyncio


def id_of(event: Any) -> str:
    """Not every kind has one."""
    return str(event.get("message_id", ""))


async def first(session: Session) -> Runner:
    runner = Runner(session, preflight.CHECKS)
    await runner.run()
    return runner


async def test_an_oracle_that_shows_what_was_sent_is_believed() -> None:
    async with session_against(good, oracle=True) as (session, _):
        runner = await first(session)
    assert [result.verdict for result in runner.results] == [Verdict.PASS]


@pytest.mark.thorough
@pytest.mark.parametrize("answer", [[], {"error": "no such page"}, [{"email": "somebody@example.org"}]])
async def test_an_oracle_that_shows_nothing_of_ours_ends_the_run_with_one_word(answer: Any) -> None:
    async with session_against(good) as (session, _):
        session.records = oracle_of(function=lambda: answer)
        with pytest.raises(OracleUnusable, match="shows none of the events that were acknowledged") as told:
            await find_again(session, longest=0.1)
    assert json.dumps(answer) in str(told.value)
    assert "looks elsewhere, or the receiver stores nothing" in str(told.value)


async def test_a_key_that_leads_to_an_id_is_told_from_an_empty_store() -> None:
    async with session_against(good) as (session, store):
        session.records = oracle_of(
            function=lambda: [
                {"number": id_of(each), "who": {"mail": each["recipient"]}} for each in store.records
            ],
            key_pointer="/number",
        )
        with pytest.raises(OracleUnusable) as told:
            await find_again(session, longest=0.1)
    assert "the event is there, at /who/mail; --oracle-key says /number" in str(told.value)
    assert "stores nothing" not in str(told.value)


async def test_who_keeps_ids_alone_hears_that_a_key_leads_to_addresses() -> None:
    async with session_against(good) as (session, store):
        session.records = oracle_of(
            function=lambda: [{"number": id_of(each)} for each in store.records], key_pointer="/number"
        )
        with pytest.raises(OracleUnusable, match="With --oracle-key only addresses are looked for"):
            await find_again(session, longest=0.1)


async def test_a_receiver_that_is_not_there_is_named_without_the_secrets_of_its_address() -> None:
    async with session_against(good) as (session, _):
        session.target = Target(f"{free_port_url()}?key=Qu3rySecret")
        with pytest.raises(TargetUnusable, match=r"nobody listens .* Is your app running") as told:
            await first(session)
    assert "Qu3rySecret" not in str(told.value)


async def test_an_oracle_that_cannot_be_read_is_told_of_though_nothing_asks_it() -> None:
    def gone() -> Any:
        raise ConnectionError("no database")

    async with session_against(good) as (session, store):
        session.records = oracle_of(function=gone)
        with pytest.raises(OracleUnusable, match="no database"):
            await first(session)
    assert store.seen == []


async def test_an_app_that_keeps_some_kinds_only_has_an_oracle_all_the_same() -> None:
    def clicks_only(store: Store, events: list[Any]) -> int:
        return store.once([event for event in events if event["event"] == "clicked"])

    async with session_against(clicks_only, oracle=True) as (session, _):
        runner = await first(session)
    assert [result.verdict for result in runner.results] == [Verdict.PASS]


@pytest.mark.thorough
async def test_a_receiver_that_stores_late_is_waited_for_from_then_on() -> None:
    async with session_against(good) as (session, store):
        session.records = oracle_of(function=shown_late(store))
        await first(session)
        assert session.records.patience > 2 * QUIET


async def test_of_a_receiver_that_is_always_late_nothing_else_is_asked() -> None:
    with Mutant("C08b", slow=0.2) as receiver:
        wire = Wire(Egress())
        target = Target(receiver.url, timeout=0.1)
        session = Session(Sender("sendpulse", "smtp"), target, wire, seed=1, run_id="abc123")
        runner = Runner(session, [*preflight.CHECKS, *handshake.CHECKS, *samples.CHECKS])
        await runner.run()
        await wire.close()
    first, *others = runner.results
    assert (first.verdict, first.findings[0].key) == (Verdict.FAIL, "late")
    assert "the limit is 0.1 s (--timeout)" in first.findings[0].says
    assert {(one.verdict, one.requests) for one in others} == {(Verdict.NOT_CHECKED, 0)}


CHECKS = (
    *preflight.CHECKS,
    *samples.CHECKS,
    *batches.CHECKS,
    *fields.CHECKS,
    *ordering.CHECKS,
    *redelivery.CHECKS,
    fuzzing.check(examples=40, hostile=0),
    stateful.check(runs=10),
    *reconciling.CHECKS,
)


@pytest.mark.thorough
async def test_kinds_that_an_app_leaves_out_are_told_of_once_and_held_against_it_nowhere_else() -> None:
    def some(store: Store, events: list[Any]) -> int:
        kept = [
            e for e in events if isinstance(e, dict) and e.get("event") in ("delivered", "clicked", "spam")
        ]
        return store.once(kept)

    async with session_against(some, oracle=True) as (session, _):
        runner = Runner(session, CHECKS)
        await runner.run()
    [found] = [finding for result in runner.results for finding in result.findings]
    assert (found.check, found.key, found.confirmed) == ("S01", "left out", 3)
    assert (found.verdict, found.severity.name) == (Verdict.RISK, "MEDIUM")
    assert "unsubscribed" in found.says
    assert {"opened"} <= set(session.ignored_kinds)


@pytest.mark.thorough
async def test_one_cause_is_told_once() -> None:
    def one_of_each_request(store: Store, events: list[Any]) -> int:
        return store.once([event for event in events if isinstance(event, dict)][:1])

    async with session_against(one_of_each_request, oracle=True) as (session, _):
        runner = Runner(session, CHECKS)
        await runner.run()
    found = {finding.check for result in runner.results for finding in result.findings}
    assert found == {"C01"}
    reasons = {result.check.id: result.reason for result in runner.results}
    assert "see C01" in reasons["C06"]
