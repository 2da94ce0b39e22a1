"""What becomes of the events of one request: all of them, none of them, and how many fit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered
from emulators.check.checks.parts import broken, like, ordinary, story
from emulators.check.judging import attempt
from emulators.check.oracle.answer import decoded
from emulators.check.oracle.storing import tellable
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.pointer import look_up
from emulators.engine.provider import Payload

# As many receivers answer how much they took.
_COUNTS = re.compile(
    r"(?:received|processed|accepted|handled|stored|saved|inserted|count|events|total)", re.IGNORECASE
)


MANY = 40


def batched(sender: Sender) -> str:
    """Why a check of batches does not apply."""
    return "" if sender.batched and sender.most > 1 else "a request of this feed holds one event"


def apart(sender: Sender) -> str:
    """Why a check of batches that are handled whole does not apply."""
    return batched(sender) or (
        "of several events in a request not all are handled: see C01" if sender.apart else ""
    )


# -- C01


async def truncated_batches(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Batches of several; the same hostile item at each end of one; several states of one message. Where a batch is not
    handled whole, all checks that come after send each event alone: one cause is told once."""
    many = min(MANY, session.sender.most)
    whole, sure = ordinary(session, many), False
    cases = [_batch("a batch of two events", whole[:2]), _batch(f"a batch of {many} events", whole)]
    for what, bad in [("a number", 7), *broken(session, whole[1])[:1]]:
        data = {"about": "position", "what": what}
        shots = (Shot(_pair(bad, whole[0])), Shot(_pair(whole[0], bad)))
        cases.append(Case("C01", f"{what} first in a batch, then last", shots, legal=False, data=data))
    for case in cases:
        if sure and not case.legal:
            # Whatever it makes of a broken item, whole batches are stored.
            continue
        outcome, failure = await attempt(session, TRUNCATION, case)
        sure = sure or (case.legal and _kept(outcome))
        if failure is not None:
            session.sender.apart = True
            yield failure, case
            return
    states = await _separate_states(session)
    if states:
        case = _batch("several states of one message in one batch", states)
        _, failure = await attempt(session, TRUNCATION, case)
        if failure is not None:
            yield failure, case


async def _separate_states(session: Session) -> tuple[Payload, ...]:
    """Two states of a message, if two such that come apart are two records: who keeps one record for a message loses nothing by
    keeping one."""
    find = partial(like, session.sender, among=session.usual_kinds)
    kinds = [kind for kind in (find("deliver"), find("open", "read")) if kind]
    told = story(session, kinds) if len(kinds) == 2 and session.records is not None else ()
    if not told:
        return ()
    control = Case("C01", "two states of one message apart", tuple(Shot((event,)) for event in told))
    outcome = await session.run(control, lambda known: None if _kept(known) else "not yet", oracle=True)
    return told if _kept(outcome) else ()


def _kept(outcome: Outcome) -> bool:
    keys = [key for exchange in outcome.exchanges for key in exchange.keys]
    return outcome.stored is not None and all(outcome.stored.get(key, 0) >= keys.count(key) for key in keys)


def _batch(title: str, events: Sequence[Payload]) -> Case:
    return Case("C01", title, (Shot(tuple(events)),), data={"about": "batch"})


def _pair(first: object, second: object) -> tuple[Payload, ...]:
    return (first, second)  # type: ignore[return-value]  # an item of a hostile body need not be an event


