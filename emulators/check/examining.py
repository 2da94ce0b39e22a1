"""One run from settings to a result: sets the session up, lets the runner go, and tells what came of it as plain values."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from emulators import __version__
from emulators.check.accepting import FACT, marked, notes
from emulators.check.again import Again
from emulators.check.budget import Budget
from emulators.check.cases import playable
from emulators.check.catalogue import PHASES, Check
from emulators.check.checks import ALL
from emulators.check.checks.connections import REST
from emulators.check.hooks import Hooks
from emulators.check.oracle import Records, oracle_of
from emulators.check.oracle.answer import OracleUnusable
from emulators.check.reports import model as reported
from emulators.check.reports.filling import Teller, veil_of
from emulators.check.reports.model import Found, PhaseResult, Run
from emulators.check.reports.timeline import Timeline
from emulators.check.running import Result, Runner, worst
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.settings import Settings
from emulators.check.vocabulary import Exchange, Finding, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from emulators.errors import EmulatorError, InvalidValue, unknown

Tell = Callable[[str, object], None]


@dataclass
class Examination:
    """`tell` hears of phases, findings and results while it goes; `listeners` of every exchange."""

    settings: Settings
    environment: Mapping[str, str]
    tell: Tell = lambda kind, data: None
    listeners: Sequence[Callable[[Exchange], None]] = ()
    oracle: Callable[..., Any] | None = None
    """A function that returns what is stored, in place of the oracle of the settings."""
    given: Mapping[str, Any] | None = None
    """What has to be said again, by the names of settings, so that a finding shows again; None: all of the settings."""
    passing: bool = False
    """Whether the address is gone when the run is over."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    phase: str = ""
    interrupted: bool = False
    lost: str = ""
    """Why nothing more can be told: the target or the oracle cannot be used; empty: they can."""

    def __post_init__(self) -> None:
        settings = self.settings
        self.run_id = secrets.token_hex(3)
        self.sender = Sender(settings.provider, settings.feed, settings.policy)
        self.target = settings.target(self.environment)
        self.egress = Egress(settings.allow)
        self.egress.check_url(self.target.url)
        self.checks = chosen(settings)
        self._unusable: OracleUnusable | None = None
        try:
            records = self._records()
        except OracleUnusable as error:
            # Told by `run`, as all else that cannot be used: then there is somebody to write it into the reports.
            records, self._unusable = None, error
        hooks = Hooks(
            reset=settings.reset_cmd,
            restart=settings.restart_cmd,
            ready_url=settings.ready_url,
            target=self.target.url,
            allow=settings.allow,
        )
        until = None if settings.seconds is None else time.monotonic() + settings.seconds
        self.session = Session(
            self.sender,
            self.target,
            Wire(self.egress),
            settings.seed,
            self.run_id,
            records,
            hooks,
            Budget(settings.requests, until),
            count_pointer=settings.count_pointer,
        )
        if settings.idle:
            self.session.facts[REST] = settings.idle
        self.session.listeners += [self._note, *self.listeners]
        self.runner = Runner(self.session, self.checks, self._told)
        self.veil = veil_of(self.target, self._variables())
        self.teller = Teller(
            self.sender.vendor.name,
            self.sender.feed.name,
            self.target,
            self.veil,
            self._variables(),
            folder=settings.cases,
            sources={key: source.title for key, source in self.sender.vendor.profile.sources.items()},
            timeout=self.session.timeout,
        )
        self.timeline = Timeline(self.veil)

    def _records(self) -> Records | None:
        settings = self.settings
        return oracle_of(
            url=settings.oracle_url or None,
            command=settings.oracle_cmd or None,
            file=settings.oracle_file or None,
            function=self.oracle or settings.oracle_py or None,
            key_pointer=settings.oracle_key,
            status_pointer=settings.oracle_status,
            headers=settings.oracle_pairs(self.environment),
            allow=settings.allow,
            run=self.run_id,
            # Without a `+`, which is a blank in a query.
            since=self.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def _variables(self) -> dict[str, str]:
        """The names of the environment's variables behind headers, by header."""
        named = {
            name.lower(): value[4:]
            for name, value in self.settings.headers.items()
            if value.startswith("env:")
        }
        if self.settings.basic.startswith("env:"):
            named["authorization"] = self.settings.basic[4:]
        return named

    async def run(self) -> Run:
        """All of it. Raises `TargetUnusable` where nothing can be told; `result` can still say for which checks, and why. So it
        does where anything else is raised, which is our own mistake."""
        try:
            if self._unusable is not None:
                raise self._unusable
            if self.settings.reset_cmd:
                await self.session.hooks.reset()
            await self.runner.run()
        except EmulatorError as error:
            self.lost = str(error)
            raise
        except Exception as error:
            self.lost = f"an error of ours: {type(error).__name__}: {error}"
            raise
        finally:
            await self.session.wire.close()
        return self.result()

    def _told(self, kind: str, data: object) -> None:
        if kind == "phase":
            self.phase = str(data)
        if isinstance(data, Finding):
            data = marked(data, self.settings.accept, self.today)
        self.tell(kind, self._settled(data) if isinstance(data, Result) else data)

    def _note(self, exchange: Exchange) -> None:
        self.timeline.note(exchange, self.phase)

    # -- what is told of it

    @property
    def today(self) -> date:
        """The day of the run, by which an acceptance is over or not."""
        return self.started.astimezone(UTC).date()

    def phases(self) -> tuple[PhaseResult, ...]:
        """Those so far."""
        return self.timeline.phases(self.runner.results, self.runner.cut)

    def found(self, finding: Finding, name: str = "") -> Found:
        """A finding as it is told, with the command that shows it again."""
        told = self.teller.found(finding, name)
        if not any(check.id == finding.check and playable(check, finding) for check in self.checks):
            return replace(told, case="", curl=(), pytest="", replay=self._again.check(finding.check))
        return replace(told, replay=self._again.case(told.replay))

    @property
    def _again(self) -> Again:
        settings, given = self.settings, self.given
        if given is None:
            every = {each.name: (getattr(settings, each.name), each.default) for each in fields(Settings)}
            given = {name: value for name, (value, usual) in every.items() if value != usual}
        return Again(settings.provider, settings.url, self.teller.address, given, self.veil, self.passing)

    def result(self) -> Run:
        """What is known so far, as plain values, with every check that was chosen: those that were not begun are NOT CHECKED."""
        settled = [self._settled(result) for result in self.runner.results]
        done = {result.check.id: result for result in settled}
        about = notes(self.settings.accept, done, self.today)
        return Run(
            self.sender.vendor.name,
            self.sender.vendor.profile.revision,
            self.sender.feed.name,
            self.teller.address,
            self.settings.seed,
            self.session.run_id,
            self.started,
            self.timeline.seconds,
            self.sender.title,
            self.phases(),
            tuple(map(self._result, [*settled, *self._not_begun(done)])),
            tuple(self.timeline.moments),
            self.session.timeout,
            self.teller.facts({**self.session.facts, FACT: list(about)}),
            _versions(),
            self.lost or self.runner.cut or self.runner.unsure,
            self.interrupted,
            self.settings.least,
        )

    def _settled(self, result: Result) -> Result:
        """With what is put up with marked as such, and the reason why it was not done where it was not."""
        findings = [marked(finding, self.settings.accept, self.today) for finding in result.findings]
        # A check that was interrupted has no verdict of its own yet; what it found stands.
        came_to = worst(findings, Verdict.ACCEPTED) if findings else result.verdict
        unknown_yet = result.verdict is Verdict.NOT_CHECKED and not result.reason
        return replace(
            result,
            verdict=came_to,
            reason=self._ended() if unknown_yet else result.reason,
            findings=findings,
        )

    def _not_begun(self, done: Container[str]) -> Iterator[Result]:
        for phase in PHASES:
            for check in self.checks:
                if check.phase == phase and check.id not in done:
                    yield Result(check, Verdict.NOT_CHECKED, self._ended())

    def _ended(self) -> str:
        """Why nothing more comes."""
        if self.interrupted:
            return "interrupted"
        return self.lost or self.runner.cut or self.runner.unsure or "not done yet"

    def _result(self, result: Result) -> reported.Result:
        fact = self.sender.feed.policy.get(result.check.source)
        told = self.teller.result(result, fact.basis if fact else "", fact.source if fact else "")
        return replace(told, findings=tuple(self.found(each, result.check.name) for each in result.findings))


def chosen(settings: Settings) -> tuple[Check, ...]:
    """The checks that were asked for; P01 is always one of them."""
    known = {check.id: check for check in ALL}
    for name in (*settings.only, *settings.skip, *(accepted.check for accepted in settings.accept)):
        if name not in known:
            raise unknown("check", name, known)
    only = {*settings.only, "P01"} if settings.only else set[str]()
    if "P01" in settings.skip:
        raise InvalidValue("skip: P01 finds out whether there is anybody to check")
    chance = () if settings.fuzz else ("fuzz", "stateful")
    wanted = [check for check in ALL if (not only or check.id in only) and check.id not in settings.skip]
    found = tuple(check for check in wanted if check.phase not in chance)
    if found == ALL[:1] and set(settings.only) != {"P01"}:
        raise InvalidValue(_nothing(settings, wanted))
    return found


def _nothing(settings: Settings, wanted: Sequence[Check]) -> str:
    """Why no check is left but the preflight, which proves nothing by itself."""
    if len(wanted) > 1:
        names = " and ".join(check.id for check in wanted[1:])
        return f"only: expected a check that is not left out, got {names}, which draw by chance (fuzz = true, no --no-fuzz)"
    given = f"only {', '.join(settings.only)} and skip" if settings.only else "skip"
    return f"skip: expected that a check is left besides P01, got {given} {', '.join(settings.skip)}"


def _versions() -> dict[str, Any]:
    found = {"emulators": __version__, "python": sys.version.split()[0]}
    for name in ("aiohttp", "hypothesis"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
