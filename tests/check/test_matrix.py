"""The confusion matrix: every defect is found by the check meant for it, and receivers without one are left in peace."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulators.check.cases import Loaded, read, write_all
from emulators.check.checks import ALL
from emulators.check.examining import Examination
from emulators.check.judging import attempt
from emulators.check.replaying import Replay, Replayed, replay
from emulators.check.reports.model import Run
from emulators.check.reports.terminal import report
from emulators.check.settings import made
from emulators.check.shrinking.simplifying import optional, without
from emulators.check.vocabulary import Finding, Verdict
from tests.check.receivers.clean import Clean
from tests.check.receivers.mutants import MUTANTS, Mutant
from tests.check.receivers.receiving import ContentKeyed
from tests.check.test_receivers import Node
from tests.support.feeds import FEEDS

CHECKS = {check.id: check for check in ALL}


def examined(receiver: Clean, provider: str, **given: Any) -> Run:
    """A whole run with the oracle and the hook."""
    settings = {
        "provider": provider,
        "url": receiver.url,
        "oracle_url": receiver.oracle_url,
        "oracle_key": "/email",
        "oracle_status": "/status",
        "restart_cmd": receiver.restart_command,
        "seed": 1,
    }
    return asyncio.run(Examination(made({**settings, **given}), {"HOOK": "ann:right password"}).run())


def vendor_of(number: str) -> str:
    vendors = MUTANTS[number].vendors
    return vendors[0] if vendors else "esputnik"


def rows() -> list[Any]:
    """One defect for each row; those that wait for a store to come to rest are proved in .ci/run."""
    slow = ("C01", "C02", "C04", "C06", "C08", "C17", "C20", "C27", "C30")
    return [
        pytest.param(number, marks=pytest.mark.thorough if number in slow else ())
        for number in MUTANTS
        if len(number) == 3
    ]


@pytest.mark.parametrize("number", rows())
def test_a_defect_is_found_by_the_check_meant_for_it(number: str) -> None:
    mutant, vendor = MUTANTS[number], vendor_of(number)
    basic = {"basic": ("ann", "right password")} if mutant.basic else {}
    with Mutant(number, vendor=vendor, **basic) as receiver:
        given = {"basic": "env:HOOK"} if mutant.basic else {}
        timeout = {"timeout": 1} if number.startswith("C08") else {}
        run = examined(receiver, vendor, only=number[:3], fuzz=False, **given, **timeout)
    [result] = [result for result in run.results if result.check_id == number[:3]]
    assert result.verdict.value == mutant.grade, report(run)
    # What a check is said to find is the worst that it finds.
    check = CHECKS[number[:3]]
    assert check.grade is Verdict.FAIL or result.verdict is Verdict.RISK
    assert all(finding.severity <= check.severity for finding in result.findings)


def left_in_peace(receiver: Clean, provider: str, **given: Any) -> None:
    run = examined(receiver, provider, **given)
    assert not list(run.findings()), report(run)
    assert run.count(Verdict.PASS) > 20


def test_a_clean_receiver_is_left_in_peace() -> None:
    with Clean(vendor="pushwoosh") as receiver:
        left_in_peace(receiver, "pushwoosh")


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("provider", "feed"), FEEDS)
def test_clean_receivers_are_left_in_peace_whatever_the_seed(provider: str, feed: str, seed: int) -> None:
    with Clean(vendor=provider) as receiver:
        left_in_peace(receiver, provider, feed=feed, seed=seed)


# -- what a finding is made of

SIZES_AND_SEQUENCES = {
    "C08": "the time that each further event takes shows in a large batch only",
    "C09": "a body that is too large is made of events",
    "C25": "the second request over one connection is what matters",
    "C29": "a limit is met by the number of requests",
}
BEYOND_THE_SCHEMA = {"C12": "a kind that is new", "C13": "a field that is new"}
"""What vendors add without a word is legal, though no schema has it."""
FIELD_BY_FIELD = ("C12", "C13", "C14", "C15", "C18", "C19", "C20", "C22")
"""Rows that a legal case of one event shows; C16 and C17 take two events, and C21 is called hostile."""


def started(receiver: Clean, number: str, **given: Any) -> Examination:
    """The examination of a row alone, with the oracle and the hook unless they are taken away."""
    mutant = MUTANTS[number]
    settings = {
        "provider": vendor_of(number),
        "url": receiver.url,
        "oracle_url": receiver.oracle_url,
        "oracle_key": "/email",
        "oracle_status": "/status",
        "restart_cmd": receiver.restart_command,
        "seed": 1,
        "only": number[:3],
        "fuzz": False,
        **({"basic": "env:HOOK"} if mutant.basic else {}),
        **({"timeout": 1} if number.startswith("C08") else {}),
    }
    kept = {name: value for name, value in {**settings, **given}.items() if value is not None}
    return Examination(made(kept), {"HOOK": "ann:right password"})


def mutant_of(number: str, **options: float) -> Mutant:
    basic = {"basic": ("ann", "right password")} if MUTANTS[number].basic else {}
    return Mutant(number, vendor=vendor_of(number), **basic, **options)


async def findings_of(examination: Examination, check: str) -> list[Finding]:
    await examination.run()
    return [f for result in examination.runner.results if result.check.id == check for f in result.findings]


def base_rows() -> list[str]:
    return [number for number in MUTANTS if len(number) == 3]


@pytest.mark.thorough
@pytest.mark.parametrize("number", base_rows())
def test_what_is_shown_is_legal_or_called_hostile_and_holds_no_more_than_two_events(number: str) -> None:
    with mutant_of(number) as receiver:
        examination = started(receiver, number)
        found = asyncio.run(findings_of(examination, number))
    assert found
    for finding in found:
        assert finding.case is not None
        events = [event for shot in finding.case.shots for event in shot.events]
        if finding.case.legal and number not in BEYOND_THE_SCHEMA:
            assert [event for event in events if not examination.sender.legal(event)] == []
        if number not in SIZES_AND_SEQUENCES:
            assert len({json.dumps(event, sort_keys=True) for event in events}) <= 2


@pytest.mark.thorough
@pytest.mark.parametrize("number", FIELD_BY_FIELD)
def test_no_field_that_may_be_left_out_stays_unless_it_is_needed(number: str) -> None:
    with mutant_of(number) as receiver:
        spare = asyncio.run(spare_fields(started(receiver, number), number))
    assert spare == []


async def spare_fields(examination: Examination, number: str) -> list[tuple[str, str]]:
    """The optional fields of legal cases of one event without which these fail just the same, with the failure's key."""
    spare = []
    found = await findings_of(examination, number)
    cases = [(f, f.case) for f in found if f.case and f.case.legal and len(f.case.shots) == 1]
    assert cases
    for finding, case in cases:
        [event] = case.shots[0].events
        for name in optional(examination.sender, event):
            shot = replace(case.shots[0], events=(without(event, (name,)),))
            _, failure = await attempt(examination.session, CHECKS[number], replace(case, shots=(shot,)))
            if failure is not None and failure.key == finding.key:
                spare.append((finding.key, name))
    await examination.session.wire.close()
    return spare


