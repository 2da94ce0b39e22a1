"""A file of traffic that is written while it happens, by a thread of its own: nobody waits for a disk."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from emulators.engine.journal import Delivery, Entry
from emulators.engine.lane import Registration
from emulators.engine.world import World
from emulators.recording.file import RecordingFile
from emulators.recording.forms import form_of
from emulators.recording.traffic import Transcript
from emulators.redaction import Veil

# Of traffic that is written at once; a kill in the middle of a long write would tear it.
_AT_ONCE = 200


class Told(NamedTuple):
    """An entry, what was said in the same world before, and which receiver it speaks of, if that is known."""

    transcript: Transcript
    entry: Entry
    registration: Registration | None = None
    kept: bool = True


class Recorder:
    """Keeps the traffic of journals in a file: HAR if it is called `.har`, else NDJSON. What it recorded there before
    stays; what is no recording is refused. Only its owner can read it, for what the veil leaves is still what an app
    says of people.

    `complain` gets one line, once, if the file cannot be written any more; the recording ends there, nothing else does.
    Raises `InvalidValue` if it cannot be written from the start.
    """

    def __init__(self, path: Path, veil: Veil, complain: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._veil = veil
        self._complain = complain or _say
        self._form = form_of(path)
        self._own = Transcript(veil)
        self._file = RecordingFile(path, self._form)
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
        try:
            while self._turn():
                pass
        except OSError as error:
            self._end_with(f"cannot be written any more: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - a thread that dies in silence would look like a quiet world
            self._end_with(f"an error of ours, please report it: {error!r}")
        finally:
            self._file.close()

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
            self._file.append(self._form.add(traffic))
        return told[-1] is not None


def _say(line: str) -> None:
    print(f"emulators: {line}", file=sys.stderr, flush=True)
