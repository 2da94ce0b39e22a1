"""What is checked: every check with what goes wrong in the wild, when it applies, its cases and its judge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.check.sender import Sender
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Verdict

if TYPE_CHECKING:
    from emulators.check.session import Session

# Volume comes late: an oracle that answers with thousands of records is slow to ask.
PHASES = (
    "preflight",
    "handshake",
    "samples",
    "coverage",
    "delivery",
    "fuzz",
    "stateful",
    "volume",
    "after-run",
)


def always(sender: Sender) -> str:
    """It applies to every vendor."""
    return ""


@dataclass(frozen=True, slots=True)
class Check:
    """`grade` is the verdict of what it finds unless a failure says otherwise; `says` what goes wrong in the wild;
    `source` the fact of the feed that it rests on (`answers`, `timeout`, ...); `applies` why it does not apply to a vendor
    (empty: it does). `cases` and `judge`, or `run`, which yields failures with the case that shows each.

    `reads_oracle`: the judge wants to know what was stored; `blind`: it can tell something without an oracle, too.
    `needs`: hooks without which it cannot be done (`restart`).
    """

    id: str
    name: str
    phase: str
    severity: Severity
    grade: Verdict
    says: str
    source: str = "answers"
    applies: Callable[[Sender], str] = always
    cases: Callable[[Session], Iterable[Case]] | None = None
    judge: Callable[[Session, Case, Outcome], Failure | None] | None = None
    run: Callable[[Session], AsyncIterator[tuple[Failure, Case]]] | None = None
    reads_oracle: bool = False
    blind: bool = False
    needs: tuple[str, ...] = ()
    shrinks: bool = True
    hidden: bool = False
    """Whether the defect hides behind a success: without an oracle a good answer proves nothing."""
