"""`emulators exec` runs a command with the emulators beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, environment, run

posix = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there")
PYTHON = [sys.executable, "-c"]

TOLD = """
import json, os, urllib.request
asked = urllib.request.Request(os.environ["EMULATORS_CONTROL_URL"] + "/v1/providers",
    headers={"Authorization": "Bearer " + os.environ["EMULATORS_TOKEN"]})
with urllib.request.urlopen(asked, timeout=10) as answer:
    providers = json.load(answer)["providers"]
print(json.dumps(all(os.environ[name] == value for told in providers.values() for name, value in told["env"].items())))
print(sorted(providers))
"""


def test_the_command_gets_the_settings_of_every_vendor_and_of_the_control_api():
    done = run("exec", "--", *PYTHON, TOLD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["true", "['esputnik', 'hellotext', 'pushwoosh', 'sendpulse']"]


@pytest.mark.parametrize("code", [0, 1, 7])
def test_it_ends_as_the_command_did(code):
    assert run("exec", "hellotext", "--", *PYTHON, f"raise SystemExit({code})").returncode == code


@posix
def test_a_command_that_a_signal_ended_gives_the_code_that_shells_give():
    done = run("exec", "hellotext", "--", *PYTHON, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 128 + signal.SIGKILL


def test_options_of_the_command_are_its_own():
    done = run("exec", "hellotext", "--", *PYTHON, "import sys; print(sys.argv[1:])", "--seed", "--", "x")
    assert done.stdout == "['--seed', '--', 'x']\n"


@pytest.mark.parametrize(
    ("words", "code", "wanted"),
    [
        (["hellotext"], 2, "expected a command after --"),
        (["--"], 2, "expected a command after --"),
        (["--", "no-such-command"], 3, "there is no command 'no-such-command'"),
        (["--intrcept", "--", "true"], 2, "did you mean '--intercept'?"),
        (["--pass-through", "a.example", "--", "true"], 2, "which is not asked for"),
        (["--intercept", "--tls", "--", "true"], 2, "leave --tls out"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_started(words, code, wanted):
    done = run("exec", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert wanted in done.stderr
    assert done.stderr.count("\n") == 1


@posix
def test_a_signal_is_handed_on_and_the_command_is_waited_for():
    program = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("asked to end", flush=True), sys.exit(5)))
print("up", flush=True)
signal.pause()
"""
    command = [*COMMAND, "exec", "hellotext", "--", *PYTHON, program]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, encoding="utf-8")
    with process:
        assert process.stdout.readline() == "up\n"
        process.terminate()
        assert process.stdout.read() == "asked to end\n"
    assert process.returncode == 5


@posix
def test_a_command_that_does_not_heed_the_first_signal_gets_those_that_follow():
    program = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
signal.signal(signal.SIGINT, lambda *_: sys.exit(6))
print("up", flush=True)
while True:
    signal.pause()
"""
    command = [*COMMAND, "exec", "hellotext", "--", *PYTHON, program]
    process = subprocess.Popen(
        command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8"
    )
    with process:
        assert process.stdout.readline() == "up\n"
        for _ in range(2):
            process.terminate()
            assert process.stdout.readline() == "not yet\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
    assert process.returncode == 6


@posix
def test_a_file_that_is_no_program_is_refused_in_words(tmp_path):
    file = tmp_path / "notes"
    file.write_text("no program")
    file.chmod(0o755)
    done = run("exec", "hellotext", "--", str(file))
    assert done.returncode == 3
    assert f"'{file}' cannot be started: Exec format error" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_log_is_told_only_if_it_is_asked_for():
    call = "import os, urllib.request; urllib.request.urlopen(os.environ['HELLOTEXT_URL'] + '/nowhere')"
    quiet, told = (run("exec", "hellotext", *words, "--", *PYTHON, call) for words in ([], ["--log"]))
    assert "starts as hellotext" not in quiet.stderr
    assert "starts as hellotext" in told.stderr
    for done in (quiet, told):
        assert "has no GET /v1/nowhere" in done.stderr


def test_the_token_may_be_given_by_the_environment(tmp_path):
    file = tmp_path / "ready.json"
    show = "import os, sys; print(open(sys.argv[1]).read())"
    done = run(
        "exec",
        "hellotext",
        "--ready-file",
        str(file),
        "--",
        *PYTHON,
        show,
        str(file),
        EMULATORS_TOKEN="my-own-token",
    )
    assert json.loads(done.stdout)["token"] == "my-own-token"
    assert not file.exists()


@posix
def test_nobody_else_can_read_the_token_in_the_file(tmp_path):
    file = tmp_path / "ready.json"
    show = "import os, sys; print(oct(os.stat(sys.argv[1]).st_mode & 0o777))"
    done = run("exec", "hellotext", "--ready-file", str(file), "--", *PYTHON, show, str(file))
    assert done.stdout == "0o600\n"


def test_apps_may_see_the_vendors_under_another_name():
    show = "import os; print(os.environ['ESPUTNIK_URL'])"
    done = run("exec", "esputnik", "--public-url", "http://emulators.test", "--", *PYTHON, show)
    assert done.stdout.startswith("http://emulators.test:")
    assert done.stdout.endswith("/api\n")


# -- clients that know only the vendors' real hosts


def test_pysendpulse_comes_here_unchanged(tmp_path):
    program = """
