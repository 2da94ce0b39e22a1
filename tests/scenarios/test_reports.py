"""Reports of scenarios: what CI reads, what programs read, what people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from emulators.scenarios import telling
from emulators.scenarios.junit import junit
from emulators.scenarios.results import Report
from tests.scenarios.staged import played
from tests.support.receiver import Receiver

SECRET = "canary-secret-4711"
URL_SECRET = "kanarie0815deadbeef"

# What the schema of Jenkins (junit-10.xsd) allows: attributes, and children in their order.
SHAPE = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "file"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": (
        {"name", "classname", "time", "assertions", "status"},
        ["skipped", "error", "failure", "system-out"],
    ),
    "skipped": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "error": ({"message", "type"}, []),
    "system-out": (set(), []),
}


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """Three scenarios: one holds, one fails and stops, one cannot be verified. Two references are secrets."""
    with Receiver() as app, Receiver(get=500) as shut:
        text = f"""
        seed = 5
        [[scenario]]
        title = "holds <&>"
        [[scenario.step]]
        subscribe = "esputnik"
        url = {{ env = "APP_URL" }}
        auth = {{ login = "me", password = {{ env = "WORD" }} }}
        headers = {{ X-Token = {{ env = "WORD" }} }}
        [[scenario.step]]
        title = "a read mail"
        emit = "esputnik.READ"
        [[scenario.step]]
        send = "esputnik"
        text = "\\u001b[31m\\u0000\\uffff {SECRET}"
        [[scenario.step]]
        drain = "1h"
        [[scenario]]
        title = "stops"
        [[scenario.step]]
        expect = "sendpulse.called"
        route = "send-email"
        fields = {{ "/email/subject" = "\\u001b[31m{SECRET}" }}
        [[scenario.step]]
        emit = "sendpulse.opened"
        [[scenario.step]]
        advance = "1m"
        [[scenario]]
        [[scenario.step]]
        title = "the shop is closed"
        subscribe = "esputnik"
        url = "{shut.url}"
        """
        yield played(text, APP_URL=f"{app.url}/{URL_SECRET}?key={URL_SECRET}", WORD=SECRET)


def check_shape(element: Element) -> None:
    attributes, order = SHAPE[element.tag]
    assert set(element.attrib) <= attributes, element.tag
    places = [order.index(child.tag) for child in element]
    assert places == sorted(places), element.tag
    for child in element:
        check_shape(child)


def test_junit_has_the_shape_that_ci_reads(report: Report) -> None:
    root = ElementTree.fromstring(junit(report))
    check_shape(root)
    assert {key: root.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "8",
        "failures": "2",
        "errors": "1",
    }
    holds, stops, shut = root
    assert [suite.get("name") for suite in root] == ["holds <&>", "stops", "story.toml, 3"]
    assert [suite.get("tests") for suite in root] == ["4", "3", "1"]
    assert holds.get("timestamp") == "2026-03-04T05:06:07"
    assert {p.get("name"): p.get("value") for p in holds.iter("property")} == {
        "seed": "5",
        "start": "2026-01-01T00:00:00+00:00",
        "esputnik": "2023-09",
    }
    assert [case.get("name") for case in holds.iter("testcase")][1:2] == ["02 a read mail"]
    assert [len(list(case)) for case in holds.iter("testcase")] == [0, 0, 0, 0]
    assert [[child.tag for child in case] for case in stops.iter("testcase")] == [
        ["failure"],
        ["failure"],
        ["skipped"],
    ]
    [error] = shut.iter("error")
    assert error.get("type") == "refused"
    assert "eSputnik verifies a URL with GET" in (error.get("message") or "")


def test_junit_tells_the_story(report: Report) -> None:
    root = ElementTree.fromstring(junit(report))
    output = root.findtext("testsuite/system-out") or ""
    assert output == report.outcomes[0].timeline
    assert "happened: READ" in output


def test_characters_that_no_report_may_have_are_replaced() -> None:
    text = """
    [[step]]
    fault = "sendpulse.Answer"
    status = 503
    body = "\\u001b[31m\\u0000\\uffff"
    [[step]]
    call = "sendpulse.GET /smtp/emails"
    """
    report = played(text)
    assert "\x1b[31m\x00\uffff" in report.outcomes[0].results[1].message
    data = junit(report)
    failure = ElementTree.fromstring(data).findtext("testsuite/testcase/failure") or ""
    assert failure.endswith("got 503: \ufffd[31m\ufffd\ufffd")
    for shown in everything(report)[:2]:
        assert not re.search("[\x00-\x08\x0b-\x1f]", shown)


def test_json_says_all_that_is_known(report: Report) -> None:
    told = json.loads(json.dumps(telling.told(report)))
    assert (told["ok"], told["interrupted"]) == (False, False)
    holds, stops, shut = told["scenarios"]
    assert [scenario["ok"] for scenario in told["scenarios"]] == [True, False, False]
    assert [step["ending"] for step in stops["steps"]] == ["failed", "failed", "skipped"]
    assert [step["ending"] for step in shut["steps"]] == ["refused"]
    assert holds["emulators"]["esputnik"]["revision"] == "2023-09"
    assert holds["steps"][1] | {"seconds": 0} == {
        "number": 2,
        "verb": "emit",
        "step": "emit esputnik.READ",
        "title": "a read mail",
        "elapsed": "+00:00:00",
        "at": "2026-01-01T00:00:00+00:00",
        "ending": "held",
        "message": "",
        "seconds": 0,
    }
    assert holds["timeline"][0].startswith("+00:00:00  starts as esputnik@2023-09, seed 5")


def everything(report: Report) -> list[str]:
    lines = [telling.line(result) for outcome in report.outcomes for result in outcome.results]
    lines += [telling.opening(outcome) + telling.closing(outcome) for outcome in report.outcomes]
    lines += [telling.summary(report), *telling.places(report)]
    return ["\n".join(lines), json.dumps(telling.told(report)), junit(report).decode()]


def test_no_secret_is_in_any_report(report: Report) -> None:
    import base64

    basic = base64.b64encode(f"me:{SECRET}".encode()).decode()
    for text in everything(report):
        assert SECRET not in text
        assert URL_SECRET not in text
        assert basic not in text
        assert "$WORD" in text and "$APP_URL" in text


def test_people_see_a_line_a_step_and_why_it_did_not_hold(report: Report) -> None:
    stops = report.outcomes[1]
    assert telling.line(report.outcomes[0].results[1]) == "  ok  +00:00:00   2  a read mail"
    assert telling.line(stops.results[1]).splitlines() == [
        "  NO  +00:00:00   2  emit sendpulse.opened",
        "      no active subscription of sendpulse wants smtp.opened; subscribe first: sendpulse.subscribe(url)",
    ]
    assert telling.closing(stops).splitlines()[:3] == [
        "  --  +00:00:00   3  advance 1m",
        "      (step 2 failed)",
        "  timeline",
    ]
    shut = telling.line(report.outcomes[2].results[0]).splitlines()
    assert shut[0].endswith("the shop is closed")
    assert shut[1].startswith("      subscribe esputnik url=")
    assert shut[2].startswith("      cannot be used: eSputnik verifies")
    assert telling.summary(report) == "1 of 3 scenarios held: 4 steps held, 3 did not, 1 not tried."
