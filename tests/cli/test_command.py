"""The command as a whole: help, names, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import emulators
from emulators import cli
from emulators.commands import explain
from emulators.errors import BrokenContract, EgressRefused, VerificationFailed
from tests.cli.running import COMMAND, environment, run

HEAVY = ("aiohttp", "jsonschema", "jsonschema_rs", "hypothesis", "faker", "msgspec", "sqlite3")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["serve", "--help"], ["demo", "--help"]])
def test_asking_for_help_imports_nothing_heavy(words):
    program = (
        "import sys, emulators.cli\n"
        "try: emulators.cli.main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(HEAVY) & set(done.stderr.split())
    assert done.stdout


def test_version_is_that_of_the_package():
    assert run("--version").stdout == f"emulators {emulators.__version__}\n"


def test_no_command_gets_the_help_and_exit_code_2():
    done = run()
    assert done.returncode == 2
    for command in cli.COMMANDS:
        assert f"  {command} " in done.stderr


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself_and_starts_nothing(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: emulators {command}")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["dmeo"], "demo"),
        (["--verison"], "--version"),
        (["explain", "esputnk"], "esputnik"),
        (["explain", "esputnik@2023-08"], "2023-09"),
        (["explain", "esputnik", "--jason"], "--json"),
        (["trigger", "esputnik", "UNDELIVERD", "--to", "http://127.0.0.1:1/"], "UNDELIVERED"),
        (["trigger", "esputnik", "READ", "--to", "http://127.0.0.1:1/", "--set", "emial=a"], "email"),
        (
            [
                "trigger",
                "esputnik",
                "READ",
                "--to",
                "http://127.0.0.1:1/",
                "--option",
                "activity.widget=true",
            ],
            "activity.widgets",
        ),
        (["replay", "esputnik", "activity.bluk", "--to", "http://127.0.0.1:1/"], "activity.bulk"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(capsys, words, nearest):
    assert cli.main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("emulators: unknown ")
    assert shown.err.endswith(f"did you mean {nearest!r}?\n")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["trigger", "esputnik"],
        ["trigger", "esputnik", "READ", "--to", "http://127.0.0.1:1/", "--count", "many"],
        ["trigger", "esputnik", "READ", "--to", "ftp://127.0.0.1/"],
        ["trigger", "esputnik", "READ", "--to", "http://127.0.0.1:1/", "--set", "email"],
        ["trigger", "esputnik", "WIDGET_VIEW", "--to", "http://127.0.0.1:1/"],
        ["trigger", "hellotext", "READ", "--to", "http://127.0.0.1:1/"],
        ["replay", "esputnik"],
        ["replay", "hellotext", "track-event.response.ok", "--to", "http://127.0.0.1:1/"],
        ["demo", "twice"],
    ],
)
def test_what_does_not_fit_is_one_line_and_exit_code_2(capsys, words):
    assert cli.main(words) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("emulators: ")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "traced"),
    [
        (EgressRefused("too far"), 2, False),
        (VerificationFailed("no", 404), 3, False),
        (BrokenContract("our own event breaks the schema"), 4, True),
        (ZeroDivisionError("oops"), 4, True),
        (KeyboardInterrupt(), 130, False),
    ],
)
def test_every_error_has_its_exit_code_and_only_ours_a_traceback(monkeypatch, capsys, error, code, traced):
    def fail(args):
        raise error

    monkeypatch.setattr(explain, "run", fail)
    assert cli.main(["explain", "esputnik"]) == code
    assert ("Traceback" in capsys.readouterr().err) is traced


def test_a_reader_that_goes_away_is_no_error_of_ours():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "explain", "hellotext"],
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_terminal_without_cyrillic_gets_the_rest():
    done = run("explain", "esputnik", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "activity.viber_number" in done.stdout
