"""What ten lines on a framework lose by its defaults: the findings are those that the framework really has, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from emulators.check.examining import Examination
from emulators.check.reports.model import Run
from emulators.check.reports.terminal import report
from emulators.check.settings import made
from emulators.check.vocabulary import Verdict
from tests.check.receivers.frameworks import PATHS, Framework, missing

# Nobody's default knows an event again: what comes twice is written down twice.
DOUBLED = {"C04"}
# Nobody's default looks whether the events are this vendor's (C34).
FAILS: Mapping[str, set[str]] = MappingProxyType(
    {
        # 500 for null (C21), and where the parser runs out of stack (C32).
        "flask": DOUBLED | {"C21", "C32"},
        "fastapi": DOUBLED,
        # json.loads raises, and nobody catches it: 500 for all that is no JSON (C21, C32).
        "django": DOUBLED | {"C21", "C32"},
        # express.json() stops at 100 kB (C09), JSON.parse rounds above 2^53 (C15), req.body is undefined for
        # any other content type (C32), and an object is not iterable (C21).
        "express": DOUBLED | {"C09", "C15", "C21", "C32"},
        "cgi": set(),
    }
)
RISKS: Mapping[str, set[str]] = MappingProxyType(
    {
        # Iterating over {} does nothing, with success (C02). A packed body is answered 400, rather than 415 (C24).
        "flask": {"C02", "C24", "C34"},
        # The same name twice, and NaN, are taken (C32).
        "fastapi": {"C24", "C32", "C34"},
        # runserver takes a body in chunks for an empty one (C24); DEBUG shows the trace (C35).
        "django": {"C02", "C24", "C34", "C35"},
        # text/plain leaves req.body undefined (C23); without NODE_ENV=production the trace is shown (C35).
        "express": {"C23", "C34", "C35"},
        # It looks at nothing (C02, C21, C32).
        "cgi": {"C02", "C21", "C32", "C34"},
    }
)
# eSputnik asks with GET when the address is saved: a route for POST answers 405 or 404, and Django's view fails (C10).
ESPUTNIK: Mapping[str, set[str]] = MappingProxyType(
    {"flask": {"C10"}, "fastapi": {"C10"}, "django": {"C10"}, "express": {"C10"}, "cgi": set()}
)


def examined(receiver: Framework, provider: str, cases: Path) -> Run:
    """A run without what is drawn by chance."""
    given: dict[str, Any] = {
        "provider": provider,
        "url": receiver.url,
        "fuzz": False,
        "seed": 1,
        "cases": str(cases),
    }
    if receiver.name == "cgi":
        # It writes down what is no JSON at all, which no oracle can read; and it leaves one request unanswered.
        given["timeout"] = 5
    else:
        given["oracle_file"] = str(receiver.store)
    return asyncio.run(Examination(made(given), {}).run())


def graded(run: Run, verdict: Verdict) -> set[str]:
    return {result.check_id for result in run.results if result.verdict is verdict}


@pytest.mark.thorough
@pytest.mark.parametrize("provider", ["esputnik", "sendpulse"])
@pytest.mark.parametrize("name", PATHS)
def test_a_receiver_on_a_framework_has_the_findings_of_its_defaults(
    name: str, provider: str, tmp_path: Path
) -> None:
    if reason := missing(name):
        pytest.skip(reason)
    with Framework(name) as receiver:
        run = examined(receiver, provider, tmp_path / "cases")
    assert graded(run, Verdict.FAIL) == FAILS[name] | (ESPUTNIK[name] if provider == "esputnik" else set()), (
        report(run)
    )
    assert graded(run, Verdict.RISK) == RISKS[name], report(run)
