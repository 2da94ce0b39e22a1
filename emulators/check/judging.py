"""One execution of a case, judged; and what it takes to see what was found."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from emulators.check.catalogue import Check
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Finding, Outcome


async def attempt(
    session: Session, check: Check, case: Case, quiet: float | None = None
) -> tuple[Outcome, Failure | None]:
    """One execution of a case, and what the judge says. `quiet`: seconds that the oracle is waited for."""
    if check.judge is None:
        raise TypeError(f"{check.id} has no judge")
    judge = partial(check.judge, session, case)
    outcome = await session.run(case, judge, check.reads_oracle, quiet)
    return outcome, judge(outcome)


def stored_alone(session: Session, check: Check | None, finding: Finding, case: Case) -> bool:
    """Whether what is stored shows a finding, and the answers do not. Of an unknown check nobody can tell, so it does."""
    outcome = finding.outcome
    if outcome is None or outcome.stored is None:
        return False
    if check is None or check.judge is None or not check.blind:
        return True
    seen = check.judge(session, case, replace(outcome, stored=None, found=None, grown=frozenset()))
    return seen is None or seen.key != finding.key
