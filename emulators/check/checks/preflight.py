"""P01: whether there is anybody to check, and whether he takes the first example of the documents."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from statistics import median

from emulators.check.cases import bare
from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, success
from emulators.check.checks.edits import apart, redated
from emulators.check.checks.known import by_id_alone, ids_kept
from emulators.check.checks.leaks import Watch
from emulators.check.checks.parts import ordinary
from emulators.check.oracle import LONGEST, OracleUnusable
from emulators.check.planting import TOKEN
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.errors import TargetUnusable

LATE = "late"
"""The key of the failure where every answer is later than the vendor waits."""
SLOW = "slow oracle"
"""Fact: how many records it shows, and how many seconds a look takes, if these are more than `SLOW_FROM`."""
SLOW_FROM = 0.05
ASKED = 5
"""Requests that the usual time of an answer is taken from."""


def first_answer(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Any 2xx in the vendor's time will do here: whether it is the right one is C07's question."""
    heard = outcome.exchanges[0].heard
    if success(heard) and heard.seconds <= session.timeout:
        return None
    if success(heard):
        return Failure(
            LATE,
            f"The documents' own example is answered after {heard.seconds:.1f} s; {session.waits}, then it is sent again. With a"
            " greater --timeout the rest can be checked all the same",
        )
    hint = {
        401: "; give the credentials that it wants"
        if not session.target.basic
        else "; it refuses the credentials that were given",
        403: "; give the credentials that it wants, or let requests without a session in",
        404: "; is the path right?",
    }
    body = heard.body[:200].decode("utf-8", "replace").strip()
    return Failure(
        f"status {heard.status}" if heard.status else "no answer",
        f"The documents' own example is refused: the receiver {answered(heard)}{hint.get(heard.status or 0, '')}"
        + (f". It says: {body}" if body else ""),
    )


async def reach(session: Session) -> AsyncGenerator[tuple[Failure, Case], None]:
    """The example once; if it is taken, a few times more, to learn how long an answer takes."""
    session.listeners.append(Watch())
    if session.records is not None:
        # Whoever names an oracle hears at once that it cannot be read, whatever else is asked for.
        await session.records.read()
    event = session.sender.event()
    case = Case("P01", "the first example of the documents", (Shot((event,)),))
    outcome = await session.run(case)
    heard = outcome.exchanges[0].heard
    if heard.status is None:
        hint = ". Is your app running?" if heard.reason.startswith("connection refused") else ""
        raise TargetUnusable(
            f"{bare(session.target.url)} cannot be checked: {heard.reason or 'no answer'}{hint}"
        )
    session.facts["server"] = heard.header("server") or ""
    failure = first_answer(session, case, outcome)
    if failure is not None and failure.key == LATE:
        # The first request may have started something up.
        failure = first_answer(session, case, await session.run(case))
    if failure is None:
        times = [heard.seconds]
        times += [(await session.run(case)).exchanges[0].heard.seconds for _ in range(ASKED - 1)]
        session.facts["latency"] = median(times)
        failure = await find_again(session)
        if failure is not None:
            yield failure, replace(case, data={"stored": True})
        return
    today = None if failure.key == LATE else redated(event, int(time.time()))
    if today is not None:
        again = await session.run(Case("P01", "the same, dated now", (Shot((today,)),)))
        if success(again.exchanges[0].heard):
            failure = Failure(
                "stale",
                f"{failure.says}. Dated now the same event is taken: events are refused for their age, and after an outage "
                "the vendor sends what is hours or days old",
            )
    yield failure, case


async def find_again(session: Session, longest: float = LONGEST) -> Failure | None:
    """Whether the oracle shows anything that was acknowledged: an event of the first kind, or of any other, as an app may keep
    some kinds only. Then it is waited for as long as for nothing else: how long this receiver takes is learned here, too.

    That it keeps nothing but what has just happened is a failure. Raises `OracleUnusable` where it keeps nothing: it looks
    elsewhere, or nothing is stored at all, and nobody can tell which.
    """
    records, kinds = session.records, session.sender.kinds
    if records is None:
        return None
    for chosen, quiet in ((kinds[:1], None), (kinds, longest)):
        shown = await _shown(session, chosen, quiet)
        if any(shown.values()) or False not in shown.values():
            # Until all kinds are looked at in earnest.
            session.ignored_kinds = [kind for kind, there in shown.items() if there is False]
            session.ids_kept = await ids_kept(session)
            if records.look > SLOW_FROM:
                session.facts[SLOW] = {"records": records.held, "seconds": records.look}
            return None
    if any((await _shown(session, kinds, None, int(time.time()))).values()):
        return Failure(
            "stale",
            "The documents' own examples are acknowledged and not stored; dated now they are. Events are dropped for their age, and"
            " after an outage the vendor sends what is hours or days old",
        )
    if await by_id_alone(session):
        return None
    if astray := records.astray(session.run_id):
        raise OracleUnusable(f"the oracle shows none of the events that were acknowledged: {astray}")
    told = ", ".join(kinds[:3]) + (f" and {len(kinds) - 3} more kinds" if len(kinds) > 3 else "")
    raise OracleUnusable(
        f"the oracle shows none of the events that were acknowledged ({told}): either it looks elsewhere, or the receiver"
        f" stores nothing. It answers: {records.sketch}. Mend that first, or leave the oracle out to see what answers tell"
        + (
            ". With --oracle-key only addresses are looked for: without it ids are, too"
            if records.exact
            else ""
        )
    )


async def _shown(
    session: Session, kinds: Sequence[str], quiet: float | None, at: int = 0
) -> dict[str, bool | None]:
    """Of each kind that is taken, whether the oracle shows it; None: its events name nobody that could be looked for. `at`: when
    they happened, if not as the documents' own."""
    sender = session.sender
    events = [apart(sender, ordinary(session, 1, kind)[0], number) for number, kind in enumerate(kinds)]
    if at:
        events = [redated(event, at) or event for event in events]
    case = Case("P01", "what the oracle says", tuple(Shot((event,)) for event in events))
    outcome = await session.run(case, _unseen, oracle=True, quiet=quiet)
    found: dict[str, bool | None] = {}
    for kind, exchange in zip(kinds, outcome.exchanges, strict=True):
        [key] = exchange.keys
        if success(exchange.heard):
            found[kind] = bool((outcome.stored or {}).get(key)) if TOKEN.fullmatch(key) else None
    return found


def _unseen(outcome: Outcome) -> str | None:
    return None if outcome.stored is None or any(outcome.stored.values()) else "nothing is there"


CHECKS = (
    Check(
        "P01",
        "the documents' example is taken",
        "preflight",
        Severity.CRITICAL,
        Verdict.FAIL,
        "A receiver that does not take what the vendor prints as an example takes nothing of his. See to this first: nothing else "
        "is checked until it does.",
        run=reach,
        judge=first_answer,
        shrinks=False,
    ),
)
