"""A file of traffic that is written while it happens, by a thread of its own: nobody waits for a disk."""

from __future__ import annotations

import os
import queue
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from emulators.engine.journal import Delivery, Entry
from emulators.engine.lane import Registration
from emulators.engine.world import World
from emulators.errors import InvalidValue
from emulators.recording import har, ndjson
from emulators.recording.traffic import Traffic, Transcript
from emulators.redaction import Veil

# Of traffic that is written at once; a kill in the middle of a long write would tear it.
_AT_ONCE = 200


class Told(NamedTuple):
    """An entry, what was said in the same world before, and which receiver it speaks of, if that is known."""

    transcript: Transcript
    entry: Entry
    registration: Registration | None = None
    kept: bool = True


class Form(Protocol):
    """How traffic is written down. A file can be read after each write."""

    def begin(self) -> bytes: ...
    def add(self, traffic: list[Traffic]) -> bytes: ...

    tail: bytes
    """The end of the file, which is written anew behind what is added."""


class Lines:
    """NDJSON."""

    tail = b""

    def begin(self) -> bytes:
        return b""

    def add(self, traffic: list[Traffic]) -> bytes:
        return b"".join(map(ndjson.lines, traffic))


class Archive:
    """HAR. Its closing brackets are written anew behind each entry, so that a killed process leaves a whole document."""

    tail = har.TAIL

    def __init__(self) -> None:
        self._between = b""

    def begin(self) -> bytes:
        return har.head()

    def add(self, traffic: list[Traffic]) -> bytes:
        before, self._between = self._between, b",\n"
        return before + b",\n".join(map(har.entry, traffic))


class Recorder:
    """Keeps the traffic of journals in a file, which it replaces: HAR if it is called `.har`, else NDJSON. Only its owner
    can read it, for what the veil leaves is still what an app says of people.

    `complain` gets one line, once, if the file cannot be written any more; the recording ends there, nothing else does.
    Raises `InvalidValue` if it cannot be written from the start.
    """

    def __init__(self, path: Path, veil: Veil, complain: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._veil = veil
        self._complain = complain or _say
        self._form: Form = Archive() if path.suffix.lower() == ".har" else Lines()
        self._own = Transcript(veil)
        self._file, self._end = _opened(path, self._form)
        self._told: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._closed = False
        self._writer = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._writer.start()

    def tell(self, entry: Entry) -> None:
        """A journal's listener, from any thread; keeps what is traffic. Not heard any more after `close`."""
        self._put(Told(self._own, entry))

    def attach(self, world: World, name: str = "") -> Callable[[Entry], None]:
        """Listens to a world from now on; one of several is named in what is written. Returns the listener, for who
        wants to take it away."""
        transcript = Transcript(self._veil, name)
        for entry in tuple(world.journal.entries):
            self._put(Told(transcript, entry, kept=False))

        def tell(entry: Entry) -> None:
            # What was registered before anybody listened, and before the journal's memory begins, the state knows.
            known = None
            if isinstance(entry, Delivery) and entry.emulator in world.state.accounts:
                known = world.state.accounts[entry.emulator].registrations.get(entry.subscription)
            self._put(Told(transcript, entry, known))

        world.journal.listeners.append(tell)
        return tell

    def close(self, patience: float = 10) -> None:
        """Writes what is left, for so many seconds at most."""
        if self._closed:
            return
        self._closed = True
        self._told.put(None)
        self._writer.join(patience)
        if self._writer.is_alive():
            self._complain(f"--record: {self._path}: not all was written within {patience:g} s")

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _put(self, told: Told) -> None:
        if not self._closed:
            self._told.put(told)

    def _write(self) -> None:
        with self._file:
            try:
                while self._turn():
                    pass
            except OSError as error:
                self._end_with(f"cannot be written any more: {_reason(error)}")
            except Exception as error:  # noqa: BLE001 - a thread that dies in silence would look like a quiet world
                self._end_with(f"an error of ours, please report it: {error!r}")

    def _end_with(self, reason: str) -> None:
        self._closed = True
        self._complain(f"--record: {self._path}: {reason}; what follows is not recorded")

    def _turn(self) -> bool:
        """Writes what there is by now; False: it was the last."""
        told: list[Told | None] = [self._told.get()]
        while told[-1] is not None and len(told) < _AT_ONCE and not self._told.empty():
            told.append(self._told.get())
        said = ((one.transcript.of(one.entry, one.registration), one.kept) for one in told if one is not None)
        traffic = [found for found, kept in said if found is not None and kept]
        if traffic:
            self._append(self._form.add(traffic))
        return told[-1] is not None

    def _append(self, data: bytes) -> None:
        tail = self._form.tail
        try:
            if tail:
                self._file.seek(self._end)
            _whole(self._file, data + tail)
        except OSError:
            # The first failure is what is told; a file that is no file on a disk has no end to go back to.
            with suppress(OSError):
                self._file.seek(self._end)
                self._file.write(tail)
                self._file.truncate()
            raise
        self._end += len(data)


def _opened(path: Path, form: Form) -> tuple[BinaryIO, int]:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    try:
        file = open(path, "wb", buffering=0, opener=private)  # noqa: SIM115 - closed by the writer
    except OSError as error:
        raise InvalidValue(f"--record: {path} cannot be written: {_reason(error)}") from None
    try:
        if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fchmod(file.fileno(), 0o600)
        beginning = form.begin()
        _whole(file, beginning + form.tail)
    except OSError as error:
        file.close()
        raise InvalidValue(f"--record: {path} cannot be written: {_reason(error)}") from None
    return file, len(beginning)


def _whole(file: BinaryIO, data: bytes) -> None:
    """All of it; a disk that fills up takes a part without a word."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _say(line: str) -> None:
    print(f"emulators: {line}", file=sys.stderr, flush=True)
