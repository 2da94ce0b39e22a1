"""The whole result of a run as plain values, which every report is made of. Nothing in them is a secret any more:
`filling` makes them and drops what must not be told. All times are seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulators.check.vocabulary import Pairs, Severity, Verdict

VERSION = 1
"""Of the JSON, and of the event stream."""


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """A phase as it went; `cut` says why it ended before its end (empty: it did not)."""

    name: str
    requests: int = 0
    seconds: float = 0.0
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a case and what was heard. `body` are the exact bytes; they lie in `file`. `framing`, `loss`, `before`,
    `together` and `credentials` are those of the shot. `secrets` are the names of headers (lower case) whose values are
    left out, each with the variable that stands for it."""

    method: str
    url: str
    headers: Pairs = ()
    body: bytes = b""
    file: str = ""
    status: int | None = None
    seconds: float = 0.0
    reason: str = ""
    answer: str = ""
    """The beginning of the answer's body."""
    acknowledged: bool = False
    framing: str = "length"
    loss: str = ""
    together: int = 1
    credentials: str = "right"
    before: str = ""
    usual: bool = True
    """Whether it went to the target itself, with the vendor's own headers alone."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    login: str = ""
    """The variable with `login:password`, where HTTP Basic was asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it is told. `case` names its files: `case-7qd2.json`, and the bytes of its bodies beside it."""

    check: str
    name: str
    verdict: Verdict
    severity: Severity
    says: str
    key: str = ""
    title: str = ""
    legal: bool = True
    case: str = ""
    sent: tuple[Sent, ...] = ()
    """The minimal case as it was executed last, one for each request; copies that went at once are told once."""
    left_out: int = 0
    """Requests of the case that are not in `sent`, because there are too many."""
    stored: Mapping[str, int] | None = None
    confirmed: int = 0
    tried: int = 0
    minimal: bool = True
    took: int = 0
    basis: str = "documented"
    source: str = ""
    accepted: str = ""
    accepted_until: str = ""
    """The last day of that, as ISO 8601 has it; empty: there is none."""
    curl: tuple[str, ...] = ()
    """Shell commands, in order."""
    replay: str = ""
    pytest: str = ""
    """A test to paste; empty: this cannot be said in a short one."""

    @property
    def flaky(self) -> bool:
        """Whether it did not come each time."""
        return 0 < self.confirmed < self.tried

    @property
    def refusal(self) -> str:
        """What the receiver said with the answer that is complained of; empty where `says` has it already, or it was taken."""
        told = self.shown or next(iter(self.sent), None)
        if told is None or told.acknowledged or told.answer.strip()[:40] in self.says:
            return ""
        return told.answer.strip()

    @property
    def shown(self) -> Sent | None:
        """The request whose body tells most: the first that was not acknowledged, or the first that has a body."""
        bodies = [sent for sent in self.sent if sent.body]
        return next((sent for sent in bodies if not sent.acknowledged), bodies[0] if bodies else None)


@dataclass(frozen=True, slots=True)
class Result:
    """What a check came to. `says` is what goes wrong in the wild; `reason` why nobody knows, where nobody does."""

    check_id: str
    name: str
    verdict: Verdict
    severity: Severity
    phase: str = ""
    says: str = ""
    findings: tuple[Found, ...] = ()
    reason: str = ""
    basis: str = ""
    source: str = ""
    requests: int = 0
    seconds: float = 0.0
    complete: bool = True
    """Whether it tells of all that there is: it went to its end, and did not find more than is told."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An exchange of the timeline. `at` counts from the start of the run."""

    at: float
    seconds: float
    phase: str
    what: str
    status: int | None = None
    acknowledged: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run against one target. `facts` is what was learned on the way, by name; `versions` what made the report.

    `inconclusive` says why nobody can tell what came of it (empty: one can)."""

    provider: str
    revision: str
    feed: str
    target: str
    """Without secrets."""
    seed: int
    run_id: str
    started: datetime
    seconds: float = 0.0
    title: str = ""
    """As the vendor calls himself."""
    phases: tuple[PhaseResult, ...] = ()
    results: tuple[Result, ...] = ()
    timeline: tuple[Moment, ...] = ()
    timeout: float | None = None
    """How long the vendor waits for an answer."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    inconclusive: str = ""
    interrupted: bool = False
    fail_on: Severity = Severity.HIGH
    """The least severity that counts."""

    @property
    def vendor(self) -> str:
        """The vendor for people."""
        return self.title or self.provider

    @property
    def requests(self) -> int:
        """All that were sent."""
        return sum(phase.requests for phase in self.phases) or sum(result.requests for result in self.results)

    def findings(self, verdict: Verdict | None = None) -> Iterator[Found]:
        """Those that are not put up with, the gravest first."""
        every = [found for result in self.results for found in result.findings if not found.accepted]
        for found in sorted(every, key=lambda found: (found.verdict is Verdict.RISK, -found.severity)):
            if verdict in (None, found.verdict):
                yield found

    @property
    def accepted(self) -> list[Found]:
        """Those that are put up with."""
        return [found for result in self.results for found in result.findings if found.accepted]

    def count(self, verdict: Verdict) -> int:
        """Checks that came to this."""
        return sum(result.verdict is verdict for result in self.results)

    def counts(self, found: Found) -> bool:
        """Whether a finding is grave enough to fail the run, and not put up with."""
        return found.severity >= self.fail_on and not found.accepted

    @property
    def ok(self) -> bool:
        """Whether it went to its end and no finding counts."""
        return not (self.inconclusive or self.interrupted or any(map(self.counts, self.findings())))
