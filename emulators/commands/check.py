"""Plays the vendor against a receiver and says what it would have lost.

Sends the documents' samples, every edge of what the vendor may send,
redeliveries, full batches and more, and judges the answers by what the
documents say. With an oracle, which says what the receiver stored, lost and
doubled events are seen, too. Every finding is made small, confirmed with fresh
ids, and left as a case file that can be played again.

    emulators check esputnik http://127.0.0.1:3000/hook
    emulators check sendpulse http://127.0.0.1:3000/hook \\
        --oracle-url http://127.0.0.1:3000/events --html report.html
    emulators check --replay check-cases/case-7qd2.json
    emulators check --list
    emulators check --explain C03

Secrets are given by reference: --basic env:HOOK_LOGIN (login:password),
--header X-Token=env:HOOK_TOKEN. Settings may also stand in emulators.toml under
[check], or in pyproject.toml under [tool.emulators.check].

Exit codes: 0 no finding as grave as --fail-on, 1 findings, 2 usage, 3 the
receiver or the oracle cannot be used, 4 an error of ours, 5 inconclusive, 130
interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit
from emulators.commands.values import allow_argument, pairs, value_of
from emulators.errors import InvalidValue, TargetUnusable

if TYPE_CHECKING:
    from emulators.check.examining import Examination
    from emulators.check.reports.model import Run
    from emulators.check.settings import Settings

STORAGE = "HYPOTHESIS_STORAGE_DIRECTORY"
"""The environment's variable that Hypothesis reads when it first writes."""
REPORTS = ("junit", "report", "ndjson", "har", "html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators check` takes."""
    add = parser.add_argument
    add("provider", metavar="PROVIDER[@REVISION]", nargs="?")
    add("url", metavar="URL", nargs="?", help="where the receiver takes the vendor's webhooks")
    add("--url", metavar="URL", dest="url_option", help="the same by name")
    add("--list", action="store_true", help="every check there is, and nothing is sent")
    add(
        "--explain",
        metavar="CHECK",
        help="what a check looks for, and why; more with a vendor; nothing is sent",
    )
    add("--replay", metavar="CASE", help="play a case file again: FIXED or FAILED")
    add("--feed", metavar="NAME", help="which webhook of the vendor (default: his first)")
    add("--header", metavar="NAME=VALUE", action="append", default=[], help="with every request (repeatable)")
    add("--basic", metavar="env:NAME", help="login:password, from the environment")
    add(
        "--policy",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a number in place of the vendor's (repeatable)",
    )
    add(
        "--timeout", metavar="S", type=float, help="seconds that an answer may take, in place of the vendor's"
    )
    add("--seed", metavar="N", type=int, help="of all made-up values (default 0)")
    add("--only", metavar="IDS", help="these checks alone: C01,C03")
    add("--skip", metavar="IDS", help="all but these")
    add("--no-fuzz", action="store_true", help="leave the phases out that draw by chance")
    add("--requests", metavar="N", type=int, help="send no more than so many")
    add("--seconds", metavar="S", type=float, help="take no longer")
    add(
        "--idle",
        metavar="S",
        type=float,
        help="leave a kept connection alone for so long, then use it again: 65",
    )
    add(
        "--fail-on",
        metavar="SEVERITY",
        help="the least severity that fails: low, medium, high (default), critical",
    )
    add("--oracle-url", metavar="URL", help="what was stored, as JSON of any form")
    add("--oracle-cmd", metavar="COMMAND", help="a command that prints it")
    add("--oracle-file", metavar="FILE", help="a file that holds it")
    add("--oracle-py", metavar="MODULE:FUNCTION", help="a function that returns it")
    add(
        "--oracle-key",
        metavar="/POINTER",
        help="where a record holds the event's address, which is what it is known by: /email; not the message's id"
        " (default: found anywhere in it)",
    )
    add("--oracle-status", metavar="/POINTER", help="where a record says its state")
    add(
        "--oracle-header",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="for --oracle-url (repeatable)",
    )
    add(
        "--count-pointer", metavar="/POINTER", help="where the receiver's answer says how many events it took"
    )
    add("--reset-cmd", metavar="COMMAND", help="empties the receiver, before the run")
    add("--restart-cmd", metavar="COMMAND", help="restarts the receiver, for the checks that need it")
    add("--ready-url", metavar="URL", help="answers when the receiver is up again")
    allow_argument(parser)
    add("--config", metavar="FILE", help="settings (default: emulators.toml, or pyproject.toml)")
    add("--cases", metavar="FOLDER", help="where case files go (default check-cases)")
    add("--junit", metavar="FILE", help="a report for CI")
    add("--html", metavar="FILE", help="a page to look at, with the timeline")
    add("--report", metavar="FILE", help="everything as JSON; `emulators compare` takes it")
    add("--ndjson", metavar="FILE", help="what happens, while it happens")
    add("--har", metavar="FILE", help="every request and answer, without credentials")
    add("--json", action="store_true", help="print the JSON report; progress goes to standard error")


def run(args: argparse.Namespace) -> int:
    """Checks, or tells of checks."""
    words = _words(args)
    if args.list or args.explain:
        from emulators.commands.check_telling import explanation, fitting, listing

        spec, feed = words.get("provider", ""), words.get("feed")
        width = fitting(shutil.get_terminal_size().columns)
        sys.stdout.write(explanation(args.explain, spec, feed, width) if args.explain else listing(width))
        return Exit.GOOD
    if args.replay:
        from emulators.commands.check_replay import replay_case

        return replay_case(Path(args.replay), words, Path(args.config) if args.config else None)
    from emulators.check.settings import made, read

    given = read(Path(args.config) if args.config else None)
    settings = made({**given, **words})
    if not settings.provider or not settings.url:
        raise InvalidValue("expected a vendor and a URL: emulators check esputnik http://127.0.0.1:3000/hook")
    return _check(args, settings, words)


def _words(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line says, by the names of settings."""
    names = "provider feed basic timeout seed only skip requests seconds idle fail_on oracle_url oracle_cmd oracle_file oracle_py"
    names += " oracle_key oracle_status count_pointer reset_cmd restart_cmd ready_url cases"
    found = {name: getattr(args, name) for name in names.split() if getattr(args, name) is not None}
    found |= _target(args)
    found |= {"fuzz": False} if args.no_fuzz else {}
    found |= {"allow": args.allow} if args.allow else {}
    found |= {"headers": pairs(args.header, "--header")} if args.header else {}
    found |= {"oracle_headers": pairs(args.oracle_header, "--oracle-header")} if args.oracle_header else {}
    if args.policy:
        found["policy"] = {name: value_of(text) for name, text in pairs(args.policy, "--policy").items()}
    return found


def _target(args: argparse.Namespace) -> dict[str, str]:
    """The URL, wherever it stands: where the settings or a case name the vendor, it is the first word."""
    first, url, option = args.provider, args.url, args.url_option
    bare = first is not None and first.startswith(("http://", "https://"))
    given = list(dict.fromkeys(word for word in (first if bare else None, url, option) if word))
    if len(given) > 1:
        raise InvalidValue(f"url: expected one, got {' and '.join(given)}")
    return ({"provider": ""} if bare else {}) | ({"url": given[0]} if given else {})


def _check(args: argparse.Namespace, settings: Settings, words: Mapping[str, Any]) -> int:
    from emulators.check.examining import Examination
    from emulators.commands.check_output import Output

    # Words that do not fit are refused before a report of an earlier run is overwritten.
    examination = Examination(settings, os.environ, given={**words, "config": args.config})
    with ExitStack() as stack:
        if any(check.id == "F01" for check in examination.checks):
            _apart(stack)
        files = {
            name: _opened(getattr(args, name), f"--{name}", stack) for name in REPORTS if getattr(args, name)
        }
        output = Output(files, args.json)
        examination.tell = output.tell
        examination.session.listeners.append(output.note)
        output.begin(examination)
        try:
            result = asyncio.run(output.follow(examination.run()))
        except KeyboardInterrupt:
            examination.interrupted = True
            result = examination.result()
        except TargetUnusable:
            # Whoever reads the reports must learn it, too.
            output.files(examination.result())
            raise
        except Exception:
            # Our own mistake must not cost what was found before it.
            output.end(examination.result(), _written(examination, Path(settings.cases)))
            raise
        output.end(result, _written(examination, Path(settings.cases)))
    return _code(result)


def _apart(stack: ExitStack) -> None:
    """Whoever checks a receiver need not know of Hypothesis, which would leave a folder `.hypothesis` in this one."""
    if STORAGE not in os.environ:
        os.environ[STORAGE] = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        stack.callback(os.environ.pop, STORAGE)


def _opened(name: str, option: str, stack: ExitStack) -> Any:
    try:
        return stack.enter_context(open(name, "w+b"))
    except OSError as error:
        raise InvalidValue(f"{option}: {name} cannot be written: {error.strerror}") from None


def _written(examination: Examination, folder: Path) -> list[Path]:
    """The case files of all findings."""
    from emulators.check.cases import write_all

    try:
        return write_all(folder, examination.runner.results, examination.session)
    except OSError as error:
        raise InvalidValue(f"--cases: {folder} cannot be written: {error.strerror}") from None


def _code(result: Run) -> Exit:
    if result.interrupted:
        return Exit.INTERRUPTED
    if any(result.counts(found) for found in result.findings()):
        return Exit.FINDINGS
    return Exit.INCONCLUSIVE if result.inconclusive else Exit.GOOD
