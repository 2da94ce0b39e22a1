"""Two reports side by side."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from emulators.check.examining import Examination
from emulators.check.reports import json_
from emulators.check.reports.compare import Comparison, compare, load
from emulators.check.reports.model import Run
from emulators.check.settings import made
from emulators.check.vocabulary import Severity, Verdict
from emulators.errors import InvalidValue
from tests.check.receivers.mutants import Mutant
from tests.check.reported import HOSTILE, found, result, whole_run


def run(*results: object) -> dict[str, object]:
    """A report with these checks."""
    return json.loads(json_.written(replace(whole_run(), results=results)))


POISON = result(3, Verdict.FAIL, (found(),))
CLEAN = result(3, Verdict.PASS)
CLEAN_GET = result(10, Verdict.PASS)
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
    [unsure] = told.unsure
    assert (unsure.finding["key"], unsure.now, unsure.reason) == (
        "500/READ",
        False,
        "its check was not done there",
    )
    assert (told.gone, told.worse) == ((), True)
    [blind] = told.unchecked
    assert (blind.check, blind.was, blind.reason) == ("C03", "FAIL", "the time is up")
    assert compare(run(CLEAN), run()).unchecked[0].reason == "the second run left it out"
    assert not compare(run(BLIND), run(BLIND)).worse


def test_a_check_that_an_interrupted_run_never_came_to_is_no_longer_checked_and_nothing_is_gone() -> None:
    told = compare(run(CLEAN_GET, POISON), {**run(CLEAN_GET), "interrupted": True})
    assert (told.new, told.gone, told.worse) == ((), (), True)
    assert [(one.check, one.reason) for one in told.unchecked] == [
        ("C03", "the run was interrupted before it")
    ]
    text = told.text()
    assert "BLIND C03 poison-batch: it was FAIL, now NOT CHECKED: the run was interrupted before it" in text
    assert "GONE" not in text
    assert "in the first report alone: its check was not done there" in text


def test_what_is_found_once_a_check_is_done_may_have_been_there_before() -> None:
    told = compare(run(BLIND), run(POISON))
    assert (told.new, [one.now for one in told.unsure], told.worse) == ((), [True], False)


def test_of_a_check_that_stopped_before_its_end_nobody_knows_what_else_it_would_have_found() -> None:
    def stopped(*keys: str) -> object:
        return replace(result(3, Verdict.FAIL, tuple(found(key=key) for key in keys)), complete=False)

    told = compare(run(stopped("a", "b", "c")), run(stopped("b", "c", "d")))
    assert (told.new, told.gone, told.worse) == ((), (), False)
    assert [(one.finding["key"], one.now) for one in told.unsure] == [("a", False), ("d", True)]
    assert "2 that nobody can tell of" in told.text()
    whole = result(3, Verdict.FAIL, (found(key="b"),))
    assert names(compare(run(stopped("a", "b", "c")), run(whole)).gone) == [("C03", "a"), ("C03", "c")]
    assert names(compare(run(whole), run(stopped("b", "c", "d"))).new) == [("C03", "c"), ("C03", "d")]


def test_what_chance_draws_says_nothing_under_another_seed() -> None:
    drawn = run(result(3, Verdict.FAIL, (found(),), phase="fuzz"))
    other = {**run(result(3, Verdict.PASS, phase="fuzz")), "seed": 8}
    for before, after in ((drawn, other), (other, drawn)):
        told = compare(before, after)
        assert (told.new, told.gone, len(told.unsure), told.worse) == ((), (), 1, False)
    told = compare(drawn, {**other, "seed": 7})
    assert (names(told.gone), told.unsure) == ([("C03", "500/READ")], ())


def test_what_does_not_come_each_time_is_not_gone_when_it_does_not_come() -> None:
    flaky = run(result(3, Verdict.FAIL, (found(confirmed=1),)))
    assert [one.reason for one in compare(flaky, run(CLEAN)).unsure] == ["it does not come each time"]
    assert names(compare(run(CLEAN), flaky).new) == [("C03", "500/READ")]
    other = run(result(3, Verdict.FAIL, (found(confirmed=1, key="timeout/READ"),)))
    told = compare(flaky, other)
    assert (told.new, told.gone, len(told.unsure), told.worse) == ((), (), 2, False)


def test_what_is_another_word_in_each_run_makes_no_difference() -> None:
    def of(token: str) -> object:
        return run(result(3, Verdict.FAIL, (found(says=f"the event of {token} is lost"),)))

    told = [compare(of("chk22358ax1p0z"), of(token)) for token in ("chk22358ax1p0z", "chkffffffx12p345z")]
    assert told[0].text() == told[1].text()
    assert "SAME  C03 poison-batch FAIL critical: the event of chk... is lost\n" in told[0].text()
    assert told[0].told() == told[1].told()


def test_an_acceptance_stays_and_its_end_is_worse() -> None:
    put_up = run(result(3, Verdict.ACCEPTED, (found(accepted="legacy", accepted_until="2027-01-01"),)))
    told = compare(put_up, put_up)
    assert (len(told.same), told.worse) == (1, False)
    assert told.told()["same"][0]["accepted_until"] == "2027-01-01"
    assert compare(put_up, run(POISON)).worse
    assert compare(put_up, run(BLIND)).unchecked[0].was == "ACCEPTED"


def test_hostile_input_is_called_so() -> None:
    hostile = run(result(3, Verdict.FAIL, (found(legal=False),)))
    assert "SAME  C03 poison-batch FAIL critical, hostile input: " in compare(hostile, hostile).text()


def test_reports_of_other_versions_say_so() -> None:
    other = {**run(CLEAN), "versions": {"emulators": "9"}}
    assert "NOTE  version of emulators: None before, 9 after" in compare(run(CLEAN), other).text()


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
    told = compare(run(CLEAN), run(result(3, Verdict.ACCEPTED, (found(accepted="until May"),))))
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


def test_two_runs_of_one_receiver_find_the_same_whatever_the_seed() -> None:
    def report(receiver: Mutant, **given: object) -> dict[str, object]:
        settings = {
            "provider": "esputnik",
            "url": receiver.url,
            "oracle_url": receiver.oracle_url,
            "oracle_key": "/email",
            "oracle_status": "/status",
            "only": "C02,C21,C32,C34",
            **given,
        }
        return json.loads(json_.written(asyncio.run(Examination(made(settings), {}).run())))

    with Mutant("C02", vendor="esputnik") as receiver:
        first, second, cut = (report(receiver, **given) for given in ({}, {"seed": 7}, {"requests": 30}))
    told = compare(first, second)
    assert (told.new, told.gone, told.unsure, told.unchecked, told.worse) == ((), (), (), (), False)
    assert {change.finding["check"] for change in told.same} >= {"C02", "C21", "C32"}
    assert "chk" not in told.text().replace("chk...", "")
    stopped = compare(first, cut)
    assert (stopped.new, stopped.gone) == ((), ())
    assert stopped.unsure
    assert [one.reason for one in stopped.unchecked] == ["the budget of 30 requests is spent"] * len(
        stopped.unchecked
    )


def test_reports_of_different_feeds_say_nothing_about_each_other() -> None:
    with pytest.raises(InvalidValue, match="feed: the first report is of activity, the second of workflow"):
        compare(run(CLEAN), {**run(CLEAN), "feed": "workflow"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "expected a report of `emulators check --report FILE`, got no JSON"),
        ("[]", "expected a report of `emulators check --report FILE`, got other JSON"),
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
    assert "--report json" not in str(refused.value)
    with pytest.raises(InvalidValue, match="No such file"):
        load(tmp_path / "missing.json")


def test_a_report_that_was_written_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(json_.written(whole_run()))
    assert load(file)["run"] == "abcdef"
