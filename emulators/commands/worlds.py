"""The worlds of a running process: made as was asked for, kept on disk if that was asked for, and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.control.tenants import DEFAULT
from emulators.engine.clock import Instant, instant, moment
from emulators.engine.egress import Egress
from emulators.engine.journal import Entry
from emulators.engine.state import State
from emulators.engine.world import World
from emulators.errors import InvalidValue, StateRefused
from emulators.hosting import Setting, make_clock

if TYPE_CHECKING:
    from emulators.engine.store import Store, WorldRecord

REACH = 64 * 1024 * 1024
"""Bytes of journal in memory; with a file behind it, an eighth of that."""
MEMORY = 10_000
"""Events of a feed that a vendor can be asked about."""
CHECKPOINT = 20_000
"""Entries after which the whole state is written down, so that a start need not fold the journal from its beginning."""


@dataclass(frozen=True, slots=True)
class Worlds:
    """`specs`: the vendors that are served, by name. `clock` is `virtual` or a speed; `seed` None: 0, or that of
    the file."""

    specs: Mapping[str, str]
    seed: int | None
    clock: str | float
    start: datetime | None
    allow: Sequence[str]
    forbidden: Collection[int]
    store: Store | None

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
        if self.store is None:
            return World((self.seed if seed is None else seed) or 0, clock, egress, None, REACH, MEMORY, salt)
        kept = self._record(self.store, name, seed, clock.now())
        recovered = self.store.recover(name)
        self._check_vendors(self.store.path, recovered.state)
        keeper = WorldKeeper(self.store, name)
        world = World(kept.seed, clock, egress, keeper, REACH // 8, kept.memory, salt)
        if recovered.last:
            world.resume(recovered.state, recovered.last, recovered.opened)
        elif not clock.running:
            clock.set(kept.start)
        world.journal.listeners.append(_checkpoints(world, self.store, name))
        return world

    def _record(self, store: Store, name: str, seed: int | None, start: Instant) -> WorldRecord:
        from emulators.engine.store import WorldRecord

        records = {record.name: record for record in store.worlds()}
        if name in records:
            self._check(store.path, records[name])
            return records[name]
        made = WorldRecord(name, (self.seed if seed is None else seed) or 0, str(self.clock), start, MEMORY)
        if first := records.get(DEFAULT):
            # What the command line said when the file was made holds for later tenants as well.
            made = replace(made, seed=first.seed if seed is None else seed)
            made = made if self.clock != "virtual" else replace(made, start=first.start)
        store.add_world(made)
        return made

    def _check(self, path: Path, known: WorldRecord) -> None:
        """Refuses what was asked for in words and cannot be had: a journal has one seed, one beginning and one kind
        of clock. Tenants have a seed and a beginning of their own."""
        if known.name == DEFAULT and self.seed not in (None, known.seed):
            raise _unlike(path, "--seed", f"was made with {known.seed}, not {self.seed}")
        if known.name == DEFAULT and self.start is not None and instant(self.start) != known.start:
            raise _unlike(path, "--start", f"began at {moment(known.start).isoformat()}")
        kept, asked = ("virtual" if clock == "virtual" else "wall" for clock in (known.clock, self.clock))
        if kept != asked:
            raise _unlike(path, "--clock", f"goes by a {kept} clock, not by a {asked} one")

    def _check_vendors(self, path: Path, state: State) -> None:
        """Refuses to leave a vendor out who may have something to send."""
        for name, account in state.accounts.items():
            if name not in self.specs:
                raise StateRefused(
                    f"state {path}: it remembers {name}, which is not served here; "
                    f"name {name}@{account.revision} too, or begin with another file"
                )

    def forget(self, name: str) -> None:
        """Drops the world of a tenant that was removed."""
        if self.store:
            self.store.drop_world(name)


def _unlike(path: Path, option: str, why: str) -> InvalidValue:
    words = "ask for the same" if option == "--clock" else "leave it out"
    return InvalidValue(f"{option}: what is kept {why}; {words}, or begin with another file than {path}")


def _checkpoints(world: World, store: Store, name: str) -> Callable[[Entry], None]:
    def note(entry: Entry) -> None:
        if world.journal.last % CHECKPOINT == 0:
            store.checkpoint(name, world.journal.last, world.state)

    return note


@dataclass(frozen=True, slots=True)
class WorldKeeper:
    """The part of the file that one world has."""

    store: Store
    name: str

    def append(self, number: int, entry: Entry) -> None:
        self.store.append(self.name, number, entry)

    def read(
        self, after: int, limit: int, kinds: Collection[str] = (), emulator: str | None = None
    ) -> list[tuple[int, Entry]]:
        return self.store.read(self.name, after, limit, kinds, emulator)

    async def stored(self) -> None:
        await self.store.stored()
