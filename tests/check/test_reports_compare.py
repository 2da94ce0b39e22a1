"""Two reports side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from emulators.check.reports import json_
from emulators.check.reports.compare import Comparison, compare, load
from emulators.check.reports.model import Run
from emulators.check.vocabulary import Severity, Verdict
from emulators.errors import InvalidValue
from tests.check.reported import HOSTILE, found, result, whole_run


def run(*results: object) -> dict[str, object]:
    """A report with these checks."""
    return json.loads(json_.written(replace(whole_run(), results=results)))


POISON = result(3, Verdict.FAIL, (found(),))
CLEAN = result(3, Verdict.PASS)
BLIND = result(3, Verdict.NOT_CHECKED, reason="the time is up")


def names(findings: object) -> list[tuple[str, str]]:
    return [(finding["check"], finding["key"]) for finding in findings]


def test_a_finding_that_was_not_there_before_is_new_and_worse() -> None:
    told = compare(run(CLEAN), run(POISON))
    assert names(told.new) == [("C03", "500/READ")]
    assert told.worse
    assert "NEW   C03 poison-batch FAIL critical: 1 event of 1000" in told.text()


def test_a_finding_that_is_not_there_any_more_is_gone() -> None:
    told = compare(run(POISON), run(CLEAN))
    assert (names(told.gone), told.worse) == ([("C03", "500/READ")], False)
    assert told.text().endswith("not worse than before: 0 new, 1 gone, 0 the same\n")


def test_a_finding_is_the_same_by_its_check_and_its_key_whatever_it_says() -> None:
    told = compare(run(POISON), run(result(3, Verdict.FAIL, (found(says="other words"),))))
    assert (len(told.same), told.new, told.gone, told.worse) == (1, (), (), False)
    other = compare(run(POISON), run(result(3, Verdict.FAIL, (found(key="timeout/READ"),))))
    assert (names(other.new), names(other.gone)) == ([("C03", "timeout/READ")], [("C03", "500/READ")])


def test_nobody_knows_whether_a_finding_is_gone_when_its_check_was_not_done() -> None:
    told = compare(run(POISON), run(BLIND))
    assert (names(told.lost), told.gone, told.worse) == ([("C03", "500/READ")], (), True)
    [blind] = told.unchecked
    assert (blind.check, blind.was, blind.reason) == ("C03", "FAIL", "the time is up")
    assert compare(run(CLEAN), run()).unchecked[0].reason == "the second report does not know it"
    assert not compare(run(BLIND), run(BLIND)).worse


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ({"verdict": Verdict.RISK}, {}, True),
        ({"severity": Severity.HIGH}, {}, True),
        ({"accepted": "until May"}, {}, True),
        ({}, {"verdict": Verdict.RISK}, False),
        ({}, {"severity": Severity.HIGH}, False),
        ({}, {"accepted": "until May"}, False),
    ],
)
def test_a_graver_finding_is_worse(before: dict[str, object], after: dict[str, object], worse: bool) -> None:
    def of(given: dict[str, object]) -> dict[str, object]:
        return run(result(3, Verdict.FAIL, (found(**given),)))

    told = compare(of(before), of(after))
    assert told.worse is worse
    assert told.text().startswith("WORSE C03") is worse


def test_a_new_finding_that_is_put_up_with_is_not_worse() -> None:
    told = compare(run(CLEAN), run(result(3, Verdict.PASS, (found(accepted="until May"),))))
    assert (len(told.new), told.worse) == (1, False)


def test_whole_reports_compare_as_text_and_as_json() -> None:
    whole: Run = whole_run()
    report = json.loads(json_.written(whole))
    told: Comparison = compare(report, json.loads(json_.written(replace(whole, seed=8, target="http://b/"))))
    assert not told.worse
    assert len(told.same) == 7
    said = json.loads(json.dumps(told.told()))
    assert (said["version"], said["worse"], len(said["same"]), said["new"]) == (1, False, 7, [])
    assert "NOTE  seed: 7 before, 8 after" in told.text()
    assert "\x1b" not in told.text()
    assert HOSTILE not in told.text()


def test_reports_of_different_feeds_say_nothing_about_each_other() -> None:
    with pytest.raises(InvalidValue, match="feed: the first report is of activity, the second of workflow"):
        compare(run(CLEAN), {**run(CLEAN), "feed": "workflow"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "got no JSON"),
        ("[]", "got other JSON"),
        ('{"version": 2, "checks": []}', "version: expected 1, got 2"),
        ('{"version": 1, "checks": [3]}', "checks/0: expected an object"),
        (
            '{"version": 1, "checks": [{"id": "C01", "name": "", "verdict": "PASS", "reason": ""}]}',
            "checks/0/findings",
        ),
        (
            '{"version": 1, "checks": [{"id": "C01", "name": "", "verdict": "FAIL", "reason": "", "findings": '
            '[{"check": "C01", "key": "", "verdict": "FAIL", "severity": "huge", "says": ""}]}]}',
            "checks/0/findings/0/severity: expected one of low, medium, high, critical, got 'huge'",
        ),
    ],
)
def test_a_file_that_is_no_report_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    with pytest.raises(InvalidValue) as refused:
        load(file)
    assert words in str(refused.value)
    with pytest.raises(InvalidValue, match="No such file"):
        load(tmp_path / "missing.json")


def test_a_report_that_was_written_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(json_.written(whole_run()))
    assert load(file)["run"] == "abcdef"
