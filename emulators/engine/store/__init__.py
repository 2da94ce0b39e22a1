"""The journal on disk: what was stored is there after the process was killed, and leads to the same state.

One process has the file open, one thread of it writes, over one connection. Entries are written in groups, and
whoever must not go on before they are waits for `stored`. After a write that failed everything is refused: memory
and disk must never part without a word.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from emulators.engine.clock import Instant
from emulators.engine.freezing import freeze_state, thaw_state
from emulators.engine.journal import Entry
from emulators.engine.state import State, apply
from emulators.engine.store.committing import Committer
from emulators.engine.store.file import StateFile, explain
from emulators.engine.store.rows import Row, Rows, openings, read_rows, row_of, tail
from emulators.errors import InvalidValue, StateRefused, unknown

Task = Callable[[sqlite3.Connection], object]


@dataclass(frozen=True, slots=True)
class WorldRecord:
    """What a world is, apart from its journal; `memory`: how many events of history each feed keeps (None: all)."""

    name: str
    seed: int
    clock: str
    start: Instant
    memory: int | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where a world stood: its state, the number of its last entry (0: there is none), and with which entry each
    emulator was opened or reset last."""

    state: State
    last: int
    opened: Mapping[str, int]


class Store:
    """A state file that is open. Its methods may be called from any thread."""

    largest_checkpoint = 900_000_000
    """Bytes; SQLite keeps no value above 1,000,000,000."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self.path = file.path
        self._connection = file.writer
        self._rows = Rows(file.writer)
        self._reading = threading.Lock()
        self._changing = threading.Lock()
        self._closed = False
        self._words = f"state {file.path}: it was closed; open it again"
        self._records: dict[str, WorldRecord] = {}
        self._ids: dict[str, int] = {}
        self._last: dict[str, int] = {}
        for number, name, seed, *rest in file.writer.execute(
            "SELECT id, name, seed, clock, start, memory FROM worlds ORDER BY id"
        ).fetchall():
            self._records[name] = WorldRecord(name, int(seed), *rest)
            self._ids[name] = number
            (self._last[name],) = file.writer.execute(
                "SELECT coalesce(max(number), 0) FROM entries WHERE world = ?", (number,)
            ).fetchone()
        self._reader = file.reader()
        self._committer: Committer[Row | Task] = Committer(self._write, lambda e: explain(self.path, e))

    @classmethod
    def open(cls, path: Path) -> Store:
        """Opens the file, or makes it. Raises `StateRefused`, saying why and what to do."""
        file = StateFile.open(Path(path))
        try:
            return cls(file)
        except sqlite3.Error as error:
            file.close()
            raise StateRefused(explain(file.path, error)) from error

    def close(self) -> None:
        """Writes what is left and makes it one file again. Raises `StateRefused` if something could not be
        written; the file is let go all the same."""
        with self._changing:
            if self._closed:
                return
            self._closed = True
        self._committer.close(self._words)
        with self._reading:
            self._reader.close()
        self._file.close()
        self._committer.check()

    # -- worlds

    def worlds(self) -> list[WorldRecord]:
        """The worlds that there are, oldest first."""
        return list(self._records.values())

    def add_world(self, record: WorldRecord) -> None:
        """Adds a world without entries; it is stored when this returns."""
        try:
            record.name.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(f"world: expected a name that UTF-8 can carry, got {record.name!r}") from error
        with self._changing:
            if record.name in self._records:
                raise InvalidValue(f"world: expected a new name, got {record.name!r}, which there is already")
            number = max(self._ids.values(), default=0) + 1
            values = (number, record.name, str(record.seed), record.clock, record.start, record.memory)
            self._do(lambda c: c.execute("INSERT INTO worlds VALUES (?, ?, ?, ?, ?, ?)", values))
            self._records[record.name] = record
            self._ids[record.name], self._last[record.name] = number, 0
        self.wait_stored()

    def drop_world(self, name: str) -> None:
        """Forgets a world and all that happened in it; it is gone when this returns."""
        with self._changing:
            number = self._id(name)
            for known in (self._records, self._ids, self._last):
                del known[name]
            self._do(lambda c: _drop(c, number))
        self.wait_stored()

    def recover(self, world: str) -> Recovered:
        """Where a world stands: the newest checkpoint and all that came after it."""
        self.wait_stored()
        number, record = self._id(world), self._records[world]
        with closing(self._file.reader()) as reader:
            last = 0
            try:
                # One view of it, whatever is written meanwhile.
                reader.execute("BEGIN")
                state = State(memory=record.memory)
                kept = reader.execute("SELECT number, data FROM checkpoints WHERE world = ?", (number,))
                if newest := kept.fetchone():
                    last, state = newest[0], thaw_state(newest[1])
                for found, entry in tail(reader, number, last):
                    if found != last + 1:
                        raise ValueError(f"entry {last + 1} is missing")
                    apply(state, entry)
                    last = found
                return Recovered(state, last, openings(reader, number))
            except (sqlite3.Error, LookupError, TypeError, ValueError, AttributeError) as error:
                raise self._unreadable(f"world {world!r} behind entry {last}", error) from error

    # -- entries

    def on_failure(self, told: Callable[[StateRefused], None]) -> None:
        """Lets `told` be called, from another thread, when something could not be written."""
        self._committer.tell(told)

    def append(self, world: str, number: int, entry: Entry) -> None:
        """Hands in the next entry of a world: numbers count from 1. It is written down here and now, and on disk
        later; it waits for the disk only while more than 16 MiB wait already."""
        key = self._id(world)
        if number != self._last[world] + 1:
            raise InvalidValue(f"number: expected {self._last[world] + 1}, got {number}")
        row = row_of(key, number, entry)
        self._committer.put(row, row.size)
        self._last[world] = number

    def checkpoint(self, world: str, number: int, state: State) -> None:
        """Hands in the state that the first `number` entries lead to, in place of an earlier one. A state too
        large for SQLite is not kept: it is folded out of the entries all the same."""
        key, data = self._id(world), freeze_state(state)
        if not 0 <= number <= self._last[world]:
            raise InvalidValue(f"number: expected 0 to {self._last[world]}, got {number}")
        if len(data) > self.largest_checkpoint:
            return
        values = (key, number, data)
        self._do(
            lambda c: c.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, CAST(? AS TEXT))", values),
            len(data),
        )

    async def stored(self) -> None:
        """Everything that was handed in before is stored. Raises `StateRefused` if it could not be."""
        await self._committer.done()

    def wait_stored(self) -> None:
        """The same for a thread."""
        self._committer.wait_done()

    def read(
        self,
        world: str,
        after: int,
        limit: int,
        kinds: Collection[str] = (),
        emulator: str | None = None,
    ) -> list[tuple[int, Entry]]:
        """Entries and their numbers, oldest first: those behind number `after`, of these kinds (none given: of
        all), of this emulator (None: of all), `limit` at most. Waits for what was handed in before, where it could
        belong to them."""
        self._committer.check()
        key = self._id(world)
        try:
            behind = self._committer.behind
            found = self._read(key, after, limit, kinds, emulator)
            if behind and len(found) < limit:
                self.wait_stored()
                found = self._read(key, after, limit, kinds, emulator)
            return found
        except (sqlite3.Error, LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._unreadable(f"world {world!r} behind entry {after}", error) from error

    def _read(
        self, world: int, after: int, limit: int, kinds: Collection[str], emulator: str | None
    ) -> list[tuple[int, Entry]]:
        with self._reading:
            return read_rows(self._reader, world, after, limit, kinds, emulator)

    def _unreadable(self, what: str, error: Exception) -> StateRefused:
        if isinstance(error, sqlite3.Error):
            return StateRefused(explain(self.path, error))
        return StateRefused(
            f"state {self.path}: {what} cannot be read ({error!r}); put back a copy, or name another file"
        )

    def _id(self, world: str) -> int:
        if self._closed:
            raise StateRefused(self._words)
        if world not in self._ids:
            raise unknown("world", world, self._ids)
        return self._ids[world]

    def _do(self, task: Task, size: int = 0) -> None:
        self._committer.put(task, size)

    # -- on the writer's thread

    def _write(self, jobs: Sequence[Row | Task]) -> None:
        """All of it or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for rows, group in groupby(jobs, key=lambda job: isinstance(job, Row)):
                if rows:
                    self._rows.write([job for job in group if isinstance(job, Row)])
                else:
                    for task in group:
                        task(self._connection)  # type: ignore[operator]
            self._connection.execute("COMMIT")
        except BaseException:
            # Where the disk fails SQLite has rolled back by itself.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _drop(connection: sqlite3.Connection, world: int) -> None:
    for table in ("entries", "bodies", "checkpoints"):
        connection.execute(f"DELETE FROM {table} WHERE world = ?", (world,))
    connection.execute("DELETE FROM worlds WHERE id = ?", (world,))