# -- without an oracle

WITHOUT_AN_ORACLE = {
    **dict.fromkeys(base_rows(), "the same"),
    "C01": "RISK",  # the receiver says how many events it took, and reads only one end of a batch
    "C04": "NOT CHECKED",  # a redelivery that is stored twice is acknowledged like any other
    "C06": "NOT CHECKED",
    "C15": "NOT CHECKED",  # what is rounded is acknowledged
    "C16": "NOT CHECKED",
    "C17": "NOT CHECKED",
    "C30": "NOT CHECKED",
}
"""What comes of each row where neither the store nor a hook is given: the same as with them, or less."""


@pytest.mark.thorough
@pytest.mark.parametrize("number", base_rows())
def test_what_is_known_of_a_defect_without_an_oracle(number: str) -> None:
    with mutant_of(number) as receiver:
        bare = started(
            receiver, number, oracle_url=None, oracle_key=None, oracle_status=None, restart_cmd=None
        )
        asyncio.run(bare.run())
    [result] = [result for result in bare.runner.results if result.check.id == number]
    expected = WITHOUT_AN_ORACLE[number]
    assert result.verdict.value == (MUTANTS[number].grade if expected == "the same" else expected)
    assert bool(result.findings) == (expected in ("the same", "RISK"))


# -- other clean receivers


@pytest.mark.thorough
@pytest.mark.parametrize("provider", ["esputnik", "sendpulse"])
def test_a_receiver_that_knows_events_by_their_content_is_left_in_peace(provider: str) -> None:
    with Clean(vendor=provider, application=ContentKeyed) as receiver:
        left_in_peace(receiver, provider)


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
@pytest.mark.parametrize("provider", ["esputnik", "sendpulse"])
def test_the_receiver_in_node_is_left_in_peace(provider: str, tmp_path: Path) -> None:
    """Without C34, as it takes the events of every vendor; without C32, whose number of 5000 digits it stores and tells as it
    came, and Python reads no more than 4300: the oracle could not be read any more."""
    with Node(tmp_path) as receiver:
        settings = {
            "provider": provider,
            "url": receiver.url,
            "oracle_url": receiver.url.removesuffix("/hook") + "/oracle",
            "oracle_key": "/email",
            "oracle_status": "/status",
            "seed": 1,
            "skip": ["C34"],
        }
        run = asyncio.run(Examination(made(settings), {}).run())
    assert not list(run.findings()), report(run)
    assert run.count(Verdict.PASS) > 20


# -- cases played again

