"""M01: stories of a vendor and his receiver, by chance: deliveries, answers that are lost, the same again, restarts.

A walk of our own and not Hypothesis' state machines: those shrink by executing the whole story for every step they try, some
hundreds of requests, each story with the receiver coming to rest. Here a story is a case like any other, its shots are its
steps, and `shrinking` leaves out those that it can do without in some ten executions. Nor has a step a precondition that
leaving out another could break: what is sent again is a shot that may stand alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from random import Random

from emulators.check.catalogue import Check
from emulators.check.checks.together import Together
from emulators.check.oracle.storing import tellable
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.provider import Payload

RUNS = 30
LONGEST = 12
EVERY_RESTART = 5
"""Of so many stories one has restarts: they take seconds."""
ENOUGH = 3
"""Stories that fail as others did."""
LARGEST = 3
FIRST_SEED = 5_000
"""Events with seeds from here on are not the documents' examples, which are all of one person."""


def check(runs: int = RUNS, longest: int = LONGEST) -> Check:
    """The check with so many stories of so many requests at most."""
    return Check(
        id="M01",
        name="stories",
        phase="stateful",
        severity=Severity.CRITICAL,
        grade=Verdict.FAIL,
        says=(
            "An event that was acknowledged must be stored once, whatever came before and after it: answers that were lost, the "
            "same request again, the same events in other company or order, a restart of the receiver."
        ),
        source="retry_delays",
        run=partial(_run, runs=runs, longest=longest),
        judge=judge,
        reads_oracle=True,
    )


async def _run(session: Session, runs: int, longest: int) -> AsyncIterator[tuple[Failure, Case]]:
    seen: set[str] = set()
    repeated = 0
    async for failure, case in _failing(session, stories(session, runs, longest)):
        if failure.key not in seen:
            seen.add(failure.key)
            yield failure, case
        else:
            repeated += 1
        if repeated == ENOUGH:
            # Whoever fails all the time would only be waited for.
            return


async def _failing(session: Session, cases: Iterator[Case]) -> AsyncIterator[tuple[Failure, Case]]:
    together = Together(session, judge)
    for case in cases:
        async for told in together.execute(case):
            yield told
    async for told in together.rest():
        yield told


def stories(session: Session, runs: int, longest: int) -> Iterator[Case]:
    """One case for each story."""
    restarts = session.hooks.has("restart")
    for run in range(runs):
        walk = Walk(session.sender, session.random(f"M01/{run}"), restarts and run % EVERY_RESTART == 0)
        yield Case("M01", "a story of deliveries", walk.shots(longest))


class Walk:
    """One story. Whoever waits in line sends nothing else again than the last request: all before it was acknowledged."""

    def __init__(self, sender: Sender, random: Random, restarts: bool) -> None:
        self._sender, self._random, self._restarts = sender, random, restarts
        self._seed = FIRST_SEED + random.randrange(1000)
        self._sent: list[Shot] = []
        self._lost = False

    def shots(self, longest: int) -> tuple[Shot, ...]:
        """From two to `longest` requests, in order."""
        # Those who come to an end at once find most; the long ones find what takes patience.
        length = self._random.choice((2, 3, 4, 6, longest))
        shots: list[Shot] = []
        while len(shots) < min(length, longest):
            shot = self._step()
            # A loss is a story only with what comes after it.
            if self._random.random() < 0.3 and len(shots) + 1 < length:
                shot = replace(shot, loss="reset")
            if self._restarts and shots and self._random.random() < 0.3:
                shot = replace(shot, before="restart")
            shots.append(shot)
            self._lost = bool(shot.loss)
            self._sent.append(replace(shot, loss="", before=""))
        return tuple(shots)

    def _step(self) -> Shot:
        if not self._sent:
            return self._delivery()
        if self._sender.in_line and self._lost:
            return self._again(self._random.choice(("same", "same", "recomposed")))
        return self._again(self._random.choice(("new", "same", "same", "recomposed", "reordered")))

    def _again(self, how: str) -> Shot:
        last = self._sent[-1] if self._sender.in_line else self._random.choice(self._sent)
        if how == "same" or (how == "recomposed" and self._sender.together == 1):
            return last
        if how == "recomposed":
            kept = tuple(event for event in last.events if self._random.random() < 0.7) or last.events[:1]
            return Shot((*kept, *self._delivery().events)[: self._sender.together])
        if how == "reordered" and not self._sender.in_line and len(last.events) > 1:
            return Shot(tuple(reversed(last.events)))
        return self._delivery()

    def _delivery(self) -> Shot:
        size = self._random.randint(1, min(LARGEST, self._sender.together))
        return Shot(tuple(self._event() for _ in range(size)))

    def _event(self) -> Payload:
        self._seed += 1
        kind = self._random.choice(self._sender.kinds)
        event = self._sender.event(kind, self._seed)
        if "@" in self._sender.person(event):
            # One person each: it is by the address that an event is known again.
            return self._sender.addressed(event, f"person{self._seed}@example.com")
        return event


def judge(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Every request that we waited for was answered well, and what was acknowledged is stored once."""
    acknowledged: dict[str, bool] = {}
    left_out: set[str] = set()
    for exchange in outcome.exchanges:
        if not exchange.acknowledged and not exchange.shot.loss:
            heard = exchange.heard
            told = "no answer" if heard.status is None else f"status {heard.status}"
            why = f": {heard.reason}" if heard.reason else ""
            return Failure(told, f"{told} for a request in a row of them{why}", lasting=True)
        pairs = zip(exchange.shot.events, exchange.keys, strict=True)
        left_out |= {key for event, key in pairs if not session.keeps(event)}
        for key in filter(tellable, exchange.keys):
            acknowledged[key] = acknowledged.get(key, False) or exchange.acknowledged
    stored = outcome.stored
    if stored is None:
        return None
    for key in acknowledged:
        if stored.get(key, 0) > 1:
            return Failure("stored twice", f"{key} is stored {stored[key]} times", lasting=True)
    if outcome.settled:
        for key, must in acknowledged.items():
            if must and key not in left_out and not stored.get(key, 1):
                return Failure("lost", f"{key} was acknowledged and is not stored")
    return None


CHECKS: tuple[Check, ...] = (check(),)
