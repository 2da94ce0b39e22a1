"""One world: one clock, one seed, one journal. All emulators of a test share it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Protocol

from emulators.engine.clock import Clock, Instant, Plan, moment
from emulators.engine.departing import Departure, interrupted, judge
from emulators.engine.dice import Dice
from emulators.engine.egress import Egress
from emulators.engine.journal import Changed, Departed, Effects, Entry, Restored, Turned
from emulators.engine.journaling import Archive, Journal
from emulators.engine.lane import Lane, Shipment
from emulators.engine.message import Answer
from emulators.engine.policy import Settlement
from emulators.engine.provider import Event, Target
from emulators.engine.state import State, apply

if TYPE_CHECKING:
    from emulators.engine.crank import Crank


class Member(Protocol):
    """What a world wants of an emulator that lives in it."""

    def react(self, plan: Plan) -> None: ...
    def compose(self, feed: str, target: Target, event: Event) -> Target: ...
    def heard(self, departure: Departure, status: int | None, outcome: str, said: bytes) -> Effects: ...


class Keeper(Archive, Protocol):
    """Keeps a world's journal on disk."""

    async def stored(self) -> None:
        """Returns when every entry that was appended so far would survive the end of this process."""


class World:
    """Owns clock, seed, egress rules and journal. Every change goes through `commit`.

    `keeper` makes it durable; `reach` bounds what its journal holds in memory, in bytes, and `memory` how many
    events of each feed a vendor remembers (None: all). `salt` sets its values apart from those of a world with the
    same seed.
    """

    most_complaints = 10_000

    def __init__(
        self,
        seed: int,
        clock: Clock,
        egress: Egress,
        keeper: Keeper | None = None,
        reach: int | None = None,
        memory: int | None = None,
        salt: str = "",
    ) -> None:
        self.seed = seed
        self._salt = salt
        self.clock = clock
        self.egress = egress
        self.lock = threading.RLock()
        self.journal = Journal(keeper, reach)
        self.state = State(memory=memory)
        self.stored: Callable[[], Awaitable[None]] | None = keeper.stored if keeper else None
        """To be awaited before anybody outside learns of what was committed; None: memory is all there is."""
        self.members: dict[str, Member] = {}
        self.crank: Crank | None = None
        self.inhabitants = 0
        self.complaints: list[str] = []
        self.on_complaint: Callable[[str], None] = lambda text: None
        """Hears of each as it comes."""
        self.tolerant = False
        """Whether complaints were waived."""
        self.wake: Callable[[], None] = lambda: None
        """Tells a running clock that something new may be due."""

    def join(self, wanted_name: str, member: Member) -> str:
        """Takes an emulator in; returns the name it goes by here."""
        with self.lock:
            taken = (wanted_name, *(f"{wanted_name}-{n}" for n in range(2, len(self.members) + 3)))
            name = next(n for n in taken if n not in self.members)
            self.members[name] = member
            return name

    def leave(self, name: str) -> None:
        """Lets an emulator go; nothing of it is delivered any more."""
        with self.lock:
            self.members.pop(name, None)

    def now(self) -> Instant:
        """The world's time."""
        return self.clock.now()

    def draw(self, emulator: str, what: str, which: object) -> Random:
        """A random source that depends on nothing but the seed and these words, so that calls side by side
        cannot change each other."""
        return Dice(f"{self.seed}{self._salt}/{emulator}/{what}/{which}".encode("utf-8", "surrogatepass"))

    def commit(self, entry: Entry) -> None:
        """Takes one entry into journal and state, together."""
        with self.lock:
            apply(self.state, entry)
            self.journal.append(entry)

    # -- going back

    def resume(self, state: State, last: int, opened: Mapping[str, int]) -> None:
        """Goes on where an earlier process ended; what it had on its way is sent again, and is told of."""
        with self.lock:
            self.state = state
            self.journal.resume(last, opened)
            self.clock.set(max(state.now, self.clock.now()) if self.clock.running else state.now)
            for name, account in state.accounts.items():
                for lane in account.outbox.lanes.values():
                    for shipment in [s for s in lane.queue.values() if s.departed]:
                        self.commit(interrupted(self.now(), name, lane.registration, shipment))

    def keep(self) -> State:
        """The state as it is now, a copy."""
        with self.lock:
            kept = deepcopy(self.state)
            kept.now = self.now()
            return kept

    def restore(self, name: str, kept: State) -> None:
        """Goes back to a state that was kept, the clock too."""
        with self.lock:
            self.clock.set(kept.now)
            self.commit(Restored(kept.now, "", name, deepcopy(kept)))

    def turn(self, to: Instant) -> None:
        """Moves the clock on to `to`."""
        with self.lock:
            if to > self.clock.now():
                self.clock.jump(to)
                self.commit(Turned(self.clock.now(), ""))

    def rest(self) -> None:
        """Notes what time it is when a durable world is left: a clock that ran ahead of real time must not go back."""
        with self.lock:
            if self.stored and self.clock.running:
                self.commit(Turned(self.now(), ""))

    def complain(self, text: str) -> None:
        """Notes something that must not go unseen: a call that is not imitated, an error of ours."""
        with self.lock:
            # A process that runs for months is told of every one, and keeps so many.
            if len(self.complaints) < self.most_complaints:
                self.complaints.append(text)
            self.on_complaint(text)

    # -- what is due

    def next_due(self) -> Instant | None:
        """When the next thing happens by itself; None: nothing is waiting."""
        with self.lock:
            times: list[Instant] = []
            for name in self.members:
                account = self.state.accounts[name]
                plan = account.agenda.next()
                shipment_due = account.outbox.next_due()
                times += [plan.due] if plan else []
                times += [shipment_due] if shipment_due is not None else []
            return min(times, default=None)

    def waiting(self) -> int:
        """How many shipments are owed, sent or not."""
        return sum(self.state.accounts[name].outbox.waiting for name in self.members)

    def owed(self) -> list[tuple[str, Lane, Shipment]]:
        """Every shipment that was not acknowledged yet, also those that a pause holds back."""
        with self.lock:
            return [
                (name, lane, shipment)
                for name in self.members
                for lane in self.state.accounts[name].outbox.lanes.values()
                for shipment in lane.queue.values()
                if lane.registration.state in ("active", "paused")
            ]

    def react(self) -> int:
        """Lets the plans that are due come about; returns how many did. Plans that they make wait their turn."""
        with self.lock:
            came = 0
            for name, member in tuple(self.members.items()):
                agenda = self.state.accounts[name].agenda
                for _ in range(len(agenda.plans)):
                    plan = agenda.next()
                    if plan is None or plan.due > self.now():
                        break
                    member.react(plan)
                    came += 1
            return came

    def depart(self) -> list[Departure]:
        """Starts an attempt for every shipment that is due, in (emulator, subscription, shipment) order."""
        with self.lock:
            now = self.now()
            departures = []
            for name in tuple(self.members):
                for lane, shipment in self.state.accounts[name].outbox.due(now):
                    # A fault may have let it join, or overtake, another one that was due before it.
                    turn = shipment if not shipment.departed else lane.overtaken(now)
                    if turn is not None and turn.id in lane.queue:
                        departures.append(self._depart(name, lane, turn, now))
            return departures

    def _depart(self, name: str, lane: Lane, shipment: Shipment, now: Instant) -> Departure:
        account = self.state.accounts[name]
        applied = account.faults.disturb(
            lane, shipment, now, lambda what, which: self.draw(name, what, which)
        )
        registration = lane.registration
        if applied:
            chosen = applied.shipment_id
            entry = Departed(now, name, registration.id, chosen, applied.armed_id, applied.arrangement)
        else:
            chosen = shipment.id
            entry = Departed(now, name, registration.id, chosen, None, None)
        self.commit(entry)
        leaving = lane.queue[chosen]
        plain = registration.request(leaving.body(registration.policy.envelope))
        composed = plain
        if leaving.raw is None and len(leaving.events) == 1:
            composed = self.members[name].compose(registration.feed, plain, leaving.events[0])
        return Departure(
            name,
            registration,
            leaving.id,
            leaving.attempts,
            tuple(leaving.events),
            leaving.raw if composed is plain else composed.body,
            leaving.label,
            composed,
            now,
            applied.fault if applied else None,
        )

    def conclude(self, departure: Departure, answer: Answer) -> None:
        """Settles an attempt by what really came back."""
        with self.lock:
            status, reason, settlement = judge(departure, answer)
            account = self.state.accounts.get(departure.emulator)
            lane = account.outbox.lane_of(departure.registration.id) if account else None
            if lane is None and settlement.next_at is not None:
                settlement = Settlement("abandoned", None)
                reason += "; the subscription was cancelled meanwhile"
            waiting = 0
            if lane and lane.in_line:
                behind = (s for s in lane.queue.values() if s.id != departure.shipment)
                waiting = sum(max(1, len(s.events)) for s in behind)
            self._unlock(departure, answer)
            if lane and waiting and lane.registration.policy.pace:
                slow = f"at the vendor's pace the next goes at {moment(lane.earliest).isoformat()}"
                reason = f"{reason}; {slow}" if reason else slow
            member = self.members.get(departure.emulator)
            effects = Effects()
            if member and settlement.next_at is None:
                effects = member.heard(departure, status, settlement.outcome, answer.body)
            self.commit(departure.ended(status, reason, settlement, waiting, effects))

    def _unlock(self, departure: Departure, answer: Answer) -> None:
        """Ends the pace of a line whose receiver answered with the key."""
        account = self.state.accounts.get(departure.emulator)
        registration = account and account.registrations.get(departure.registration.id)
        key = registration.policy.unlock_key.encode() if registration else b""
        if registration and registration.policy.pace and key and key in answer.body:
            freed = replace(registration, policy=registration.policy.altered({"pace": 0.0}))
            self.commit(Changed(self.now(), departure.emulator, freed))
