"""Plays a case again: does the receiver still do what it did?"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum

from emulators.check.cases import Loaded
from emulators.check.checks.growing import certain
from emulators.check.checks.learning import learn
from emulators.check.checks.preflight import reach
from emulators.check.judging import attempt
from emulators.check.pulse import GONE, TargetGone
from emulators.check.session import Session
from emulators.check.vocabulary import Failure, Outcome, Shot
from emulators.errors import EmulatorError

TRIES = 3


class Replay(StrEnum):
    """What became of a finding. `ERROR`: it could not be told."""

    FIXED = "FIXED"
    FAILED = "FAILED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Replayed:
    """`tries`: what each execution came to, in words; empty: nothing was found wrong. `reason`: why it is an error, or proves
    little."""

    verdict: Replay
    tries: tuple[str, ...] = ()
    reason: str = ""
    outcome: Outcome | None = None
    """The last execution that failed, or the last one."""


async def replay(session: Session, loaded: Loaded) -> Replayed:
    """Three executions with fresh ids, or one of the preflight that fails. One that fails is enough to have failed, in the old way
    or in another: a case that is fixed gets no complaint at all."""
    check = loaded.check
    if loaded.key == GONE:
        return await _outlived(session, loaded)
    if check.judge is None:
        return Replayed(
            Replay.ERROR, reason=f"{check.id} is no single case: run it again with --only {check.id}"
        )
    if session.records is None and check.reads_oracle and not check.blind:
        return Replayed(
            Replay.ERROR, reason=f"{check.id} tells by what is stored: give the oracle it was found with"
        )
    session.lenient = loaded.lenient
    tries: list[str] = []
    shown: Outcome | None = None
    failed = False
    for number in range(TRIES):
        try:
            if not number:
                await _learn(session, loaded)
            outcome, failure = await _attempt(session, loaded)
        except TargetGone as gone:
            return Replayed(Replay.FAILED, (*tries, f"in another way: {gone.reason}"), outcome=shown)
        except EmulatorError as error:
            return Replayed(Replay.ERROR, tuple(tries), str(error), shown)
        if why := _unheard(outcome, failure, loaded):
            # What was seen before stands: the receiver may have died of it.
            return Replayed(Replay.FAILED if failed else Replay.ERROR, tuple(tries), why, outcome)
        other = "" if failure is None or failure.key == loaded.key else "in another way: "
        tries.append(f"{other}{failure.says}" if failure else "")
        if failure is not None or not failed:
            shown = outcome
        failed = failed or failure is not None
        if failed and check.phase == "preflight":
            # It has made sure by itself.
            break
    # A bad status shows without an oracle. That nothing does is no proof where it was found with one.
    if not failed and loaded.oracle and session.records is None:
        why = "nothing is wrong with the answers; it was found with an oracle, give it to see what is stored"
        return Replayed(Replay.ERROR, tuple(tries), why, shown)
    seen, _, of = loaded.confirmed.partition("/")
    if not failed and seen != of:
        why = f"when it was found, it was seen in {seen} of {of} executions: that it is not seen in {TRIES} proves little"
        return Replayed(Replay.FIXED, tuple(tries), why, shown)
    return Replayed(Replay.FAILED if failed else Replay.FIXED, tuple(tries), outcome=shown)


async def _learn(session: Session, loaded: Loaded) -> None:
    """What the run knew of the receiver before it came to this case: by what it keeps its events and how late, and in which
    columns."""
    if session.records is None or not loaded.check.reads_oracle:
        return
    # What the preflight finds wrong by now shows in the case, too.
    await _first(session)
    if "path" in loaded.case.data:
        await learn(session)


async def _attempt(session: Session, loaded: Loaded) -> tuple[Outcome | None, Failure | None]:
    """One execution. What the preflight finds may take more than one request to tell, so all of it is done again."""
    check, case = loaded.check, loaded.case
    if check.phase == "preflight":
        return None, await _first(session)
    outcome, failure = await attempt(session, check, case)
    if failure is not None and outcome.grown and not await certain(session, case, outcome):
        # It grows by itself.
        failure = None
    return outcome, failure


async def _first(session: Session) -> Failure | None:
    """What the preflight finds; None: nothing is wrong."""
    async with aclosing(reach(session)) as found:
        async for failure, _ in found:
            return failure
    return None


async def _outlived(session: Session, loaded: Loaded) -> Replayed:
    """Whether the receiver answers the documents' example, before and after."""
    plain = Shot((session.sender.event(),))
    tries: list[str] = []
    for _ in range(TRIES):
        try:
            [before] = await session.fire(plain)
            if before.heard.status is None:
                return Replayed(Replay.ERROR, tuple(tries), f"no answer: {before.heard.reason}")
            outcome = await session.run(loaded.case)
            [after] = await session.fire(plain)
            reason = "" if after.heard.status is not None else after.heard.reason
        except TargetGone as gone:
            reason = gone.reason
        except EmulatorError as error:
            return Replayed(Replay.ERROR, tuple(tries), str(error))
        if reason:
            return Replayed(Replay.FAILED, (*tries, f"it does not answer any more: {reason}"))
        tries.append("")
    return Replayed(Replay.FIXED, tuple(tries), outcome=outcome)


def _unheard(outcome: Outcome | None, failure: Failure | None, loaded: Loaded) -> str:
    """Why an execution tells nothing of the receiver; empty: it does. That nobody answers is a finding only where it was one."""
    exchanges = outcome.exchanges if outcome is not None else ()
    heard = [exchange.heard for exchange in exchanges]
    if not heard or any(one.status is not None for one in heard):
        return ""
    reason = heard[0].reason
    if _nobody(reason):
        return "" if failure is not None and reason in loaded.says else f"no answer: {reason}"
    # Of a request whose answer we did not wait for nothing can be said.
    waited = any(not exchange.shot.loss for exchange in exchanges)
    same = failure is not None and failure.key == loaded.key
    return f"no answer: {reason}" if waited and not same else ""


def _nobody(reason: str) -> bool:
    """Whether nobody was there to hear the request."""
    return reason.startswith(("connection refused", "the name ")) or "cannot be reached" in reason
