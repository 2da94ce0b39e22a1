"""Plays a case again: does the receiver still do what it did?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from emulators.check.cases import Loaded
from emulators.check.judging import attempt
from emulators.check.session import Session
from emulators.check.vocabulary import Outcome
from emulators.errors import EmulatorError

TRIES = 3


class Replay(StrEnum):
    """What became of a finding. `ERROR`: it could not be told."""

    FIXED = "FIXED"
    FAILED = "FAILED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Replayed:
    """`tries`: what each execution came to, in words; empty: nothing was found wrong. `reason`: why it is an error."""

    verdict: Replay
    tries: tuple[str, ...] = ()
    reason: str = ""
    outcome: Outcome | None = None
    """The last execution that failed, or the last one."""


async def replay(session: Session, loaded: Loaded) -> Replayed:
    """Three executions with fresh ids. One that fails is enough to have failed, in the old way or in another: a case that is
    fixed gets no complaint at all."""
    check = loaded.check
    if check.judge is None:
        return Replayed(
            Replay.ERROR, reason=f"{check.id} is no single case: run it again with --only {check.id}"
        )
    if session.records is None and (loaded.oracle or (check.reads_oracle and not check.blind)):
        return Replayed(
            Replay.ERROR, reason="it showed in what was stored: give the oracle that it was found with"
        )
    tries: list[str] = []
    shown: Outcome | None = None
    failed = False
    for _ in range(TRIES):
        try:
            outcome, failure = await attempt(session, check, loaded.case)
        except EmulatorError as error:
            return Replayed(Replay.ERROR, tuple(tries), str(error), shown)
        if not _heard(outcome) and (failure is None or failure.key != loaded.key):
            return Replayed(Replay.ERROR, tuple(tries), f"no answer: {_reason(outcome)}", outcome)
        other = "" if failure is None or failure.key == loaded.key else "in another way: "
        tries.append(f"{other}{failure.says}" if failure else "")
        if failure is not None or not failed:
            shown = outcome
        failed = failed or failure is not None
    return Replayed(Replay.FAILED if failed else Replay.FIXED, tuple(tries), outcome=shown)


def _heard(outcome: Outcome) -> bool:
    """Whether anything was answered; a request whose answer we did not wait for tells nothing."""
    waited = [exchange for exchange in outcome.exchanges if not exchange.shot.loss]
    return not waited or any(exchange.heard.status is not None for exchange in waited)


def _reason(outcome: Outcome) -> str:
    return next((exchange.heard.reason for exchange in outcome.exchanges if exchange.heard.reason), "")
