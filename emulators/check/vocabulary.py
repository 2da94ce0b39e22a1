"""The words of a check: what is sent, what came back, what is found. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from emulators.engine.provider import Payload

Pairs = tuple[tuple[str, str], ...]


class Verdict(StrEnum):
    """What a check came to. `ACCEPTED`: it found only what is put up with, which is not green and does not fail the run.
    `NOT_CHECKED` is never green: it says why nobody knows."""

    PASS = "PASS"
    ACCEPTED = "ACCEPTED"
    FAIL = "FAIL"
    RISK = "RISK"
    NOT_CHECKED = "NOT CHECKED"


class Severity(IntEnum):
    """How much is lost; `--fail-on` names the least that counts."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """One request of a case.

    `events` are templates: their ids and addresses become fresh ones each time, equal ones stay equal. `raw` is sent
    as it is in their place. `headers` stand over the vendor's own; an empty value takes one away. `path` replaces the
    path of the target. `framing`: `length`, `chunked`, `gzip`, `expect`, `lower` or `upper` (the case of header names),
    `halves` (two TCP segments, parted inside a character).
    `style` of the JSON: `compact`, `spaced`, `escaped` (no byte above 127) or `reordered` (keys backwards).
    `loss`: empty, or `reset` (the connection is reset after the body). `together`: so many copies at once.
    `credentials`: `right`, `none` or `wrong`, of a target that has any. `before`: empty, or `restart` (the hook restarts
    the receiver first).
    """

    events: tuple[Payload, ...] = ()
    raw: bytes | None = None
    method: str = "POST"
    headers: Pairs = ()
    path: str | None = None
    framing: str = "length"
    style: str = "compact"
    loss: str = ""
    together: int = 1
    credentials: str = "right"
    before: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """Requests in a row that show something, or would. `legal`: the vendor may really send them."""

    check: str
    title: str
    shots: tuple[Shot, ...]
    legal: bool = True
    basis: str = "documented"
    """How well it is known that the vendor does this."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the judge must know of it, as JSON."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the receiver did: its status, or None and the reason why there is none; `seconds` until its last byte."""

    status: int | None
    headers: Pairs = ()
    body: bytes = b""
    seconds: float = 0.0
    reason: str = ""

    def header(self, name: str) -> str | None:
        """A header field of the answer."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it really left, and what was heard. `keys`: the identities planted in its events, one for each."""

    shot: Shot
    url: str
    headers: Pairs
    body: bytes
    keys: tuple[str, ...]
    heard: Heard
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: an exchange for every copy of every shot, in order. `stored`: how often the oracle knows
    each identity (None: it was not asked, or there is none); `settled`: whether it had come to rest."""

    exchanges: tuple[Exchange, ...]
    stored: Mapping[str, int] | None = None
    settled: bool = True
    found: Mapping[str, list[Any]] | None = None
    """The records that mention each identity."""
    grown: frozenset[str] = frozenset()
    """Of a case without events: where the oracle has a list with more entries than before."""

    def of(self, shot: int) -> list[Exchange]:
        """The copies of one shot."""
        start, found = 0, list[Exchange]()
        for exchange in self.exchanges:
            if not found or exchange.shot is not found[-1].shot:
                start += 1
            if start - 1 == shot:
                found.append(exchange)
            elif found:
                break
        return found


@dataclass(frozen=True, slots=True)
class Failure:
    """What a judge sees in an outcome. Two failures are the same one if their keys are: while a case shrinks, one bug must
    not turn into another. `verdict` and `severity` None: those of the check."""

    key: str
    says: str
    verdict: Verdict | None = None
    severity: Severity | None = None
    lasting: bool = False
    """Waiting would not mend it: a status was bad, or too much is stored. The oracle is not waited for then."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `confirmed` of `tried` executions with fresh ids failed in the same way; `minimal`: whether the case
    cannot get smaller; `took`: requests that it took to make it so."""

    check: str
    verdict: Verdict
    severity: Severity
    says: str
    case: Case | None = None
    outcome: Outcome | None = None
    key: str = ""
    confirmed: int = 0
    tried: int = 0
    minimal: bool = True
    took: int = 0
    basis: str = "documented"
    source: str = ""
    accepted: str = ""
    """Why it is put up with, from the configuration; it counts no more then."""
    accepted_until: str = ""
    """The last day of that (2027-01-31); empty: there is none."""

    @property
    def flaky(self) -> bool:
        """Whether it did not come each time."""
        return 0 < self.confirmed < self.tried


@dataclass(frozen=True, slots=True)
class Target:
    """Whom is checked. `basic`: login and password; `headers` go with every request (secrets, by reference)."""

    url: str
    headers: Pairs = ()
    basic: tuple[str, str] | None = None
    timeout: float | None = None
    """Seconds, in place of the vendor's."""