LEAVES_NO_CASE = {
    "C08": "the time of an answer is told from requests of several sizes, each of them measured more than once",
    "C09": "the greatest size that passes is told from many, and a body of it would be a file of megabytes",
    "C16": "each order of the same events is told from the others, and what became of them from what the store says in the end",
    "C25": "it shows on a connection that is kept, and every request of a case has one of its own",
    "C29": "which request is refused is another one each time, as the receiver still counts those before it",
}
"""Rows whose findings are seen again by the check alone, which they say."""
PLAYED_AGAIN = [
    *(number for number in base_rows() if number not in LEAVES_NO_CASE),
    "C08b",  # everything is late
    "C17c",  # two events differ in what it leaves out of its key, and must go on to
    "C24d",  # the request must come in two parts again
    "C31b",  # the documents' own example is too old for it
]


def mutant_again(number: str) -> Mutant:
    """Of a row or a variant; a slow one takes twice the second that the vendor is made to wait."""
    return mutant_of(number, **({"slow": 2} if number == "C08b" else {}))


def mended(number: str) -> Clean:
    """What is left of a receiver when its defect is mended."""
    basic = {"basic": ("ann", "right password")} if MUTANTS[number].basic else {}
    return Clean(vendor=vendor_of(number), **basic)


@pytest.mark.thorough
@pytest.mark.parametrize("number", PLAYED_AGAIN)
def test_a_case_fails_again_until_its_defect_is_mended(number: str, tmp_path: Path) -> None:
    with mutant_again(number) as receiver:
        examination = started(receiver, number)
        asyncio.run(examination.run())
        paths = write_all(tmp_path, examination.runner.results, examination.session)
        assert len(paths) == sum(len(result.findings) for result in examination.runner.results) > 0
        cases = [read(path, ALL) for path in paths]
        for loaded in cases:
            again = asyncio.run(played(started(receiver, number), loaded))
            assert again.verdict == Replay.FAILED, (loaded.key, again)
            assert not [said for said in again.tries if said.startswith("in another way")], again
    with mended(number) as receiver:
        for loaded in cases:
            done = asyncio.run(played(started(receiver, number), loaded))
            assert done.verdict == Replay.FIXED, (loaded.key, done)


@pytest.mark.thorough
@pytest.mark.parametrize("number", LEAVES_NO_CASE)
def test_a_finding_without_a_case_is_seen_again_by_its_check_alone(number: str, tmp_path: Path) -> None:
    with mutant_of(number) as receiver:
        examination = started(receiver, number)
        run = asyncio.run(examination.run())
        assert write_all(tmp_path, examination.runner.results, examination.session) == []
    told = list(run.findings())
    assert told
    for found in told:
        assert (found.case, found.curl, found.pytest) == ("", (), "")
        assert f"--only {number}" in found.replay
    with mended(number) as receiver:
        run = asyncio.run(started(receiver, number).run())
    assert [result.verdict for result in run.results if result.check_id == number] == [Verdict.PASS]


async def played(examination: Examination, loaded: Loaded) -> Replayed:
    try:
        return await replay(examination.session, loaded)
    finally:
        await examination.session.wire.close()


# -- other forms of the same defects

FOUND_BY_ANOTHER = {
    "C08b": "P01",  # the example is late, like everything else
    "C03b": "C13",  # that an address may be missing is a matter of fields
    "C31b": "P01",  # the documents' own example is older than half an hour, too
    "C33b": "C19",  # it shows in texts that are stored otherwise
}
FOUND_BY_NOBODY = {
    "C11b": "it shows only where the address is registered with the slash that is redirected",
    "C20b": "records need not name every field, so one that is not there is held against nobody",
    "C22b": "two contacts for one address cannot be told from two events of one contact",
    "C31c": "the event keeps its time, and a time of its arrival beside it is right",
}
GRADES = {
    "C32b": "FAIL",  # 1e999 becomes an infinity that cannot be stored, and that is a 500
}
"""What the check of its row says of a variant, where it says more than the variant was declared to be."""


def variants() -> list[str]:
    return [number for number in MUTANTS if len(number) > 3]


@pytest.mark.thorough
@pytest.mark.parametrize("number", [n for n in variants() if n not in FOUND_BY_NOBODY])
def test_another_form_of_a_defect_is_found(number: str) -> None:
    check = FOUND_BY_ANOTHER.get(number, number[:3])
    # Twice the second that the vendor is made to wait, and less than what is waited to see how late it is.
    with mutant_of(number, **({"slow": 2} if number == "C08b" else {})) as receiver:
        examination = started(receiver, number, only=check)
        run = asyncio.run(examination.run())
    [result] = [result for result in run.results if result.check_id == check]
    assert result.verdict.value == GRADES.get(number, MUTANTS[number].grade), report(run)


@pytest.mark.thorough
@pytest.mark.parametrize("number", FOUND_BY_NOBODY)
def test_a_form_that_is_said_to_be_found_by_nobody_is_not_found(number: str) -> None:
    """Red when a check learns to find it: then it no longer belongs into the list."""
    with mutant_of(number) as receiver:
        run = asyncio.run(started(receiver, number, only=None).run())
    assert not list(run.findings()), report(run)
    assert run.count(Verdict.PASS) > 20