import os
from pysendpulse.pysendpulse import PySendPulse
client = PySendPulse(os.environ["SENDPULSE_CLIENT_ID"], os.environ["SENDPULSE_CLIENT_SECRET"], "FILE", token_file_path=os.getcwd() + "/")
email = {"subject": "Hi", "html": "<p>Hi</p>", "text": "Hi", "from": {"name": "Shop", "email": "shop@example.com"},
         "to": [{"name": "Ann", "email": "ann@example.com"}]}
print(client.smtp_send_mail(email)["result"])
"""
    (tmp_path / "app.py").write_text(program)
    command = [*COMMAND, "exec", "--intercept", "sendpulse", "--", sys.executable, "app.py"]
    done = subprocess.run(
        command,
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_comes_here_unchanged():
    asked = ["curl", "-sS", "https://esputnik.com/api/v1/version", "-o", os.devnull, "-w", "%{http_code}"]
    done = run("exec", "--intercept", "esputnik", "--", *asked)
    assert (done.returncode, done.stdout) == (0, "401"), done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_any_other_host_is_refused_in_words():
    done = run("exec", "--intercept", "esputnik", "--", "curl", "-sS", "https://example.com/")
    assert done.returncode == 56
    assert "to reach the real host: --pass-through example.com" in done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_fetch_in_node_comes_here_unchanged(tmp_path: Path):
    (tmp_path / "app.mjs").write_text(
        "const answer = await fetch('https://api.hellotext.com/v1/profiles', "
        "{headers: {authorization: 'Bearer ' + process.env.HELLOTEXT_TOKEN}});\n"
        "console.log(answer.status);\n"
    )
    done = run("exec", "--intercept", "hellotext", "--", "node", str(tmp_path / "app.mjs"))
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr


@posix
def test_what_is_there_and_cannot_be_started_is_told_as_it_is(tmp_path):
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    (tmp_path / "ready").write_text("#!/bin/sh\n")
    (tmp_path / "ready").chmod(0o755)
    for name, wanted in [
        ("./plain", "'./plain' is not executable: chmod +x it, or name the program that reads it first"),
        ("ready", "there is no command 'ready'; the file of that name here is ./ready"),
        (str(tmp_path), f"{str(tmp_path)!r} is a folder, and no command"),
        ("./nothing", "there is no command './nothing'"),
    ]:
        done = subprocess.run(
            [*COMMAND, "exec", "hellotext", "--", name],
            env=environment(), cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (3, f"emulators: {wanted}\n")


GROUPS = """
import fcntl, os, pty, sys, termios
from emulators.commands.exec import ctrl_c_reaches_all
os.setsid()
nowhere = ctrl_c_reaches_all()
# The first terminal that a session opens is its own.
master, slave = os.openpty()
fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
before = ctrl_c_reaches_all()
read, write = os.pipe()
if os.fork() == 0:
    os.setpgid(0, 0)
    os.write(write, b"y" if ctrl_c_reaches_all() else b"n")
    os._exit(0)
os.wait()
print(nowhere, before, os.read(read, 1).decode())
"""


@posix
def test_a_terminal_sends_ctrl_c_to_its_foreground_wherever_the_input_comes_from():
    """Then it must not be handed on: the command has it already."""
    done = subprocess.run(
        # A child of its own, as only who leads no group may begin a session.
        [sys.executable, "-c", f"import os\nif os.fork() == 0:\n  exec({GROUPS!r}); os._exit(0)\nos.wait()"],
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.stdout) == ("", "False True n\n")


def test_an_option_is_refused_in_the_words_in_which_it_is_given():
    done = run("exec", "esputnik", "--option", "esputnik:activity.probe=HEAD", "--", *PYTHON, "")
    assert (done.returncode, done.stderr) == (
        2,
        "emulators: probe: expected null (None) or 'GET', got 'HEAD'\n",
    )
    for nothing in ("false", "null"):
        words = ["esputnik", "--option", f"esputnik:activity.probe={nothing}"]
        assert run("exec", *words, "--", *PYTHON, "").returncode == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_with_tls_the_command_trusts_the_vendors():
    asked = ["sh", "-c", 'curl -sS "$ESPUTNIK_URL/v1/version" -o /dev/null -w "%{scheme} %{http_code}"']
    done = run("exec", "--tls", "esputnik", "--", *asked)
    assert (done.returncode, done.stdout.lower()) == (0, "https 401"), done.stderr


def test_a_token_that_no_header_can_carry_is_refused():
    done = run("exec", "hellotext", "--", "true", EMULATORS_TOKEN="two words")
    assert done.returncode == 2
    assert "EMULATORS_TOKEN: expected" in done.stderr
    assert "two words" not in done.stderr
