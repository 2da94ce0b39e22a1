"""Reports of a check: what people read in a terminal, what CI and programs read, and that no secret is in any of them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from multidict import istr

from emulators.check.reports import html, json_
from emulators.check.reports.filling import veil_of
from emulators.check.reports.har import Log
from emulators.check.reports.junit import junit
from emulators.check.reports.model import PhaseResult, Run
from emulators.check.reports.ndjson import Stream
from emulators.check.reports.terminal import Progress, Style, report
from emulators.check.reports.timeline import Timeline
from emulators.check.vocabulary import Heard, Severity, Shot, Verdict
from tests.check.reported import (
    HOSTILE,
    SECRETS,
    TARGET,
    VARIABLES,
    exchange,
    finding,
    found,
    result,
    teller,
    whole_run,
)
from tests.scenarios.test_reports import SHAPE


@pytest.fixture(scope="module")
def run() -> Run:
    return whole_run()


def block(text: str, check: str) -> str:
    """The lines of one finding."""
    return next(part for part in text.split("\n\n") if re.match(f"(FAIL|RISK) {check} ", part))


# -- in a terminal


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


def test_the_last_line_is_the_verdict(run: Run) -> None:
    last = " ".join(report(run).split("\n\n")[-1].split())
    assert last == (
        "4 FAIL (1 critical, 2 high, 1 medium), 2 RISK (1 high, 1 low), 21 passed, 1 accepted, 8 NOT CHECKED; "
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
        progress = Progress(out, is_live)
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


# -- for CI


def test_junit_has_a_case_for_each_check_and_its_form(run: Run) -> None:
    root = ElementTree.fromstring(junit(run))
    for element in root.iter():
        attributes, children = SHAPE[element.tag]
        assert set(element.attrib) <= attributes
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places)
    cases = {case.get("name").split()[0]: case for case in root.iter("testcase")}
    assert len(cases) == 35
    counted = root.find("testsuite").attrib
    assert (counted["tests"], counted["failures"], counted["errors"], counted["skipped"]) == (
        "35",
        "5",
        "0",
        "8",
    )
    assert cases["C30"].find("skipped").get("message") == "needs --restart-cmd"
    assert cases["C03"].find("failure").get("type") == "FAIL critical"
    assert "--data-binary @case-" in cases["C03"].find("failure").text
    assert list(cases["C05"]) == []


def test_junit_counts_a_risk_only_if_it_is_grave_enough(run: Run) -> None:
    def failed(run: Run) -> set[str]:
        root = ElementTree.fromstring(junit(run))
        return {
            case.get("name").split()[0] for case in root.iter("testcase") if case.find("failure") is not None
        }

    assert failed(run) == {"C03", "C04", "C08", "C09", "C33"}
    assert failed(replace(run, fail_on=Severity.CRITICAL)) == {"C03", "C04", "C09", "C33"}
    assert failed(replace(run, fail_on=Severity.LOW)) == {"C03", "C04", "C08", "C09", "C24", "C33"}
    root = ElementTree.fromstring(junit(run))
    told = {case.get("name").split()[0]: case.findtext("system-out") for case in root.iter("testcase")}
    assert told["C24"].startswith("RISK C24 framing")
    assert "accepted: legacy proxy, until 2027-01-01" in told["C26"]


# -- for programs


def test_the_json_report_holds_all_of_it(run: Run) -> None:
    told = json.loads(json_.written(run))
    assert (told["version"], told["ok"], told["provider"], told["seed"]) == (1, False, "esputnik", 7)
    assert told["counts"] == {"PASS": 21, "FAIL": 4, "RISK": 2, "NOT CHECKED": 8}
    checks = {check["id"]: check for check in told["checks"]}
    assert len(checks) == 35
    [poison] = checks["C03"]["findings"]
    assert (poison["key"], poison["confirmed"], poison["tried"], poison["basis"]) == (
        "500/READ",
        3,
        3,
        "documented",
    )
    assert json.loads(poison["requests"][0]["body"]) == [
        {"activityStatus": "READ", "activityDateTime": "2023-09-14T08:30:03"}
    ]
    assert checks["C04"]["findings"][0]["stored"] == {"chkabcdefx1p0z": 2}
    [large] = checks["C09"]["findings"]
    assert "body" not in large["requests"][0]
    assert large["requests"][0]["bytes"] == 60_580
    assert len(told["timeline"]) == 480


def test_a_stream_can_be_read_while_it_is_written() -> None:
    out = io.BytesIO()
    ticks = iter([10.0, 10.0, 10.5, 12.25])
    stream = Stream(out, now=lambda: next(ticks))
    stream.start(provider="esputnik", seed=7)
    stream.tell("finding", check="C03", says=HOSTILE, kind_of="x")
    assert out.getvalue().endswith(b"\n")
    stream.tell("phase", name="samples", password=SECRETS[0])
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(e["version"], e["number"], e["kind"], e["at"]) for e in told] == [
        (1, 1, "start", 0.0),
        (1, 2, "finding", 0.5),
        (1, 3, "phase", 2.25),
    ]
    assert told[1]["says"] == HOSTILE
    assert told[2]["password"] == "<redacted>"
    assert datetime.fromisoformat(told[0]["time"]).tzinfo == UTC


def test_a_stream_is_flushed_line_by_line() -> None:
    raw = io.BytesIO()
    buffered = io.BufferedWriter(raw, 1 << 20)
    Stream(buffered).tell("phase", name="samples")
    assert json.loads(raw.getvalue())["name"] == "samples"


def test_an_archive_of_exchanges_is_whole_after_each_of_them() -> None:
    out = io.BytesIO()
    clock = iter([datetime(2026, 8, 1, 12, 0, second, tzinfo=UTC) for second in (10, 20)])
    log = Log(out, veil_of(TARGET, VARIABLES), "esputnik", "2023-09", "activity", lambda: next(clock))
    assert json.loads(out.getvalue())["log"]["entries"] == []
    log.phase, log.check = "delivery", "C04"
    answer = Heard(200, ((istr("Content-Type"), "text/plain"),), f"token={SECRETS[1]}".encode(), 1.5)
    log.note(exchange(Shot(), answer, b'[{"iid":1}]', True))
    assert len(json.loads(out.getvalue())["log"]["entries"]) == 1
    log.note(exchange(Shot(), Heard(None, seconds=5, reason="no answer within 5 s"), b"\xff"))
    first, second = json.loads(out.getvalue())["log"]["entries"]
    assert first["startedDateTime"] == "2026-08-01T12:00:08.500+00:00"
    assert (first["time"], first["timings"]["wait"], first["_check"]) == (1500.0, 1500.0, "C04")
    assert first["request"]["postData"]["text"] == '[{"iid":1}]'
    assert (second["response"]["status"], second["_reason"]) == (0, "no answer within 5 s")
    assert not [secret for secret in SECRETS if secret.encode() in out.getvalue()]


def test_the_timeline_says_when_each_request_began_and_how_long_a_phase_took() -> None:
    ticks = iter([100.0, 101.0, 103.0, 104.0, 106.0])
    timeline = Timeline(veil_of(TARGET), lambda: next(ticks))
    timeline.begin("samples")
    timeline.check = "C07"
    timeline.note(exchange(Shot(), Heard(500, seconds=0.5), b"[]"))
    timeline.end("the time is up")
    [moment] = timeline.moments
    assert (moment.at, moment.phase, moment.status) == (2.5, "samples", 500)
    assert moment.what == "C07 POST 1 event, 2 bytes"
    [phase] = timeline.phases()
    assert (phase.requests, phase.seconds, phase.cut) == (1, 3.0, "the time is up")


# -- secrets


def test_no_report_holds_a_secret(run: Run) -> None:
    made = {
        "terminal": report(run).encode("utf-8", "backslashreplace"),
        "junit": junit(run),
        "json": json_.written(run),
        "page": html.page(run),
    }
    for name, document in made.items():
        assert b"C03" in document
        assert not [secret for secret in SECRETS if secret.encode() in document], name


def test_what_the_receiver_says_is_told_without_what_it_echoes_of_our_credentials() -> None:
    echo = Heard(500, (), f"login shop:{SECRETS[0]} refused, X-Shop was {SECRETS[2]}".encode(), 0.1)
    [sent] = found(heard=echo, says=f"it answers with {SECRETS[0]}").sent
    assert sent.answer == "login shop:<redacted> refused, X-Shop was <redacted>"
    assert found(says=f"it answers with {SECRETS[0]}").says == "it answers with <redacted>"


def test_our_own_words_are_no_secrets() -> None:
    told = teller().found(
        finding(
            says="a wrong password: the receiver answered 200; password: hunter2xx", title="a wrong password"
        )
    )
    assert told.says == "a wrong password: the receiver answered 200; password: <redacted>"


def test_what_was_learned_is_told_in_few_words(run: Run) -> None:
    told = report(replace(run, facts={"latency": 0.00070001, "refused kinds": [], "new kinds": ["A", "B"]}))
    assert "latency: 0.0007\n  refused kinds: none\n  new kinds: A, B\n" in told


def test_the_target_is_told_without_its_token() -> None:
    assert teller().address == "http://127.0.0.1:8000/hook?token=<redacted>"
