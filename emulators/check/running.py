"""Goes through the phases: executes cases, judges, makes what fails small, and says what could not be told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from emulators.check.budget import TIME_IS_UP, BudgetSpent
from emulators.check.catalogue import PHASES, Check
from emulators.check.judging import attempt
from emulators.check.pulse import GONE, TargetGone
from emulators.check.session import Session
from emulators.check.shrinking import minimised
from emulators.check.vocabulary import Case, Failure, Finding, Outcome, Severity, Verdict
from emulators.errors import EmulatorError, TargetUnusable

MOST_FINDINGS = 3
"""Of one check: what is the same bug under three keys is told thrice."""
EXPLAINING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("status 301", "status 302", "status 303", "status 307", "status 308"), ("C11",)),
        **dict.fromkeys(("status 401", "status 403", "status 419"), ("C27", "C28")),
    }
)
"""Which checks say more about a failure of the preflight, by its key."""


class CannotTell(EmulatorError):
    """Raised by the `run` of a check that lacks what it needs to tell anything: NOT CHECKED, and why."""


@dataclass(slots=True)
class Result:
    """What a check came to. `reason` says why it was not done, where it was not."""

    check: Check
    verdict: Verdict
    reason: str = ""
    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Runner:
    """Runs checks against a session. `tell` hears of what happens, for progress."""

    session: Session
    checks: Sequence[Check]
    tell: Callable[[str, object], None] = lambda kind, data: None
    shrink: bool = True
    results: list[Result] = field(default_factory=list)
    cut: str = ""
    """Why it ended before its end; empty: it did not."""
    unsure: str = ""
    """What could not be read or reached on the way, so that something is not known; empty: nothing."""
    barred: str = ""
    """Why nothing more can be told of this receiver than what the preflight found; empty: more can."""
    spared: Collection[str] = ()
    """The checks that can tell more of it all the same."""

    async def run(self) -> None:
        """All phases; `results` grows as it goes, so that what is known can be told at any time."""
        for phase in PHASES:
            chosen = [check for check in self.checks if check.phase == phase]
            if not chosen:
                continue
            self.tell("phase", phase)
            for check in chosen:
                await self._check(check)
            if phase == "preflight":
                self._bar()

    def _bar(self) -> None:
        """What the preflight found fails everything else for the same reason."""
        for result in self.results:
            for finding in result.findings:
                if finding.verdict is Verdict.FAIL:
                    self.barred = f"see P01: {finding.says}"
                    self.spared = EXPLAINING.get(finding.key, ())

    async def _check(self, check: Check) -> None:
        result = Result(check, Verdict.NOT_CHECKED, self._reason(check))
        self.results.append(result)
        if result.reason:
            self.tell("result", result)
            return
        self.session.pulse.check = check.id
        before, started = self.session.budget.spent, time.perf_counter()
        try:
            # Not only before a request: it may be a hook, or an oracle, that takes the time.
            async with asyncio.timeout_at(self.session.budget.until):
                async for finding in self._findings(check):
                    result.findings.append(finding)
                    self.tell("finding", finding)
                    if len(result.findings) == MOST_FINDINGS:
                        break
            result.verdict = worst(result.findings, Verdict.PASS)
            self._doubt(result, before)
        except CannotTell as reason:
            result.reason = str(reason)
        except (BudgetSpent, TimeoutError) as spent:
            result.reason = str(spent) or TIME_IS_UP
            self.cut = self.cut or result.reason
        except TargetGone as gone:
            result.reason = str(gone)
            self.cut = self.cut or result.reason
            self._mourn(gone)
        except TargetUnusable as lost:
            if check.phase == "preflight":
                raise
            # What is known by now is worth telling.
            result.reason = str(lost)
            self.unsure = self.unsure or result.reason
        if result.reason:
            result.verdict = worst(result.findings, Verdict.NOT_CHECKED)
        result.requests = self.session.budget.spent - before
        result.seconds = time.perf_counter() - started
        self.tell("result", result)

    def _mourn(self, gone: TargetGone) -> None:
        """That a request has silenced the receiver for good is graver than whatever else it shows; the check that sent it tells."""
        result = next(result for result in self.results if result.check.id == gone.check)
        found = Finding(
            gone.check,
            Verdict.FAIL,
            Severity.CRITICAL,
            f"after this request the receiver does not answer any more, not even to the documents' own example ({gone.reason})",
            Case(gone.check, "the last request that it heard", (gone.suspect.shot,), gone.legal),
            Outcome((gone.suspect,)),
            GONE,
            confirmed=1,
            tried=1,
            minimal=False,
        )
        result.findings.append(found)
        result.verdict = Verdict.FAIL
        self.tell("finding", found)

    def _doubt(self, result: Result, before: int) -> None:
        """Where nothing was asked, nothing passed; and what hides behind a success is not green because the answers were."""
        if not result.findings and self.session.budget.spent == before and result.check.phase != "after-run":
            result.verdict, result.reason = Verdict.NOT_CHECKED, "nothing of it applies to this receiver"
        if result.check.hidden and not result.findings and self.session.records is None:
            result.verdict = Verdict.NOT_CHECKED
            result.reason = (
                "the answers are right; whether it was stored rightly is not known without an oracle"
            )

    def _reason(self, check: Check) -> str:
        """Why a check is not done; empty: it is."""
        if self.cut:
            return self.cut
        if self.barred and check.id not in self.spared:
            return self.barred
        if reason := check.applies(self.session.sender):
            return reason
        if check.reads_oracle and not check.blind and self.session.records is None:
            return (
                "what was stored is not known: give --oracle-url, --oracle-cmd, --oracle-file or --oracle-py"
            )
        missing = [need for need in check.needs if not self.session.hooks.has(need)]
        if missing:
            return f"needs --{missing[0]}-cmd"
        return ""

    async def _findings(self, check: Check) -> AsyncIterator[Finding]:
        seen: set[str] = set()
        async for failure, case, outcome in self._failures(check):
            if failure.key in seen:
                continue
            seen.add(failure.key)
            yield await self._finding(check, failure, case, outcome)

    async def _failures(self, check: Check) -> AsyncIterator[tuple[Failure, Case, Outcome | None]]:
        if check.run is not None:
            async for failure, case in check.run(self.session):
                yield failure, case, None
            return
        for case in check.cases(self.session) if check.cases else ():
            outcome, found = await attempt(self.session, check, case)
            if found is not None:
                yield found, case, outcome

    async def _finding(self, check: Check, failure: Failure, case: Case, outcome: Outcome | None) -> Finding:
        fact = self.session.sender.feed.policy.get(check.source)
        basis = case.basis if case.basis != "documented" or fact is None else fact.basis
        found = Finding(
            check.id,
            failure.verdict or check.grade,
            failure.severity or check.severity,
            failure.says,
            case,
            outcome,
            failure.key,
            basis=basis,
            source=fact.source if fact else "",
        )
        whole = check.judge is None or not check.shrinks or not case.shots
        once = replace(found, confirmed=1, tried=1, minimal=whole)
        shown = check.judge is None or outcome is not None or not case.shots
        if not self.shrink or (whole and shown):
            return once
        try:
            if not whole:
                return await minimised(self.session, check, found)
            # So that there is a request to show.
            return replace(once, outcome=(await attempt(self.session, check, case))[0])
        except BudgetSpent:
            return once
        except (asyncio.CancelledError, TargetUnusable):
            # Whatever ends it, what is known is told, small or not.
            self.results[-1].findings.append(replace(once, minimal=False))
            raise


def worst(findings: Sequence[Finding], otherwise: Verdict) -> Verdict:
    """What a check came to that found these: the worst that is not put up with; `otherwise` if there is none."""
    found = {finding.verdict for finding in findings if not finding.accepted}
    return next((verdict for verdict in (Verdict.FAIL, Verdict.RISK) if verdict in found), otherwise)
