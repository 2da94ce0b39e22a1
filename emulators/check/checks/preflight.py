"""P01: whether there is anybody to check, and whether he takes the first example of the documents."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from statistics import median

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner, success
from emulators.check.checks.edits import redated
from emulators.check.checks.leaks import Watch
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.errors import TargetUnusable

ASKED = 5
"""Requests that the usual time of an answer is taken from."""


def first_answer(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Any 2xx will do here: whether it is the right one is C07's question."""
    heard = outcome.exchanges[0].heard
    if success(heard):
        return None
    hint = {
        401: "; give the credentials that it wants",
        403: "; give the credentials that it wants, or let requests without a session in",
        404: "; is the path right?",
    }
    body = heard.body[:200].decode("utf-8", "replace").strip()
    return Failure(
        manner(heard),
        f"The documents' own example is refused: the receiver {answered(heard)}{hint.get(heard.status or 0, '')}"
        + (f". It says: {body}" if body else ""),
    )


async def reach(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """The example once; if it is taken, a few times more, to learn how long an answer takes."""
    session.listeners.append(Watch())
    event = session.sender.event()
    case = Case("P01", "the first example of the documents", (Shot((event,)),))
    outcome = await session.run(case)
    heard = outcome.exchanges[0].heard
    if heard.status is None:
        raise TargetUnusable(f"{session.target.url} cannot be checked: {heard.reason or 'no answer'}")
    session.facts["server"] = heard.header("server") or ""
    failure = first_answer(session, case, outcome)
    if failure is None:
        times = [heard.seconds]
        times += [(await session.run(case)).exchanges[0].heard.seconds for _ in range(ASKED - 1)]
        session.facts["latency"] = median(times)
        return
    today = redated(event, int(time.time()))
    if today is not None:
        again = await session.run(Case("P01", "the same, dated now", (Shot((today,)),)))
        if success(again.exchanges[0].heard):
            failure = Failure(
                "stale",
                f"{failure.says}. Dated now the same event is taken: events are refused for their age, and after an outage "
                "the vendor sends what is hours or days old",
            )
    yield failure, case


CHECKS = (
    Check(
        "P01",
        "the documents' example is taken",
        "preflight",
        Severity.CRITICAL,
        Verdict.FAIL,
        "A receiver that does not take what the vendor prints as an example takes nothing of his. See to this first: nothing "
        "but the handshake is checked until it does.",
        run=reach,
        judge=first_answer,
        shrinks=False,
    ),
)
