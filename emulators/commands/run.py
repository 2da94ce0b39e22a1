"""Plays scenarios: files that say, without a line of code, what happens at a vendor and what must come of it.

Everything is checked before anything starts. Exit code 0 if all of it held, 1 if not, 2 if a file is wrong, 3 if a
receiver did not let itself be verified (and nobody expected that) or a port could not be had.

    emulators run outage.toml
    emulators run tests/*.toml --set APP_URL=http://127.0.0.1:3000/hook --junit report.xml
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from emulators.commands.exits import Exit, Unusable
from emulators.commands.values import allow_argument, pairs
from emulators.errors import InvalidValue

PATIENCE = 60.0
"""Seconds that an app may take to come up."""

if TYPE_CHECKING:
    from emulators.scenarios.references import References
    from emulators.scenarios.results import Outcome, Report, Result
    from emulators.scenarios.story import Scenario


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators run` takes."""
    parser.add_argument("files", metavar="SCENARIO.toml", nargs="+")
    parser.add_argument(
        "--set",
        metavar="NAME=URL",
        action="append",
        default=[],
        help='an address that a file asks for with { env = "NAME" }, instead of the environment\'s (repeatable)',
    )
    allow_argument(parser)
    parser.add_argument(
        "--ready-url", metavar="URL", help="wait until the app answers there, for a minute at most"
    )
    parser.add_argument("--check", action="store_true", help="check the files and play nothing")
    parser.add_argument(
        "--json", action="store_true", help="print the report as JSON; steps go to standard error"
    )
    parser.add_argument("--junit", metavar="FILE", help="write the report as JUnit XML, too")


def run(args: argparse.Namespace) -> int:
    """Plays them, one after another."""
    from emulators.scenarios.references import References

    references = References(os.environ, pairs(args.set, "--set"), needed=not args.check)
    scenarios = _read(args.files, references, args.allow)
    if args.check:
        if references.missing:
            print(f"not set: {', '.join(references.missing)}")
        print(
            f"{len(scenarios)} scenario{'s' if len(scenarios) != 1 else ''}, nothing wrong with what can be checked"
        )
        return Exit.GOOD
    # Not before the files are read: a report of nothing would be left behind.
    junit_file = _writable(args.junit)
    if args.ready_url:
        _wait_for(args.ready_url, args.allow)
    return Performance(scenarios, references, args.allow, args.json, junit_file).run()


def _read(files: list[str], references: References, allow: list[str]) -> list[Scenario]:
    """All scenarios of all files; what is wrong with any of them is told, and nothing is played."""
    from emulators.scenarios.reading import read

    scenarios, problems = [], []
    for file in files:
        try:
            text = Path(file).read_bytes()
        except OSError as error:
            problems.append(f"{file}: {error.strerror}")
            continue
        try:
            scenarios += read(text, file, references, allow)
        except InvalidValue as error:
            problems.append(str(error))
    if problems:
        raise InvalidValue("\n".join(problems))
    references.check_given()
    return scenarios


def _wait_for(url: str, allow: list[str]) -> None:
    """Returns when the app answers, whatever it says; `Unusable` if that takes longer than a minute."""
    from emulators.engine.egress import Egress

    Egress(allow).check_url(url)
    if not asyncio.run(_answers(url, allow)):
        raise Unusable(f"--ready-url: nobody answered at {url} within {PATIENCE:g} s; was the app started?")


async def _answers(url: str, allow: list[str]) -> bool:
    from emulators.engine.courier import Courier
    from emulators.engine.egress import Egress
    from emulators.engine.message import Request

    courier, end = Courier(Egress(allow), keep_alive=False), monotonic() + PATIENCE
    try:
        await courier.look_up(url)
        while (await courier.send(Request("GET", url, (), None, patience=5.0))).status is None:
            if monotonic() > end:
                return False
            await asyncio.sleep(0.1)
        return True
    finally:
        await courier.rest()


def _writable(name: str | None) -> Path | None:
    """The file of the report, refused before anything is played rather than after."""
    if name is None:
        return None
    path = Path(name)
    try:
        path.open("ab").close()
    except OSError as error:
        raise InvalidValue(f"--junit: {name} cannot be written: {error.strerror}") from None
    return path


class Performance:
    """All scenarios of one run, and what is told of them."""

    def __init__(
        self,
        scenarios: list[Scenario],
        references: References,
        allow: list[str],
        as_json: bool,
        junit_file: Path | None,
    ) -> None:
        self._scenarios = scenarios
        self._references = references
        self._allow = allow
        self._as_json = as_json
        self._junit_file = junit_file
        self._outcomes: list[Outcome] = []
        # With --json, standard output is for the report alone.
        self._out = sys.stderr if as_json else sys.stdout

    def run(self) -> Exit:
        """Plays all of them; a Ctrl-C ends it, and what is known is reported all the same."""
        from emulators.scenarios import telling
        from emulators.scenarios.playing import untried
        from emulators.scenarios.results import Report

        interrupted = False
        report = Report(self._outcomes, self._references.places())
        for place in telling.places(report):
            self._say(place)
        try:
            asyncio.run(self._play())
        except KeyboardInterrupt:
            interrupted = True
            for scenario in self._scenarios[len(self._outcomes) :]:
                now = datetime.now(UTC)
                self._outcomes.append(untried(scenario, self._references, now, "interrupted"))
        report = Report(self._outcomes, self._references.places(), interrupted)
        self._report(report)
        return Exit.INTERRUPTED if interrupted else _code(report)

    async def _play(self) -> None:
        from emulators.scenarios import telling
        from emulators.scenarios.playing import opened, play

        def tell(result: Result) -> None:
            self._say(telling.line(result))

        for scenario in self._scenarios:
            outcome = opened(scenario, self._references, datetime.now(UTC))
            self._outcomes.append(outcome)
            self._say(telling.opening(outcome))
            try:
                await play(outcome, self._references, self._allow, tell)
            finally:
                self._say(telling.closing(outcome))

    def _report(self, report: Report) -> None:
        from emulators.scenarios import telling
        from emulators.scenarios.junit import junit

        self._say(telling.summary(report))
        if self._as_json:
            print(json.dumps(telling.told(report), indent=2))
        if self._junit_file:
            self._junit_file.write_bytes(junit(report))

    def _say(self, text: str) -> None:
        if text:
            print(text, file=self._out, flush=True)


def _code(report: Report) -> Exit:
    """The gravest that happened."""
    from emulators.scenarios.results import Ending

    codes = {
        Ending.BROKEN: Exit.OURS,
        Ending.WRONG: Exit.USAGE,
        Ending.REFUSED: Exit.UNUSABLE,
        Ending.FAILED: Exit.FINDINGS,
    }
    endings = {result.ending for outcome in report.outcomes for result in outcome.results}
    return next((code for ending, code in codes.items() if ending in endings), Exit.GOOD)
