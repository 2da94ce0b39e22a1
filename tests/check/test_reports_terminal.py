"""What people read of a check in a terminal, while it goes and at its end."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from emulators.check.accepting import FACT
from emulators.check.checks.learning import UNCOMPARED
from emulators.check.reports import html, json_
from emulators.check.reports.junit import junit
from emulators.check.reports.model import PhaseResult, Run
from emulators.check.reports.terminal import Progress, Style, case_files, report
from emulators.check.reports.words import width
from emulators.check.vocabulary import Heard, Verdict
from tests.check.reported import (
    HOSTILE,
    found,
    result,
    whole_run,
)


@pytest.fixture(scope="module")
def run() -> Run:
    return whole_run()


def block(text: str, check: str) -> str:
    """The lines of one finding."""
    return next(part for part in text.split("\n\n") if re.match(f"(FAIL|RISK) {check} ", part))


def test_a_finding_tells_what_it_is_how_sure_it_is_and_how_to_see_it(run: Run) -> None:
    told = block(report(run), "C03")
    assert re.match("FAIL C03 poison-batch +provider=esputnik +severity=critical +confirmed 3/3\n", told)
    assert "every later event waits behind it" in told
    name = re.search(r"bytes are in (case-\w{4}\.body), 68 bytes", told)[1]
    assert '\n    [{"activityStatus":"READ","activityDateTime":"2023-09-14T08:30:03"}]\n' in told
    assert f"--data-binary @{name}\n" in told
    assert f"emulators check --replay {name.replace('.body', '.json')}\n" in told
    assert told.endswith("docs: webhooks-uk   basis: documented")


def test_a_long_body_is_cut_and_its_file_named(run: Run) -> None:
    told = block(report(run), "C09")
    assert re.search(r"\n    \.\.\. 60,580 bytes are in case-\w{4}\.body\n", told)
    assert len(told) < 2_000


def test_a_guess_of_ours_is_said_aloud(run: Run) -> None:
    assert "ASSUMED: eSputnik's documents say nothing here" in block(report(run), "C09")
    assert "ASSUMED" not in block(report(run), "C03")


def test_what_came_back_only_sometimes_and_what_the_vendor_never_sends_are_named_so(run: Run) -> None:
    told = block(report(run), "C33")
    assert "FLAKY, confirmed 2/3" in told
    assert "hostile: eSputnik does not send this" in told


def test_failures_come_before_risks_and_the_gravest_first(run: Run) -> None:
    order = re.findall(r"^(FAIL|RISK) (C\d\d)", report(run), re.MULTILINE)
    assert [check for _, check in order] == ["C03", "C04", "C09", "C33", "C08", "C24"]


def test_what_was_not_checked_is_grouped_by_its_reason_and_nowhere_said_to_pass(run: Run) -> None:
    text = " ".join(report(run).split())
    assert re.search(
        r"NOT CHECKED: what was stored is not known: [^:]*--oracle-py C01 batch-truncation, C06 [\w-]+, C15 [\w-]+, C17",
        text,
    )
    passed = re.search(r"PASS (C\d\d.*?) NOT CHECKED", text)[1]
    assert not {"C01", "C06", "C15", "C17", "C02", "C30", "C27", "C34"} & set(re.findall(r"C\d\d", passed))


def test_what_is_put_up_with_is_told_with_its_reason_and_its_last_day_and_does_not_pass(run: Run) -> None:
    told = next(part for part in report(run).split("\n\n") if part.startswith("ACCEPTED"))
    assert told == (
        "ACCEPTED: 1 finding put up with, by the configuration\n"
        "  C26 header-case, FAIL low: upper-case names are refused\n"
        "    accepted until 2027-01-01: legacy proxy"
    )
    passed = next(part for part in report(run).split("\n\n") if part.startswith("PASS"))
    assert "C26" not in passed
    for_good = found(accepted="nobody uses it", check="C26")
    assert "    accepted: nobody uses it\n" in report(
        replace(run, results=(result(26, Verdict.ACCEPTED, (for_good,)),))
    )


def test_what_is_over_or_needed_no_more_of_what_is_put_up_with_is_said_there(run: Run) -> None:
    notes = ["accept C14: nothing to accept any more", "accept C19: expired on 2026-01-31"]
    noted = replace(run, facts={FACT: notes})
    assert (
        "    accepted until 2027-01-01: legacy proxy\n"
        "  note: accept C14: nothing to accept any more\n"
        "  note: accept C19: expired on 2026-01-31\n\n"
    ) in report(noted)
    assert "ACCEPTED: 0 findings put up with" in report(replace(noted, results=run.results[:5]))
    assert html.page(noted).count(b"nothing to accept any more") == 1


def test_a_run_that_found_only_what_is_put_up_with_is_not_said_to_have_found_nothing(run: Run) -> None:
    put_up = replace(run, results=(run.results[4], run.results[25]))
    assert put_up.ok
    assert "nothing found by 2 checks but what is accepted, 1 passed, 1 ACCEPTED. " in report(put_up)


def test_every_report_says_of_hostile_input_that_the_vendor_does_not_send_it(run: Run) -> None:
    said = "eSputnik does not send this"
    assert said in block(report(run), "C33")
    cases = {
        case.get("name").split()[0]: case for case in ElementTree.fromstring(junit(run)).iter("testcase")
    }
    assert said in cases["C33"].find("failure").get("message")
    assert said not in cases["C03"].find("failure").get("message")
    assert html.page(run).count(said.encode()) == 1
    told = {check["id"]: check["findings"] for check in json.loads(json_.written(run))["checks"]}
    assert told["C33"][0]["hostile"] == "hostile: the vendor does not send this, anybody else may"
    assert told["C03"][0]["hostile"] == ""
    put_up = replace(
        run, results=(result(33, Verdict.ACCEPTED, (found(legal=False, check="C33", accepted="why not"),)),)
    )
    assert said in " ".join(report(put_up).split())


def test_what_is_judged_without_the_documents_is_no_guess_about_the_vendor(run: Run) -> None:
    hostile = replace(run, results=(result(33, Verdict.FAIL, (found(legal=False, basis="assumed"),)),))
    assert "ASSUMED" not in report(hostile)
    assert b'class="loud"' not in html.page(hostile)


def test_the_receivers_own_words_are_told_once(run: Run) -> None:
    answer = Heard(422, (), b'{"detail": "iid: field required"}', 0.01)
    told = replace(run, results=(result(3, Verdict.FAIL, (found(heard=answer),)),))
    assert """the receiver's words: {"detail": "iid: field required"}\n""" in report(told)
    assert html.page(told).count(b"field required") == 1
    says = 'the receiver answered 422. It says: {"detail": "iid: field required"}'
    told = replace(run, results=(result(3, Verdict.FAIL, (found(heard=answer, says=says),)),))
    assert report(told).split("or paste")[0].count("field required") == 1
    assert b"field required" not in html.page(told).split(b"What happened")[1].split(b"</pre>")[0]
    taken = found(heard=Heard(200, (), b"stored", 0.01))
    taken = replace(taken, sent=(replace(taken.sent[0], acknowledged=True),))
    assert "stored" not in report(replace(run, results=(result(3, Verdict.FAIL, (taken,)),)))


