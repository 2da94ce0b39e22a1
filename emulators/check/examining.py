"""One run from settings to a result: sets the session up, lets the runner go, and tells what came of it as plain values."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from emulators import __version__
from emulators.check.catalogue import PHASES, Check
from emulators.check.checks import ALL
from emulators.check.hooks import Hooks
from emulators.check.oracle import oracle_of
from emulators.check.reports.filling import Teller, veil_of
from emulators.check.reports.model import Moment, PhaseResult, Run
from emulators.check.running import Runner
from emulators.check.sender import Sender
from emulators.check.session import Budget, Session
from emulators.check.settings import Settings
from emulators.check.vocabulary import Exchange, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from emulators.errors import InvalidValue, unknown

Tell = Callable[[str, object], None]
MOST_MOMENTS = 5000


@dataclass
class Examination:
    """`tell` hears of phases, findings and results while it goes; `listeners` of every exchange."""

    settings: Settings
    environment: Mapping[str, str]
    tell: Tell = lambda kind, data: None
    listeners: Sequence[Callable[[Exchange], None]] = ()
    oracle: Callable[..., Any] | None = None
    """A function that returns what is stored, in place of the oracle of the settings."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    phase: str = ""
    interrupted: bool = False

    def __post_init__(self) -> None:
        settings = self.settings
        self.run_id = secrets.token_hex(3)
        self.sender = Sender(settings.provider, settings.feed, settings.policy)
        self.target = settings.target(self.environment)
        self.egress = Egress(settings.allow)
        self.egress.check_url(self.target.url)
        self.checks = chosen(settings)
        records = oracle_of(
            url=settings.oracle_url or None,
            command=settings.oracle_cmd or None,
            file=settings.oracle_file or None,
            function=self.oracle or settings.oracle_py or None,
            key_pointer=settings.oracle_key,
            status_pointer=settings.oracle_status,
            headers=settings.oracle_pairs(self.environment),
            allow=settings.allow,
            run=self.run_id,
            since=self.started.isoformat(timespec="seconds"),
        )
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
        )
        self._began = time.perf_counter()
        self._moments: list[Moment] = []

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
        """All of it. Raises `TargetUnusable` where nothing can be told."""
        try:
            if self.settings.reset_cmd:
                await self.session.hooks.reset()
            await self.runner.run()
        finally:
            await self.session.wire.close()
        return self.result()

    def _told(self, kind: str, data: object) -> None:
        if kind == "phase":
            self.phase = str(data)
        self.tell(kind, data)

    def _note(self, exchange: Exchange) -> None:
        if len(self._moments) < MOST_MOMENTS:
            heard = exchange.heard
            count = len(exchange.shot.events)
            what = (
                f"{exchange.shot.method} {count} event{'s' if count != 1 else ''}"
                if count
                else exchange.shot.method
            )
            at = time.perf_counter() - self._began - heard.seconds
            self._moments.append(
                Moment(max(0.0, at), heard.seconds, self.phase, what, heard.status, exchange.acknowledged, self.veil.text(heard.reason))
            )  # fmt: skip

    def result(self) -> Run:
        """What is known so far, as plain values."""
        today = datetime.now(UTC).date()
        for result in self.runner.results:
            result.findings = [
                replace(f, accepted=next((a.reason for a in self.settings.accept if a.covers(f, today)), ""))
                for f in result.findings
            ]
            counting = {f.verdict for f in result.findings if not f.accepted}
            if result.findings:
                # A check that was interrupted has no verdict of its own yet; what it found stands.
                result.verdict = next(
                    (v for v in (Verdict.FAIL, Verdict.RISK) if v in counting), Verdict.PASS
                )
            elif self.interrupted and result.verdict is Verdict.NOT_CHECKED:
                result.reason = result.reason or "interrupted"
        policy = self.sender.feed.policy
        results = tuple(
            self.teller.result(
                r,
                policy[r.check.source].basis if r.check.source in policy else "",
                policy[r.check.source].source if r.check.source in policy else "",
            )
            for r in self.runner.results
        )
        return Run(
            self.sender.vendor.name,
            self.sender.vendor.profile.revision,
            self.sender.feed.name,
            self.teller.address,
            self.settings.seed,
            self.session.run_id,
            self.started,
            time.perf_counter() - self._began,
            self.sender.title,
            self._phases(),
            results,
            tuple(self._moments),
            self.session.timeout,
            self.teller.facts(self.session.facts),
            _versions(),
            self.runner.cut or self.runner.unsure,
            self.interrupted,
            self.settings.least,
        )

    def _phases(self) -> tuple[PhaseResult, ...]:
        done = []
        for phase in PHASES:
            own = [result for result in self.runner.results if result.check.phase == phase]
            if own:
                requests, seconds = sum(r.requests for r in own), sum(r.seconds for r in own)
                cut = self.runner.cut if any(r.reason == self.runner.cut != "" for r in own) else ""
                done.append(PhaseResult(phase, requests, seconds, cut))
        return tuple(done)


def chosen(settings: Settings) -> tuple[Check, ...]:
    """The checks that were asked for; P01 is always one of them."""
    known = {check.id: check for check in ALL}
    for name in (*settings.only, *settings.skip, *(accepted.check for accepted in settings.accept)):
        if name.upper() not in known:
            raise unknown("check", name, known)
    only = {name.upper() for name in settings.only} | ({"P01"} if settings.only else set())
    skip = {name.upper() for name in settings.skip}
    if "P01" in skip:
        raise InvalidValue("skip: P01 finds out whether there is anybody to check")
    phases = () if settings.fuzz else ("fuzz", "stateful")
    return tuple(c for c in ALL if (not only or c.id in only) and c.id not in skip and c.phase not in phases)


def _versions() -> dict[str, Any]:
    found = {"emulators": __version__, "python": sys.version.split()[0]}
    for name in ("aiohttp", "hypothesis"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