def judge_truncation(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Fewer stored, or said to be taken, than were acknowledged; or it matters where in a batch an item stands."""
    if case.data.get("about") == "position":
        return _position(session, case, outcome)
    exchange = outcome.exchanges[0]
    count = len(exchange.keys)
    if not exchange.acknowledged or count < 2:
        return None
    if outcome.stored is not None and outcome.settled:
        keys = [key for key in exchange.keys if tellable(key)]
        missing = [at for at, key in enumerate(keys, 1) if outcome.stored.get(key, 0) < keys.count(key)]
        if missing:
            if len(set(keys)) == 1:
                what = f"of {count} events of one message {outcome.stored.get(keys[0], 0)} can be found"
            else:
                what = f"of {count} events those at {', '.join(map(str, missing))} are lost"
            return Failure(
                "lost",
                f"{case.title}: the receiver {answered(exchange.heard)} and did not store all of it: {what}",
            )
    told, sure = _told(session, exchange)
    if told is not None and 0 < told < count:
        return Failure(
            "count",
            f"{case.title}: the receiver says that it took {told} of {count} events, and acknowledges all",
            Verdict.FAIL if sure else Verdict.RISK,
        )
    return None


def _position(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    first, last = outcome.exchanges[0], outcome.exchanges[1]
    if first.acknowledged == last.acknowledged or min(len(e.shot.events) for e in (first, last)) < 2:
        return None
    seen, unseen = ("first", "last") if last.acknowledged else ("last", "first")
    refused = first if last.acknowledged else last
    return Failure(
        f"only the {seen} is read",
        f"{case.data.get('what', 'a broken item')} {seen} in a batch: the receiver {answered(refused.heard)}; {unseen} in it:"
        f" it answers with a success, as if it had never looked there. Perhaps only the {seen} event of a batch is handled",
        Verdict.RISK,
        Severity.HIGH,
        lasting=True,
    )


def _told(session: Session, exchange: Exchange) -> tuple[int | None, bool]:
    """How many events the answer says were taken, and whether it was said where to look."""
    try:
        value = decoded(exchange.heard.body.decode("utf-8", "replace"))
    except ValueError:
        return None, False
    if session.count_pointer:
        told = look_up(value, session.count_pointer)
        return (told, True) if isinstance(told, int) else (None, True)
    fields = value.items() if isinstance(value, dict) else ()
    numbers = [
        n for name, n in fields if _COUNTS.fullmatch(name) and isinstance(n, int) and not isinstance(n, bool)
    ]
    return (numbers[0] if len(numbers) == 1 else None), False


# -- C06


def partial_cases(session: Session) -> Iterator[Case]:
    """A good event, one that must be refused, a good one; then the same with the bad one repaired."""
    good, mended, other = ordinary(session, 3)
    for what, bad in [("a number", 7), *broken(session, mended)[:1]]:
        hostile = (*_pair(good, bad), other)
        shots = (Shot(hostile), Shot((good, mended, other)))
        yield Case("C06", f"{what} between two events, then the batch repaired", shots, legal=False)


def judge_partial(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The refused batch left something behind that is stored once more, or the repaired one was not stored."""
    refused, repaired = outcome.exchanges[0], outcome.exchanges[1]
    if refused.acknowledged or not repaired.acknowledged or outcome.stored is None:
        return None
    counts = [outcome.stored.get(key, 0) for key in repaired.keys if tellable(key)]
    if max(counts, default=1) > 1:
        return Failure(
            "twice",
            f"a batch was refused ({answered(refused.heard)}) and came again: {sum(n > 1 for n in counts)} of"
            f" {len(counts)} events are stored more than once. What stood before the bad one had been kept",
            lasting=True,
        )
    if min(counts, default=1) == 0 and outcome.settled:
        return Failure(
            "lost",
            f"a batch was refused and came again: the receiver {answered(repaired.heard)} and"
            f" {counts.count(0)} of {len(counts)} events are not stored",
        )
    return None


TRUNCATION = Check(
    "C01",
    "batch truncation",
    # Before all that sends several changes in one request.
    "coverage",
    Severity.CRITICAL,
    Verdict.FAIL,
    "Only the first event of a request is handled, or the last, or one for each message; the vendor hears that all were.",
    source="batch_size",
    applies=batched,
    judge=judge_truncation,
    run=truncated_batches,
    reads_oracle=True,
    blind=True,
    hidden=True,
)
CHECKS = (
    TRUNCATION,
    Check(
        "C06",
        "partial batch",
        "delivery",
        Severity.HIGH,
        Verdict.FAIL,
        "A batch fails in its middle, what stood before is kept, and the vendor sends it all again: stored twice.",
        source="batch_size",
        applies=apart,
        cases=partial_cases,
        judge=judge_partial,
        reads_oracle=True,
    ),
)