def test_case_files_are_counted_by_their_folder() -> None:
    paths = [Path(f"check-cases/case-{n}.json") for n in (1, 2, 2)]
    assert case_files(paths) == "2 case files in check-cases, beside the bytes that were sent\n"
    deep = Path("/a/folder/with/a/long/name") / ("x" * 60)
    rows = case_files([*paths, deep / "case-1.json"], Style(80)).splitlines()
    assert rows[1].startswith("1 case file in")
    assert rows[2] == f"  {deep},"
    assert all(len(row) <= 80 for row in rows if str(deep) not in row)
    assert case_files([]) == ""


def test_the_last_line_is_the_verdict(run: Run) -> None:
    last = " ".join(report(run).split("\n\n")[-1].split())
    assert last == (
        "4 FAIL (1 critical, 2 high, 1 medium), 2 RISK (1 high, 1 low), 20 passed, 1 ACCEPTED, 8 NOT CHECKED; "
        "4 of the findings count (--fail-on high). 480 requests in 41.7 s."
    )


def test_nothing_found_is_not_all_is_well(run: Run) -> None:
    blind = replace(
        run, results=tuple(result(n, Verdict.NOT_CHECKED, reason="needs --restart-cmd") for n in (1, 2))
    )
    assert "nothing was checked, 0 passed, 2 NOT CHECKED" in report(blind)
    assert "INCONCLUSIVE: the time is up" in report(replace(run, inconclusive="the time is up"))
    assert not replace(blind, inconclusive="the time is up").ok


def test_text_of_strangers_cannot_steer_the_terminal(run: Run) -> None:
    text = report(run, Style(colour=False))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
    assert r"\x1b[31m\u202etxt\ud800" in text


def test_colours_are_there_only_when_asked_for(run: Run) -> None:
    assert "\x1b[31;1mFAIL\x1b[0m C03" in report(run, Style(colour=True))
    assert re.sub("\x1b\\[[0-9;]*m", "", report(run, Style(colour=True))) == report(run)


def test_a_terminal_of_ascii_gets_ascii(run: Run) -> None:
    assert report(run, Style(unicode=False)).isascii()
    assert r"\u0417\u043d\u0438\u0436\u043a\u0430" in report(run, Style(unicode=False))


