"""An account of what an outbox owes, kept by much simpler means: every promise of delivery as an assertion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from emulators.engine.clock import SECOND
from emulators.engine.departing import Departure
from emulators.engine.faulting import Drop, Duplicate, LostAck, Recompose, Reorder
from emulators.engine.journal import Delivery
from emulators.engine.lane import Registration, Shipment
from emulators.engine.provider import Event
from tests.support.acme import verdict

Key = tuple[str, object]


@dataclass
class Item:
    """An event or a ready body that one subscription is owed; it is to be sent at `due`."""

    key: Key
    due: int
    tried: bool = False
    flying: bool = False


@dataclass
class Line:
    """What one subscription is owed, in the order in which it came up."""

    registration: Registration
    active: bool = True
    items: list[Item] = field(default_factory=list)
    batch: list[Item] = field(default_factory=list)
    disordered: bool = False
    attempts: dict[int, tuple[int, tuple[Key, ...] | None]] = field(default_factory=dict)
    pace: int = 0
    earliest: int = 0

    def put(self, key: Key, now: int) -> None:
        """An event joins the batch that was begun last, if it is not due and not full yet."""
        policy = self.registration.policy
        begun = self.batch[0] if self.batch else None
        if not begun or begun.tried or now >= begun.due or len(self.batch) >= policy.batch_size:
            self.batch = []
        due = self.batch[0].due if self.batch else now + round(policy.batch_window * SECOND)
        self.batch.append(Item(key, due))
        self.items.append(self.batch[-1])
        if len(self.batch) == policy.batch_size:
            for item in self.batch:
                item.due = now

    def put_raw(self, body: bytes, now: int) -> None:
        self.close(now)
        self.items.append(Item(("raw", body), now))

    def close(self, now: int) -> None:
        for item in self.items:
            if not item.tried:
                item.due = min(item.due, now)

    def take_over(self, old: Line, now: int) -> None:
        self.items, size = old.items, self.registration.policy.batch_size
        # What was composed for larger batches is cut; what is left over at its end is still open.
        full = len(old.batch) // size * size
        for item in old.batch[:full]:
            item.due = item.due if item.tried else min(item.due, now)
        self.batch = old.batch[full:]
        self.attempts = {number: (count, None) for number, (count, _) in old.attempts.items()}

    @property
    def in_line(self) -> bool:
        return self.registration.policy.order == "in-line"


class Ledger:
    """All lines, by the number of the subscription."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}

    # -- what comes up

    def open(self, registration: Registration, now: int) -> None:
        replaces = registration.policy.second_url == "replaces"
        heir_of = next(iter(self.lines), None) if replaces else None
        line = Line(registration, pace=round(registration.policy.pace * SECOND))
        if heir_of is not None:
            old = self.lines.pop(heir_of)
            moves = old.registration.policy.backlog_of_replaced == "moves"
            if moves:
                line.take_over(old, now)
                line.disordered = old.disordered or old.in_line != line.in_line
        self.lines[registration.id] = line

    def wants(self, kind: str) -> list[Line]:
        return [
            line
            for line in self.lines.values()
            if (line.active or line.registration.policy.while_paused == "keep")
            and (line.registration.kinds is None or kind in line.registration.kinds)
        ]

    def put(self, events: Iterable[Event], now: int) -> None:
        for event in events:
            for line in self.wants(event.kind):
                line.put(("event", event.ordinal), now)

    def put_raw(self, body: bytes, now: int) -> None:
        for line in self.lines.values():
            if line.active:
                line.put_raw(body, now)

    def flush(self, now: int) -> None:
        for line in self.lines.values():
            line.close(now)

    # -- what is sent

    def depart(self, departure: Departure) -> None:
        """An attempt starts: is it allowed to, now, with these events?"""
        line = self.lines[departure.registration.id]
        policy, fault, now = line.registration.policy, departure.fault, departure.started
        keys = _keys(departure.raw, departure.events)
        owed = {item.key: item for item in line.items}
        assert set(keys) <= set(owed), f"sent without being owed: {set(keys) - set(owed)}"
        assert len(set(keys)) == len(keys), "twice in one request"
        assert len(keys) <= policy.batch_size, "more than a batch may hold"
        items = [owed[key] for key in keys]
        assert line.active, "sent to a paused subscription"
        assert now >= line.earliest, "sooner than the vendor's pace allows"
        line.earliest = now + line.pace if line.pace else 0
        assert not any(item.flying for item in items), "sent while the same is on its way"
        line.disordered |= isinstance(fault, Reorder)
        if line.in_line and not line.disordered:
            assert not any(item.flying for item in line.items), "two requests at once in a line"
            assert list(keys) == [item.key for item in line.items[: len(keys)]], "out of order"
        before = self._count(line, departure, keys)
        for item in items:
            joined = isinstance(fault, Recompose) and item.key not in before
            assert now >= item.due or joined, "too early"
            item.tried = item.flying = True

    @staticmethod
    def _count(line: Line, departure: Departure, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        count, before = line.attempts.get(departure.shipment, (0, None))
        assert departure.attempt == count + 1 or before is None, "attempts are counted"
        if before is not None and not isinstance(departure.fault, Recompose | Reorder):
            assert keys == before, "a retry is the same request again"
        line.attempts[departure.shipment] = (departure.attempt, keys)
        return before or ()

    def conclude(self, departure: Departure, status: int | None, delivery: Delivery) -> None:
        """An attempt ended: does the record say what it must?"""
        policy, fault = departure.registration.policy, departure.fault
        meaning = verdict(policy, None if isinstance(fault, LostAck) else status)
        number = departure.attempt
        delays = list(policy.retry_delays)
        if delays and policy.retry_after_last == "repeat":
            delays += [delays[-1]] * number
        expected: tuple[str, int | None] = ("abandoned", None)
        if isinstance(fault, Drop):
            pass
        elif meaning == "acknowledge":
            again = isinstance(fault, Duplicate)
            expected = ("rescheduled", departure.started) if again else ("acknowledged", None)
        elif meaning == "retry" and number <= len(delays):
            expected = ("rescheduled", departure.started + round(delays[number - 1] * SECOND))
        if expected[0] == "rescheduled" and all(
            departure.shipment not in line.attempts for line in self.lines.values()
        ):
            # The subscription was cancelled, or replaced without its backlog, while the request was under way.
            expected = ("abandoned", None)
        assert (delivery.outcome, delivery.next_instant) == expected
        assert delivery.outcome == "acknowledged" or delivery.reason, "no cause on record"
        self._settle(departure, expected[1])

    def heard(self, departure: Departure, said: bytes) -> None:
        """An answer that holds the key ends the pace of its line, and of no other."""
        line = self.lines.get(departure.registration.id)
        key = departure.registration.policy.unlock_key.encode()
        if line and key and key in said:
            line.pace = line.earliest = 0

    def _settle(self, departure: Departure, next_at: int | None) -> None:
        keys = set(_keys(departure.raw, departure.events))
        for line in self.lines.values():
            for item in [item for item in line.items if item.flying and item.key in keys]:
                # Another subscription may be owed the same event.
                if line.attempts.get(departure.shipment) is None:
                    continue
                item.flying = False
                if next_at is None:
                    line.items.remove(item)
                else:
                    item.due = next_at

    # -- what is owed

    def check_queue(self, number: int, queue: Iterable[Shipment]) -> None:
        """Every owed item waits in exactly one shipment of its line, and nothing else does."""
        waiting = [key for shipment in queue for key in _keys(shipment.raw, shipment.events)]
        owed = [item.key for item in self.lines[number].items]
        assert sorted(map(repr, waiting)) == sorted(map(repr, owed))

    def check_nothing_late(self, now: int) -> None:
        """Whatever could have been sent by now has been."""
        for line in self.lines.values():
            if not line.active or not line.items or line.earliest > now:
                continue
            if not line.in_line:
                assert all(item.due > now for item in line.items), "left lying"
            elif not line.disordered:
                assert line.items[0].due > now, "the head of the line was left lying"
            else:
                assert any(item.due > now for item in line.items), "the line is stuck"


def _keys(raw: bytes | None, events: Iterable[Event]) -> tuple[Key, ...]:
    return (("raw", raw),) if raw is not None else tuple(("event", event.ordinal) for event in events)
