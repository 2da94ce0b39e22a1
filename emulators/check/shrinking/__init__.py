"""Makes what fails small: fewer requests, fewer events, fewer fields, values as the documents print them; then makes sure.

Each try is an execution with fresh ids that must fail with the same key, so that one bug does not turn into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from emulators.check.budget import BudgetSpent
from emulators.check.catalogue import Check
from emulators.check.judging import attempt
from emulators.check.session import Session
from emulators.check.shrinking.reducing import fewest, nearest
from emulators.check.shrinking.simplifying import (
    between,
    differing,
    each_shot,
    example,
    joined,
    mixed,
    named_anew,
    optional,
    parts,
    problems,
    requests,
    same_ids,
    with_fewer,
    without,
)
from emulators.check.vocabulary import Case, Failure, Finding, Outcome
from emulators.engine.codec import encode
from emulators.engine.provider import Payload

MOST = 120
MOST_WAITS = 40
"""Tries where the oracle is asked: each waits until the receiver has come to rest."""
CONFIRMED = 3
FEW = 4
"""Events of a case into which it is looked; of more, their number is the finding."""


class _Enough(Exception):
    """No more requests for this finding."""


async def minimised(session: Session, check: Check, finding: Finding, most: int = MOST) -> Finding:
    """The finding with the smallest case that was found with `most` requests, confirmed by three executions.

    `confirmed` counts those of them that failed the same way; where none did, the failure that was seen before counts, so
    that it is one of four. When the requests or the session's budget end, the best so far with `minimal` False.
    """
    if finding.case is None or check.judge is None:
        return finding
    search = _Search(session, check, finding, most)
    before = session.budget.spent
    try:
        await search.shots()
        await search.events()
        await search.inside()
        minimal = True
    except (_Enough, BudgetSpent):
        minimal = False
    confirmed, tried = await search.confirm()
    return replace(
        finding,
        case=search.best,
        outcome=search.outcome,
        says=search.failure.says if search.failure else finding.says,
        confirmed=confirmed,
        tried=tried,
        minimal=minimal,
        took=session.budget.spent - before,
    )


class _Search:
    """One finding on its way down. `best` is the smallest case that was seen to fail."""

    def __init__(self, session: Session, check: Check, finding: Finding, most: int) -> None:
        if finding.case is None:
            raise TypeError(f"{finding.check}: no case to make smaller")
        self.best: Case = finding.case
        self.outcome: Outcome | None = finding.outcome
        self.failure: Failure | None = None
        self._session, self._check, self._key = session, check, finding.key
        self._apart = frozenset[str]()
        self._end = session.budget.spent + most
        self._waits = MOST_WAITS if check.reads_oracle and session.records is not None else most

    # -- the steps

    async def shots(self) -> None:
        """Leaves out whole requests, and what is special about those that stay and need not be."""
        whole = self.best
        if len(whole.shots) > 1:
            await fewest(
                len(whole.shots),
                lambda kept: self._adopts(replace(whole, shots=tuple(whole.shots[n] for n in kept))),
            )
        for plain in ({"before": ""}, {"loss": ""}, {"style": "compact"}):
            case = each_shot(self.best, lambda shot, plain=plain: replace(shot, **plain))  # type: ignore[misc]
            if case.shots != self.best.shots:
                await self._adopts(case)

    async def events(self) -> None:
        """Leaves out events: first each wherever it stands, then its repetitions."""
        whole = self.best
        standing = [[encode(event) for event in shot.events] for shot in whole.shots]
        known = list(dict.fromkeys(event for shot in standing for event in shot))
        if len(known) > 1:

            def named(kept: Sequence[int]) -> Case:
                names = {known[n] for n in kept}
                return with_fewer(whole, lambda shot, at: standing[shot][at] in names)

            await fewest(len(known), lambda kept: self._adopts(named(kept)))
        left = self.best
        places = [(n, at) for n, shot in enumerate(left.shots) for at in range(len(shot.events))]
        if len(places) > len(left.shots):

            def placed(kept: Sequence[int]) -> Case:
                staying = {places[n] for n in kept}
                return with_fewer(left, lambda shot, at: (shot, at) in staying)

            await fewest(len(places), lambda kept: self._adopts(placed(kept)))

    async def inside(self) -> None:
        """Brings the few events that are left to the documents' own example."""
        events = {encode(event): event for shot in self.best.shots for event in shot.events}
        if not 0 < len(events) <= FEW:
            return
        self._apart = frozenset(
            name
            for one, other in combinations(self._events(), 2)
            if same_ids(self._session.sender, one, other)
            for name in differing(one, other)
        )
        for number, event in enumerate(events.values(), 1):
            if isinstance(event, dict):
                await _Event(self, event, 0 if len(events) == 1 else number).simplify()
        self.best = named_anew(self._session.sender, self.best)

    async def confirm(self) -> tuple[int, int]:
        """How many of how many executions fail in the same way."""
        confirmed = tried = 0
        try:
            for _ in range(CONFIRMED):
                outcome, failure = await attempt(self._session, self._check, self.best)
                tried += 1
                if failure is not None and failure.key == self._key:
                    confirmed += 1
                    self.outcome, self.failure = outcome, failure
        except BudgetSpent:
            # What was seen stays seen.
            pass
        return (confirmed, tried) if confirmed else (1, tried + 1)

    # -- tries

    async def fails(self, case: Case) -> bool:
        """Whether a case fails in the same way, without taking it over."""
        return (await self._tried(case))[1] is not None

    async def put(self, old: Payload, new: Payload) -> bool:
        """Takes over the case with another event in the place of one, wherever it stands, if it still fails."""
        return await self._adopts(self.exchanged(old, new))

    def exchanged(self, old: Payload, new: Payload) -> Case:
        """The best case with one event for another."""
        known = encode(old)
        return each_shot(
            self.best,
            lambda shot: replace(shot, events=tuple(new if encode(e) == known else e for e in shot.events)),
        )

    def legal(self, old: Payload, new: Payload) -> bool:
        """Whether an event breaks no rule that the one before it did not break."""
        return problems(self._session.sender, new) <= problems(self._session.sender, old)

    def stays_apart(self, old: Payload, new: Payload) -> bool:
        """Whether an event still differs from others of its message in all in which these did at first: that may be what the case is
        about, and where they differ in something else in its place, a right receiver may take them for one."""
        return all(
            self._apart.intersection(differing(old, other)) <= set(differing(new, other))
            for other in self._events()
            if same_ids(self._session.sender, old, other)
        )

    def _events(self) -> list[Payload]:
        """The different events of the best case that are any."""
        found = {encode(event): event for shot in self.best.shots for event in shot.events}
        return [event for event in found.values() if isinstance(event, dict)]

    @property
    def session(self) -> Session:
        return self._session

    async def _adopts(self, case: Case) -> bool:
        outcome, failure = await self._tried(case)
        if failure is None:
            return False
        self.best, self.outcome, self.failure = case, outcome, failure
        return True

    async def _tried(self, case: Case) -> tuple[Outcome | None, Failure | None]:
        if not case.shots:
            return None, None
        kept_back = CONFIRMED * requests(self.best)
        if self._session.budget.spent + requests(case) + kept_back > self._end or not self._waits:
            raise _Enough
        self._waits -= 1
        try:
            # Too short a wait would show in the confirmation, which takes its time.
            records = self._session.records
            outcome, failure = await attempt(
                self._session, self._check, case, records.brief if records else None
            )
        except LookupError:
            # The judge looks for a request or an event that is left out now: it needs it.
            return None, None
        return outcome, failure if failure is not None and failure.key == self._key else None


