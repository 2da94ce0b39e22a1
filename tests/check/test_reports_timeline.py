"""When each request was sent, and how long the phases took."""

from __future__ import annotations

from dataclasses import replace

from emulators.check.catalogue import Check
from emulators.check.reports.filling import veil_of
from emulators.check.reports.model import PhaseResult
from emulators.check.reports.timeline import MOST, Timeline
from emulators.check.running import Result as Ran
from emulators.check.vocabulary import Heard, Severity, Shot, Verdict
from tests.check.reported import (
    TARGET,
    exchange,
)

CHECK = Check("S01", "everything as documented", "samples", Severity.HIGH, Verdict.FAIL, "It goes wrong.")


def test_the_timeline_says_when_each_request_began_and_what_it_was() -> None:
    ticks = iter([100.0, 103.0, 104.0])
    timeline = Timeline(veil_of(TARGET), lambda: next(ticks))
    timeline.note(exchange(Shot(({}, {}), framing="chunked"), Heard(500, seconds=0.5), b"[]"), "samples")
    timeline.note(exchange(Shot(method="GET"), Heard(None, seconds=9, reason="a reset")), "delivery")
    first, second = timeline.moments
    assert (first.at, first.phase, first.status, first.what) == (
        2.5,
        "samples",
        500,
        "POST 2 events, 2 bytes, chunked",
    )
    assert (second.at, second.phase, second.what, second.reason) == (0.0, "delivery", "GET", "a reset")


def test_of_more_requests_than_can_be_shown_those_that_went_wrong_are_kept() -> None:
    timeline = Timeline(veil_of(TARGET), lambda: 1.0)
    taken, refused = (
        exchange(Shot(), Heard(status), b"", acknowledged)
        for status, acknowledged in ((200, True), (500, False))
    )
    for each in (*[taken] * (MOST + 9), *[refused] * 9):
        timeline.note(each, "fuzz")
    assert [moment.status for moment in timeline.moments[-10:]] == [200, *[500] * 9]
    assert len(timeline.moments) == MOST + 9
    for _ in range(MOST):
        timeline.note(refused, "fuzz")
    assert len(timeline.moments) == 2 * MOST


def test_a_phase_is_the_sum_of_its_checks_and_of_what_an_interrupted_one_has_sent() -> None:
    timeline = Timeline(veil_of(TARGET), lambda: 1.0)
    for _ in range(3):
        timeline.note(exchange(Shot(), Heard(200)), "delivery")
    done = Ran(CHECK, Verdict.PASS, requests=4, seconds=0.5)
    late = Ran(CHECK, Verdict.NOT_CHECKED, "the time is up")
    going = Ran(replace(CHECK, phase="delivery"), Verdict.NOT_CHECKED)
    assert timeline.phases([done, late, going], "the time is up") == (
        PhaseResult("samples", 4, 0.5, "the time is up"),
        PhaseResult("delivery", 3, 0.0),
    )
    assert timeline.phases([going], "")[0].cut == ""
