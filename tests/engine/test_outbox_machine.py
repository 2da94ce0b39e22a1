"""Any story an outbox may live through, against a simple account of what is owed to whom."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulators.engine.call_faults import Delay, Hang, Reset
from emulators.engine.clock import SECOND
from emulators.engine.departing import Departure
from emulators.engine.faulting import (
    Drop,
    Duplicate,
    Fault,
    LostAck,
    Recompose,
    Reorder,
    ResetAfterBody,
)
from emulators.engine.handles import Subscription
from emulators.engine.journal import (
    Delivery,
    Departed,
    Entry,
    Exchange,
    FaultArmed,
    FaultsCleared,
    Flushed,
    Happened,
    Opened,
    Reacted,
)
from emulators.engine.message import Answer
from emulators.engine.provider import Call
from emulators.engine.state import fold
from emulators.errors import NobodyListens
from tests.support.acme import KINDS, acme, enlist
from tests.support.ledger import Ledger

kinds = st.sampled_from(KINDS)
statuses = st.sampled_from([500, 200, 200, 204, None])
faults = st.builds(
    lambda make, times, kind, probability: make(times=times, kind=kind, probability=probability),
    st.sampled_from([Recompose, LostAck, Duplicate, Reorder, Recompose, Drop, ResetAfterBody]),
    st.integers(1, 3),
    st.none() | kinds,
    st.sampled_from([1.0, 0.5]),
)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    envelope = draw(st.sampled_from(["array", "array", "array", "object"]))
    order = draw(st.sampled_from(["in-line", "independent"]))
    return {
        "envelope": envelope,
        "order": order,
        "pace": draw(st.sampled_from([0, 0, 45])) if order == "in-line" else 0,
        "unlock_key": draw(st.sampled_from(["", "key"])),
        "batch_size": 1 if envelope == "object" else draw(st.sampled_from([2, 3, 5, 1])),
        "batch_window": draw(st.sampled_from([30, 60, 120, 0])),
        "retry_delays": draw(st.sampled_from([[60, 120], [10, 10, 10], [0, 30], []])),
        # Without an end of its own a retry after no time would be tried for ever.
        "retry_after_last": "abandon",
        "second_url": draw(st.sampled_from(["adds", "adds", "replaces"])),
        "backlog_of_replaced": draw(st.sampled_from(["moves", "moves", "dropped"])),
        "while_paused": draw(st.sampled_from(["drop", "keep"])),
        "answers": draw(
            st.sampled_from(
                [
                    {"200": "acknowledge", "*": "retry"},
                    {"2xx": "acknowledge", "500": "abandon", "*": "retry"},
                ]
            )
        ),
    } | draw(st.sampled_from([{}, {"retry_delays": [30, 60], "retry_after_last": "repeat"}]))


class Story(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.emulator = acme(seed=7)
        self.world = self.emulator.world
        self.ledger = Ledger()
        self.flying: list[Departure] = []
        self.left: dict[int, int] = {}
        self.bodies = 0
        self.snapshots: dict[int, Any] = {}
        self.world.journal.listeners.append(self._listen)

    def _listen(self, entry: Entry) -> None:
        if isinstance(entry, FaultArmed):
            self.left[entry.id] = entry.fault.times or 0
        elif isinstance(entry, FaultsCleared):
            self.left = dict.fromkeys(self.left, 0)
        elif isinstance(entry, Opened | Happened | Exchange | Reacted):
            if isinstance(entry, Exchange) and entry.fault_id is not None:
                self.left[entry.fault_id] -= 1
            for registration in entry.effects.registrations:
                self.ledger.open(registration, entry.instant)
            self.ledger.put(entry.effects.events, entry.instant)

    def _depart(self) -> list[Departure]:
        before = len(self.world.journal.entries)
        departures = self.world.depart()
        for departure in departures:
            self.ledger.depart(departure)
        for entry in self.world.journal.entries[before:]:
            assert isinstance(entry, Departed)
            if entry.fault_id is not None:
                self.left[entry.fault_id] -= 1
        assert all(left >= 0 for left in self.left.values()), "a fault more often than was planned"
        return departures

    def _land(self, departure: Departure, status: int | None, said: bytes = b"") -> None:
        fault: Fault | None = departure.fault
        if isinstance(fault, Drop | ResetAfterBody):
            status = None
        self.world.conclude(departure, Answer(status, "" if status else "no answer", body=said))
        delivery = self.world.journal.entries[-1]
        assert isinstance(delivery, Delivery)
        self.ledger.conclude(departure, status, delivery)
        self.ledger.heard(departure, said)

    # -- receivers come and go

    @initialize(drawn=st.lists(policies(), min_size=1, max_size=2), planned=st.lists(faults, max_size=2))
    def begin(self, drawn: list[dict[str, Any]], planned: list[Fault]) -> None:
        for policy in drawn:
            self.ledger.open(enlist(self.emulator, None, **policy), self.world.now())
        self.emulator.inject(*planned)

    @precondition(lambda self: len(self.ledger.lines) < 3)
    @rule(wanted=st.none() | st.lists(kinds, min_size=1, unique=True), policy=policies())
    def subscribe(self, wanted: list[str] | None, policy: dict[str, Any]) -> None:
        self.ledger.open(enlist(self.emulator, wanted, **policy), self.world.now())

    @rule(data=st.data(), verb=st.sampled_from(["pause", "resume", "resume", "cancel"]))
    def change(self, data: st.DataObject, verb: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.ledger.lines)))
        subscription, line = Subscription(self.emulator, number), self.ledger.lines[number]
        if verb == "cancel" and len(self.ledger.lines) > 1:
            subscription.cancel()
            del self.ledger.lines[number]
        elif verb != "cancel" and line.active == (verb == "pause"):
            getattr(subscription, verb)()
            line.active = not line.active

    # -- things happen

    @rule(what=st.lists(st.tuples(kinds, st.integers(1, 4)), min_size=1, max_size=3))
    def emit(self, what: list[tuple[str, int]]) -> None:
        for kind, count in what:
            if self.ledger.wants(kind):
                self.emulator.emit(kind, count=count)
                continue
            try:
                self.emulator.emit(kind)
            except NobodyListens:
                continue
            raise AssertionError("emitted to nobody")

    @precondition(lambda self: any(line.active for line in self.ledger.lines.values()))
    @rule()
    def send(self) -> None:
        self.bodies += 1
        body = f'"{self.bodies}"'.encode()
        self.emulator.send(body)
        self.ledger.put_raw(body, self.world.now())

    @rule(body=st.sampled_from([b"", b"", b"fail", b"subscribe"]))
    def order(self, body: bytes) -> None:
        if body == b"subscribe" and len(self.ledger.lines) > 2:
            body = b""
        exchange = self.emulator.answer(Call("POST", "/orders", body=body))
        lost = exchange.fault is not None and not isinstance(exchange.fault, Delay)
        assert exchange.status == (None if lost else 500 if body == b"fail" else 201)

    @rule()
    def flush(self) -> None:
        self.world.commit(Flushed(self.world.now(), "acme"))
        self.ledger.flush(self.world.now())

    @rule(planned=st.lists(faults | st.sampled_from([Reset(), Delay(1, times=2), Hang()]), max_size=2))
    def inject(self, planned: list[Fault]) -> None:
        if not planned:
            self.emulator.clear_faults()
        self.emulator.inject(*planned)

    # -- time passes

    @precondition(lambda self: not self.flying)
    @rule(by=st.sampled_from([0, 1, 29, 30, 60, 61, 120, 600]), answers=st.lists(statuses, min_size=1))
    def advance(self, by: int, answers: list[int | None]) -> None:
        until = self.world.now() + by * SECOND
        coming = cycle(answers)
        while (due := self.world.next_due()) is not None and due <= until:
            self.world.turn(due)
            reacted = True
            while (departures := self._depart()) or reacted:
                for departure in departures:
                    self._land(departure, next(coming))
                reacted = bool(self.world.react())
        self.world.turn(until)
        self.ledger.check_nothing_late(self.world.now())

    @precondition(lambda self: not self.flying)
    @rule()
    def take_off(self) -> None:
        """Attempts start and are still on their way while other things happen."""
        self.flying = self._depart()

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 9), status=statuses, said=st.sampled_from([b"", b"", b'{"the": "key"}']))
    def land(self, which: int, status: int | None, said: bytes) -> None:
        self._land(self.flying.pop(which % len(self.flying)), status, said)

    # -- the journal is the state

    @invariant()
    def nothing_is_lost(self) -> None:
        outbox = self.emulator.account.outbox
        assert set(outbox.lanes) == set(self.ledger.lines)
        for number, lane in outbox.lanes.items():
            self.ledger.check_queue(number, lane.queue.values())
        assert outbox.waiting == sum(len(lane.queue) for lane in outbox.lanes.values())

    @invariant()
    def the_journal_leads_to_the_same_state(self) -> None:
        entries, live = self.world.journal.entries, self.world.state
        folded = fold(entries)
        self.snapshots[len(entries)] = live.snapshot()
        assert folded.snapshot() == self.snapshots[len(entries)]
        assert folded.now == self.world.clock.now()
        assert folded.accounts["acme"].outbox.next_due() == live.accounts["acme"].outbox.next_due()

    @rule(data=st.data())
    def so_does_any_beginning_of_it(self, data: st.DataObject) -> None:
        """And from here on the story goes on with nothing but what the journal says."""
        end = data.draw(st.sampled_from(sorted(self.snapshots)))
        assert fold(self.world.journal.entries[:end]).snapshot() == self.snapshots[end]
        self.world.state = fold(self.world.journal.entries)


Story.TestCase.settings = settings(
    max_examples=100,
    report_multiple_bugs=False,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyStory = Story.TestCase
