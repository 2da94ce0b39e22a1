"""The file that keeps the state: made, known again, or refused in words that say what to do."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from emulators.engine.store.locking import FileLock
from emulators.errors import StateRefused

APPLICATION = int.from_bytes(b"pEmu", "big")
"""What SQLite calls `application_id`: whose file it is."""
VERSION = 1
"""Of the tables below and of what freezing writes into them."""
MAGIC = b"SQLite format 3\0"
SCHEMA = """
CREATE TABLE worlds (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    seed TEXT NOT NULL, clock TEXT NOT NULL, start INTEGER NOT NULL, memory INTEGER
);
CREATE TABLE entries (
    world INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, emulator TEXT NOT NULL,
    data TEXT NOT NULL, body INTEGER, source INTEGER
);
CREATE INDEX entries_in_order ON entries (world, number, kind, emulator);
CREATE INDEX openings ON entries (world, number, kind, emulator) WHERE kind IN ('Opened', 'Restored');
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY, world INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL, events TEXT
);
CREATE INDEX bodies_by_hash ON bodies (hash);
CREATE TABLE checkpoints (world INTEGER PRIMARY KEY, number INTEGER NOT NULL, data TEXT NOT NULL)
"""


class StateFile:
    """The locked file and the one connection that writes it.

    SQLite before 3.51.3 can corrupt a file in WAL mode when two connections write or checkpoint it: all others
    come from `reader` and can do neither.
    """

    def __init__(self, path: Path, lock: FileLock, writer: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self.writer = writer

    @classmethod
    def open(cls, path: Path) -> StateFile:
        """Opens or makes the file, readable for its owner alone. Raises `StateRefused`."""
        path = path.absolute()
        if not path.parent.is_dir():
            raise StateRefused(
                f"state {path}: there is no folder {path.parent}; make it, or name another file"
            )
        if path.is_dir():
            raise StateRefused(f"state {path}: this is a folder; name a file in it")
        # Two names of one file have one lock.
        path = path.resolve()
        try:
            lock = FileLock.take(path)
            try:
                return cls(path, lock, _connect(path))
            except BaseException:
                lock.release()
                raise
        except OSError as error:
            raise StateRefused(
                f"state {path}: cannot be read and written ({error.strerror}); "
                f"use a file that you may write, in a folder that you may write"
            ) from error
        except sqlite3.Error as error:
            raise StateRefused(explain(path, error)) from error

    def reader(self) -> sqlite3.Connection:
        """A connection that reads what is committed, text as bytes."""
        reader = sqlite3.connect(
            _uri(self.path, "ro"), uri=True, isolation_level=None, check_same_thread=False
        )
        reader.text_factory = bytes
        return reader

    def close(self) -> None:
        """Lets go of the file, as one file again, with nothing left beside it but the lock."""
        try:
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise StateRefused(explain(self.path, error)) from error
        finally:
            self.writer.close()
            self._lock.release()


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(path.as_posix())}?mode={mode}"


def _connect(path: Path) -> sqlite3.Connection:
    # Closed before SQLite opens it: whoever closes a file gives up the locks that his process has on it.
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
        head = file.read(100)
    _recognise(path, head)
    # The writer is used by one thread after another, never by two at once.
    writer = sqlite3.connect(_uri(path, "rw"), uri=True, isolation_level=None, check_same_thread=False)
    try:
        if not head:
            made = f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; {SCHEMA};"
            writer.executescript(f"BEGIN EXCLUSIVE; {made} COMMIT")
        # The head of the file lags behind what lies in the WAL.
        (version,) = writer.execute("PRAGMA user_version").fetchone()
        _check_version(path, version)
        (mode,) = writer.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise StateRefused(f"state {path}: SQLite cannot keep a WAL there; use a file on a local disk")
        # Survives the process; a power cut may cost the last moments, never the file.
        writer.execute("PRAGMA synchronous=NORMAL")
        writer.execute("PRAGMA wal_autocheckpoint=4000")
        writer.execute(f"PRAGMA journal_size_limit={64 << 20}")
    except BaseException:
        writer.close()
        raise
    return writer


def _recognise(path: Path, head: bytes) -> None:
    """Refuses a file that is not ours by its first bytes; an empty one may become ours."""
    if head and not head.startswith(MAGIC):
        raise StateRefused(f"state {path}: this is no state file (nor SQLite at all); name another file")
    # Without touching it: SQLite would tidy up behind another application.
    if head and int.from_bytes(head[68:72], "big") != APPLICATION:
        raise StateRefused(
            f"state {path}: this SQLite file belongs to another application; name another file"
        )
    _check_version(path, int.from_bytes(head[60:64], "big"))


def _check_version(path: Path, version: int) -> None:
    if version > VERSION:
        raise StateRefused(
            f"state {path}: it has version {version}, and this release knows up to {VERSION}; "
            "use the newer release that wrote it, or another file"
        )


def explain(path: Path, error: Exception) -> str:
    """Why the file could not be used, and what to do."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return f"state {path}: the disk is full; make room and start again, what was confirmed is kept"
    if name.startswith("SQLITE_IOERR"):
        return (
            f"state {path}: the disk does not take it ({error}: {name}); look at its room, limits and health, "
            "then start again, what was confirmed is kept"
        )
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return f"state {path}: the file is damaged ({error}); put back a copy, or name another file"
    return f"state {path}: cannot be used ({error}); name another file if this goes on"
