"""The worlds of a running process: made as was asked for, kept on disk if that was asked for, and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulators.control.tenants import DEFAULT
from emulators.engine.clock import Instant
from emulators.engine.egress import Egress
from emulators.engine.journal import Entry
from emulators.engine.world import World
from emulators.errors import InvalidValue, StateRefused
from emulators.hosting import Setting, make_clock

if TYPE_CHECKING:
    from emulators.engine.store import Store

REACH = 64 * 1024 * 1024
"""Bytes of journal in memory; with a file behind it, an eighth of that."""
MEMORY = 10_000
"""Events of a feed that a vendor can be asked about."""
CHECKPOINT = 20_000
"""Entries after which the whole state is written down, so that a start need not fold the journal from its beginning."""


@dataclass(frozen=True, slots=True)
class Worlds:
    """`clock` is `virtual`, `wall` or a speed; `seed` None: 0, or that of the file. `broken` is told once if the file
    can no longer be written: nothing that is accepted after that would survive."""

    seed: int | None
    clock: str | float
    start: datetime | None
    allow: Sequence[str]
    forbidden: Collection[int]
    store: Store | None
    broken: Callable[[StateRefused], None]

    def names(self) -> list[str]:
        """The tenants to begin with, the default one first."""
        known = [record.name for record in self.store.worlds()] if self.store else []
        return [DEFAULT, *(name for name in known if name != DEFAULT)]

    def make(self, name: str, seed: int | None = None) -> World:
        """The world of a tenant: as it was left if the file knows it, else a new one."""
        clock = make_clock(Setting("", clock=self.clock, start=self.start))
        egress = Egress(self.allow)
        for port in self.forbidden:
            egress.forbid(port)
        salt = "" if name == DEFAULT else f"@{name}"
        wanted = self.seed if seed is None else seed
        if self.store is None:
            return World(wanted or 0, clock, egress, None, REACH, MEMORY, salt)
        kept = self._record(name, wanted, clock.now())
        keeper = WorldKeeper(self.store, name, self.broken)
        world = World(kept.seed, clock, egress, keeper, REACH // 8, kept.memory, salt)
        recovered = self.store.recover(name)
        if recovered.last:
            world.resume(recovered.state, recovered.last, recovered.opened)
        world.journal.listeners.append(self._checkpoints(world, name))
        return world

    def _record(self, name: str, seed: int | None, start: Instant) -> Any:
        from emulators.engine.store import WorldRecord

        if self.store is None:
            raise TypeError("there is no file")
        known = next((record for record in self.store.worlds() if record.name == name), None)
        if known is None:
            known = WorldRecord(name, seed or 0, str(self.clock), start, MEMORY)
            self.store.add_world(known)
        elif seed is not None and seed != known.seed:
            raise InvalidValue(
                f"--seed: what is kept was made with {known.seed}, not {seed}; leave it out, or begin anew"
            )
        return known

    def _checkpoints(self, world: World, name: str) -> Callable[[Entry], None]:
        def note(entry: Entry) -> None:
            if self.store and world.journal.last % CHECKPOINT == 0:
                self.store.checkpoint(name, world.journal.last, world.state)

        return note

    def forget(self, name: str) -> None:
        """Drops the world of a tenant that was removed."""
        if self.store:
            self.store.drop_world(name)


@dataclass(frozen=True, slots=True)
class WorldKeeper:
    """The part of the file that one world has."""

    store: Store
    name: str
    broken: Callable[[StateRefused], None]

    def append(self, number: int, entry: Entry) -> None:
        self.store.append(self.name, number, entry)

    def read(
        self, after: int, limit: int, kinds: Collection[str] = (), emulator: str | None = None
    ) -> list[tuple[int, Entry]]:
        return self.store.read(self.name, after, limit, kinds, emulator)

    async def stored(self) -> None:
        try:
            await self.store.stored()
        except StateRefused as error:
            self.broken(error)
            raise
