"""What is sent when: batching, order, retries. Pure decisions, no I/O, no clock of its own.

A subscription has one lane. Events join the lane's open shipment until its window ends or it is full; a
shipment departs when it is due, and settling an attempt acknowledges, reschedules or abandons it. In a lane
whose order is `in-line` only the first shipment may depart and all others wait behind it.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emulators.engine.clock import SECOND, Instant
from emulators.engine.lane import Lane, Registration, Shipment, mergeable, plain
from emulators.engine.policy import Policy, Settlement
from emulators.engine.provider import Event


@dataclass(frozen=True, slots=True)
class Packing:
    """All that an outbox is made of, for whoever writes it down."""

    lanes: list[Lane]
    heirs: dict[int, int]
    heap: list[tuple[Instant, int, int]]
    made: int
    waiting: int


class Outbox:
    """All lanes of one emulator."""

    def __init__(self) -> None:
        self.lanes: dict[int, Lane] = {}
        self._heirs: dict[int, int] = {}
        self._heap: list[tuple[Instant, int, int]] = []
        self._made = 0
        self.waiting = 0
        """How many shipments are still owed."""

    # -- subscriptions

    def register(self, registration: Registration, now: Instant, successor_of: int | None = None) -> None:
        """Opens a lane; the successor of a replaced subscription may take over what waits in its line."""
        lane = self.lanes[registration.id] = Lane(registration)
        if successor_of is not None:
            left = self.lanes.pop(successor_of)
            if left.registration.policy.backlog_of_replaced == "dropped":
                self.waiting -= len(left.queue)
                return
            self._heirs[successor_of] = registration.id
            lane.queue = left.queue
            self._cut(lane, now)

    def lane_of(self, lane_id: int) -> Lane | None:
        """The lane of a subscription, or of the one that took over its line; None: what waited is dropped."""
        while lane_id in self._heirs:
            lane_id = self._heirs[lane_id]
        return self.lanes.get(lane_id)

    def _cut(self, lane: Lane, now: Instant) -> None:
        """Cuts what was composed for larger batches than the lane's own; what is full then closes. Plans all."""
        size = lane.registration.policy.batch_size
        queue: OrderedDict[int, Shipment] = OrderedDict()
        for shipment in lane.queue.values():
            queue[shipment.id] = shipment
            if shipment.departed or len(shipment.events) <= size:
                continue
            events, shipment.events = shipment.events, shipment.events[:size]
            for start in range(size, len(events), size):
                self._made += 1
                self.waiting += 1
                queue[self._made] = replace(shipment, id=self._made, events=events[start : start + size])
        lane.queue = queue
        for shipment in queue.values():
            if len(shipment.events) == size and not shipment.attempts:
                shipment.due = min(shipment.due, now)
            self._plan(lane, shipment)

    def update(self, registration: Registration) -> None:
        """Takes over a changed state; what waited for it is planned again."""
        lane = self.lanes[registration.id]
        lane.registration = registration
        for shipment in lane.queue.values():
            self._plan(lane, shipment)

    def remove(self, lane_id: int) -> None:
        """Closes a lane; what waits in it is never sent."""
        lane = self.lanes.pop(lane_id, None)
        self.waiting -= len(lane.queue) if lane else 0

    # -- what happens

    def put(self, events: Sequence[Event], now: Instant) -> bool:
        """Hands events of one feed and kind to every lane that wants them; tells whether any does."""
        heard = False
        for lane in self.lanes.values() if events else ():
            if lane.wants(events[0].feed, events[0].kind):
                self._fill(lane, events, now)
                heard = True
        return heard

    def _fill(self, lane: Lane, events: Sequence[Event], now: Instant) -> None:
        policy = lane.registration.policy
        taken = 0
        last = next(reversed(lane.queue.values()), None)
        while taken < len(events):
            if last is None or not self._open(last, policy, now):
                last = self._ship(lane, now + round(policy.batch_window * SECOND))
            room = policy.batch_size - len(last.events)
            last.events.extend(events[taken : taken + room])
            taken += room
            if len(last.events) >= policy.batch_size:
                if last.due != now:
                    last.due = now
                    self._plan(lane, last)
                last = None

    @staticmethod
    def _open(shipment: Shipment, policy: Policy, now: Instant) -> bool:
        return (
            shipment.raw is None
            and not shipment.attempts
            and now < shipment.due
            and len(shipment.events) < policy.batch_size
        )

    def put_raw(self, lane_ids: Sequence[int], body: bytes, label: str, now: Instant) -> None:
        """Lets a ready body join each lane as a request of its own; an open batch is closed before it."""
        for lane_id in lane_ids:
            lane = self.lanes[lane_id]
            self._close(lane, now)
            self._ship(lane, now, body, label)

    def flush(self, now: Instant) -> None:
        """Closes every open batch."""
        for lane in self.lanes.values():
            self._close(lane, now)

    def _close(self, lane: Lane, now: Instant) -> None:
        last = next(reversed(lane.queue.values()), None)
        if last is not None and self._open(last, lane.registration.policy, now):
            last.due = now
            self._plan(lane, last)

    def _ship(self, lane: Lane, due: Instant, raw: bytes | None = None, label: str = "") -> Shipment:
        self._made += 1
        self.waiting += 1
        shipment = Shipment(self._made, due, [], raw, label)
        lane.queue[shipment.id] = shipment
        self._plan(lane, shipment)
        return shipment

    # -- what is due

    def _plan(self, lane: Lane, shipment: Shipment) -> None:
        if lane.may_depart(shipment):
            heapq.heappush(self._heap, (lane.due(shipment), lane.registration.id, shipment.id))

    def _standing(self, entry: tuple[Instant, int, int]) -> tuple[Lane, Shipment] | None:
        """The lane and shipment of a heap entry, unless it has been overtaken by events."""
        due, lane_id, shipment_id = entry
        lane = self.lanes.get(lane_id)
        shipment = lane.queue.get(shipment_id) if lane else None
        if lane is None or shipment is None or lane.due(shipment) != due or not lane.may_depart(shipment):
            return None
        return lane, shipment

    def next_due(self) -> Instant | None:
        """When the next shipment may depart; None: nothing waits."""
        while self._heap and self._standing(self._heap[0]) is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: Instant) -> list[tuple[Lane, Shipment]]:
        """Everything that may depart now, in (subscription, shipment) order."""
        found: dict[tuple[int, int], tuple[Lane, Shipment]] = {}
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            standing = self._standing(entry)
            if standing:
                found[entry[1:]] = standing
        return [found[key] for key in sorted(found)]

    # -- attempts

    def depart(
        self, lane_id: int, shipment_id: int, now: Instant, arrangement: str | None = None
    ) -> Shipment:
        """One more attempt starts. `arrangement` is a fault's doing: `swap`, `reverse` or `merge`."""
        lane = self.lanes[lane_id]
        lane.earliest = now + round(lane.registration.policy.pace * SECOND)
        shipment = lane.queue[shipment_id]
        if arrangement == "swap":
            lane.queue.move_to_end(shipment_id, last=False)
        elif arrangement == "reverse":
            shipment.events = shipment.events[::-1]
        elif arrangement == "merge":
            for other in mergeable(lane, shipment):
                shipment.events = [*shipment.events, *other.events]
                del lane.queue[other.id]
                self.waiting -= 1
        shipment.attempts += 1
        shipment.departed = True
        return shipment

    def settle(self, lane_id: int, shipment_id: int, settlement: Settlement) -> None:
        """The attempt ended; who took over meanwhile is told."""
        lane = self.lane_of(lane_id)
        shipment = lane.queue.get(shipment_id) if lane else None
        if lane is None or shipment is None:
            return
        shipment.departed = False
        if settlement.next_at is not None:
            shipment.due = settlement.next_at
            if len(shipment.events) > lane.registration.policy.batch_size:
                self._cut(lane, shipment.due)
            self._plan(lane, shipment)
            return
        del lane.queue[shipment_id]
        self.waiting -= 1
        if lane.in_line and (head := lane.head()):
            self._plan(lane, head)

    def snapshot(self) -> Mapping[str, Any]:
        """All there is to know, as plain values."""
        return {
            "made": self._made,
            "lanes": {
                lane_id: (lane.registration, lane.earliest, [plain(s) for s in lane.queue.values()])
                for lane_id, lane in self.lanes.items()
            },
        }

    def pack(self) -> Packing:
        """The outbox as values. They are its own: to be read at once, and never changed."""
        return Packing(list(self.lanes.values()), self._heirs, self._heap, self._made, self.waiting)

    @classmethod
    def unpack(cls, packing: Packing) -> Outbox:
        """The outbox that does from then on what the packed one would have done."""
        outbox = cls()
        outbox.lanes = {lane.registration.id: lane for lane in packing.lanes}
        outbox._heirs, outbox._heap = packing.heirs, packing.heap
        outbox._made, outbox.waiting = packing.made, packing.waiting
        return outbox
