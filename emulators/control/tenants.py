"""Several suites in one process: a tenant is a world, found by the credential that its app uses, or by a header.

Reset, clock and faults of a tenant are its own. A vendor is loaded, and an emulator awakened, when it is first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from emulators import doors
from emulators.control.finding import mentions
from emulators.engine.crank import Crank
from emulators.engine.emulator import Emulator
from emulators.engine.journal import Exchange
from emulators.engine.provider import Call
from emulators.engine.state import State
from emulators.engine.world import World
from emulators.errors import InvalidValue, unknown
from emulators.hosting import LoopHost, Setting, awaken

DEFAULT = "default"
HEADER = "x-emulator-tenant"


@dataclass(frozen=True, slots=True)
class Cast:
    """The vendors that a process imitates, by name: what was asked for, where they listen, their settings."""

    specs: Mapping[str, str]
    urls: Mapping[str, str]
    options: Mapping[str, Mapping[str, Any]]
    strictness: str

    def credentials(self, provider: str, tenant: str) -> dict[str, str]:
        """What the apps of a tenant call a vendor with."""
        return doors.door(provider).credentials("" if tenant == DEFAULT else tenant)

    def check_revision(self, provider: str, revision: str) -> None:
        """Refuses what a vendor of another revision remembers."""
        self.check(provider)
        here = doors.revision_of(self.specs[provider])
        if revision != here:
            raise InvalidValue(f"{provider}: this was kept by revision {revision}, and here is {here}")

    def check(self, provider: str) -> None:
        """Refuses a vendor that is not imitated here, with the nearest that is."""
        if provider not in self.specs:
            raise unknown("provider here", provider, self.specs)


@dataclass(slots=True)
class Tenant:
    """A world, and those who live in it so far."""

    name: str
    world: World
    crank: Crank
    cast: Cast
    host: LoopHost
    emulators: dict[str, Emulator] = field(default_factory=dict)
    snapshots: dict[str, State] = field(default_factory=dict)
    """States that were kept, by name."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it was removed."""

    def emulator(self, provider: str) -> Emulator:
        """A vendor, awakened if it sleeps."""
        if provider not in self.emulators:
            self.cast.check(provider)
            setting = Setting(
                self.cast.specs[provider],
                world=self.world,
                options=self.cast.options.get(provider, {}),
                strictness=self.cast.strictness,
            )
            credentials = self.cast.credentials(provider, self.name)
            awakened = awaken(setting, self.world, self.crank, self.host, credentials, resume=True)
            awakened.url = self.cast.urls[provider]
            self.emulators[provider] = awakened
        return self.emulators[provider]

    def resume(self) -> None:
        """Awakens everybody whom the world remembers: somebody has to send what is owed."""
        for name in tuple(self.world.state.accounts):
            self.cast.check(name)
            self.emulator(name)

    def restore(self, name: str) -> None:
        """Goes back to a state that was kept; who was not awake then is as new."""
        if name not in self.snapshots:
            raise unknown("snapshot", name, self.snapshots)
        for provider, account in self.snapshots[name].accounts.items():
            self.cast.check_revision(provider, account.revision)
        self.world.restore(name, self.snapshots[name])
        for emulator in self.emulators.values():
            if emulator.name not in self.world.state.accounts:
                emulator.open()
        self.resume()
        self.world.wake()

    def knows(self, provider: str, presented: str) -> bool:
        """Whether a vendor of this tenant handed out what an app presents, such as an access token."""
        account = self.world.state.accounts.get(provider)
        return account is not None and any(presented in rows for rows in account.tables.values())


class Tenants:
    """The tenants of a process by name; the first is the one whom everybody gets who says nothing."""

    def __init__(self, cast: Cast, host: LoopHost) -> None:
        self.cast = cast
        self._host = host
        self._tenants: dict[str, Tenant] = {}
        self._turning = AsyncExitStack()

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._tenants.values())

    @property
    def default(self) -> Tenant:
        """Whom everybody gets who says nothing."""
        return self._tenants[DEFAULT]

    def add(self, name: str, world: World) -> Tenant:
        """Takes a world in, and lets its clock turn."""
        if name in self._tenants:
            raise InvalidValue(f"tenant: there is one named {name!r} already")
        world.crank = Crank(world, self._host.loop)
        tenant = self._tenants[name] = Tenant(name, world, world.crank, self.cast, self._host)
        tenant.resume()
        world.crank.start()
        return tenant

    def find(self, name: str) -> Tenant:
        """A tenant; `UnknownName` with the nearest if there is none of that name."""
        if name not in self._tenants:
            raise unknown("tenant", name, self._tenants)
        return self._tenants[name]

    async def remove(self, name: str) -> Tenant:
        """Ends a tenant; what it owes is never sent."""
        if name == DEFAULT:
            raise InvalidValue("tenant: the default one cannot be removed; reset it")
        tenant = self.find(name)
        del self._tenants[name]
        tenant.gone.set()
        await tenant.crank.close()
        return tenant

    async def close(self) -> None:
        """Stops every clock."""
        for tenant in self._tenants.values():
            await tenant.crank.close()
        for tenant in self._tenants.values():
            tenant.world.rest()

    def whose(self, provider: str, call: Call) -> Tenant:
        """The tenant that a call belongs to: the header names it, else the credential tells."""
        if named := call.header(HEADER):
            return self.find(named)
        if len(self._tenants) == 1:
            return self.default
        usual = set(self.cast.credentials(provider, DEFAULT).values())
        for tenant in self._tenants.values():
            own = set(self.cast.credentials(provider, tenant.name).values()) - usual
            if mentions(call, own, partial(tenant.knows, provider)):
                return tenant
        return self.default

    def answerer(self, provider: str) -> Callable[[Call], Exchange]:
        """What answers on the port of a vendor."""

        def answer(call: Call) -> Exchange:
            return self.whose(provider, call).emulator(provider).answer(call)

        return answer


def check_name(name: object) -> str:
    """A name for a tenant or a snapshot."""
    if (
        not isinstance(name, str)
        or not name
        or len(name) > 64
        or not name.isascii()
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        raise InvalidValue(f"name: expected up to 64 letters A to Z, digits, - and _, got {name!r}")
    return name
