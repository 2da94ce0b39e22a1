"""Plays the vendor against a receiver, in any language, and says what it would have lost.

Sends the documents' samples, every edge of what the vendor may send, redeliveries, full batches and more, and judges the
answers by what the documents say. With an oracle, which says what the receiver stored, lost and doubled events are seen, too.
Every finding is made small, confirmed with fresh ids, and left as a case file that can be played again.

    emulators check esputnik http://127.0.0.1:3000/hook
    emulators check sendpulse http://127.0.0.1:3000/hook --oracle-url http://127.0.0.1:3000/events --html report.html
    emulators check --replay check-cases/case-7qd2.json
    emulators check --list
    emulators check --explain C03

Secrets are given by reference: --basic env:HOOK_LOGIN (login:password), --header X-Token=env:HOOK_TOKEN. Settings may also
stand in emulators.toml under [check], or in pyproject.toml under [tool.emulators.check]. Exit codes: 0 no finding as grave as
--fail-on, 1 findings, 2 usage, 3 the receiver or the oracle cannot be used, 5 inconclusive, 130 interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit
from emulators.commands.values import allow_argument, pairs, value_of
from emulators.errors import InvalidValue, unknown

if TYPE_CHECKING:
    from emulators.check.examining import Examination
    from emulators.check.reports.model import Run
    from emulators.check.settings import Settings

REPORTS = ("junit", "report", "ndjson", "har", "html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators check` takes."""
    add = parser.add_argument
    add("provider", metavar="PROVIDER[@REVISION]", nargs="?")
    add("url", metavar="URL", nargs="?", help="where the receiver takes the vendor's webhooks")
    add("--list", action="store_true", help="every check there is, and nothing is sent")
    add("--explain", metavar="CHECK", help="what a check looks for, and why; nothing is sent")
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
        "--fail-on",
        metavar="SEVERITY",
        help="the least severity that fails: low, medium, high (default), critical",
    )
    add("--oracle-url", metavar="URL", help="what was stored, as JSON of any form")
    add("--oracle-cmd", metavar="COMMAND", help="a command that prints it")
    add("--oracle-file", metavar="FILE", help="a file that holds it")
    add("--oracle-py", metavar="MODULE:FUNCTION", help="a function that returns it")
    add("--oracle-key", metavar="/POINTER", help="where a record says which event it is")
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
    if args.list or args.explain:
        return _tell_of(args)
    from emulators.check.settings import made, read

    if args.replay:
        return _replay(args)
    given = read(Path(args.config) if args.config else None)
    settings = made({**given, **_words(args)})
    if not settings.provider or not settings.url:
        raise InvalidValue("expected a vendor and a URL: emulators check esputnik http://127.0.0.1:3000/hook")
    return _check(args, settings)


