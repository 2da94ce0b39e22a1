"""What must store nothing: whether the oracle has more after it than before, each time, and not by itself."""

from __future__ import annotations

from emulators.check.checks.parts import ordinary
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict

AGAIN = 2
TOGETHER = 3
UNREADABLE = b'{"'


def stored(case: Case, outcome: Outcome) -> Failure | None:
    """That something was stored."""
    if not outcome.grown:
        return None
    where = ", ".join(sorted(outcome.grown)) or "its list"
    says = f"{case.title}: something is stored for it, the oracle has more in {where} than before"
    return Failure("stored", says, Verdict.FAIL, Severity.MEDIUM, True)


async def certain(session: Session, case: Case, outcome: Outcome) -> bool:
    """Whether it is this case that lets a list of events grow: it does each time, and the list neither grows by itself nor by
    what nobody can read, as a log of requests does, and takes events that come together one by one, as no such log does."""
    records, sender = session.records, session.sender
    if records is None or sender.together < TOGETHER:
        return False
    grown = outcome.grown
    for _ in range(AGAIN):
        grown &= (await session.run(case, lambda told: None, oracle=True)).grown
    unreadable = Case(case.check, "", (Shot(raw=UNREADABLE),), legal=False)
    grown -= (await session.run(unreadable, lambda told: None, oracle=True)).grown
    if not grown:
        return False
    before = await records.read()
    await records.settle((), lambda counts: False)
    idle = await records.read()
    grown -= idle.grown(before)
    events = Case(case.check, "", (Shot(ordinary(session, TOGETHER)),))
    await session.run(events, lambda told: None if all((told.stored or {}).values()) else told, oracle=True)
    return bool(grown & (await records.read()).grown(idle, TOGETHER))
