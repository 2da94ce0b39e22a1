"""The journal of another process, read entry by entry, and the state that follows from it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from emulators.engine.codec import encode
from emulators.engine.freezing import thaw
from emulators.engine.journaling import Journal
from emulators.engine.state import State, apply
from emulators.errors import EmulatorError
from emulators.remote.client import Client

PAGE = 1000


class Behind(EmulatorError):
    """Entries are missing, and no state follows from the others."""


class RemoteWorld:
    """A world as it is known here: each look brings it up to date. Credentials of apps are not shown."""

    def __init__(self, client: Client, seed: int) -> None:
        self.seed = seed
        self.inhabitants = 0
        self._last_complaints: list[str] | None = None
        """Of a process that has ended."""
        self.tolerant = False
        self.client = client
        self._journal = Journal()
        self._state = State()
        self._lock = threading.Lock()
        self._behind: Behind | None = None
        """Why nothing can be known here any more."""

    @property
    def journal(self) -> Journal:
        """Everything that happened so far."""
        self._read()
        return self._journal

    @property
    def state(self) -> State:
        """What follows from it."""
        self._read()
        return self._state

    @property
    def complaints(self) -> list[str]:
        """What must not go unseen, such as calls that are not imitated."""
        if self._last_complaints is not None:
            return self._last_complaints
        told: list[str] = self.client.get("/complaints")["complaints"]
        return told

    def close(self) -> None:
        """Reads everything for the last time; the process may end after it."""
        # Whoever looks is told; one who never looked has missed nothing.
        with suppress(Behind):
            self._read()
        self._last_complaints = self.complaints

    def _read(self) -> None:
        with self._lock:
            if self._behind:
                raise self._behind
            while self._last_complaints is None:
                page: dict[str, Any] = self.client.get("/journal", after=self._journal.last, limit=PAGE)
                if page["lost"] > self._journal.last:
                    self._behind = Behind(
                        f"the process dropped entries {self._journal.last + 1} to {page['lost']} of its journal from "
                        "memory before anybody here looked: look at deliveries() or calls() in between"
                    )
                    raise self._behind
                for each in page["entries"]:
                    entry = thaw(each["kind"], encode(each["entry"]))
                    apply(self._state, entry)
                    self._journal.append(entry)
                if self._journal.last >= page["last"]:
                    return
