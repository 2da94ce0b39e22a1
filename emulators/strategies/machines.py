"""State machines: an app's calls and a vendor's events in any order, on virtual time."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import cache
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulators.engine.emulator import Emulator
from emulators.engine.faulting import Fault, ResetAfterBody
from emulators.engine.provider import Payload
from emulators.hosting import in_thread
from emulators.strategies.asked import requests
from emulators.strategies.drawn import events
from emulators.strategies.planned import lawful, pauses, sendable
from emulators.strategies.plans import PATIENCE, Emit
from emulators.strategies.vendor import vendor


class VendorMachine(RuleBasedStateMachine):
    """What every vendor's machine is made of. A subclass says what the app does:

    - `url()`: where the app takes webhooks; a fresh app for every run. None: it takes none.
    - `call(route, request)`: the app calls the vendor; `self.emulator.env` says where.
    - `check()`: what must hold after every step.
    - `settled()`: what must hold at the end, when nothing is owed any more.

    `self.emulator` is fresh in every run; `setting` is that of `emulators.in_thread`.
    """

    provider: ClassVar[str]
    feed: ClassVar[str | None]
    setting: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.emulator: Emulator = self.resources.enter_context(in_thread(self.provider, **self.setting))
        self.listening = False

    def url(self) -> str | None:
        """Where the app takes webhooks; contexts entered in `self.resources` end with the run."""
        return None

    def call(self, route: str, request: Any) -> None:
        """The app calls a route of the vendor, with a request that his documents allow."""

    def check(self) -> None:
        """What must hold after every step."""

    def settled(self) -> None:
        """What must hold when nothing is owed any more."""

    @initialize()
    def begin(self) -> None:
        """The app subscribes."""
        url = self.url()
        if url is not None and self.feed is not None:
            self.emulator.subscribe(url, feed=self.feed)
            self.listening = True

    @invariant()
    def holds(self) -> None:
        """Asks the subclass."""
        self.check()

    def teardown(self) -> None:
        """Lets all that is owed arrive."""
        with self.resources:
            # A run that has failed already is told as it is.
            if sys.exc_info()[0] is None:
                if self.listening:
                    self.emulator.drain(PATIENCE)
                self.settled()


@cache
def machine(
    provider: str, revision: str | None = None, *, feed: str | None = None, edge: bool = False
) -> Any:
    """The base of a state machine for one vendor, to subclass; see `VendorMachine` for what to say.

    class ShopAndSendPulse(machine("sendpulse")): ...
    TestShop = ShopAndSendPulse.TestCase

    Rules: an event happens, time passes, a lawful fault is injected, the app calls a route. Raises `UnknownName` with
    the nearest name.
    """
    known = vendor(provider, revision)
    chosen = known.feed(feed).name if feed is not None or known.profile.feeds else None
    parts: dict[str, Any] = {
        "provider": known.spec,
        "feed": chosen,
        "__doc__": f"{known.provider.title} and an app.",
    }
    parts["__module__"] = __name__
    if chosen is not None:
        parts |= _webhooks(known.name, known.profile.revision, chosen, edge)
    if known.provider.routes:
        parts["app_calls"] = _calls(known.name, known.profile.revision)
    return type(f"{known.provider.title}Machine", (VendorMachine,), parts)


def _webhooks(name: str, revision: str, feed: str, edge: bool) -> dict[str, Any]:
    known = vendor(name, revision)
    # What an event says of its own request must not lead away from the app.
    edge = edge and not known.composed(feed)
    policy, field = known.policies[feed], known.kind_field(feed)
    kinds = known.profile.feeds[feed].kinds
    # A run has no end of faults, so whoever gives up may give up on what the receiver has never read.
    endless = policy.retry_after_last == "repeat"
    faults = [fault for fault in lawful(policy) if endless or fault is not ResetAfterBody]

    @precondition(lambda self: self.listening)
    @rule(payload=events(name, None, revision, edge, feed=feed))
    def something_happens(self: VendorMachine, payload: Payload) -> None:
        kind = str(payload.get(field)) if field else next(iter(kinds))
        Emit(kind, sendable(known, feed, kind, payload)).run(self.emulator, feed)

    @rule(seconds=st.sampled_from((0.0, *pauses(policy))))
    def time_passes(self: VendorMachine, seconds: float) -> None:
        self.emulator.advance(seconds)

    @precondition(lambda self: self.listening)
    @rule(fault=st.sampled_from(faults))
    def something_goes_wrong(self: VendorMachine, fault: type[Fault]) -> None:
        self.emulator.inject(fault())

    return {
        "something_happens": something_happens,
        "time_passes": time_passes,
        "something_goes_wrong": something_goes_wrong,
    }


def _calls(name: str, revision: str) -> Any:
    routes = [route.name for route in vendor(name, revision).provider.routes]
    asked = st.sampled_from(routes).flatmap(
        lambda route: st.tuples(st.just(route), requests(name, route, revision))
    )

    @rule(asked=asked)
    def app_calls(self: VendorMachine, asked: tuple[str, Any]) -> None:
        self.call(*asked)

    return app_calls
