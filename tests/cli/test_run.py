"""`emulators run` plays scenario files and says by its exit code what came of them."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.running import COMMAND, environment, run
from tests.support.receiver import Receiver, free_port_url

CANARY = "canary-secret-4711"

OUTAGE = """
title = "An outage loses nothing"
seed = 3

[emulators.esputnik]
revision = "2023-09"
options = { "activity.batch_window" = 60 }

[[step]]
subscribe = "esputnik"
url = { env = "APP_URL" }

[[step]]
emit = "esputnik.UNDELIVERED"
fields = { email = "ann@example.com", hardBounce = true }
count = 3

[[step]]
title = "the first answers get lost"
fault = "esputnik.LostAck"
times = 2

[[step]]
drain = "24h"

[[step]]
expect = "esputnik.deliveries"
statuses = ["no answer", "no answer", 200]
at = ["1m", "2m", "4m"]

[[step]]
expect = "esputnik.delivered"
kind = "UNDELIVERED"
fields = { email = "ann@example.com" }
count = 3
"""


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def outage(tmp_path: Path) -> str:
    return written(tmp_path, OUTAGE)


def written(folder: Path, text: str, name: str = "story.toml") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_a_story_that_holds_is_a_line_a_step(outage: str, app: Receiver):
    done = run("run", outage, APP_URL=app.url)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        f"APP_URL is at http://127.0.0.1:{app.port}",
        f"An outage loses nothing ({outage}, seed 3)",
        '  ok  +00:00:00   1  subscribe esputnik url="$APP_URL"',
    ]
    assert "  ok  +00:00:00   3  the first answers get lost" in lines
    assert "  ok  +00:04:00   4  drain 24h" in lines
    assert lines[-1] == "1 of 1 scenario held: 6 steps held."
    assert len(app.posts) == 3


def test_an_address_may_be_set_on_the_command_line(outage: str, app: Receiver):
    assert run("run", outage, "--set", f"APP_URL={app.url}", APP_URL="http://127.0.0.1:9/").returncode == 0


def test_what_does_not_hold_is_exit_code_1_with_the_story(tmp_path: Path, app: Receiver):
    file = written(tmp_path, OUTAGE.replace('"4m"', '"5m"').replace("count = 3\n\n", "count = 2\n\n"))
    done = run("run", file, "--set", f"APP_URL={app.url}")
    assert done.returncode == 1
    assert "      at: expected ['1m', '2m', '5m'], got ['+00:01:00', '+00:02:00', '+00:04:00']" in done.stdout
    assert "      acknowledged UNDELIVERED events like that: expected 3, got 2" in done.stdout
    assert "  timeline\n    +00:00:00  starts as esputnik@2023-09, seed 3" in done.stdout
    assert done.stdout.endswith("\n0 of 1 scenario held: 4 steps held, 2 did not.\n")


def test_a_file_that_is_wrong_is_exit_code_2_and_nothing_is_played(
    tmp_path: Path, outage: str, app: Receiver
):
    wrong = written(tmp_path, OUTAGE.replace("emit =", "emitt ="), "wrong.toml")
    report = tmp_path / "report.xml"
    words = [str(tmp_path / "missing.toml"), "--set", f"APP_URL={app.url}", "--junit", str(report)]
    done = run("run", outage, wrong, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"emulators: {wrong}: step 2: unknown verb 'emitt'; did you mean 'emit'?",
        f"{tmp_path / 'missing.toml'}: No such file or directory",
    ]
    assert not report.exists()
    assert app.received == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "APP_URL is not in the environment; set it there, or an address with --set APP_URL=URL"),
        (["--set", "AP_URL=http://127.0.0.1:9/"], "APP_URL is not in the environment"),
        (["--set", "APP_URL"], "--set: expected NAME=VALUE, got 'APP_URL'"),
        (["--set", "APP_URL=http://10.0.0.1/"], "--allow 10.0.0.1"),
        (
            ["--set", "APP_URL=http://127.0.0.1:9/", "--junit", "/no/such/folder/report.xml"],
            "--junit: /no/such",
        ),
        (["--jnuit", "report.xml"], "unknown option '--jnuit'; did you mean '--junit'?"),
    ],
)
def test_words_that_do_not_fit_are_exit_code_2(outage: str, words: list[str], said: str):
    done = run("run", outage, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_receiver_that_cannot_be_verified_is_exit_code_3(outage: str):
    done = run("run", outage, "--set", f"APP_URL={free_port_url()}")
    assert done.returncode == 3
    assert "cannot be used: eSputnik verifies a URL with GET" in done.stdout
    assert done.stdout.endswith("\n0 of 1 scenario held: 0 steps held, 1 did not, 5 not tried.\n")


def test_a_file_can_be_checked_without_being_played(outage: str, app: Receiver):
    done = run("run", outage, "--check", "--set", f"APP_URL={app.url}")
    assert (done.returncode, done.stdout) == (0, "1 scenario, nothing wrong with what can be checked\n")
    assert app.received == []


def test_json_is_all_that_standard_output_has(outage: str, app: Receiver):
    done = run("run", outage, outage, "--json", "--set", f"APP_URL={app.url}")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["ok"] is True
    assert told["references"] == {"APP_URL": f"http://127.0.0.1:{app.port}"}
    assert [scenario["file"] for scenario in told["scenarios"]] == [outage, outage]
    assert "  ok  +00:04:00   4  drain 24h" in done.stderr


def test_junit_is_written_beside_what_is_printed(tmp_path: Path, outage: str, app: Receiver):
    report = tmp_path / "report.xml"
    report.write_text("of an earlier run", "utf-8")
    done = run("run", outage, "--junit", str(report), "--set", f"APP_URL={app.url}")
    assert done.returncode == 0
    root = ElementTree.parse(report).getroot()
    assert {key: root.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "6",
        "failures": "0",
        "errors": "0",
    }


def test_a_secret_is_in_no_output(tmp_path: Path):
    """It is used, refused, echoed by the receiver and by the vendor, and told nowhere."""
    text = f"""
    [[scenario]]
    [[scenario.step]]
    subscribe = "esputnik"
    url = {{ env = "APP_URL" }}
    auth = {{ login = "me", password = {{ env = "WORD" }} }}
    headers = {{ X-Token = {{ env = "WORD" }} }}
    [[scenario.step]]
    emit = "esputnik.READ"
    [[scenario.step]]
    drain = "1m"
    [[scenario]]
    [[scenario.step]]
    call = "sendpulse.POST /smtp/emails"
    headers = {{ Authorization = {{ env = "WORD" }} }}
    text = "{CANARY}"
    [[scenario.step]]
    expect = "sendpulse.not_called"
    [[scenario]]
    [[scenario.step]]
    fault = "sendpulse.Answer"
    status = 500
    body = "{CANARY}"
    [[scenario.step]]
    call = "sendpulse.GET /smtp/emails"
    headers = {{ Authorization = {{ env = "WORD" }} }}
    """
    file, report = written(tmp_path, text), tmp_path / "report.xml"
    with Receiver(then=500) as app:
        place = f"{app.url}/{CANARY}?token={CANARY}"
        done = run("run", file, "--junit", str(report), "--json", WORD=CANARY, APP_URL=place)
        assert app.received[0].path == f"/hook/{CANARY}"
        assert app.received[0].headers["x-token"] == CANARY
    assert done.returncode == 1
    shown = done.stdout + done.stderr + report.read_text("utf-8")
    assert CANARY not in shown
    assert "$WORD" in done.stdout and "$WORD" in done.stderr and "$WORD" in report.read_text("utf-8")
    assert "$APP_URL" in done.stdout
    refused = run("run", file, "--set", f"WORD={CANARY}", APP_URL=place)
    assert refused.returncode == 2
    assert CANARY not in refused.stderr
    assert "everybody on this machine can read a command line" in refused.stderr


def test_an_interruption_reports_what_is_known(tmp_path: Path):
    text = """
    [[scenario]]
    [[scenario.step]]
    flush = "sendpulse"
    [[scenario.step]]
    wait = "sendpulse.send-email"
    timeout = 600
    [[scenario.step]]
    advance = "1m"
    [[scenario]]
    title = "never begun"
    [[scenario.step]]
    flush = "sendpulse"
    """
    report = tmp_path / "report.xml"
    process = subprocess.Popen(
        [*COMMAND, "run", written(tmp_path, text), "--junit", str(report)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    while "flush sendpulse" not in (line := process.stdout.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    guard.cancel()
    assert (process.returncode, err) == (130, "")
    assert "      (interrupted)\n  timeline\n" in out
    assert out.endswith("Interrupted. 0 of 2 scenarios held: 1 step held, 3 not tried.\n")
    root = ElementTree.parse(report).getroot()
    skipped = [case.get("name") for case in root.iter("testcase") if case.find("skipped") is not None]
    assert skipped == ["02 wait sendpulse.send-email timeout=600", "03 advance 1m", "01 flush sendpulse"]


def test_files_can_be_checked_without_what_they_refer_to(tmp_path):
    file = tmp_path / "outage.toml"
    file.write_text(
        OUTAGE.replace(
            'url = { env = "APP_URL" }',
            'url = { env = "APP_URL", path = "/hook" }\nheaders = { "X-Key" = { env = "K" } }',
        )
    )
    done = run("run", str(file), "--check", APP_URL="", K="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "not set: APP_URL, K",
        "1 scenario, nothing wrong with what can be checked",
    ]
    played = run("run", str(file), APP_URL="", K="")
    assert played.returncode == 2
    assert "APP_URL is not in the environment" in played.stderr
    set_now = run("run", str(file), "--check", APP_URL="http://127.0.0.1:1/", K="12345")
    assert "not set" not in set_now.stdout


def test_a_typo_in_set_is_told_with_what_was_meant(tmp_path):
    file = tmp_path / "outage.toml"
    file.write_text(OUTAGE)
    for check in ([], ["--check"]):
        done = run("run", str(file), "--set", "APP_ULR=http://127.0.0.1:1", *check, APP_URL="")
        assert done.returncode == 2
        assert "--set gives 'APP_ULR': did you mean that?" in done.stderr
    done = run("run", str(file), "--set", "APP_ULR=http://127.0.0.1:1", APP_URL="http://127.0.0.1:1")
    assert "unknown reference for --set 'APP_ULR'; did you mean 'APP_URL'?" in done.stderr


def test_an_address_that_was_typed_wrong_is_shown_and_one_of_the_environment_is_not(tmp_path):
    file = tmp_path / "outage.toml"
    file.write_text(OUTAGE)
    typed = run("run", str(file), "--set", "APP_URL=foo")
    assert "expected http://host[:port]/path or https://..., got 'foo' in APP_URL" in typed.stderr
    found = run("run", str(file), APP_URL=CANARY)
    assert "got something else in APP_URL" in found.stderr
    assert CANARY not in found.stderr


def test_a_typo_in_the_only_step_is_told_once(tmp_path):
    file = tmp_path / "typo.toml"
    file.write_text('[[step]]\nemit = "esputnik.RAED"\n[[step]]\nadvnce = "1m"\n')
    done = run("run", str(file))
    assert done.returncode == 2
    assert "nothing to play" not in done.stderr
    file.write_text('[[step]]\nemit = "esputnk.READ"\n')
    done = run("run", str(file))
    assert done.stderr.count("\n") == 1
    assert "did you mean 'esputnik'?" in done.stderr
    file.write_text('[[step]]\nadvance = "1m"\n')
    assert "no step names a vendor, so there is nothing to play" in run("run", str(file)).stderr


def test_the_app_that_is_waited_for_must_be_one_that_may_be_sent_to(tmp_path):
    file = tmp_path / "outage.toml"
    file.write_text(OUTAGE)
    done = run("run", str(file), "--set", "APP_URL=http://127.0.0.1:1", "--ready-url", "http://shop.invalid/")
    assert done.returncode == 2
    assert "--allow shop.invalid" in done.stderr
