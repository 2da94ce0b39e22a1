"""Cases that are looked for together: a look at what is stored costs as much as ten requests, and more where there is much.

What looks wrong is executed once more, by itself, and that alone counts: an oracle that shows the last hundred records only, or
a receiver with more than it can do at once, would else be told of as one that loses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from functools import partial

from emulators.check.budget import BudgetSpent
from emulators.check.oracle import LONGEST
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome

AT_ONCE = 10
Judged = tuple[Failure, Case]
Judge = Callable[[Session, Case, Outcome], Failure | None]


class Together:
    """Executes cases one after another, and asks the oracle for so many of them at a time. Who leaves off early loses nothing
    but what is not told yet."""

    def __init__(self, session: Session, judge: Judge, at_once: int = AT_ONCE) -> None:
        self._session, self._judge, self._at_once = session, judge, at_once
        self._open: list[tuple[Case, Outcome]] = []
        self.blind = session.records is None
        """Whether answers alone are judged, and the oracle is asked no more."""

    async def execute(self, case: Case) -> AsyncIterator[Judged]:
        """One more case; what is wrong with it, or with those before it that were not told of yet."""
        # What was only acknowledged when the receiver is started again would be lost, and not by this case.
        if self._at_once == 1 or any(shot.before for shot in case.shots):
            async for told in self.rest():
                yield told
            failure = await self._alone(case)
            if failure is not None:
                yield failure, case
            return
        try:
            outcome = await self._session.run(case)
        except BudgetSpent:
            async for told in self.rest():
                yield told
            raise
        failure = self._judge(self._session, case, outcome)
        if failure is not None:
            await self._tell(outcome, failure)
            yield failure, case
        else:
            self._open.append((case, outcome))
        if len(self._open) >= self._at_once:
            async for told in self.rest():
                yield told

    async def rest(self) -> AsyncIterator[Judged]:
        """What is wrong with those that were not looked for yet."""
        cases, self._open = self._open, []
        if not cases or self.blind:
            return
        counts, settled = await self._settled(cases)
        known = [(case, replace(outcome, stored=counts, settled=settled)) for case, outcome in cases]
        wrong = [
            (case, outcome, failure)
            for case, outcome in known
            if (failure := self._judge(self._session, case, outcome)) is not None
        ]
        confirmed: set[str] = set()
        for case, _, failure in wrong:
            if self.blind:
                return
            try:
                again = await self._alone(case)
            except BudgetSpent:
                # What was seen stays seen.
                yield failure, case
                raise
            if again is not None:
                # Of the others that look like it nobody may ask any more.
                for _, other, alike in wrong if again.key not in confirmed else ():
                    if alike.key == again.key:
                        await self._tell(other, again)
                confirmed.add(again.key)
                yield again, case
        if wrong and not confirmed:
            # To look at many at once tells nothing here.
            self._at_once = 1

    async def _settled(self, cases: list[tuple[Case, Outcome]]) -> tuple[Mapping[str, int], bool]:
        """What is stored of all of them, once that is enough or has come to rest; they are waited for as long as one by one."""
        records = self._session.records
        if records is None:
            return {}, False

        def satisfied(counts: Mapping[str, int]) -> bool:
            wrong = [
                self._judge(self._session, case, replace(outcome, stored=counts)) for case, outcome in cases
            ]
            return all(failure is None or failure.lasting for failure in wrong)

        keys = {key for _, outcome in cases for key in _keys(outcome)}
        longest = len(cases) * max(LONGEST, 2 * records.patience)
        learned = len(records.visible_after)
        counts, settled = await records.settle(keys, satisfied, longest=longest)
        # How long many took together says nothing of how long one must be waited for.
        del records.visible_after[learned:]
        return counts, settled

    async def _alone(self, case: Case) -> Failure | None:
        judge = partial(self._judge, self._session, case)
        return judge(await self._session.run(case, judge, oracle=not self.blind))

    async def _tell(self, outcome: Outcome, failure: Failure) -> None:
        """That these events are accounted for."""
        records, keys = self._session.records, _keys(outcome)
        if records is not None and not self.blind:
            counts = outcome.stored if outcome.stored is not None else await records.count(keys)
            self._session.ledger.tell({key: counts.get(key, 0) for key in keys}, failure.key)


def _keys(outcome: Outcome) -> set[str]:
    return {key for exchange in outcome.exchanges for key in exchange.keys if key}
