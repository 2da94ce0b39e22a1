"""The confusion matrix: every defect is found by the check meant for it, and receivers without one are left in peace."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulators.check.examining import Examination
from emulators.check.reports.model import Run
from emulators.check.reports.terminal import report
from emulators.check.settings import made
from emulators.check.vocabulary import Verdict
from tests.check.receivers.clean import Clean
from tests.check.receivers.mutants import MUTANTS, Mutant

FEEDS = [
    ("esputnik", "activity"),
    ("sendpulse", "smtp"),
    ("sendpulse", "email-service"),
    ("pushwoosh", "webhook"),
    ("esputnik", "workflow"),
    ("sendpulse", "automation360"),
]


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
    slow = ("C01", "C02", "C04", "C06", "C17", "C20", "C27", "C30")
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
