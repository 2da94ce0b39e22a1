"""What a handler or a reaction may touch. It works on a draft; the engine commits the draft as one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

from emulators.engine.clock import SECOND, Instant, Plan, moment
from emulators.engine.journal import Effects
from emulators.engine.lane import Registration
from emulators.engine.profile import Fact
from emulators.engine.provider import Event, Payload
from emulators.engine.state import AccountState


@dataclass(frozen=True, slots=True)
class Means:
    """What the drafts of one emulator have in common. `write` makes an event of a kind, its fields and its
    ordinal; `register` makes a registration of its number, a feed, a URL and kinds."""

    options: Mapping[str, Any]
    facts: Mapping[str, Fact]
    credentials: Mapping[str, str]
    draw: Callable[[str, object], Random]
    write: Callable[[str, Mapping[str, Any], int, Instant], Event]
    register: Callable[[int, str, str, list[str] | None], Registration]


class Draft:
    """One step's view of an account: reads see what the step itself wrote, nothing is changed yet."""

    def __init__(self, state: AccountState, instant: Instant, means: Means) -> None:
        self._state = state
        self._instant = instant
        self._means = means
        self._ordinals: dict[str, int] = {}
        self._changes: dict[tuple[str, str], Any] = {}
        self._events: list[Event] = []
        self._plans: list[Plan] = []
        self._registrations: dict[int, Registration] = {}
        self.options = means.options
        self.facts = means.facts
        self.credentials = means.credentials

    @property
    def now(self) -> datetime:
        """The world's time."""
        return moment(self._instant)

    def number(self, what: str) -> int:
        """The number of the next `what`, from 1."""
        self._ordinals[what] = self._ordinals.get(what, self._state.ordinals.get(what, 0)) + 1
        return self._ordinals[what]

    def random(self, what: str) -> Random:
        """A new random source for the next `what`."""
        return self._means.draw(what, self.number(what))

    def table(self, name: str) -> TableView:
        """A vendor's records, by key."""
        return TableView(name, self._state.tables.get(name, {}), self._changes)

    def emit(self, kind: str, **given: Any) -> Payload:
        """An event that this step causes; returns its payload."""
        event = self._means.write(kind, given, self.number("event"), self._instant)
        self._events.append(event)
        return event.payload

    def after(self, seconds: float, reaction: str, **data: Any) -> None:
        """Lets a reaction of the provider happen later."""
        due = self._instant + round(seconds * SECOND)
        self._plans.append(Plan(self.number("plan"), due, reaction, copied(data)))

    def events(self, feed: str) -> Sequence[Event]:
        """Everything that happened on a feed, oldest first."""
        return (*self._state.history.get(feed, ()), *(e for e in self._events if e.feed == feed))

    def subscriptions(self, feed: str) -> tuple[Registration, ...]:
        """The receivers that are registered now, this step's own included."""
        known = {**self._state.registrations, **self._registrations}
        return tuple(r for r in known.values() if r.feed == feed and r.state in ("active", "paused"))

    def subscribe(self, feed: str, url: str, kinds: list[str] | None) -> int:
        """Registers a receiver; returns its number."""
        number = self.number("subscription")
        self._registrations[number] = self._means.register(number, feed, url, kinds)
        return number

    def resubscribe(self, number: int, url: str | None = None, kinds: list[str] | None = None) -> None:
        """Changes where a registration sends, or what."""
        known = self._registration(number)
        wanted = known.kinds if kinds is None else frozenset(kinds)
        self._registrations[number] = replace(known, url=url or known.url, kinds=wanted)

    def unsubscribe(self, number: int) -> None:
        """Ends a registration; what waits is never sent."""
        self._registrations[number] = replace(self._registration(number), state="cancelled")

    def _registration(self, number: int) -> Registration:
        return self._registrations.get(number) or self._state.registrations[number]

    def effects(self) -> Effects:
        """All that the step did."""
        changes = tuple((table, key, value) for (table, key), value in self._changes.items())
        return Effects(
            changes,
            tuple(self._events),
            tuple(self._plans),
            self._ordinals,
            tuple(self._registrations.values()),
        )


# A tuple, as a union of types is made anew at each use.
CONTAINERS = (dict, list, tuple)


def copied(value: Any) -> Any:
    """JSON, copied all through: several times faster than the general way."""
    if isinstance(value, dict):
        return {key: copied(item) if isinstance(item, CONTAINERS) else item for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


class TableView:
    """A table as one step sees it. Values are JSON, copied on the way in and out."""

    def __init__(self, name: str, rows: Mapping[str, Any], changes: dict[tuple[str, str], Any]) -> None:
        self._name = name
        self._rows = rows
        self._changes = changes

    def get(self, key: str) -> Any | None:
        """The record, or None."""
        return copied(self._look_up(key))

    def _look_up(self, key: str) -> Any | None:
        if (self._name, key) in self._changes:
            return self._changes[self._name, key]
        return self._rows.get(key)

    def put(self, key: str, value: Any) -> None:
        """Stores a record in place of the one of that key."""
        self._changes[self._name, key] = copied(value)

    def delete(self, key: str) -> None:
        """Removes a record, if there is one."""
        self._changes[self._name, key] = None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._look_up(key) is not None

    def __iter__(self) -> Iterator[str]:
        own = {key: value for (table, key), value in self._changes.items() if table == self._name}
        yield from (key for key in self._rows if key not in own)
        yield from (key for key, value in own.items() if value is not None)
