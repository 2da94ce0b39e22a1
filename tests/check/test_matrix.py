"""The confusion matrix: every defect is found by the check meant for it, and receivers without one are left in peace.

`EMULATORS_MATRIX=all` runs every form of each defect, and the clean receivers with three seeds for every vendor.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from emulators.check.examining import Examination
from emulators.check.reports.model import Run
from emulators.check.reports.terminal import report
from emulators.check.settings import made
from emulators.check.vocabulary import Verdict
from tests.check.receivers.clean import Clean
from tests.check.receivers.mutants import MUTANTS, Mutant

ALL = os.environ.get("EMULATORS_MATRIX") == "all"
ROWS = [number for number in MUTANTS if ALL or len(number) == 3]
SEEDS = (1, 2, 3) if ALL else (1,)
FEEDS = (
    [
        ("esputnik", "activity"),
        ("sendpulse", "smtp"),
        ("sendpulse", "email-service"),
        ("pushwoosh", "webhook"),
    ]
    if ALL
    else [("esputnik", "activity"), ("pushwoosh", "webhook")]
)
# A receiver that takes nothing at all is told of by the first look, too.
AT_THE_DOOR = {"P01", "S01"}


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


@pytest.mark.parametrize("number", ROWS)
def test_a_defect_is_found_by_the_check_meant_for_it(number: str) -> None:
    mutant, vendor = MUTANTS[number], vendor_of(number)
    basic = {"basic": ("ann", "right password")} if mutant.basic else {}
    with Mutant(number, vendor=vendor, **basic) as receiver:
        given = {"basic": "env:HOOK"} if mutant.basic else {}
        timeout = {"timeout": 1} if number.startswith("C08") else {}
        run = examined(receiver, vendor, only=number[:3], fuzz=False, **given, **timeout)
    [result] = [result for result in run.results if result.check_id == number[:3]]
    assert result.verdict.value == mutant.grade, report(run)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("provider", "feed"), FEEDS)
def test_a_clean_receiver_is_left_in_peace(provider: str, feed: str, seed: int) -> None:
    with Clean(vendor=provider) as receiver:
        run = examined(receiver, provider, feed=feed, seed=seed)
    assert not list(run.findings()), report(run)
    assert run.count(Verdict.PASS) > 25
