"""One execution of a case, judged."""

from __future__ import annotations

from functools import partial

from emulators.check.catalogue import Check
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome


async def attempt(
    session: Session, check: Check, case: Case, quiet: float | None = None
) -> tuple[Outcome, Failure | None]:
    """One execution of a case, and what the judge says. `quiet`: seconds that the oracle is waited for."""
    if check.judge is None:
        raise TypeError(f"{check.id} has no judge")
    judge = partial(check.judge, session, case)
    outcome = await session.run(case, judge, check.reads_oracle, quiet)
    return outcome, judge(outcome)
