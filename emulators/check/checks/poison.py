"""One event that a receiver can never digest, and what it costs under the vendor's schedule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner
from emulators.check.checks.edits import Edit, edits
from emulators.check.checks.parts import ordinary, usual_kind
from emulators.check.judging import attempt
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.policy import Policy
from emulators.engine.provider import Payload

TRIES = 3
MOST = 10
AT_ONCE = 4
DAY = 86_400.0


def blocked(policy: Policy) -> tuple[int, float | None]:
    """How often a request that always fails is tried, and seconds until it is given up; of a vendor who never gives up, the
    tries of a day, and None."""
    attempts, passed = 1, 0.0
    while (delay := policy.delay(attempts)) is not None:
        if passed + delay > DAY:
            return attempts, None
        passed += delay
        attempts += 1
    return attempts, passed


def consequence(policy: Policy) -> str:
    """What the vendor makes of it, in words."""
    attempts, seconds = blocked(policy)
    if policy.order == "in-line":
        if seconds is None:
            return (
                f"it is sent again and again ({attempts} times in the first day), and every later event waits"
                " behind it, without an end"
            )
        return f"every later event waits {seconds / 60:.0f} minutes behind it, through {attempts} attempts; then it is lost"
    if seconds is None:
        return f"it is sent again without an end ({attempts} times in a day)"
    if attempts == 1:
        return "it is never sent again: lost, with everything in its request"
    return (
        f"it is lost, with everything in its request, after {attempts} attempts in {seconds / 60:.0f} minutes"
    )


def dangerous(session: Session) -> list[Case]:
    """Events that the vendor may send and that receivers choke on: at most one of each sort for a field."""
    sender = session.sender
    chosen: dict[tuple[str, str], Edit] = {}
    for kind in sender.kinds[:4]:
        for edit in edits(sender, kind):
            sort = _sort(edit)
            if sort and edit.likely and not edit.identity:
                chosen.setdefault((sort, str(edit.path[0])), edit)
    found = []
    for edit in list(_in_turn(chosen))[:MOST]:
        where = ".".join(map(str, edit.path))
        data: dict[str, object] = {"about": where, "path": list(edit.path)}
        found.append(_case(session, f"an event with {_sort(edit)} in {where}", edit.event, data))
    return found


def kinds(session: Session) -> list[Case]:
    """Events of the kinds that were refused before, as they are; of all, where none was tried."""
    chosen = session.sender.kinds if session.refused_kinds is None else session.refused_kinds
    return [
        _case(session, f"an event {kind}", session.sender.event(kind), {"about": kind})
        for kind in chosen
        if kind != usual_kind(session)
    ]


def _sort(edit: Edit) -> str:
    value = edit.value
    if isinstance(value, str) and any(ord(letter) > 0xFFFF for letter in value):
        return "emoji"
    if edit.sort == "number" and abs(int(value)) > 2**53:
        return "a number above 2^53"
    if edit.sort == "nothing":
        return "nothing"
    return {"absent": "no value", "shape": "another type"}.get(edit.sort, "")


def _in_turn(chosen: dict[tuple[str, str], Edit]) -> Iterator[Edit]:
    """The first field of each sort, then the second of each, so that no sort crowds out another."""
    sorts: dict[str, list[Edit]] = {}
    for (sort, _), edit in chosen.items():
        sorts.setdefault(sort, []).append(edit)
    for turn in range(max(map(len, sorts.values()), default=0)):
        for group in sorts.values():
            if turn < len(group):
                yield group[turn]


def _case(session: Session, title: str, event: Payload, data: dict[str, object]) -> Case:
    poison, good = Shot((event,)), Shot(ordinary(session, 1))
    return Case("C03", title, (*(poison,) * TRIES, good), data=data)


async def poisons(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Each dangerous event once in a good batch; what was refused is then sent as often as the vendor would, and a good one."""
    cases = [*kinds(session), *dangerous(session)]
    for start in range(0, len(cases), AT_ONCE):
        some = cases[start : start + AT_ONCE]
        refused = await asyncio.gather(*(_refused(session, case) for case in some))
        for case, bad in zip(some, refused, strict=True):
            if bad:
                _, failure = await attempt(session, POISON, case)
                if failure is not None:
                    yield failure, case


async def _refused(session: Session, case: Case) -> bool:
    poison, good = case.shots[0].events[0], case.shots[-1].events[0]
    whole = session.sender.together > 1
    heard = await session.fire(replace(case.shots[0], events=(good, poison) if whole else (poison,)))
    return not heard[0].acknowledged


def judge_poison(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The same request fails each time, and a good one behind it would pass."""
    *tries, good = outcome.exchanges
    if not tries or not good.acknowledged or any(one.acknowledged for one in tries):
        return None
    if good.shot.events == tries[0].shot.events:
        return None
    heard = tries[-1].heard
    policy = session.sender.policy
    return Failure(
        f"{case.data.get('about', 'poison')}: {manner(heard)}",
        f"{case.title}: the receiver {answered(heard)} each time, and takes an ordinary one."
        f" Under {session.sender.title}'s schedule {consequence(policy)}",
        Verdict.FAIL,
        Severity.CRITICAL if policy.order == "in-line" else Severity.HIGH,
    )


POISON = Check(
    "C03",
    "poison event",
    "delivery",
    Severity.CRITICAL,
    Verdict.FAIL,
    "One legal event that the receiver cannot digest fails its whole request each time; a vendor who delivers in order sends"
    " nothing else until it succeeds.",
    source="retry_delays",
    judge=judge_poison,
    run=poisons,
)
CHECKS = (POISON,)
