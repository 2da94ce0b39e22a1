"""What happens, on standard error while it happens."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading

from emulators.control.veiling import veiled
from emulators.engine.journal import Entry, Probe
from emulators.engine.timeline import aligned, rows
from emulators.engine.world import World
from emulators.redaction import Veil


class Log:
    """Written by a thread of its own, for nobody who calls an emulator may have to wait for somebody who does not read.

    `veil` takes credentials out of each entry and line; `quiet`: only what must not go unseen.
    """

    most_waiting = 10_000

    def __init__(self, veil: Veil, quiet: bool = False) -> None:
        self._veil = veil
        self._quiet = quiet
        self._lines: queue.Queue[str | None] = queue.Queue(self.most_waiting)
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)
        self._writer.start()

    def follow(self, world: World, name: str = "") -> None:
        """Tells of everything in a world that means something to people; `name` tells it from others."""
        before = f"[{name}] " if name else ""
        start = world.journal.beginning

        def tell(entry: Entry) -> None:
            nonlocal start
            start = start or entry.instant
            # A receiver that is not up yet is asked again and again, which is told once elsewhere.
            if not self._quiet and (not isinstance(entry, Probe) or entry.accepted):
                self.say(before, aligned(rows([veiled(entry, self._veil)], start), named=True, wide=44))

        world.on_complaint = lambda text: self.say(before, f"emulators: {text}")
        world.journal.listeners.append(tell)

    def say(self, before: str, line: str) -> None:
        """A line, unless it is empty."""
        if line:
            # Nobody has read for 10,000 lines: a journal is kept, a log may have gaps.
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(before + line)

    def close(self) -> None:
        """Writes what is left, unless nobody reads it."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._writer.join(timeout=0.2)

    def _write(self) -> None:
        # A closed standard error ends the log, not the process.
        with contextlib.suppress(OSError, ValueError):
            while (line := self._lines.get()) is not None:
                print(self._veil.text(line), file=sys.stderr, flush=True)
