"""The same events again: later, at once, in another form, after a restart."""

from __future__ import annotations

from collections.abc import Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner
from emulators.check.checks.parts import ordinary
from emulators.check.oracle.storing import tellable
from emulators.check.running import CannotTell
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Outcome, Severity, Shot, Verdict

TOGETHER = 8
MEANWHILE = 8
RACES = 2

# -- C04


def again(session: Session) -> Iterator[Case]:
    """Requests that come twice, as a vendor sends them who did not hear the first answer."""
    whole = session.sender.together > 1
    events = ordinary(session, 9)
    shots = iter(Shot((event,)) for event in events)
    same = next(shots)
    yield Case("C04", "the same request again", (same, same))
    first = next(shots)
    unheard = Shot(first.events, loss="reset")
    yield Case("C04", "a request whose answer was not heard, again", (unheard, first))
    for style, title in (
        ("reordered", "the same event again, its fields in another order"),
        ("spaced", "the same event again, written with spaces"),
        ("escaped", "the same event again, its letters escaped"),
    ):
        first = next(shots)
        yield Case("C04", title, (first, Shot(first.events, style=style)))
    if whole:
        old, new = next(shots).events[0], next(shots).events[0]
        yield Case("C04", "an event again, in one batch with a new one", (Shot((old,)), Shot((old, new))))
        old, new = next(shots).events[0], next(shots).events[0]
        yield Case("C04", "an event again, in one batch behind a new one", (Shot((old,)), Shot((new, old))))
    first, *others = (Shot((event,)) for event in ordinary(session, 1 + MEANWHILE))
    yield Case("C04", f"the same request again, {MEANWHILE} others later", (first, *others, first))


def judge_again(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """What comes again must be acknowledged, and be stored once."""
    first, last = outcome.exchanges[0], outcome.exchanges[-1]
    if not last.acknowledged:
        if not first.acknowledged and not first.shot.loss:
            return None
        return Failure(
            manner(last.heard),
            f"{case.title}: the receiver {answered(last.heard)}. {session.sender.title} did not hear that it had been taken,"
            f" and hears it is not; {session.sender.wanted} is right for what is known already",
            lasting=True,
        )
    return _count(case, outcome)


def _count(case: Case, outcome: Outcome) -> Failure | None:
    """Everything acknowledged is stored, once."""
    if outcome.stored is None:
        return None
    taken = {key for exchange in outcome.exchanges if exchange.acknowledged for key in exchange.keys}
    for key in sorted(filter(tellable, taken)):
        count = outcome.stored.get(key, 0)
        if count > 1:
            return Failure("twice", f"{case.title}: it is stored {count} times", lasting=True)
        if count == 0 and outcome.settled:
            return Failure("lost", f"{case.title}: it was acknowledged and is not stored")
    return None


# -- C05


def races(session: Session) -> Iterator[Case]:
    """One request by itself, then one many times at once."""
    if session.ledger.doubles:
        raise CannotTell("what is sent again is stored again, one after the other as well: see C04")
    for control, event in zip(*[iter(ordinary(session, 2 * RACES))] * 2, strict=True):
        shots = (Shot((control,)), Shot((event,), together=TOGETHER))
        yield Case("C05", f"the same request {TOGETHER} times at once", shots)


def judge_race(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """At once it must be as one after the other."""
    racing = [exchange for exchange in outcome.exchanges if exchange.shot.together > 1]
    alone = [exchange for exchange in outcome.exchanges if exchange.shot.together == 1]
    if not racing or not all(exchange.acknowledged for exchange in alone):
        return None
    bad = sorted((one for one in racing if not one.acknowledged), key=_gravity)
    if bad:
        worst = bad[-1].heard
        busy = worst.status == 429
        return Failure(
            manner(worst),
            f"{case.title}: {len(bad)} of {len(racing)} {'were' if len(bad) > 1 else 'was'} not acknowledged, the receiver"
            f" {answered(worst)}; by itself the request passes",
            Verdict.RISK if busy else None,
            lasting=True,
        )
    return _count(case, outcome)


def _gravity(exchange: Exchange) -> int:
    """No answer is worse than any."""
    return exchange.heard.status or 1000


# -- C30


def restarts(session: Session) -> Iterator[Case]:
    """An event, a restart, and the same event or another."""
    one, two, other = ordinary(session, 3)
    shots = (Shot((one,)), Shot((one,), before="restart"))
    yield Case("C30", "a restart, and the same request again", shots)
    shots = (Shot((two,)), Shot((other,), before="restart"))
    yield Case("C30", "a restart between two events", shots)


def judge_restart(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """A restart must neither lose nor double anything."""
    first, last = outcome.exchanges[0], outcome.exchanges[1]
    if not first.acknowledged:
        return None
    if not last.acknowledged:
        return Failure(
            f"after it {manner(last.heard)}",
            f"{case.title}: after the restart the receiver {answered(last.heard)}",
            lasting=True,
        )
    return _count(case, outcome)


CHECKS = (
    Check(
        "C04",
        "redelivery",
        "delivery",
        Severity.HIGH,
        Verdict.FAIL,
        "An answer is lost on its way, the vendor sends the request again, and it is stored twice or refused as a duplicate;"
        " refused, it comes again and again.",
        source="retry_delays",
        cases=again,
        judge=judge_again,
        reads_oracle=True,
        blind=True,
        hidden=True,
    ),
    Check(
        "C05",
        "concurrent duplicates",
        "delivery",
        Severity.HIGH,
        Verdict.FAIL,
        "A handler looks whether it knows an event and then stores it; two equal requests at once both find nothing, and one"
        " fails, or both are stored.",
        source="retry_delays",
        cases=races,
        judge=judge_race,
        reads_oracle=True,
        blind=True,
        hidden=True,
    ),
    Check(
        "C30",
        "restart",
        "delivery",
        Severity.CRITICAL,
        Verdict.FAIL,
        "What was acknowledged, or what is known already, is only in memory: a deployment loses it, or stores redeliveries twice.",
        cases=restarts,
        judge=judge_restart,
        reads_oracle=True,
        blind=True,
        needs=("restart",),
    ),
)
