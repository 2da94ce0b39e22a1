"""Entries as rows: written many at a time, bodies once for all attempts that carried them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

from emulators.engine.freezing import Body, Packed, freeze, pack, thaw, unpack, unpack_outcome
from emulators.engine.journal import Delivery, Entry, Restored

T = TypeVar("T")
DELIVERY = Delivery.__name__


class Row(NamedTuple):
    """One entry, ready to be written."""

    world: int
    number: int
    kind: str
    emulator: str
    data: bytes
    body: Body | None = None
    source: Body | None = None

    @property
    def size(self) -> int:
        """Bytes in memory, roughly."""
        carried = [part for body in (self.body, self.source) if body for part in body if part]
        return 500 + len(self.data) + sum(map(len, carried))


def row_of(world: int, number: int, entry: Entry) -> Row:
    """The row of an entry."""
    kind = type(entry).__name__
    if isinstance(entry, Delivery):
        return Row(world, number, kind, entry.emulator, *pack(entry))
    return Row(world, number, kind, entry.emulator, freeze(entry))


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """In few sizes, as SQLite prepares a statement for each: one of many rows costs one turn of the
    interpreter's lock, and a busy loop lets a thread wait for every one of those."""
    start = 0
    for size in (64, 16, 4, 1):
        while len(items) - start >= size:
            yield items[start : start + size]
            start += size


class Rows:
    """Writes rows over one connection, inside a transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM bodies").fetchone()
        self._bodies: int = last

    def write(self, rows: Sequence[Row]) -> None:
        """Writes rows, and those of their bodies that are not there yet."""
        numbers = self._keep([(r.world, b) for r in rows for b in (r.body, r.source) if b is not None])
        for chunk in _chunks(rows):
            values: list[Any] = []
            for world, number, kind, emulator, data, *carried in chunk:
                kept = (numbers.get((world, body)) for body in carried)
                values += (world, number, kind, emulator, data, *kept)
            # Bytes are bound as they are, and become text without being decoded and encoded again.
            places = ",".join(repeat("(?,?,?,?,CAST(? AS TEXT),?,?)", len(chunk)))
            self._connection.execute(
                f"INSERT INTO entries (world, number, kind, emulator, data, body, source) VALUES {places}",
                values,
            )

    def _keep(self, bodies: Iterable[tuple[int, Body]]) -> Mapping[tuple[int, object], int]:
        """The number of each body."""
        hashes = {key: _hash(*key) for key in set(bodies)}
        known: dict[bytes, int] = {}
        for chunk in _chunks(list(hashes.values())):
            places = ",".join("?" * len(chunk))
            known.update(
                self._connection.execute(f"SELECT hash, id FROM bodies WHERE hash IN ({places})", chunk)
            )
        new = [(hashed, key) for key, hashed in hashes.items() if hashed not in known]
        for batch in _chunks(new):
            values: list[Any] = []
            for hashed, (world, body) in batch:
                self._bodies += 1
                known[hashed] = self._bodies
                values += (self._bodies, world, hashed, *body)
            places = ",".join(repeat("(?,?,?,?,CAST(? AS TEXT))", len(batch)))
            self._connection.execute(
                f"INSERT INTO bodies (id, world, hash, data, events) VALUES {places}", values
            )
        return {key: known[hashed] for key, hashed in hashes.items()}


def _hash(world: int, body: Body) -> bytes:
    """What a body is known by; each world has its own, and takes them along when it goes."""
    hashed = blake2b(digest_size=16, salt=world.to_bytes(8, "big"))
    hashed.update(b"" if body.events is None else b"%d:" % len(body.events) + body.events)
    hashed.update(body.data)
    return hashed.digest()


def read_rows(
    reader: sqlite3.Connection,
    world: int,
    after: int,
    limit: int,
    kinds: Collection[str],
    emulator: str | None,
) -> list[tuple[int, Entry]]:
    """Entries from the one behind `after` on, `limit` at most, of these kinds (none: of all) and this emulator."""
    where, values = "world = ? AND number > ?", [world, after]
    if kinds:
        where += f" AND kind IN ({','.join('?' * len(kinds))})"
    if emulator is not None:
        where += " AND emulator = ?"
    given = [*values, *kinds, *(() if emulator is None else (emulator,)), limit]
    found = reader.execute(
        f"SELECT number, kind, data, body, source FROM entries WHERE {where} ORDER BY number LIMIT ?", given
    ).fetchall()
    wanted = {key for _, _, _, body, source in found for key in (body, source) if key is not None}
    bodies: dict[int, Body] = {}
    for chunk in _chunks(sorted(wanted)):
        places = ",".join("?" * len(chunk))
        kept = reader.execute(f"SELECT id, data, events FROM bodies WHERE id IN ({places})", chunk)
        bodies.update((key, Body(data, events)) for key, data, events in kept)
    return [
        (
            number,
            thaw(kind.decode(), data)
            if body is None
            else unpack(Packed(data, bodies[body], None if source is None else bodies[source])),
        )
        for number, kind, data, body, source in found
    ]


def tail(reader: sqlite3.Connection, world: int, after: int) -> Iterator[tuple[int, Entry]]:
    """All entries behind `after`, for the fold: deliveries come without what they carried."""
    for number, kind, data in reader.execute(
        "SELECT number, kind, data FROM entries WHERE world = ? AND number > ? ORDER BY number",
        (world, after),
    ):
        name = kind.decode()
        yield number, unpack_outcome(data) if name == DELIVERY else thaw(name, data)


def openings(reader: sqlite3.Connection, world: int) -> dict[str, int]:
    """With which entry each emulator was opened or reset last; a restored world begins anew with all it has."""
    opened: dict[str, int] = {}
    restored = 0
    for number, kind, emulator in reader.execute(
        "SELECT number, kind, emulator FROM entries INDEXED BY openings"
        " WHERE world = ? AND kind IN ('Opened', 'Restored') ORDER BY number",
        (world,),
    ):
        if kind == b"Opened":
            opened[emulator.decode()] = number
        else:
            opened, restored = {}, number
    for _, entry in read_rows(reader, world, restored - 1, 1, (), None) if restored else ():
        if isinstance(entry, Restored):
            opened = dict.fromkeys(entry.state.accounts, restored) | opened
    return opened
