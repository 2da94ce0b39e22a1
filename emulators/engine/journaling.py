"""The journal: entries in the order in which they happened, in memory as far as it may reach, and in an archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Protocol, TypeVar

from emulators.engine.clock import Instant
from emulators.engine.journal import (
    Delivery,
    Effects,
    Entry,
    Exchange,
    Happened,
    Opened,
    Posted,
    Reacted,
    Restored,
)

E = TypeVar("E", bound=Entry)
PAGE = 500


class Archive(Protocol):
    """Where every entry is kept for good. Entries are numbered from 1."""

    def append(self, number: int, entry: Entry) -> None: ...

    def read(
        self, after: int, limit: int, kinds: Collection[str] = (), emulator: str | None = None
    ) -> list[tuple[int, Entry]]:
        """The entries with a number above `after`, oldest first."""


class Journal:
    """Entries by number, from 1. Listeners hear of each new one.

    `reach` bounds what memory holds, in bytes (None: all is kept). What no longer lies in memory is read from the
    archive; without one it is lost, and `lost` says how much.
    """

    def __init__(self, archive: Archive | None = None, reach: int | None = None) -> None:
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []
        self.dropped = 0
        """How many of the oldest entries memory does not hold."""
        self._archive = archive
        self._reach = reach
        self._held = 0
        self._opened: dict[str, int] = {}

    @property
    def last(self) -> int:
        """The number of the newest entry; 0: there is none."""
        return self.dropped + len(self.entries)

    @property
    def lost(self) -> int:
        """How many of the oldest entries nobody can read any more."""
        return 0 if self._archive else self.dropped

    def resume(self, last: int, opened: Mapping[str, int]) -> None:
        """Goes on behind entry number `last` of the archive; `opened`: by emulator, the number of its last opening."""
        self.dropped = last
        self._opened = dict(opened)

    def append(self, entry: Entry) -> None:
        """Takes an entry in."""
        self.entries.append(entry)
        if isinstance(entry, Opened):
            self._opened[entry.emulator] = self.last
        elif isinstance(entry, Restored):
            # What is asked for from now on is what happens from now on.
            self._opened = dict.fromkeys(entry.state.accounts, self.last)
        if self._archive:
            self._archive.append(self.last, entry)
        for listener in tuple(self.listeners):
            listener(entry)
        if self._reach is not None:
            self._held += weight(entry)
            if self._held > self._reach:
                self._forget(self._reach)

    def _forget(self, reach: int) -> None:
        """Lets a good part of the oldest go at once: one by one would move the list each time."""
        gone = 0
        while self._held > reach * 3 // 4 and gone < len(self.entries) - 1:
            self._held -= weight(self.entries[gone])
            gone += 1
        del self.entries[:gone]
        self.dropped += gone

    def page(
        self, after: int, limit: int, kinds: Collection[type[Entry]] = (), emulator: str | None = None
    ) -> list[tuple[int, Entry]]:
        """At most `limit` entries numbered above `after`, oldest first: of these kinds and this emulator, or of all."""
        found: list[tuple[int, Entry]] = []
        dropped = self.dropped
        if after < dropped and self._archive:
            names = [kind.__name__ for kind in kinds]
            read = self._archive.read(after, limit, names, emulator)
            found = [numbered for numbered in read if numbered[0] <= dropped]
        start = max(after, dropped)
        held = (
            (number, entry)
            for number, entry in enumerate(islice(self.entries, start - dropped, None), start + 1)
            if (not kinds or isinstance(entry, tuple(kinds))) and emulator in (None, entry.emulator)
        )
        return found + list(islice(held, limit - len(found)))

    def of(self, kind: type[E], emulator: str) -> Iterator[E]:
        """The entries of one kind that belong to one emulator, since it was opened or reset."""
        begun = self._opened.get(emulator, 1)
        if begun > self.dropped or not self._archive:
            held = self.entries[max(0, begun - 1 - self.dropped) :]
            yield from (e for e in held if isinstance(e, kind) and e.emulator == emulator)
            return
        after = begun - 1
        while page := self.page(after, PAGE, (kind,), emulator):
            yield from (entry for _, entry in page if isinstance(entry, kind))
            after = page[-1][0]

    @property
    def beginning(self) -> Instant:
        """When the oldest entry happened that can still be read; 0: there is none."""
        return next((entry.instant for _, entry in self.page(0, 1)), 0)

    def begun(self, emulator: str) -> int:
        """The number of the entry with which an emulator was opened or reset."""
        return self._opened.get(emulator, 1)

    def since(self, emulator: str) -> list[Entry]:
        """All entries from the one on with which an emulator was opened or reset, as far as memory reaches."""
        return self.entries[max(0, self._opened.get(emulator, 1) - 1 - self.dropped) :]


def weight(entry: Entry) -> int:
    """About how many bytes of memory an entry holds. Events that were written before are held by their first entry."""
    match entry:
        case Happened() | Reacted() | Opened():
            return 500 + _weight(entry.effects)
        case Exchange():
            headers = sum(len(name) + len(value) + 100 for name, value in entry.call.headers)
            return 1500 + 3 * len(entry.call.body) + len(entry.reply.body) + headers + _weight(entry.effects)
        case Delivery():
            return 700 + 8 * len(entry.events) + len(entry.raw or b"") + _weight(entry.effects)
        case Posted():
            return 300 + len(entry.payload)
    return 300


def _weight(effects: Effects) -> int:
    return sum(len(event.body) + 150 for event in effects.events) + 500 * len(effects.changes + effects.plans)
