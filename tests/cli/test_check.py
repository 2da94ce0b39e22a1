"""`emulators check` and `emulators compare`, as people and CI run them: against receivers that are right and wrong."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulators.check.checks import ALL
from emulators.check.explained import EXPLAINED
from emulators.check.vocabulary import Heard, Verdict
from emulators.check.wire import Wire
from emulators.cli import main
from tests.check.receivers.clean import Clean
from tests.check.receivers.mutants import Mutant
from tests.check.receivers.receiving import Receiver, Settings
from tests.check.receivers.served import Answer, Head
from tests.cli.running import COMMAND, environment, run
from tests.support.receiver import free_port_url

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


def test_an_error_of_ours_costs_nothing_of_what_was_found_before_it(
    accepting: Mutant, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    send = Wire.send

    async def broken(wire: Wire, method: str, *rest: Any) -> Heard:
        if method == "GET":
            raise RuntimeError("a slip of ours")
        return await send(wire, method, *rest)

    monkeypatch.setattr(Wire, "send", broken)
    names = {"junit": "r.xml", "report": "r.json", "ndjson": "r.ndjson", "har": "r.har", "html": "r.html"}
    words = [word for kind, name in names.items() for word in (f"--{kind}", name)]
    assert main(["check", "esputnik", accepting.url, *FEW, *words]) == 4
    out, err = capsys.readouterr()
    assert "FAIL C07" in out
    assert "INCONCLUSIVE: an error of ours: RuntimeError: a slip of ours" in " ".join(out.split())
    assert "Traceback" in err
    report = json.loads((folder / "r.json").read_bytes())
    assert report["inconclusive"] == "an error of ours: RuntimeError: a slip of ours"
    verdicts = {check["id"]: (check["verdict"], check["reason"]) for check in report["checks"]}
    assert verdicts["C07"] == ("FAIL", "")
    assert verdicts["C10"] == ("NOT CHECKED", report["inconclusive"])
    assert "</html>" in (folder / "r.html").read_text("utf-8")
    assert ET.parse(folder / "r.xml").getroot().get("failures") == "1"
    assert json.loads((folder / "r.har").read_bytes())["log"]["entries"]
    assert json.loads((folder / "r.ndjson").read_bytes().splitlines()[-1])["kind"] == "end"
    assert list((folder / "check-cases").glob("case-*.json"))


@pytest.mark.thorough
def test_chance_leaves_no_folder_of_its_library(clean: Clean, folder: Path) -> None:
    done = run("check", "esputnik", clean.url, "--only", "F01", "--report", "r.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((folder / "r.json").read_bytes())["requests"] > 100
    assert [path.name for path in folder.iterdir()] == ["r.json"]


def test_what_cannot_be_used_is_said_once_and_stands_in_every_report(clean: Clean, folder: Path) -> None:
    (folder / "mine.py").write_text("raise RuntimeError('no database')\n")
    names = {"junit": "r.xml", "report": "r.json", "ndjson": "r.ndjson", "har": "r.har", "html": "r.html"}
    words = [word for kind, name in names.items() for word in (f"--{kind}", name)]
    for url, oracle in (("http://127.0.0.1:1/hook", ()), (clean.url, ("--oracle-py", "mine:stored"))):
        done = run("check", "esputnik", url, *FEW, *words, *oracle)
        assert (done.returncode, done.stdout) == (3, "")
        [line] = done.stderr.splitlines()
        reason = line.removeprefix("emulators: ")
        report = json.loads((folder / "r.json").read_bytes())
        assert report["inconclusive"] == reason
        assert {c["id"]: (c["verdict"], c["reason"]) for c in report["checks"]} == {
            check: ("NOT CHECKED", reason) for check in ("P01", "C07", "C10")
        }
        suite = ET.parse(folder / "r.xml").getroot()
        assert (len(suite.findall(".//testcase")), suite.get("errors")) == (3, "1")
        assert [error.get("message") for error in suite.iter("error")] == [reason]
        assert json.loads((folder / "r.har").read_bytes())["log"]["version"] == "1.2"
        end = json.loads((folder / "r.ndjson").read_bytes().splitlines()[-1])
        assert (end["kind"], end["inconclusive"]) == ("end", reason)
        assert "</html>" in (folder / "r.html").read_text("utf-8")


def test_a_budget_that_is_spent_is_the_reason_of_every_check_that_was_left(
    clean: Clean, folder: Path
) -> None:
    done = run("check", "esputnik", clean.url, "--no-fuzz", "--requests", "12", "--report", "r.json")
    assert done.returncode == 5, done.stderr
    checks = json.loads((folder / "r.json").read_bytes())["checks"]
    assert {check["id"] for check in checks} == {check.id for check in ALL} - {"F01", "M01"}
    assert checks[-1]["reason"] == "the budget of 12 requests is spent"


def test_credentials_come_out_of_the_environment_and_reach_no_report(folder: Path) -> None:
    with Clean(vendor="esputnik", basic=("ann", "s3cret-pass")) as receiver:
        words = ("--basic", "env:HOOK", "--report", "r.json", "--har", "r.har", "--html", "r.html", "--ndjson", "r.nd")  # fmt: skip
        done = run("check", "esputnik", receiver.url, "--no-fuzz", "--only", "C07,C27", *words, HOOK="ann:s3cret-pass")  # fmt: skip
    assert done.returncode == 0, done.stdout
    for text in (done.stdout, done.stderr, *(path.read_text("utf-8") for path in folder.glob("r.*"))):
        assert "s3cret-pass" not in text
        assert receiver.authorization.split()[1] not in text


# -- the commands of a finding, to be pasted


class Doubled(Clean):
    """Stores each event once and says it has it twice."""

    def make(self) -> Receiver:
        class Doubles(Receiver):
            def oracle(self, head: Head) -> Answer:
                answer = super().oracle(head)
                records = json.loads(answer.body)["records"]
                return replace(answer, body=json.dumps([*records, *records]).encode())

        settings: Settings = self._settings
        return Doubles(settings)


def pasted(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """What comes of a line in a shell where the command is at hand."""
    command = " ".join(map(shlex.quote, COMMAND))
    return subprocess.run(
        ["bash", "-uc", f'emulators() {{ {command} "$@"; }}\n{line}'],
        env=environment(**environ),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_line_of_a_finding_names_the_oracle_and_the_credentials_it_was_found_with(folder: Path) -> None:
    (folder / "ours.toml").write_text("[check]\ntimeout = 9\n")
    with Doubled(vendor="esputnik", basic=("ann", "s3cret-pass")) as receiver:
        options = (
            "--basic",
            "env:HOOK",
            "--header",
            "X-Token=env:TOKEN",
            "--header",
            "X-Shop=O'Neil & Söhne",
        )
        oracle = ("--oracle-url", f"{receiver.oracle_url}?since={{since}}&x=1", "--oracle-key", "/email")
        words = (*options, *oracle, "--config", "ours.toml", "--only", "C04", "--report", "r.json")
        secrets = {"HOOK": "ann:s3cret-pass", "TOKEN": "t0ken-of-the-shop"}
        done = run("check", "esputnik", receiver.url, *words, **secrets)
        assert done.returncode == 1, done.stdout + done.stderr
        [found, *_] = [
            f for c in json.loads((folder / "r.json").read_bytes())["checks"] for f in c["findings"]
        ]
        line = found["replay"]
        assert not [secret for secret in ("s3cret", "t0ken") if secret in line]
        again = pasted(line, **secrets)
    assert (again.returncode, again.stdout.split()[0]) == (1, "FAILED"), line + again.stderr


def test_a_finding_without_a_single_case_is_shown_by_its_check_alone_and_leaves_no_file(folder: Path) -> None:
    with Mutant("C09", vendor="esputnik") as receiver:
        words = ("--oracle-url", receiver.oracle_url, "--only", "C09", "--seed", "7", "--report", "r.json")
        done = run("check", "esputnik", f"{receiver.url}?token=t0ken-of-the-shop", *words)
        assert done.returncode == 1, done.stdout + done.stderr
        [check] = [c for c in json.loads((folder / "r.json").read_bytes())["checks"] if c["id"] == "C09"]
        [finding] = check["findings"]
        line = finding["replay"]
        assert not finding["case"]
        assert not list(folder.rglob("case-*"))
        assert line.startswith('emulators check esputnik "$TARGET" --only C09 --seed 7 --oracle-url')
        again = pasted(line, TARGET=f"{receiver.url}?token=t0ken-of-the-shop")
    assert again.returncode == 1, line + again.stderr
    assert "FAIL C09" in again.stdout
    assert not list(folder.rglob("case-*"))


@pytest.mark.thorough
def test_a_case_is_played_against_the_url_that_is_named_in_any_way(
    accepting: Mutant, clean: Clean, folder: Path
) -> None:
    assert run("check", "esputnik", "--url", accepting.url, *FEW).returncode == 1
    [case] = map(str, (folder / "check-cases").glob("case-*.json"))
    ways = [("esputnik", clean.url), (clean.url,), ("--url", clean.url), (clean.url, "--url", clean.url)]
    for words in ways:
        fixed = run("check", "--replay", case, *words)
        assert (fixed.returncode, fixed.stdout.split()[0]) == (0, "FIXED"), words
    assert run("check", "--replay", case, "esputnik").stdout.split()[0] == "FAILED"
    said = refused("--replay", case, clean.url, "--url", accepting.url)
    assert f"url: expected one, got {clean.url} and {accepting.url}" in said
    assert f"{case} is a case of esputnik@" in refused("--replay", case, "sendpulse", clean.url)


def test_a_case_played_where_nobody_listens_is_an_error(accepting: Mutant, folder: Path) -> None:
    assert run("check", "esputnik", accepting.url, *FEW).returncode == 1
    [case] = map(str, (folder / "check-cases").glob("case-*.json"))
    done = run("check", "--replay", case, free_port_url())
    assert (done.returncode, done.stdout.split()[0]) == (3, "ERROR")
    assert "no answer: connection refused" in done.stderr


# -- words that do not fit


def test_a_vendor_who_sends_no_webhooks_is_refused(clean: Clean) -> None:
    assert "Hellotext sends no webhooks" in refused("hellotext", clean.url)


def test_a_check_that_does_not_exist_is_refused_and_the_report_of_before_stays(folder: Path) -> None:
    (folder / "r.json").write_text("of yesterday")
    said = refused("esputnik", "http://127.0.0.1:1/hook", "--only", "C077", "--report", "r.json")
    assert "unknown check 'C077'; did you mean 'C07'?" in said
    assert (folder / "r.json").read_text() == "of yesterday"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--only", "C01", "--skip", "C01"), "skip: expected that a check is left besides P01, got only C01"),
        (("--only", "F01", "--no-fuzz"), "only: expected a check that is not left out, got F01"),
        (("--seconds", "-1"), "seconds: expected seconds, more than 0, got -1.0"),
        (("--requests", "0"), "requests: expected a whole number, at least 1, got 0"),
        (("--idle", "-1"), "idle: expected seconds, 0 or more, got -1.0"),
        (("--timeout", "0"), "timeout: expected seconds, more than 0, got 0.0"),
    ],
)
def test_a_choice_or_a_number_that_makes_no_sense_is_refused(words: tuple[str, ...], says: str) -> None:
    assert says in refused("esputnik", "http://127.0.0.1:1/hook", *words)


def test_an_id_may_be_written_short(clean: Clean) -> None:
    done = run("check", "esputnik", clean.url, "--no-fuzz", "--only", "c7")
    assert "C07 the vendor's own success status" in done.stdout
    assert run("check", "--explain", "f1").stdout.startswith("F01  fuzz\n")


def test_a_table_of_a_file_that_does_not_exist_is_refused_with_the_nearest(folder: Path) -> None:
    (folder / "emulators.toml").write_text("[chek]\nseed = 1\n")
    assert "unknown table of emulators.toml 'chek'; did you mean 'check'?" in refused("esputnik", "http://127.0.0.1:1/hook")  # fmt: skip


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


@pytest.mark.parametrize("words", [("--list",), ("--help",), ("esputnik", "--explain", "C30"), ("--explain", "C02")])  # fmt: skip
def test_what_is_told_fits_eighty_columns(words: tuple[str, ...]) -> None:
    lines = run("check", *words, COLUMNS="80").stdout.splitlines()
    assert len(lines) > 5
    assert [line for line in lines if len(line) > 80] == []


def test_list_names_every_check_the_worst_that_it_finds_and_what_it_needs() -> None:
    done = run("check", "--list")
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["id", "phase", "up", "to", "severity", "looks", "for", "needs"]
    rows = {line.split()[0]: line.split() for line in lines[: lines.index("")]}
    assert {"P01", "S01", *(f"C{number:02}" for number in range(1, 36)), "F01", "M01", "L01"} == set(rows)
    assert rows["C06"][-1] == "oracle"
    assert rows["C30"][-2:] == ["(oracle),", "restart"]
    # By itself a risk; with an oracle it is proved.
    assert rows["C02"][1:4] == ["delivery", "FAIL", "critical"]
    assert "NOT CHECKED" in done.stdout


def test_telling_of_checks_loads_neither_a_client_nor_hypothesis() -> None:
    told = "import sys, emulators.commands.check_telling as t; t.listing(); t.explanation('C07', 'esputnik')"
    code = f"{told}; print([name for name in ('aiohttp', 'hypothesis', 'emulators.engine.emulator') if name in sys.modules])"
    done = subprocess.run(
        [*COMMAND[:2], "-c", code], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_explain_says_what_is_sent_what_counts_and_how_to_do_it_alone() -> None:
    done = run("check", "--explain", "c03")
    assert done.returncode == 0
    assert done.stdout.startswith("C03  poison event\n")
    told = " ".join(done.stdout.split())
    assert "sent: a batch with one unusual but legal event" in told
    assert "FAIL: the same request fails each time" in told
    assert "up to: FAIL critical" in told
    assert "emulators check esputnik http://127.0.0.1:3000/hook --only C03" in told


def test_explain_of_a_vendor_names_the_fact_it_rests_on_with_basis_and_source() -> None:
    told = " ".join(run("check", "esputnik", "--explain", "C07").stdout.split())
    assert 'rests on: answers = {"200": "acknowledge", "*": "retry"} (documented, eSputnik docs,' in told
    other = " ".join(run("check", "sendpulse", "--feed", "smtp", "--explain", "C01").stdout.split())
    assert "rests on: batch_size = " in other
    assert "SendPulse" in other


def test_every_check_is_explained_and_none_finds_less_than_it_says() -> None:
    assert set(EXPLAINED) == {check.id for check in ALL}
    for check in ALL:
        about = EXPLAINED[check.id]
        verdict, severity = about.worst or (check.grade, check.severity)
        assert about.sent
        assert about.fails or verdict is Verdict.RISK, check.id
        assert severity >= check.severity
        assert verdict in (check.grade, Verdict.FAIL)


def test_explain_of_what_does_not_exist_offers_the_nearest() -> None:
    assert "unknown check 'C077'; did you mean 'C07'?" in refused("--explain", "C077")
    assert "did you mean 'esputnik'" in refused("esputnk", "--explain", "C07")


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
    # What is put up with is not green.
    assert {check["id"]: check["verdict"] for check in checks}["C10"] == ("FAIL" if code else "ACCEPTED")
    assert ("accept C10: expired on 2020-01-31, what it covered counts again" in done.stdout) == (code == 1)


def test_an_acceptance_that_covers_nothing_is_told(clean: Clean, folder: Path) -> None:
    (folder / "emulators.toml").write_text(
        f"""[check]
