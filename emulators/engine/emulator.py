"""Emulator: one provider, alive in a world. These are the verbs that people use.

Verbs that need the network block here and are awaited in `.aio`; all others are plain in both.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from emulators.engine.aio import Awaited
from emulators.engine.clock import Duration, moment
from emulators.engine.codec import encode_strictly
from emulators.engine.handles import Subscription
from emulators.engine.injecting import Injecting
from emulators.engine.inspection import Inspection
from emulators.engine.journal import (
    Effects,
    Exchange,
    Happened,
    Posted,
)
from emulators.engine.living import Living
from emulators.engine.options import choose
from emulators.engine.profile import Fact, Profile
from emulators.engine.provider import Contract, People, Provider
from emulators.engine.strictness import ANY, assumptions, check_options
from emulators.engine.world import World
from emulators.engine.writer import Writer
from emulators.errors import Closed, InvalidValue, NobodyListens, unknown

if TYPE_CHECKING:
    from emulators.engine.crank import Crank

T = TypeVar("T")


class Host(Protocol):
    """Where an emulator runs: lets a coroutine run on the loop that the emulator lives on."""

    def block(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T: ...
    async def relay(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T: ...
    def check_process(self) -> None: ...


class Emulator(Living, Inspection, Injecting):
    """A vendor to talk to. Made by the fixtures and by `in_loop`, `in_thread` and `emulate.fresh`."""

    def __init__(
        self,
        provider: Provider,
        profile: Profile,
        contract: Contract,
        credentials: Mapping[str, str],
        people: People,
        world: World,
        crank: Crank,
        host: Host,
        options: Mapping[str, Any],
        strictness: str = ANY,
        resume: bool = False,
    ) -> None:
        self.provider = provider
        self.profile = profile
        self.world = world
        self.url = ""
        self.options, self.policies = choose(profile, options)
        self.strictness = strictness
        self._chosen = frozenset(options)
        if strictness != ANY:
            check_options(profile, self.options)
        if problems := provider.check_options(self.options):
            raise InvalidValue("options: " + "; ".join(map(str, problems)), problems)
        self.name = world.join(provider.name, self)
        self.credentials = credentials
        self._host = host
        self.aio = Awaited(self, crank, host)
        strict = strictness != ANY
        self.writer = Writer(provider, profile, contract, self.options, people, self._draw, strict)
        self.come_alive(contract)
        try:
            if not (resume and self.remembered()):
                self.open()
        except BaseException:
            world.leave(self.name)
            raise

    # -- what it is

    @property
    def revision(self) -> str:
        """The dated state of the vendor's documents that it imitates."""
        return self.profile.revision

    @property
    def assumptions(self) -> dict[str, Fact]:
        """What it goes by although no document says so, by name: numbers of feeds (`"smtp.timeout"`), options that
        were not set, other facts."""
        return assumptions(self.profile, self._chosen)

    @property
    def env(self) -> dict[str, str]:
        """Settings for the app under test: base URL and credentials by the usual variable names."""
        return self.provider.env(self.url, self.credentials)

    @property
    def now(self) -> datetime:
        """The world's time, aware UTC."""
        return moment(self.world.now())

    # -- subscriptions

    def subscribe(
        self,
        url: str,
        kinds: list[str] | None = None,
        feed: str | None = None,
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **policy: Any,
    ) -> Subscription:
        """Registers a receiver for a feed's events (`kinds=None`: all of them).

        Sends the verification request where the vendor does, and raises `VerificationFailed` with the
        receiver's status if it is not answered well; the subscription stays inactive then. `policy` overrides
        the profile: `batch_size`, `batch_window`, `retry_delays` (seconds), `patience` (real
        seconds that we wait for an answer) and the rest of `emulators.engine.policy.Policy`.
        """
        __tracebackhide__ = True
        return self._block(
            "subscribe",
            lambda: self.aio.subscribe(url, kinds, feed, auth=auth, headers=headers, **policy),
        )

    def subscriptions(self) -> list[Subscription]:
        """Every subscription there ever was, in the order in which they were made."""
        return [Subscription(self, number) for number in self.account.registrations]

    # -- what happens

    def emit(
        self, kind: str, fields: Mapping[str, Any] | None = None, /, *, count: int = 1, **more: Any
    ) -> Any:
        """Something happened, in the vendor's own words: `emit("opened", recipient="ann@example.com")`.

        The bare kind means the vendor's first feed that has it, `"email-service.delivered"` another. What is
        not given is filled in from the seed; a field given as None is left out. Returns the `Event`, or a
        list of them with `count` other than 1. Raises `UnknownName` for kinds and fields that do not exist,
        `InvalidValue` for what the vendor would never send and `NobodyListens` if no active subscription
        wants it.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InvalidValue(f"count: expected a whole number from 1, got {count!r}")
        if twice := set(fields or {}) & set(more):
            raise InvalidValue(f"{', '.join(sorted(twice))}: given twice")
        self.check_open()
        given = {**(fields or {}), **more}
        with self.world.lock:
            feed, known = self.writer.resolve(kind)
            if not any(lane.wants(feed.name, known.name) for lane in self.account.outbox.lanes.values()):
                raise self._nobody(f"wants {feed.name}.{known.name}")
            first = self.account.ordinals.get("event", 0) + 1
            now = self.world.now()
            events = self.writer.write(feed, known, given, first, count, now)
            effects = Effects(events=events, ordinals={"event": first + count - 1})
            self.world.commit(Happened(now, self.name, effects))
        self.world.wake()
        return events[0] if count == 1 else list(events)

    def send(self, payload: Any) -> None:
        """Exactly this JSON value (or these bytes), no schema asked, as a request of its own behind what waits."""
        body = payload if isinstance(payload, bytes) else encode_strictly(payload)
        self._post(body, "", None)

    def replay(self, sample: str) -> None:
        """A documented sample, byte for byte: `replay("activity.bulk")`."""
        if sample not in self.profile.samples:
            raise unknown(f"sample of {self.name}", sample, self.profile.samples)
        found = self.profile.samples[sample]
        feed = sample.split(".")[0]
        if feed not in self.profile.feeds:
            raise InvalidValue(f"sample {sample!r} is not something that {self.provider.title} sends")
        self._post(found.body, sample, feed)

    def _nobody(self, wish: str) -> NobodyListens:
        paused = [r.id for r in self.account.registrations.values() if r.state == "paused"]
        nobody = f"no active subscription of {self.name} {wish}"
        if paused:
            return NobodyListens(f"{nobody}; subscription {paused[0]} is paused")
        return NobodyListens(nobody, unheard=self.name)

    def _post(self, body: bytes, label: str, feed: str | None) -> None:
        self.check_open()
        with self.world.lock:
            lanes = self.account.outbox.lanes.values()
            wanted = [lane for lane in lanes if lane.active and feed in (None, lane.registration.feed)]
            if not wanted:
                raise self._nobody(f"of the feed {feed}" if feed else "is there")
            numbers = tuple(lane.registration.id for lane in wanted)
            self.world.commit(Posted(self.world.now(), self.name, numbers, body, label))
        self.world.wake()

    # -- time

    def advance(self, by: Duration) -> None:
        """Lets time pass (seconds, a timedelta or `"1h30m"`) and everything that is due in it happen."""
        __tracebackhide__ = True
        self._block("advance", lambda: self.aio.advance(by))

    def drain(self, within: Duration = "24h") -> None:
        """Turns the clock until nothing is owed; raises `StillOwed` if that takes longer than `within`."""
        __tracebackhide__ = True
        self._block("drain", lambda: self.aio.drain(within))

    def flush(self) -> None:
        """Sends open batches now."""
        __tracebackhide__ = True
        self._block("flush", self.aio.flush)

    def reset(self) -> None:
        """As new: no subscriptions, nothing owed, nothing remembered; only the clock is not turned back."""
        __tracebackhide__ = True
        self._block("reset", self.aio.reset)

    def wait_for_call(self, route: str, timeout: float = 5, **fields: Any) -> Exchange:
        """The first call to a route, made already or within `timeout` seconds of real time."""
        __tracebackhide__ = True
        return self._block("wait_for_call", lambda: self.aio.wait_for_call(route, timeout, **fields))

    def tolerate(self) -> None:
        """Waives what would fail the test at its end: calls that are not imitated, errors of ours."""
        self.world.tolerant = True

    # -- for the engine

    def check_open(self) -> None:
        """Refuses what can have no effect any more; looking back is always allowed."""
        self._host.check_process()
        if self.world.members.get(self.name) is not self:
            raise Closed(f"this {self.name} emulator was stopped; start a fresh one")

    def _block(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        __tracebackhide__ = True
        self.check_open()
        return self._host.block(f"{self.name}.aio.{verb}(...)", work)

    def __repr__(self) -> str:
        return f"<{self.name}@{self.revision} at {self.url}>"
