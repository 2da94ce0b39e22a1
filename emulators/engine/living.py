"""What the engine asks of an emulator: answer a call, let a plan come about, compose a request, hear an answer."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from emulators.engine import strictness
from emulators.engine.account import Draft, Means
from emulators.engine.answering import Answerer
from emulators.engine.call_faults import VendorError
from emulators.engine.clock import Instant, Plan
from emulators.engine.departing import Departure
from emulators.engine.faulting import Armed, Fault
from emulators.engine.journal import Effects, Exchange, Opened, Reacted
from emulators.engine.lane import Registration
from emulators.engine.policy import Policy
from emulators.engine.profile import Profile
from emulators.engine.provider import Call, Contract, Event, Provider, Route, Target
from emulators.engine.reading import reply_data
from emulators.engine.routing import Table
from emulators.engine.state import AccountState
from emulators.engine.world import World
from emulators.engine.writer import Writer
from emulators.errors import StateRefused


class Living:
    """An emulator seen from inside; people use the verbs instead."""

    name: str
    world: World
    writer: Writer
    provider: Provider
    profile: Profile
    options: dict[str, Any]
    policies: dict[str, Policy]
    credentials: Mapping[str, str]
    strictness: str

    @property
    def account(self) -> AccountState:
        """What it remembers: subscriptions, what is owed, tables, plans."""
        return self.world.state.accounts[self.name]

    def come_alive(self, contract: Contract) -> None:
        """Sets up what answers calls and writes drafts."""
        self._contract = contract
        self._feeds = {feed.name: feed for feed in self.provider.feeds}
        self._means = Means(
            self.options, self.profile.facts, self.credentials, self._draw, self._write, self._register
        )
        self._answerer = Answerer(
            self.provider,
            Table(self.provider.routes),
            self.name,
            self.options,
            contract,
            self._draft,
            self._strike,
            self._draw,
            self.world.complain,
            self._doubt,
        )

    def _doubt(self, route: Route) -> str:
        """Why the answer to a call is not good enough; empty: it is."""
        if self.strictness == strictness.ANY:
            return ""
        known = self.profile.routes.get(route.name)
        return strictness.doubt(known, self._contract.basis(f"{route.stem}.response"))

    def _strike(self, route: Route, number: int) -> Armed | None:
        """The fault that applies to call `number`."""
        errors = self.profile.errors

        def spares(fault: Fault) -> bool:
            known = errors.get(fault.name) if isinstance(fault, VendorError) else None
            return known is not None and known.guarded and route.guard is None

        return self.account.faults.strike(route.name, number, self._draw, spares)

    def remembered(self) -> bool:
        """Whether the world knows this emulator from before, as an imitation of the same revision."""
        known = self.world.state.accounts.get(self.name)
        if known is not None and known.revision != self.profile.revision:
            raise StateRefused(
                f"what is kept of {self.name} imitates the revision {known.revision}, not {self.profile.revision}: "
                f"name {self.name}@{known.revision}, or begin with another file"
            )
        return known is not None

    def open(self) -> None:
        """Begins anew: nothing but what the vendor's documents name exists."""
        with self.world.lock:
            now = self.world.now()
            blank = AccountState(self.provider.name, self.profile.revision)
            draft = self._draft(now, blank)
            self.provider.furnish(draft)
            self.world.commit(
                Opened(
                    now,
                    self.name,
                    self.provider.name,
                    self.profile.revision,
                    self.world.seed,
                    draft.effects(),
                )
            )

    def answer(self, call: Call) -> Exchange:
        """Answers one call and commits what it caused."""
        with self.world.lock:
            exchange = self._answerer.answer(call, self.world.now())
            self.world.commit(exchange)
        self.world.wake()
        return exchange

    def react(self, plan: Plan) -> None:
        """Lets a planned reaction come about; one that breaks is told of, and is over all the same."""
        effects = self._reaction(plan.reaction, plan.data)
        self.world.commit(Reacted(self.world.now(), self.name, plan, effects))

    def _reaction(self, name: str, data: Mapping[str, Any]) -> Effects:
        draft = self._draft(self.world.now())
        try:
            self.provider.reactions[name](draft, data)
        except Exception:  # noqa: BLE001 - told, not swallowed
            self.world.complain(f"{self.provider.title}: {name} broke:\n{traceback.format_exc()}")
            return Effects()
        return draft.effects()

    def _draw(self, what: str, which: object) -> Any:
        return self.world.draw(self.name, what, which)

    def compose(self, feed: str, target: Target, event: Event) -> Target:
        """The request of one event as its receiver wants it, where a feed lets receivers choose."""
        rewrite = self._feeds[feed].compose
        return rewrite(target, event.payload) if rewrite else target

    def heard(self, departure: Departure, status: int | None, outcome: str, said: bytes) -> Effects:
        """What follows from the end of a request, on a feed that cares."""
        reaction = self._feeds[departure.registration.feed].answered
        if not reaction:
            return Effects()
        return self._reaction(
            reaction,
            {
                "payloads": [event.payload for event in departure.events],
                "status": status,
                "outcome": outcome,
                "reply": reply_data(said),
            },
        )

    def _draft(self, instant: Instant, state: AccountState | None = None) -> Draft:
        return Draft(state or self.account, instant, self._means)

    def _write(self, kind: str, given: Mapping[str, Any], ordinal: int, at: Instant) -> Event:
        feed, known = self.writer.resolve(kind)
        return self.writer.write(feed, known, given, ordinal, 1, at)[0]

    def _register(self, number: int, feed: str, url: str, kinds: list[str] | None) -> Registration:
        wanted = None if kinds is None else frozenset(kinds)
        return Registration(number, url, feed, wanted, self.policies[feed], (), "active")