@pytest.mark.parametrize(("asked", "most"), [(20, 80), (93, 93), (400, 120)])
def test_sentences_fit_between_80_and_120_columns(run: Run, asked: int, most: int) -> None:
    shown = report(run, Style(asked))
    # Bodies, commands and tests are copied, so they keep their lines; the first line of a finding has fields.
    sentences = [row for row in shown.split("\n") if not re.match(r" {4}|FAIL|RISK", row)]
    assert max(len(row) for row in sentences) <= most


def test_progress_writes_over_its_line_on_a_terminal_and_only_ends_of_phases_elsewhere() -> None:
    live, piped = io.StringIO(), io.StringIO()
    for out, is_live in ((live, True), (piped, False)):
        progress = Progress(out, is_live, Style(200))
        progress.step("samples", 1)
        progress.step("samples", 2, f"C03 {HOSTILE}")
        progress.done(PhaseResult("samples", 2, 0.25, "the time is up"))
        progress.found(found())
    assert re.fullmatch(
        r"samples +2 requests +250 ms  cut: the time is up\nFAIL C03 poison-batch: .*\n", piped.getvalue()
    )
    assert live.getvalue().count("\r\x1b[K") == 3
    assert live.getvalue().endswith(piped.getvalue())
    assert live.getvalue().count("\x1b") == 3


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_a_headline_fills_a_terminal_and_is_cut_behind_a_word_only_if_it_does_not_fit(columns: int) -> None:
    says = "an event with subject = 👩👩👩 makes the receiver answer 500 every time, and every later event waits behind it"
    whole = f"FAIL C03 poison-batch: {says}"
    for known, dots in ((True, "…"), (False, "...")):
        out = io.StringIO()
        Progress(out, True, Style(columns, unicode=known)).found(found(says=says))
        line = out.getvalue().rstrip("\n")
        written = whole if known else whole.encode("ascii", "backslashreplace").decode()
        assert len(line) + line.count("👩") < columns
        if width(written) < columns:
            assert line == written
        else:
            assert line.endswith(dots)
            assert written.startswith(line.removesuffix(dots) + " ")
            assert width(line) > columns - 40
    piped = io.StringIO()
    Progress(piped, False, Style(columns)).found(found(says=says))
    # Elsewhere it is told whole, on lines that fit.
    lines = piped.getvalue().splitlines()
    assert " ".join(line.strip() for line in lines) == whole
    assert max(map(len, lines)) <= Style(columns).columns


def test_what_is_put_up_with_is_no_failure_while_it_goes_either() -> None:
    out = io.StringIO()
    Progress(out, False).found(found(accepted="legacy proxy"))
    assert out.getvalue().startswith("ACCEPTED C03 poison-batch: ")


def test_what_was_learned_is_told_in_plain_words_and_units(run: Run) -> None:
    facts = {
        "server": "",
        "latency": 0.00070001,
        "refused kinds": [],
        "ignored kinds": ["A", "B"],
        "seconds from the answer until the event could be read": None,
        "seconds by events of a request": {"1": 0.0008, "500": 1.214},
        "keeps one record for a message": True,
        "something new": 0.25,
    }
    told = report(replace(run, facts=facts))
    assert told.split("learned on the way:\n")[1].split("\n\n")[0].split("\n") == [
        "  time of an answer: 0.7 ms",
        "  kinds of events that are acknowledged and not stored: A, B",
        "  time of an answer by the events of its request: 1: 0.8 ms, 500: 1.21 s",
        "  keeps one record for all events of a message: yes",
        "  something new: 0.25",
    ]
    assert b"<dt>time of an answer</dt><dd><bdi>0.7 ms</bdi></dd>" in html.page(replace(run, facts=facts))
    assert "learned" not in report(replace(run, facts={"server": ""}))


def test_what_a_check_could_not_prove_stands_beside_its_verdict_in_every_report(run: Run) -> None:
    fields = ["contactId", "buyer", "a", "b", f"c{HOSTILE}"]
    results = (result(15, Verdict.PASS), result(19, Verdict.PASS), result(13, Verdict.PASS))
    big, other = results[0], results[2]
    facts = {UNCOMPARED: {"C15": ["externalCustomerId"], "C19": fields}}
    partly = replace(run, results=results, facts=facts)
    told = " ".join(report(partly).split())
    assert f"C15 {big.name} (in part)" in told
    assert f"C13 {other.name} (in part)" not in told
    assert "in part: whether externalCustomerId is stored rightly is not known" in told
    assert "in part: whether contactId, buyer, a, b and 1 other field are stored rightly" in told
    assert "learned on the way" not in told
    page = html.page(partly).decode()
    assert page.count("in part: whether") == 2
    cases = ElementTree.fromstring(junit(partly)).iter("testcase")
    assert [("in part: whether" in (case.findtext("system-out") or "")) for case in cases] == [
        True,
        True,
        False,
    ]
    checks = json.loads(json_.written(partly))["checks"]
    assert [check["not_compared"][:1] for check in checks] == [["externalCustomerId"], ["contactId"], []]
