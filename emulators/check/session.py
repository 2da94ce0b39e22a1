"""All that a check may touch: sends cases with fresh ids, asks the oracle, keeps the accounts."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from emulators.check.budget import Budget
from emulators.check.hooks import Hooks
from emulators.check.oracle import Records
from emulators.check.oracle.columns import Columns
from emulators.check.oracle.ledger import Ledger
from emulators.check.pacing import Pace
from emulators.check.planting import TOKEN, Planting
from emulators.check.pulse import Pulse
from emulators.check.sender import Sender
from emulators.check.styles import written
from emulators.check.vocabulary import Case, Exchange, Failure, Heard, Outcome, Pairs, Shot, Target

if TYPE_CHECKING:
    from emulators.check.wire import Wire


PAUSES = (0.0, 0.3, 0.7, 2.0)
"""Seconds, in which whoever watches over a receiver starts it again."""


@dataclass(slots=True)
class Session:
    """One run against one target. `facts` is what was learned on the way, by name, for the report."""

    sender: Sender
    target: Target
    wire: Wire
    seed: int
    run_id: str
    """Six hex digits; they stand in every identity of this run."""
    records: Records | None = None
    hooks: Hooks = field(default_factory=Hooks)
    budget: Budget = field(default_factory=Budget)
    ledger: Ledger = field(default_factory=Ledger)
    pulse: Pulse = field(default_factory=Pulse)
    pace: Pace = field(default_factory=Pace)
    count_pointer: str = ""
    """Where the receiver's answer says how many events it took; empty: nowhere."""
    lenient: int | None = None
    """A status that is not the vendor's, but what this receiver means by success: found once, it is not found again."""
    refused_kinds: list[str] | None = None
    """Kinds of events that fail as they are, so that no change to them tells anything; None: nobody has looked."""
    ignored_kinds: list[str] = field(default_factory=list)
    """Kinds of events that are acknowledged and not stored as they are, perhaps on purpose."""
    ids_kept: bool = True
    """Whether an event that names nobody by an address can be found by its id, as far as anybody knows."""
    columns: Columns = field(default_factory=Columns)
    """Where its records hold which field, as far as anything was sent to learn it."""
    facts: dict[str, object] = field(default_factory=dict)
    listeners: list[Callable[[Exchange], None]] = field(default_factory=list)
    executions: int = 0

    @property
    def timeout(self) -> float:
        """Seconds that the vendor waits for an answer."""
        return self.target.timeout or self.sender.policy.timeout

    @property
    def waits(self) -> str:
        """The limit that an answer has, and whose it is, in words."""
        own = self.sender.vendor.policies[self.sender.feed.name].timeout
        if self.timeout == own:
            return f"{self.sender.title} waits {own:g} s"
        option = "--timeout" if self.target.timeout else "--policy timeout"
        return f"the limit is {self.timeout:g} s ({option})"

    @property
    def patience(self) -> float:
        """Seconds that are waited for an answer: beyond the vendor's own, so that a late one is told from none. Less of them once
        the receiver is known to be quick, for a request that hangs costs them all."""
        most, usual = 2 * self.timeout + 1, self.facts.get("latency")
        if not isinstance(usual, float):
            return most
        return min(most, self.timeout + max(1.0, self.timeout / 4, 2 * usual))

    def random(self, what: str) -> Random:
        """A random source by the seed and this word."""
        return Random(f"{self.seed}/{what}")

    def acknowledges(self, status: int | None) -> bool:
        """Whether this is a success, as far as it was not complained of already."""
        return self.sender.acknowledges(status) or (status is not None and status == self.lenient)

    @property
    def usual_kinds(self) -> list[str]:
        """The kinds that this receiver takes and keeps, as far as anything is known."""
        bad = {*(self.refused_kinds or ()), *self.ignored_kinds}
        return [kind for kind in self.sender.kinds if kind not in bad]

    def keeps(self, event: Any) -> bool:
        """Whether an event must be stored where it is acknowledged: it is of a kind that the vendor names, and that this
        receiver is not known to leave out."""
        name = self.sender.vendor.kind_field(self.sender.feed.name)
        kinds = [kind for kind in self.sender.kinds if kind not in self.ignored_kinds]
        return bool(kinds) and (not name or (isinstance(event, dict) and event.get(name) in kinds))

    # -- sending

    async def run(
        self,
        case: Case,
        judge: Callable[[Outcome], object] | None = None,
        oracle: bool = False,
        quiet: float | None = None,
    ) -> Outcome:
        """Executes a case with fresh ids. With `oracle` what was stored is told, as soon as `judge` finds nothing wrong
        with it or what is wrong will stay so, or nothing changes any more for `quiet` seconds (None: as long as is safe)."""
        eventless = not any(shot.events for shot in case.shots)
        before = await self.records.read() if oracle and eventless and self.records is not None else None
        planting = self.planting()
        exchanges: list[Exchange] = []
        for shot in case.shots:
            exchanges += await self.fire(shot, planting, case.legal)
        outcome = Outcome(tuple(exchanges))
        if not oracle or self.records is None:
            return outcome
        keys = {key for exchange in exchanges for key in exchange.keys if key}

        def satisfied(counts: object) -> bool:
            known = Outcome(tuple(exchanges), dict(counts))  # type: ignore[call-overload]
            if judge is None:
                return False
            wrong = judge(known)
            return wrong is None or (isinstance(wrong, Failure) and wrong.lasting)

        if before is not None:
            # Nothing is looked for that could still come.
            stored, settled, grown = dict[str, int](), True, (await self.records.read()).grown(before)
        else:
            stored, settled = await self.records.settle(keys, satisfied, quiet)
            grown = frozenset[str]()
        found = self.records.accounts(keys, self.run_id)
        outcome = Outcome(tuple(exchanges), stored, settled, found, grown)
        wrong = judge(outcome) if judge is not None else None
        if wrong is not None:
            self.ledger.tell(stored, wrong.key if isinstance(wrong, Failure) else "")
        return outcome

    def planting(self) -> Planting:
        """Fresh identities for one execution."""
        self.executions += 1
        return Planting(self.sender, self.run_id, self.executions)

    async def fire(
        self, shot: Shot, planting: Planting | None = None, legal: bool = True, hasty: bool = False
    ) -> list[Exchange]:
        """Sends one shot, all its copies at once. Of what is not `legal` nobody need keep anything. Who says that it is too much
        at once is given time, unless we are `hasty` on purpose."""
        if shot.before == "restart":
            await self.hooks.restart()
        planting = planting or self.planting()
        planted = [planting.plant(template) for template in shot.events]
        if shot.raw is not None:
            body: bytes | None = shot.raw
        elif planted or shot.method == "POST":
            body = written(self.sender.wrap([event for event, _ in planted]), shot.style)
        else:
            body = None
        keys = tuple(key if self._tellable(key) else "" for _, key in planted)
        url, headers = self._url(shot), self._headers(shot)
        if shot.together > 1:
            await self.pace.ready()
        for _ in range(shot.together):
            self.budget.take()
        heard = await asyncio.gather(*(self._send(shot, url, headers, body) for _ in range(shot.together)))
        if all(map(self.pulse.is_refused, heard)):
            # Somebody may start it again, and this request has not reached it.
            await self._make_sure()
            heard = await asyncio.gather(*(self._send(shot, url, headers, body) for _ in heard))

        def noted(each: Heard) -> Exchange:
            exchange = Exchange(shot, url, headers, body or b"", keys, each, self.acknowledges(each.status))
            self._note(exchange, legal)
            return exchange

        async def again() -> Heard:
            self.budget.take()
            exchanges[0] = noted(await self._send(shot, url, headers, body))
            return exchanges[0].heard

        exchanges = [noted(each) for each in heard]
        if len(exchanges) == 1 and not hasty and self.pace.is_hurried(heard[0]):
            await self.pace.give_time(heard[0], again, self._plain)
            self.facts["rate limit"] = self.pace.words
        if self.pulse.in_doubt:
            await self._make_sure()
        return exchanges

    def _note(self, exchange: Exchange, legal: bool) -> None:
        self.ledger.note(exchange, legal)
        self.pulse.note(exchange, legal)
        self.pace.note(exchange)
        for listener in self.listeners:
            listener(exchange)

    async def _make_sure(self) -> None:
        """That it answers the documents' example, if need be after some seconds. Raises `TargetGone`."""
        heard = Heard(None)
        for pause in PAUSES:
            await asyncio.sleep(pause)
            heard = await self._plain()
            if heard.status is not None:
                return
            if not self.pulse.is_refused(heard):
                break
        raise self.pulse.gone(heard.reason)

    async def _plain(self) -> Heard:
        """How it answers the documents' example, which is no part of any case."""
        shot, planting = Shot((self.sender.event(),)), self.planting()
        event, key = planting.plant(shot.events[0])
        url, headers = self.target.url, self._headers(shot)
        body = written(self.sender.wrap([event]), shot.style)
        heard = await self._send(shot, url, headers, body)
        if heard.status is not None:
            keys = (key if self._tellable(key) else "",)
            self._note(Exchange(shot, url, headers, body, keys, heard, self.acknowledges(heard.status)), True)
        return heard

    def _tellable(self, key: str) -> bool:
        """Whether the oracle can know an event by this identity."""
        ids = self.ids_kept and (self.records is None or not self.records.exact)
        return bool(TOKEN.fullmatch(key)) or ids

    async def _send(self, shot: Shot, url: str, headers: Pairs, body: bytes | None) -> Heard:
        patience = self.patience
        if shot.loss == "reset":
            return await self.wire.reset(url, headers, body or b"", patience)
        return await self.wire.send(shot.method, url, headers, body, patience, shot.framing)

    def _url(self, shot: Shot) -> str:
        if shot.path is None:
            return self.target.url
        parts = urlsplit(self.target.url)
        path, _, query = shot.path.partition("?")
        return urlunsplit((parts.scheme, parts.netloc, path, query or parts.query, ""))

    def _headers(self, shot: Shot) -> Pairs:
        own = (*self.target.headers, *self._credentials(shot))
        replaced = {name.lower() for name, _ in shot.headers}
        usual = self.sender.headers(own) if shot.method == "POST" else own
        kept = tuple(pair for pair in usual if pair[0].lower() not in replaced)
        return (*kept, *(pair for pair in shot.headers if pair[1]))

    def _credentials(self, shot: Shot) -> Pairs:
        if self.target.basic is None or shot.credentials == "none":
            return ()
        login, password = self.target.basic
        if shot.credentials == "wrong":
            password = f"not-{password}"
        return (("Authorization", "Basic " + b64encode(f"{login}:{password}".encode()).decode()),)
