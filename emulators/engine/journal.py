"""What came in, what went out, how it ended: every entry is a fact, and the state is folded out of them.

Entries are never changed. Those that people query (`Delivery`, `Probe`, `Exchange`) are public values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulators.engine.clock import Instant, Plan, moment
from emulators.engine.faulting import Fault
from emulators.engine.lane import Registration, join
from emulators.engine.profile import Problem
from emulators.engine.provider import Call, Event, Reply

OUTCOMES = ("acknowledged", "rescheduled", "abandoned")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened at `instant` in the emulator called `emulator` (empty: in the world)."""

    instant: Instant
    emulator: str

    @property
    def at(self) -> datetime:
        """When, on the world's clock, aware UTC."""
        return moment(self.instant)


@dataclass(frozen=True, slots=True)
class Effects:
    """What one step did, all of it or nothing: table changes, events, plans, receivers that were registered or
    changed, and the ordinals it used.

    A change is `(table, key, value)`; the value `None` deletes.
    """

    changes: tuple[tuple[str, str, Any], ...] = ()
    events: tuple[Event, ...] = ()
    plans: tuple[Plan, ...] = ()
    ordinals: Mapping[str, int] = field(default_factory=dict)
    registrations: tuple[Registration, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened(Entry):
    """An emulator came to life, furnished with what the documents name."""

    provider: str
    revision: str
    seed: int
    effects: Effects


@dataclass(frozen=True, slots=True)
class Turned(Entry):
    """The clock moved on to `instant`."""


@dataclass(frozen=True, slots=True)
class Subscribed(Entry):
    """A subscription became active, perhaps in place of an earlier one."""

    registration: Registration
    successor_of: int | None


@dataclass(frozen=True, slots=True)
class Changed(Entry):
    """A subscription was paused, resumed or cancelled, or failed its verification."""

    registration: Registration


@dataclass(frozen=True, slots=True)
class Probe(Entry):
    """One verification request. `status` is None where no answer came, `reason` says why it failed."""

    subscription: int
    url: str
    method: str
    status: int | None
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Happened(Entry):
    """Events that were emitted by hand."""

    effects: Effects


@dataclass(frozen=True, slots=True)
class Posted(Entry):
    """A ready body that joined the line of some subscriptions; `label` names the sample it is."""

    subscriptions: tuple[int, ...]
    payload: bytes
    label: str


@dataclass(frozen=True, slots=True)
class Flushed(Entry):
    """Open batches were closed by hand."""


@dataclass(frozen=True, slots=True)
class Departed(Entry):
    """An attempt is about to start: written before the first byte leaves."""

    subscription: int
    shipment: int
    fault_id: int | None
    arrangement: str | None


@dataclass(frozen=True, slots=True)
class Delivery(Entry):
    """One attempt and how it ended.

    `outcome` is `acknowledged`, `rescheduled` (next at `next_at`) or `abandoned`; `status` is None where no
    answer came and `reason` says why; `waiting` counts the events that wait behind it in its line.
    """

    subscription: int
    shipment: int
    method: str
    url: str
    events: tuple[Event, ...]
    attempt: int
    status: int | None
    outcome: str
    next_instant: Instant | None
    reason: str
    waiting: int
    envelope: str
    raw: bytes | None = None
    label: str = ""
    fault: Fault | None = None
    effects: Effects = Effects()
    """What the receiver's answer led to."""

    @property
    def body(self) -> bytes:
        """The bytes of the request."""
        return self.raw if self.raw is not None else join(self.events, self.envelope)

    @property
    def next_at(self) -> datetime | None:
        """When it is tried again."""
        return None if self.next_instant is None else moment(self.next_instant)


@dataclass(frozen=True, slots=True)
class Exchange(Entry):
    """A call of the app and the answer it got, with all that it caused.

    `nearest` is a call that would have been accepted, where this one was not.
    """

    route: str
    call: Call
    reply: Reply
    effects: Effects
    refused: bool = False
    nearest: str = ""
    fault: Fault | None = None
    fault_id: int | None = None

    @property
    def method(self) -> str:
        return self.call.method

    @property
    def path(self) -> str:
        return self.call.path

    @property
    def headers(self) -> dict[str, str]:
        """Header fields, names in lower case."""
        return dict(self.call.headers)

    @property
    def body(self) -> Any:
        """The request as the vendor reads it: the decoded body, or the query where there is no body; the bytes
        where they cannot be read; None where there is nothing."""
        if self.call.data is not None:
            return self.call.data
        return self.call.body or None

    @property
    def status(self) -> int | None:
        """None where a fault let the call go without an answer."""
        return self.reply.status or None

    @property
    def taken(self) -> bool:
        """Whether the vendor did what was asked for: some refuse with a status of 200."""
        return 0 < self.reply.status < 400 and not self.refused

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The rules of the vendor's documents that the call breaks: pointer, expected, got and the source of the
        rule. A call may be taken all the same."""
        return self.reply.problems


@dataclass(frozen=True, slots=True)
class Reacted(Entry):
    """Something planned came about."""

    plan: Plan
    effects: Effects


@dataclass(frozen=True, slots=True)
class FaultArmed(Entry):
    """A fault was injected."""

    id: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class FaultsCleared(Entry):
    """Faults were taken back; None: all of them."""

    ids: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Restored(Entry):
    """The world went back to a state that was kept (`emulators.engine.state.State`), its clock too: to `instant`."""

    name: str
    state: Any