provider = "esputnik"
url = "{clean.url}"
only = ["C07", "C10"]

[[check.accept]]
check = "C10"
reason = "until the new proxy"

[[check.accept]]
check = "C19"
reason = "not chosen here, so nobody knows"
"""
    )
    done = run("check", "--report", "r.json")
    assert done.returncode == 0
    facts = json.loads((folder / "r.json").read_bytes())["facts"]
    assert facts["accepted deviations"] == ["accept C10: nothing to accept any more"]
    assert "accept C10: nothing to accept any more" in done.stdout


# -- interrupted


class Stalling(Clean):
    """Answers up to its `most`-th request, that one never: whoever waits for `reached` finds the sender in the middle.
    `status` in place of 200."""

    def __init__(self, most: int, status: int = 200) -> None:
        super().__init__(vendor="esputnik")
        self.reached = threading.Event()
        self.count, self.most, self.status = 0, most, status

    def make(self) -> Receiver:
        outer = self

        class Stalls(Receiver):
            async def answer(self, head: Head, body: bytes) -> Answer:
                outer.count += 1
                if outer.count >= outer.most:
                    outer.reached.set()
                    await asyncio.Event().wait()
                answer = await super().answer(head, body)
                return replace(answer, status=outer.status) if answer.status == 200 else answer

        settings: Settings = self._settings
        return Stalls(settings)


def interrupted(receiver: Stalling, *words: str) -> tuple[str, str]:
    """What a check says that gets a SIGINT at the request that is never answered."""
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
    return out, err


def test_ctrl_c_in_the_middle_tells_what_is_known_and_exits_130(folder: Path) -> None:
    names = {"junit": "r.xml", "report": "r.json", "ndjson": "r.ndjson", "har": "r.har", "html": "r.html"}
    words = [word for kind, name in names.items() for word in (f"--{kind}", name)]
    with Stalling(30) as receiver:
        out, _ = interrupted(receiver, *words)
    assert "INTERRUPTED" in out
    report: dict[str, Any] = json.loads((folder / "r.json").read_bytes())
    assert report["interrupted"] is True
    assert report["requests"] >= 29
    assert [check["verdict"] for check in report["checks"]][:2] == ["PASS", "PASS"]
    # None is left out because it never came to its turn.
    assert {check["id"] for check in report["checks"]} == {check.id for check in ALL} - {"F01", "M01"}
    reasons = {
        check["id"]: check["reason"] for check in report["checks"] if check["verdict"] == "NOT CHECKED"
    }
    assert (reasons["C35"], reasons["L01"]) == ("interrupted", "interrupted")
    assert len(ET.parse(folder / "r.xml").findall(".//testcase")) == len(report["checks"])
    assert json.loads((folder / "r.har").read_bytes())["log"]["entries"]
    assert json.loads((folder / "r.ndjson").read_bytes().splitlines()[-1])["kind"] == "end"
    assert "</html>" in (folder / "r.html").read_text("utf-8")


def test_ctrl_c_leaves_the_cases_of_what_was_found_by_then(folder: Path) -> None:
    with Stalling(60, status=202) as receiver:
        out, _ = interrupted(receiver)
    assert "FAIL C07" in out
    [case] = (folder / "check-cases").glob("case-*.json")
    with Mutant("C07", vendor="esputnik") as accepting:
        assert run("check", "--replay", str(case), accepting.url).stdout.startswith("FAILED")


def test_ctrl_c_while_a_finding_gets_small_tells_it_as_it_is(folder: Path) -> None:
    # The preflight sends five, C07 stops at the fourth of its own; what comes then makes it small.
    with Stalling(11, status=202) as receiver:
        out, _ = interrupted(receiver, "--only", "C07")
    assert "FAIL C07" in out
    assert list((folder / "check-cases").glob("case-*.json"))


def test_on_a_terminal_it_is_seen_to_go_on_while_an_answer_is_waited_for(folder: Path) -> None:
    master, slave = os.openpty()
    with Stalling(8) as receiver:
        words = ["check", "esputnik", receiver.url, "--no-fuzz", "--timeout", "30"]
        process = subprocess.Popen([*COMMAND, *words], env=environment(), stdout=slave, stderr=slave)
        os.close(slave)
        shown = b""
        try:
            # Nothing is answered any more; two different times are two signs of life.
            while len(set(re.findall(rb"requests +(\d+) s", shown))) < 2:
                shown += os.read(master, 4096)
        finally:
            process.kill()
            process.wait()
            os.close(master)
    assert b"handshake" in shown
