"""`emulators check` and `emulators compare`, as people and CI run them: against receivers that are right and wrong."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.check.receivers.clean import Clean
from tests.check.receivers.mutants import Mutant
from tests.check.receivers.receiving import Receiver, Settings
from tests.check.receivers.served import Answer, Head
from tests.cli.running import COMMAND, environment, run

FEW = ("--no-fuzz", "--only", "C07,C10")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, and the command runs in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clean() -> Iterator[Clean]:
    with Clean(vendor="esputnik") as receiver:
        yield receiver


@pytest.fixture
def accepting() -> Iterator[Mutant]:
    """Acknowledges with 202, where eSputnik takes 200 alone: C07, critical."""
    with Mutant("C07", vendor="esputnik") as receiver:
        yield receiver


@pytest.fixture
def post_only() -> Iterator[Mutant]:
    """Does not know GET: C10, high."""
    with Mutant("C10", vendor="esputnik") as receiver:
        yield receiver


def refused(*words: str, **environ: str) -> str:
    """What a usage error says; it never is a traceback."""
    done = run("check", *words, **environ)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


# -- a run and its exit code


def test_nothing_found_is_exit_0_and_leaves_no_case(clean: Clean, folder: Path) -> None:
    done = run("check", "esputnik", clean.url, *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing found by 3 checks, 3 passed" in done.stdout
    assert list(folder.iterdir()) == []


def test_reports_cases_replay_and_compare_fit_together(accepting: Mutant, clean: Clean, folder: Path) -> None:
    names = {"junit": "r.xml", "report": "bad.json", "ndjson": "r.ndjson", "har": "r.har", "html": "r.html"}
    options = [word for kind, name in names.items() for word in (f"--{kind}", name)]
    done = run("check", "esputnik", accepting.url, *FEW, "--cases", "found/cases", *options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL C07" in done.stdout

    suite = ET.parse(folder / "r.xml").getroot()
    assert [e.get("name") for e in suite.iter("testcase") if e.find("failure") is not None] == ["C07 the vendor's own success status"]  # fmt: skip
    report = json.loads((folder / "bad.json").read_bytes())
    assert {check["id"]: check["verdict"] for check in report["checks"]} == {"P01": "PASS", "C07": "FAIL", "C10": "PASS"}  # fmt: skip
    lines = [json.loads(line) for line in (folder / "r.ndjson").read_bytes().splitlines()]
    assert [line["kind"] for line in lines if line["kind"] in ("start", "finding", "end")] == ["start", "finding", "end"]  # fmt: skip
    entries = json.loads((folder / "r.har").read_bytes())["log"]["entries"]
    assert len(entries) == report["requests"] > 0
    assert (folder / "r.html").read_text("utf-8").lstrip().lower().startswith("<!doctype html>")

    [case] = (folder / "found/cases").glob("case-*.json")
    assert case.name in done.stdout
    assert list((folder / "found/cases").glob("case-*.body"))
    again = run("check", "--replay", str(case))
    assert (again.returncode, again.stdout.split()[0]) == (1, "FAILED"), again.stderr
    fixed = run("check", "--replay", str(case), clean.url)
    assert (fixed.returncode, fixed.stdout.split()[0]) == (0, "FIXED"), fixed.stderr

    assert run("check", "esputnik", clean.url, *FEW, "--report", "good.json").returncode == 0
    better = run("compare", "bad.json", "good.json")
    assert (better.returncode, "not worse than before: 0 new, 1 gone" in better.stdout) == (0, True)
    worse = run("compare", "good.json", "bad.json")
    assert (worse.returncode, "worse than before: 1 new, 0 gone" in worse.stdout) == (1, True)


def test_a_finding_less_grave_than_fail_on_is_told_and_does_not_fail(post_only: Mutant) -> None:
    done = run("check", "esputnik", post_only.url, *FEW, "--fail-on", "critical", "--json")
    assert done.returncode == 0, done.stderr
    assert "FAIL C10" in done.stderr
    # The report is alone on standard output.
    report = json.loads(done.stdout)
    assert (report["ok"], report["counts"]["FAIL"]) == (True, 1)


def test_nobody_listening_is_exit_3_and_says_where() -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hook"
        done = run("check", "esputnik", url, *FEW)
    assert done.returncode == 3
    assert f"{url} cannot be checked" in done.stderr
    assert "Traceback" not in done.stderr


def test_credentials_come_out_of_the_environment_and_reach_no_report(folder: Path) -> None:
    with Clean(vendor="esputnik", basic=("ann", "s3cret-pass")) as receiver:
        words = ("--basic", "env:HOOK", "--report", "r.json", "--har", "r.har", "--html", "r.html", "--ndjson", "r.nd")  # fmt: skip
        done = run("check", "esputnik", receiver.url, "--no-fuzz", "--only", "C07,C27", *words, HOOK="ann:s3cret-pass")  # fmt: skip
    assert done.returncode == 0, done.stdout
    for text in (done.stdout, done.stderr, *(path.read_text("utf-8") for path in folder.glob("r.*"))):
        assert "s3cret-pass" not in text
        assert receiver.authorization.split()[1] not in text


# -- words that do not fit


def test_a_vendor_who_sends_no_webhooks_is_refused(clean: Clean) -> None:
    assert "Hellotext sends no webhooks" in refused("hellotext", clean.url)


def test_a_check_that_does_not_exist_is_refused_and_the_report_of_before_stays(folder: Path) -> None:
    (folder / "r.json").write_text("of yesterday")
    said = refused("esputnik", "http://127.0.0.1:1/hook", "--only", "C077", "--report", "r.json")
    assert "unknown check 'C077'; did you mean 'C07'?" in said
    assert (folder / "r.json").read_text() == "of yesterday"


def test_a_setting_of_a_file_that_does_not_exist_is_refused_with_the_nearest(folder: Path) -> None:
    (folder / "ours.toml").write_text('[check]\noracle-ulr = "http://127.0.0.1:1/"\n')
    said = refused("esputnik", "http://127.0.0.1:1/hook", "--config", "ours.toml")
    assert "'oracle-ulr'; did you mean 'oracle_url'?" in said


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    said = refused("esputnik", "http://127.0.0.1:1/hook", "--basic", "ann:s3cret")
    assert "basic: a credential is given by reference: env:NAME" in said
    assert "s3cret" not in said


def test_a_report_that_cannot_be_written_is_said_before_anything_is_sent() -> None:
    said = refused("esputnik", "http://127.0.0.1:1/hook", *FEW, "--junit", "nowhere/r.xml")
    assert "--junit: nowhere/r.xml cannot be written: No such file or directory" in said


# -- telling of checks


def test_list_names_every_check_and_what_it_needs() -> None:
    done = run("check", "--list")
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert {"P01", "S01", *(f"C{number:02}" for number in range(1, 36)), "F01", "M01", "L01"} == set(rows)
    assert rows["C06"].endswith("[needs oracle]")
    assert rows["C30"].endswith("[needs restart]")


def test_explain_says_what_a_check_looks_for() -> None:
    done = run("check", "--explain", "c03")
    assert done.returncode == 0
    assert done.stdout.startswith("C03  poison event\n")
    assert "finds: FAIL, critical; phase: delivery" in done.stdout


# -- accepted deviations


@pytest.mark.parametrize(("until", "code"), [("2999-01-31", 0), ("2020-01-31", 1)])
def test_an_accepted_deviation_does_not_count_until_its_day(
    post_only: Mutant, folder: Path, until: str, code: int
) -> None:
    (folder / "emulators.toml").write_text(
        f"""[check]
