"""The verbs that are awaited: those that touch the network or wait for a fact."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from emulators.engine import queries
from emulators.engine.clock import Duration
from emulators.engine.courier import Courier
from emulators.engine.handles import Subscription
from emulators.engine.journal import Changed, Entry, Exchange, Flushed, Probe, Subscribed
from emulators.engine.lane import Registration
from emulators.engine.message import Request
from emulators.engine.registering import register
from emulators.errors import InvalidValue, VerificationFailed

if TYPE_CHECKING:
    from emulators.engine.crank import Crank
    from emulators.engine.emulator import Emulator, Host

T = TypeVar("T")


class Awaited:
    """`emulator.aio`: the same verbs, to be awaited on any loop."""

    def __init__(self, emulator: Emulator, crank: Crank, host: Host) -> None:
        self._emulator = emulator
        self._world = emulator.world
        self._crank = crank
        self._host = host

    def __getattr__(self, name: str) -> Any:
        # Verbs that wait for nothing are plain here, too.
        return getattr(self._emulator, name)

    async def _relay(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self._emulator.check_open()
        return await self._host.relay(work)

    async def subscribe(
        self,
        url: str,
        kinds: list[str] | None = None,
        feed: str | None = None,
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **policy: Any,
    ) -> Subscription:
        """See `Emulator.subscribe`."""
        given = dict(headers or {})
        if auth is not None:
            if not isinstance(auth, tuple | list) or [type(part) for part in auth] != [str, str]:
                raise InvalidValue(f"auth: expected ('login', 'password'), got {auth!r}")
            given["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        return await self._relay(lambda: self._subscribe(url, kinds, feed, given, policy))

    async def _subscribe(
        self,
        url: str,
        kinds: list[str] | None,
        feed: str | None,
        headers: dict[str, str],
        policy: dict[str, Any],
    ) -> Subscription:
        emulator, world = self._emulator, self._world
        world.egress.check_url(url)
        courier = Courier(world.egress, keep_alive=False)
        await courier.look_up(url)
        with world.lock:
            wanted = register(emulator, url, kinds, feed, headers, policy)
            world.commit(Changed(world.now(), emulator.name, wanted))
        if wanted.policy.probe:
            try:
                await self._probe(courier, wanted)
            finally:
                await courier.rest()
        with world.lock:
            active = replace(wanted, state="active")
            successor_of = None
            if wanted.policy.second_url == "replaces":
                lanes = emulator.account.outbox.lanes.values()
                standing = (lane.registration.id for lane in lanes if lane.registration.feed == wanted.feed)
                successor_of = next(standing, None)
            world.commit(Subscribed(world.now(), emulator.name, active, successor_of))
        world.wake()
        return Subscription(emulator, wanted.id)

    async def _probe(self, courier: Courier, wanted: Registration) -> None:
        policy = wanted.policy
        method = policy.probe or "GET"
        usual = (("User-Agent", policy.user_agent),)
        headers = wanted.headers_over(usual) if policy.probe_headers == "sent" else usual
        patience = self._crank.patience_for(policy)
        answer = await courier.send(Request(method, wanted.url, headers, None, patience))
        accepted = policy.admits(answer.status)
        reason = answer.reason or ("" if accepted else f"answered {answer.status}")
        world, emulator = self._world, self._emulator
        world.commit(
            Probe(world.now(), emulator.name, wanted.id, wanted.url, method, answer.status, accepted, reason)
        )
        if not accepted:
            needed = " or ".join(key for key, verdict in policy.probe_answers.items() if verdict == "accept")
            fact = emulator.profile.feeds[wanted.feed].policy["probe_answers"]
            raise VerificationFailed(
                f"{emulator.provider.title} verifies a URL with {method} {wanted.url} and needs {needed} "
                f"({fact.basis}), but: {reason}. The subscription stays inactive; make the receiver answer "
                "and subscribe again",
                answer.status,
            )

    async def advance(self, by: Duration) -> None:
        """See `Emulator.advance`."""
        micros = self._crank.ahead(by)
        await self._relay(lambda: self._crank.turn_by(micros))

    async def drain(self, within: Duration = "24h") -> None:
        """See `Emulator.drain`."""
        micros = self._crank.ahead(within)
        await self._relay(lambda: self._crank.drain(micros))

    async def flush(self) -> None:
        """See `Emulator.flush`."""
        await self._relay(self._flush)

    async def _flush(self) -> None:
        async with self._crank.claimed():
            self._world.commit(Flushed(self._world.now(), self._emulator.name))
            await self._crank.walk(self._world.now())

    async def reset(self) -> None:
        """See `Emulator.reset`."""
        await self._relay(self._reset)

    async def _reset(self) -> None:
        async with self._crank.claimed():
            self._emulator.open()

    async def wait_for_call(self, route: str, timeout: float = 5, **fields: Any) -> Exchange:
        """See `Emulator.wait_for_call`."""
        return await self._relay(lambda: self._wait_for_call(route, timeout, fields))

    async def _wait_for_call(self, route: str, timeout: float, fields: Mapping[str, Any]) -> Exchange:
        emulator, journal = self._emulator, self._world.journal
        arrived: asyncio.Event = asyncio.Event()
        loop = asyncio.get_running_loop()

        def listen(entry: Entry) -> None:
            if isinstance(entry, Exchange) and entry.emulator == emulator.name:
                loop.call_soon_threadsafe(arrived.set)

        journal.listeners.append(listen)
        try:
            async with asyncio.timeout(timeout):
                while not (found := emulator.calls(route, **fields)):
                    arrived.clear()
                    await arrived.wait()
                return found[0]
        except TimeoutError:
            raise AssertionError(
                f"waited {timeout:g} s; " + queries.no_such_call(emulator.calls(), route, fields)
            ) from None
        finally:
            journal.listeners.remove(listen)
