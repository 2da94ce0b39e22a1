"""S01: every body that the documents print, byte for byte, and every kind of event they name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, legal, refused
from emulators.check.checks.kinds import BAD
from emulators.check.checks.parts import ordinary
from emulators.check.planting import TOKEN
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Outcome, Severity, Shot, Verdict


def printed(session: Session) -> Iterator[Case]:
    """As they stand in the documents: their ids are old, so who knows them may answer without looking."""
    for sample in session.sender.samples():
        title = f"the sample {sample.name}"
        yield Case("S01", title, (Shot(raw=sample.body),), basis=sample.basis, data={"about": sample.name})


def named(session: Session) -> Iterator[Case]:
    """One event of every kind, with fresh ids."""
    sender = session.sender
    for kind in sender.kinds:
        basis = sender.feed.kinds[kind].basis
        yield Case(
            "S01", f"{kind} as documented", (Shot((sender.event(kind),)),), True, basis, {"about": kind}
        )


async def documented(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Kinds that fail or are not stored as they are, are noted: their changes would fail for the same reason."""
    failing: list[str] = []
    unseen: list[str] = []
    session.refused_kinds, session.ignored_kinds = failing, unseen
    session.facts["refused kinds"], session.facts["ignored kinds"] = failing, unseen
    found: list[tuple[Failure, Case]] = []
    for case in named(session):
        kind = case.data["about"]
        outcome = await session.run(case, partial(_unstored, session), oracle=True)
        failure = refused(session, case, outcome)
        if failure is not None:
            failing.append(kind)
            found.append((failure, case))
        elif _unstored(session, outcome) or await _is_left_out(session, kind, outcome):
            unseen.append(kind)
    if unseen:
        case = left_out(session, unseen)
        failure = sampled(session, case, await session.run(case, partial(_unstored, session), oracle=True))
        found += [(failure, case)] if failure is not None else []
    # All of them are noted before the first is told: of many, not all are asked for.
    for failure, case in found:
        yield failure, case
    for case in printed(session):
        outcome = await session.run(case)
        failure = refused(session, case, outcome)
        if failure is not None:
            yield failure, case


async def _is_left_out(session: Session, kind: str, outcome: Outcome) -> bool:
    """The same of a kind whose example names nobody that could be looked for: of an event of it that does."""
    if outcome.stored is None or any(TOKEN.fullmatch(k) for e in outcome.exchanges for k in e.keys):
        return False
    case = Case("S01", kind, (Shot(ordinary(session, 1, kind)),))
    return _unstored(session, await session.run(case, partial(_unstored, session), oracle=True)) is not None


def left_out(session: Session, kinds: Sequence[str]) -> Case:
    """The kinds that are not stored, in one case of the gravest."""
    gravest = next((kind for kind in kinds if BAD.search(kind)), kinds[0])
    shot = Shot(ordinary(session, 1, gravest))
    return Case("S01", f"{', '.join(kinds)} as documented", (shot,), True, "inferred", {"about": "left out"})


def sampled(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """What is documented must be taken and stored. Whether an app leaves a kind out on purpose cannot be told."""
    if case.data.get("about") != "left out":
        return legal(session, case, outcome)
    exchange = _unstored(session, outcome)
    if exchange is None or not exchange.acknowledged:
        return None
    return Failure(
        "left out",
        f"{case.title}: the receiver {answered(exchange.heard)} and did not store what it does store of other kinds. If that is on"
        " purpose, accept it in the settings",
        Verdict.RISK,
        Severity.MEDIUM,
    )


def _unstored(session: Session, outcome: Outcome) -> Exchange | None:
    if outcome.stored is None:
        return None
    for exchange in outcome.exchanges:
        if any(TOKEN.fullmatch(key) and not outcome.stored.get(key) for key in exchange.keys):
            return exchange
    return None


CHECKS = (
    Check(
        "S01",
        "everything as the documents print it",
        "samples",
        Severity.CRITICAL,
        Verdict.FAIL,
        "Most receivers are written after one of the samples and never see the others. Every kind that the vendor names comes "
        "one day, and where it fails it comes again and again.",
        "answers",
        run=documented,
        judge=sampled,
        reads_oracle=True,
        blind=True,
    ),
)
