"""The state of a world, folded out of its journal: `apply` is the only thing that changes it.

Live or replayed, the same entries give the same state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from emulators.engine.clock import Agenda, Instant
from emulators.engine.faulting import Faults
from emulators.engine.journal import (
    Changed,
    Delivery,
    Departed,
    Effects,
    Entry,
    Exchange,
    FaultArmed,
    FaultsCleared,
    Flushed,
    Happened,
    Opened,
    Posted,
    Reacted,
    Restored,
    Subscribed,
)
from emulators.engine.lane import Registration
from emulators.engine.outbox import Outbox
from emulators.engine.policy import Settlement
from emulators.engine.provider import Event


@dataclass(slots=True)
class AccountState:
    """What one emulator remembers."""

    provider: str
    revision: str
    outbox: Outbox = field(default_factory=Outbox)
    registrations: dict[int, Registration] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    faults: Faults = field(default_factory=Faults)
    ordinals: dict[str, int] = field(default_factory=dict)
    history: dict[str, deque[Event]] = field(default_factory=dict)
    """What happened, by feed, as far back as the state's `memory` reaches: vendors let an app read it back."""

    unheard: dict[str, int] = field(default_factory=dict)
    """How often something happened that no subscription wanted, by `feed.kind`."""

    def snapshot(self) -> Mapping[str, Any]:
        """All of it as plain values, for comparison."""
        return {
            "outbox": self.outbox.snapshot(),
            "registrations": dict(self.registrations),
            "tables": {name: dict(rows) for name, rows in self.tables.items() if rows},
            "agenda": dict(self.agenda.plans),
            "faults": self.faults.snapshot(),
            "ordinals": dict(self.ordinals),
            "history": {feed: [event.ordinal for event in events] for feed, events in self.history.items()},
        }


@dataclass(slots=True)
class State:
    """The accounts of a world and the time of its last entry."""

    now: Instant = 0
    faults: int = 0
    """How many were ever injected: they are numbered across resets."""
    accounts: dict[str, AccountState] = field(default_factory=dict)
    memory: int | None = None
    """How many events of each feed are remembered; None: all."""

    def snapshot(self) -> Mapping[str, Any]:
        """All of it as plain values, for comparison."""
        return {
            "now": self.now,
            "faults": self.faults,
            **{name: account.snapshot() for name, account in self.accounts.items()},
        }


def fold(entries: Iterable[Entry], memory: int | None = None) -> State:
    """The state that a journal leads to."""
    state = State(memory=memory)
    for entry in entries:
        apply(state, entry)
    return state


def apply(state: State, entry: Entry) -> None:
    """Takes one entry into the state."""
    state.now = max(state.now, entry.instant)
    if isinstance(entry, Restored):
        # A copy, for what happens from now on must not change what the journal holds.
        restored: State = deepcopy(entry.state)
        state.now, state.accounts = entry.instant, restored.accounts
        # It may come from another process, with faults that have numbers already.
        state.faults = max(state.faults, restored.faults)
        return
    if isinstance(entry, Opened):
        # A second opening of the same emulator is its reset: all that it remembered is gone.
        state.accounts[entry.emulator] = AccountState(entry.provider, entry.revision)
    account = state.accounts.get(entry.emulator)
    if account is None:
        return
    match entry:
        case Opened() | Happened():
            _take_effects(account, entry.effects, entry.instant, state.memory)
        case Exchange():
            if entry.fault_id is not None:
                account.faults.spend(entry.fault_id)
            _take_effects(account, entry.effects, entry.instant, state.memory)
        case Reacted():
            account.agenda.remove(entry.plan.id)
            _take_effects(account, entry.effects, entry.instant, state.memory)
        case Subscribed():
            _subscribe(account, entry)
        case Changed():
            _change(account, entry.registration)
        case Posted():
            account.outbox.put_raw(entry.subscriptions, entry.payload, entry.label, entry.instant)
        case Flushed():
            account.outbox.flush(entry.instant)
        case Departed():
            account.outbox.depart(entry.subscription, entry.shipment, entry.instant, entry.arrangement)
            if entry.fault_id is not None:
                account.faults.spend(entry.fault_id)
        case Delivery():
            settlement = Settlement(entry.outcome, entry.next_instant)
            account.outbox.settle(entry.subscription, entry.shipment, settlement)
            _take_effects(account, entry.effects, entry.instant, state.memory)
        case FaultArmed():
            state.faults = entry.id
            account.faults.arm(entry.id, entry.fault)
        case FaultsCleared():
            account.faults.clear(entry.ids)


def _take_effects(account: AccountState, effects: Effects, now: Instant, memory: int | None) -> None:
    account.ordinals.update(effects.ordinals)
    for table, key, value in effects.changes:
        rows = account.tables.setdefault(table, {})
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
    for registration in effects.registrations:
        if registration.id not in account.registrations:
            account.outbox.register(registration, now)
        _change(account, registration)
    for plan in effects.plans:
        account.agenda.add(plan)
    start = 0
    events = effects.events
    for end in range(1, len(events) + 1):
        if end == len(events) or events[end][1:3] != events[start][1:3]:
            if not account.outbox.put(events[start:end], now):
                name = f"{events[start].feed}.{events[start].kind}"
                account.unheard[name] = account.unheard.get(name, 0) + end - start
            account.history.setdefault(events[start].feed, deque(maxlen=memory)).extend(events[start:end])
            start = end


def _subscribe(account: AccountState, entry: Subscribed) -> None:
    registration = entry.registration
    account.ordinals["subscription"] = max(account.ordinals.get("subscription", 0), registration.id)
    account.registrations[registration.id] = registration
    account.outbox.register(registration, entry.instant, entry.successor_of)
    if entry.successor_of is not None:
        old = account.registrations[entry.successor_of]
        account.registrations[old.id] = replace(old, state="replaced")


def _change(account: AccountState, registration: Registration) -> None:
    account.ordinals["subscription"] = max(account.ordinals.get("subscription", 0), registration.id)
    account.registrations[registration.id] = registration
    if registration.state == "cancelled":
        account.outbox.remove(registration.id)
    elif registration.id in account.outbox.lanes:
        account.outbox.update(registration)