def _words(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line says, by the names of settings."""
    names = "provider url feed basic timeout seed only skip requests seconds fail_on oracle_url oracle_cmd oracle_file oracle_py"
    names += " oracle_key oracle_status count_pointer reset_cmd restart_cmd ready_url cases"
    found = {name: getattr(args, name) for name in names.split() if getattr(args, name) is not None}
    found |= {"fuzz": False} if args.no_fuzz else {}
    found |= {"allow": args.allow} if args.allow else {}
    found |= {"headers": pairs(args.header, "--header")} if args.header else {}
    found |= {"oracle_headers": pairs(args.oracle_header, "--oracle-header")} if args.oracle_header else {}
    if args.policy:
        found["policy"] = {name: value_of(text) for name, text in pairs(args.policy, "--policy").items()}
    return found


def _tell_of(args: argparse.Namespace) -> int:
    import textwrap

    from emulators.check.checks import ALL

    known = {check.id: check for check in ALL}
    if args.explain:
        name = args.explain.upper()
        if name not in known:
            raise unknown("check", args.explain, known)
        check = known[name]
        print(f"{check.id}  {check.name}\n")
        print(textwrap.fill(check.says, 100))
        needs = ["an oracle (--oracle-url and its kin)"] if check.reads_oracle and not check.blind else []
        needs += [f"--{need}-cmd" for need in check.needs]
        print(
            f"\nfinds: {check.grade}, {check.severity.name.lower()}; phase: {check.phase}; rests on: {check.source}"
        )
        print(
            f"needs: {', '.join(needs) or 'nothing'}" + ("; tells more with an oracle" if check.blind else "")
        )
        return Exit.GOOD
    for check in ALL:
        needed = "oracle" if check.reads_oracle and not check.blind else ", ".join(check.needs)
        row = f"{check.id}  {check.phase:<10} {check.grade:<5} {check.severity.name.lower():<9} {check.name}"
        print(row + (f"  [needs {needed}]" if needed else ""))
    return Exit.GOOD


def _check(args: argparse.Namespace, settings: Settings) -> int:
    from emulators.check.examining import Examination
    from emulators.commands.check_output import Output

    # Words that do not fit are refused before a report of an earlier run is overwritten.
    examination = Examination(settings, os.environ)
    with ExitStack() as stack:
        files = {
            name: _opened(getattr(args, name), f"--{name}", stack) for name in REPORTS if getattr(args, name)
        }
        output = Output(files, args.json)
        examination.tell = output.tell
        examination.session.listeners.append(output.note)
        output.begin(examination)
        try:
            result = asyncio.run(examination.run())
        except KeyboardInterrupt:
            examination.interrupted = True
            result = examination.result()
        output.end(result, _written(examination, Path(settings.cases)))
    return _code(result)


def _opened(name: str, option: str, stack: ExitStack) -> Any:
    try:
        return stack.enter_context(open(name, "w+b"))
    except OSError as error:
        raise InvalidValue(f"{option}: {name} cannot be written: {error.strerror}") from None


def _written(examination: Examination, folder: Path) -> list[Path]:
    """The case files of all findings."""
    from emulators.check.cases import write

    findings = [f for result in examination.runner.results for f in result.findings if f.case]
    try:
        return [write(folder, finding, examination.session) for finding in findings]
    except OSError as error:
        raise InvalidValue(f"--cases: {folder} cannot be written: {error.strerror}") from None


def _code(result: Run) -> Exit:
    if result.interrupted:
        return Exit.INTERRUPTED
    if any(result.counts(found) for found in result.findings()):
        return Exit.FINDINGS
    return Exit.INCONCLUSIVE if result.inconclusive else Exit.GOOD


def _replay(args: argparse.Namespace) -> int:
    from emulators.check.cases import read as read_case
    from emulators.check.checks import ALL
    from emulators.check.examining import Examination
    from emulators.check.replaying import Replay, replay
    from emulators.check.settings import made, read

    try:
        loaded = read_case(Path(args.replay), ALL)
    except OSError as error:
        raise InvalidValue(f"--replay: {args.replay} cannot be read: {error.strerror}") from None
    words = _words(args)
    # The first word is the URL here: the case knows the vendor.
    if words.get("provider", "").startswith(("http://", "https://")):
        words["url"] = words.pop("provider")
    of_case = {
        "provider": loaded.spec,
        "feed": loaded.feed,
        "policy": dict(loaded.policy),
        "url": loaded.target,
    }
    given = read(Path(args.config) if args.config else None)
    own = {name: value for name, value in given.items() if name not in ("provider", "feed", "url")}
    examination = Examination(made({**own, **of_case, **words}), os.environ)

    async def play() -> Any:
        try:
            return await replay(examination.session, loaded)
        finally:
            await examination.session.wire.close()

    played = asyncio.run(play())
    print(f"{played.verdict}  {loaded.check.id} {loaded.check.name}: {loaded.case.title}")
    for number, said in enumerate(played.tries, 1):
        print(f"  {number}: {said or 'nothing wrong'}")
    if played.reason:
        print(f"  {played.reason}", file=sys.stderr)
    return {Replay.FIXED: Exit.GOOD, Replay.FAILED: Exit.FINDINGS}.get(played.verdict, Exit.UNUSABLE)