class _Event:
    """One event of the best case. `number`: which of several, 0 if there is no other. Several keep their ids, and get addresses
    that tell them apart."""

    def __init__(self, search: _Search, event: Payload, number: int) -> None:
        self._search = search
        self._now = event
        sender = search.session.sender
        self._address = sender.place(event)
        self._plain = example(sender, event)
        if number:
            kept = [pointer.split("/")[1] for pointer in sender.identities]
            self._plain = mixed(event, self._plain, kept)
            self._plain = sender.addressed(self._plain, f"person{number}@example.com", self._address)

    async def simplify(self) -> None:
        needed = await self._to_the_example()
        for name in needed:
            if name in self._now and (name,) != self._address:
                await self._value(name)
        await self._leave_out(needed)

    async def _put(self, new: Payload) -> bool:
        if encode(new) == encode(self._now):
            return True
        if not (self._search.legal(self._now, new) and self._search.stays_apart(self._now, new)):
            return False
        if await self._search.put(self._now, new):
            self._now = new
            return True
        return False

    async def _to_the_example(self) -> list[str]:
        """The fields that must be other than in the example."""
        event, plain = self._now, self._plain
        names = differing(event, plain)
        if not names:
            return []
        kept = await fewest(
            len(names), lambda places: self._put(mixed(event, plain, {names[n] for n in places})), none=True
        )
        return [names[n] for n in kept]

    async def _value(self, name: str) -> None:
        """One field that must be other: as little other as will do."""
        value, plain = self._now[name], self._plain.get(name)

        def put(new: object) -> dict[str, object]:
            return {**self._now, name: new}

        if isinstance(value, int) and not isinstance(value, bool):
            steps = between(plain, value)
            await nearest(len(steps), lambda n: self._put(put(steps[n])))
        elif isinstance(value, dict) and isinstance(plain, dict):
            names = differing(value, plain)
            await fewest(
                len(names), lambda places: self._put(put(mixed(value, plain, {names[n] for n in places})))
            )
        elif parts(value):
            await fewest(len(parts(value)), lambda places: self._put(put(joined(value, places))))

    async def _leave_out(self, needed: Sequence[str]) -> None:
        """Leaves out the fields that do not matter; not so many that it fails for the want of them."""
        sender, whole = self._search.session.sender, self._now
        names = [name for name in optional(sender, whole) if name not in needed]

        async def fails(places: Sequence[int]) -> bool:
            gone = {name for n, name in enumerate(names) if n not in places}
            new = without(whole, gone)
            if encode(new) == encode(self._now):
                return True
            if not new or not self._search.legal(whole, new):
                return False
            if needed:
                healthy = without(mixed(whole, self._plain, [n for n in whole if n not in needed]), gone)
                case = self._search.exchanged(self._now, healthy)
                if self._search.legal(whole, healthy) and await self._search.fails(case):
                    return False
            return await self._put(new)

        if names:
            await fewest(len(names), fails, none=True)