provider = "esputnik"
url = "{post_only.url}"
only = ["C07", "C10"]
fuzz = false

[[check.accept]]
check = "C10"
reason = "verified by hand, SHOP-12"
until = {until}
"""
    )
    done = run("check", "--report", "r.json")
    assert done.returncode == code, done.stdout + done.stderr
    checks = json.loads((folder / "r.json").read_bytes())["checks"]
    [found] = [finding for check in checks for finding in check["findings"]]
    assert found["check"] == "C10"
    assert found["accepted"] == ("" if code else "verified by hand, SHOP-12")
    assert ("verified by hand, SHOP-12" in done.stdout) == (code == 0)


# -- interrupted


class Stalling(Clean):
    """Answers up to its `most`-th request, that one never: whoever waits for `reached` finds the sender in the middle."""

    def __init__(self, most: int) -> None:
        super().__init__(vendor="esputnik")
        self.reached = threading.Event()
        self.count, self.most = 0, most

    def make(self) -> Receiver:
        outer = self

        class Stalls(Receiver):
            async def answer(self, head: Head, body: bytes) -> Answer:
                outer.count += 1
                if outer.count >= outer.most:
                    outer.reached.set()
                    await asyncio.Event().wait()
                return await super().answer(head, body)

        settings: Settings = self._settings
        return Stalls(settings)


def test_ctrl_c_in_the_middle_tells_what_is_known_and_exits_130(folder: Path) -> None:
    names = {"junit": "r.xml", "report": "r.json", "ndjson": "r.ndjson", "har": "r.har", "html": "r.html"}
    words = [word for kind, name in names.items() for word in (f"--{kind}", name)]
    with Stalling(30) as receiver:
        process = subprocess.Popen(
            [*COMMAND, "check", "esputnik", receiver.url, "--no-fuzz", *words],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        with process:
            try:
                assert receiver.reached.wait(30), process.communicate(timeout=30)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=30)
            finally:
                process.kill()
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert "INTERRUPTED" in out
    report: dict[str, Any] = json.loads((folder / "r.json").read_bytes())
    assert report["interrupted"] is True
    assert report["requests"] >= 29
    assert [check["verdict"] for check in report["checks"]][:2] == ["PASS", "PASS"]
    assert all(check["reason"] for check in report["checks"] if check["verdict"] == "NOT CHECKED")
    ET.parse(folder / "r.xml")
    assert json.loads((folder / "r.har").read_bytes())["log"]["entries"]
    assert json.loads((folder / "r.ndjson").read_bytes().splitlines()[-1])["kind"] == "end"
    assert "</html>" in (folder / "r.html").read_text("utf-8")
