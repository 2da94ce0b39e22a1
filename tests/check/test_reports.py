"""Reports of a check: what CI and programs read, and that no secret is in any of them."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from multidict import istr

from emulators.check.catalogue import Check
from emulators.check.reports import html, json_
from emulators.check.reports.filling import veil_of
from emulators.check.reports.har import Log
from emulators.check.reports.junit import junit
from emulators.check.reports.model import Run
from emulators.check.reports.ndjson import Stream
from emulators.check.reports.terminal import report
from emulators.check.running import Result as Ran
from emulators.check.vocabulary import Heard, Severity, Shot, Verdict
from tests.check.reported import (
    HOSTILE,
    SECRETS,
    TARGET,
    VARIABLES,
    exchange,
    finding,
    found,
    teller,
    whole_run,
)
from tests.scenarios.test_reports import SHAPE

CHECK = Check("S01", "everything as documented", "samples", Severity.HIGH, Verdict.FAIL, "It goes wrong.")


@pytest.fixture(scope="module")
def run() -> Run:
    return whole_run()


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
        "9",
    )
    assert cases["C26"].find("skipped").get("message") == "accepted until 2027-01-01: legacy proxy"
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
    assert "accepted until 2027-01-01: legacy proxy" in told["C26"]


# -- for programs


def test_the_json_report_holds_all_of_it(run: Run) -> None:
    told = json.loads(json_.written(run))
    assert (told["version"], told["ok"], told["provider"], told["seed"]) == (1, False, "esputnik", 7)
    assert told["counts"] == {"PASS": 20, "ACCEPTED": 1, "FAIL": 4, "RISK": 2, "NOT CHECKED": 8}
    checks = {check["id"]: check for check in told["checks"]}
    assert len(checks) == 35
    [accepted] = checks["C26"]["findings"]
    assert (accepted["accepted"], accepted["accepted_until"]) == ("legacy proxy", "2027-01-01")
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


def test_a_check_that_was_stopped_or_found_too_much_does_not_tell_of_all() -> None:
    def complete(**given: object) -> bool:
        return teller().result(Ran(CHECK, Verdict.FAIL, **given)).complete  # type: ignore[arg-type]

    assert complete(findings=[finding()] * 2, seconds=0.5)
    assert not complete(findings=[finding()] * 3, seconds=0.5)
    assert not complete(findings=[finding()], seconds=0.5, reason="the time is up")
    assert not complete(findings=[finding()])


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


def test_the_target_is_told_without_its_token() -> None:
    assert teller().address == "http://127.0.0.1:8000/hook?token=<redacted>"
