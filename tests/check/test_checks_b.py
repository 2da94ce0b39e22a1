"""The checks of deliveries: each finds its defect, and none accuses a sound receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from emulators.check.checks import (
    acknowledging,
    batches,
    connections,
    ordering,
    poison,
    reconciling,
    redelivery,
    sizes,
    timing,
)
from emulators.check.checks.poison import blocked, consequence
from emulators.check.hooks import Hooks
from emulators.check.oracle import oracle_of
from emulators.check.running import Result, Runner
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import (
    Case,
    Exchange,
    Failure,
    Finding,
    Heard,
    Outcome,
    Severity,
    Shot,
    Target,
    Verdict,
)
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from tests.check.planted import Bug, Store, good, session_against
from tests.check.receivers.clean import Clean
from tests.check.receivers.mutants import MUTANTS, Mutant
from tests.check.receivers.receiving import Receiver, Row
from tests.support.feeds import NAMED, spared

MODULES = (acknowledging, batches, connections, ordering, poison, redelivery, sizes, timing, reconciling)
FAIL, RISK = Verdict.FAIL, Verdict.RISK


def examined(
    receiver: Clean,
    feed: str,
    *ids: str,
    oracle: bool = True,
    restart: bool = False,
    shrink: bool = False,
    timeout: float | None = None,
    status: str = "/status",
    **more: Any,
) -> dict[str, Result]:
    """What the named checks (none: all) come to."""

    async def run() -> Runner:
        vendor, _, name = feed.partition("/")
        wire = Wire(Egress(()))
        records = oracle_of(url=receiver.oracle_url, status_pointer=status) if oracle else None
        hooks = Hooks(restart=receiver.restart_command if restart else ())
        session = Session(
            Sender(vendor, name),
            Target(receiver.url, timeout=timeout),
            wire,
            1,
            "00c0de",
            records,
            hooks,
            **more,
        )
        found = sorted((c for module in MODULES for c in module.CHECKS), key=lambda check: check.id)
        runner = Runner(session, [c for c in found if not ids or c.id in ids], shrink=shrink)
        try:
            await runner.run()
        finally:
            await wire.close()
        return runner

    runner = asyncio.run(run())
    found = {result.check.id: result for result in runner.results}
    assert sum(result.requests for result in runner.results) < 400 or shrink
    return found


def accused(results: dict[str, Result]) -> dict[str, list[str]]:
    return {
        number: [f.says for f in result.findings] for number, result in results.items() if result.findings
    }


def only(results: dict[str, Result]) -> Finding:
    (finding,) = [finding for result in results.values() for finding in result.findings]
    return finding


@pytest.mark.parametrize("feed", spared(NAMED, ("sendpulse/email-service",)))
def test_a_sound_receiver_is_accused_of_nothing(feed: str) -> None:
    with Clean(vendor=feed.partition("/")[0]) as receiver:
        results = examined(receiver, feed, restart=True)
    assert accused(results) == {}
    assert {number for number in ("C02", "C04", "C05", "C25", "C29", "C30", "L01")} <= {
        number for number, result in results.items() if result.verdict is Verdict.PASS
    }


@pytest.mark.thorough
def test_without_an_oracle_what_needs_one_is_not_called_sound() -> None:
    with Clean() as receiver:
        results = examined(receiver, "esputnik/activity", oracle=False)
    assert accused(results) == {}
    unknown = {number for number, result in results.items() if result.verdict is Verdict.NOT_CHECKED}
    assert unknown == {"C01", "C04", "C05", "C06", "C16", "C17", "C30", "L01"}


def test_an_oracle_that_tells_no_states_leaves_their_order_unchecked() -> None:
    with Clean() as receiver:
        result = examined(receiver, "esputnik/activity", "C16", status="")["C16"]
    assert result.verdict is Verdict.NOT_CHECKED
    assert "--oracle-status" in result.reason


SEEN = [
    ("C01", "sendpulse/smtp", FAIL),
    ("C01", "esputnik/activity", FAIL),
    ("C01b", "sendpulse/email-service", FAIL),
    ("C01c", "esputnik/activity", FAIL),
    ("C02", "pushwoosh/webhook", RISK),
    ("C02b", "esputnik/activity", FAIL),
    ("C02c", "sendpulse/smtp", RISK),
    ("C02d", "sendpulse/smtp", RISK),
    ("C02d", "esputnik/activity", FAIL),
    ("C03", "sendpulse/email-service", FAIL),
    ("C03", "esputnik/activity", FAIL),
    ("C03", "pushwoosh/webhook", FAIL),
    ("C04", "esputnik/activity", FAIL),
    ("C04b", "sendpulse/smtp", FAIL),
    ("C05", "pushwoosh/webhook", FAIL),
    ("C05b", "sendpulse/smtp", FAIL),
    ("C06", "esputnik/activity", FAIL),
    ("C09", "sendpulse/smtp", FAIL),
    ("C16", "sendpulse/smtp", FAIL),
    ("C16", "esputnik/activity", FAIL),
    ("C16b", "pushwoosh/webhook", FAIL),
    ("C17", "esputnik/activity", FAIL),
    ("C17b", "pushwoosh/webhook", FAIL),
    ("C17c", "sendpulse/smtp", FAIL),
    ("C25", "sendpulse/smtp", RISK),
    ("C25b", "esputnik/activity", RISK),
    ("C29", "esputnik/activity", RISK),
    ("C30", "esputnik/activity", FAIL),
    ("C30b", "sendpulse/smtp", FAIL),
]


def slow(number: str) -> bool:
    """Of what is lost, every try waits until the store has come to rest."""
    return number[:3] in ("C01", "C02", "C17", "C30")


@pytest.mark.parametrize(
    ("number", "feed", "verdict"),
    [pytest.param(*row, marks=pytest.mark.thorough if slow(row[0]) else ()) for row in SEEN],
)
def test_a_defect_is_found(number: str, feed: str, verdict: Verdict) -> None:
    known = MUTANTS[number]
    with Mutant(number, vendor=feed.partition("/")[0]) as receiver:
        results = examined(receiver, feed, number[:3], oracle=known.oracle, restart=known.restart)
    assert results[number[:3]].verdict is verdict
    for finding in results[number[:3]].findings:
        assert finding.case is not None
        sent = [event for shot in finding.case.shots for event in shot.events]
        assert not finding.case.legal or all(map(Sender(*feed.split("/")).legal, sent))


def told(case: Case, body: bytes = b"", **stored: int) -> Failure | None:
    """What C02 says of a case whose one request was answered 200; each key may be stored or not."""
    vendor = Sender("sendpulse", "smtp")
    session = Session(vendor, Target("http://127.0.0.1/"), Wire(Egress(())), 1, "00c0de")
    exchange = Exchange(case.shots[0], "http://x/", (), b"", tuple(stored), Heard(200, body=body), True)
    return acknowledging.judge_success(session, case, Outcome((exchange,), stored))


GOOD, ODD = Sender("sendpulse", "smtp").event(), {"event": "delivered"}
BESIDE = Case("C02", "two", (Shot((GOOD, ODD)),), legal=False, data={"about": "beside"})
ONE, TWO = "chk00c0dex1p0z", "chk00c0dex1p1z"


def test_what_is_lost_beside_an_event_that_nobody_sends_is_a_risk_and_beside_a_legal_one_a_failure() -> None:
    hostile = told(BESIDE, **{ONE: 0, TWO: 0})
    legal = told(replace(BESIDE, legal=True), **{ONE: 0, TWO: 0})
    assert hostile and legal
    assert (hostile.verdict, hostile.severity) == (RISK, Severity.HIGH)
    assert (legal.verdict, legal.severity) == (FAIL, Severity.CRITICAL)


def test_who_keeps_the_good_event_may_say_that_the_other_is_none() -> None:
    said = b'{"taken": 1, "errors": [{"index": 1}]}'
    assert told(BESIDE, said, **{ONE: 1, TWO: 0}) is None
    assert told(BESIDE, said, **{ONE: 0, TWO: 0}) is not None


def test_an_event_of_nobody_need_not_be_kept() -> None:
    """It is legal, and known by an id alone: an app need not store ids."""
    beside = replace(BESIDE, shots=(Shot((GOOD, GOOD)),), legal=True)
    assert told(beside, **{ONE: 1, "1149317311": 0}) is None


@pytest.mark.thorough
def test_a_batch_that_is_cut_needs_two_events_to_show() -> None:
    with Mutant("C01b") as receiver:
        results = examined(receiver, "sendpulse/smtp", "C01", shrink=True)
    lost = next(finding for finding in results["C01"].findings if finding.key == "lost")
    assert lost.case is not None
    assert [len(shot.events) for shot in lost.case.shots] == [2]
    assert (lost.confirmed, lost.tried) == (3, 3)


def test_without_an_oracle_a_cut_batch_is_suspected_by_where_a_bad_item_stands() -> None:
    with Mutant("C01") as receiver:
        found = only(examined(receiver, "esputnik/activity", "C01", oracle=False, count_pointer="/nothing"))
    assert (found.verdict, found.key) == (RISK, "only the first is read")


def test_what_the_receiver_counts_proves_a_cut_batch() -> None:
    with Mutant("C01") as receiver:
        results = examined(receiver, "esputnik/activity", "C01", oracle=False, count_pointer="/received")
    assert next(f for f in results["C01"].findings if f.key == "count").verdict is FAIL


def by_message(store: Store, events: list[Any]) -> int:
    """One record for whatever looks like the same message."""
    known = {str(event.get("subject")): event for event in [*store.records, *events]}
    store.records[:] = known.values()
    return 200


class OneForEachMessage(Receiver):
    """Keeps the last state of each message and nothing else, which is right."""

    async def store(self, rows: list[Row]) -> None:
        for row in rows:
            self.db.execute("DELETE FROM events WHERE message = ?", (row.message,))
            self.insert([row], "OR IGNORE")


@pytest.mark.thorough
@pytest.mark.parametrize("feed", ["sendpulse/smtp", "esputnik/activity"])
def test_one_record_for_all_states_of_a_message_is_no_loss(feed: str) -> None:
    with Clean(application=OneForEachMessage) as receiver:
        results = examined(receiver, feed, "C01", "C04", "C05", "C17")
    assert accused(results) == {}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("number", "options", "verdict", "key"),
    [("C08", {"slow": 0.004}, RISK, "slope"), ("C08b", {"slow": 0.7}, FAIL, "late")],
)
def test_answers_that_are_or_will_be_too_late(
    number: str, options: dict[str, float], verdict: Verdict, key: str
) -> None:
    with Mutant(number, **options) as receiver:
        found = only(examined(receiver, "sendpulse/smtp", "C08", oracle=False, timeout=0.6))
    assert (found.verdict, found.key, found.basis) == (verdict, key, "assumed")


def test_the_cliff_is_told_in_events_and_bytes() -> None:
    with Mutant("C09") as receiver:
        found = only(examined(receiver, "esputnik/activity", "C09", oracle=False))
    assert found.case is not None
    (shot,) = found.case.shots
    assert f"{len(shot.events)} ordinary events" in found.says
    assert 100 < len(shot.events) < 1000


def first_hundred(store: Store, events: list[Any]) -> int:
    return store.once(events[:100])


@dataclass
class Look:
    """What C09 and L01 come to, with an oracle that shows some of what is stored."""

    bug: Bug
    shown: Callable[[list[Any]], list[Any]] = lambda records: records

    async def results(self) -> dict[str, Result]:
        async with session_against(self.bug) as (session, store):
            session.records = oracle_of(function=lambda: self.shown(store.records))
            runner = Runner(session, [*sizes.CHECKS, *reconciling.CHECKS], shrink=False)
            await session.run(Case("P01", "before", (Shot((session.sender.event(),)),)))
            await runner.run()
        return {result.check.id: result for result in runner.results}


def test_what_a_full_batch_loses_is_told_in_events_and_once() -> None:
    results = asyncio.run(Look(first_hundred).results())
    found = only(results)
    assert (found.check, found.key, found.verdict, found.severity) == ("C09", "lost", FAIL, Severity.CRITICAL)
    assert "100 of 1000 events are stored (the first of them)" in found.says
    assert not found.flaky
    assert results["L01"].verdict is Verdict.PASS


def test_what_a_full_batch_keeps_is_looked_up_with_one_look() -> None:
    looks: list[int] = []

    def counted(records: list[Any]) -> list[Any]:
        looks.append(len(records))
        return records

    results = asyncio.run(Look(good, counted).results())
    assert accused(results) == {}
    assert looks[0] == 1 + 1000
    # The other is of the accounts at the end.
    assert len(looks) == 2


def with_the_next(store: Store, events: list[Any]) -> int:
    """Of a full batch it stores what does not fit with the request that comes next."""
    waiting: list[Any] = store.__dict__.setdefault("waiting", [])
    store.once([*waiting, *events[:100]])
    waiting[:] = events[100:]
    return 200


def late(looks: int) -> Callable[[list[Any]], list[Any]]:
    """Shows nothing of a full batch until it was asked so often, and at once what comes after it."""
    asked: list[int] = []

    def shown(records: list[Any]) -> list[Any]:
        asked.append(len(records))
        return records if len(asked) > looks else [*records[:1], *records[1001:]]

    return shown


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("bug", "shown"),
    [
        pytest.param(good, lambda records: records[-300:], id="shows the last records only"),
        pytest.param(good, lambda records: records[:300], id="shows the first records only"),
        pytest.param(by_message, lambda records: records, id="keeps one record for some messages"),
        pytest.param(with_the_next, lambda records: records, id="stores the rest with the next request"),
        pytest.param(good, late(16), id="stores all of it late"),
    ],
)
def test_a_full_batch_that_cannot_be_seen_is_held_against_nobody(
    bug: Bug, shown: Callable[[list[Any]], list[Any]]
) -> None:
    assert "C09" not in accused(asyncio.run(Look(bug, shown).results()))


def test_poison_costs_what_the_vendors_schedule_makes_of_it() -> None:
    forever, thrice, once = Sender("esputnik").policy, Sender("sendpulse").policy, Sender("pushwoosh").policy
    assert blocked(forever)[1] is None
    assert blocked(thrice) == (4, 1260)
    assert "without an end" in consequence(forever)
    assert "4 attempts in 21 minutes" in consequence(thrice)
    assert "21 minutes behind it" in consequence(Sender("sendpulse", "automation360").policy)
    assert "never sent again" in consequence(once)


def test_poison_is_worst_where_everything_waits_behind_it() -> None:
    with Mutant("C03") as receiver:
        in_line = examined(receiver, "esputnik/activity", "C03", oracle=False)
        independent = examined(receiver, "sendpulse/smtp", "C03", oracle=False)
    assert in_line["C03"].findings[0].severity is Severity.CRITICAL
    assert independent["C03"].findings[0].severity is Severity.HIGH
