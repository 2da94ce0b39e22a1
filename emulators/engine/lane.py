"""A subscription and what waits in its line."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile

from emulators.engine.clock import Instant
from emulators.engine.policy import Policy
from emulators.engine.provider import Event, Target


@dataclass(frozen=True, slots=True)
class Registration:
    """A receiver's URL and the kinds it wants; `state` is inactive, active, paused, replaced or cancelled."""

    id: int
    url: str
    feed: str
    kinds: frozenset[str] | None
    policy: Policy
    headers: tuple[tuple[str, str], ...] = ()
    state: str = "inactive"

    def headers_over(self, usual: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """The vendor's usual headers with the receiver's own in their place or beside them."""
        own = {name.lower() for name, _ in self.headers}
        return (*(header for header in usual if header[0].lower() not in own), *self.headers)

    def request(self, body: bytes) -> Target:
        """The request that brings `body`."""
        policy = self.policy
        usual = (("Content-Type", policy.content_type), ("User-Agent", policy.user_agent))
        return Target(policy.method, self.url, self.headers_over(usual), body, policy.template)


@dataclass(slots=True)
class Shipment:
    """Events that travel together in one request, or `raw`, a body given as it is."""

    id: int
    due: Instant
    events: list[Event]
    raw: bytes | None = None
    label: str = ""
    attempts: int = 0
    departed: bool = False

    def body(self, envelope: str) -> bytes:
        """The bytes of the request; the same for every attempt, as the events are."""
        return self.raw if self.raw is not None else join(self.events, envelope)


def join(events: Sequence[Event], envelope: str) -> bytes:
    """A request body joined from events that were encoded when they happened."""
    if envelope == "object":
        return events[0].body
    return b"[" + b",".join([event.body for event in events]) + b"]"


@dataclass(slots=True)
class Lane:
    """One subscription's shipments, in the order in which they were opened."""

    registration: Registration
    queue: OrderedDict[int, Shipment] = field(default_factory=OrderedDict)
    earliest: Instant = 0
    """When the next attempt may start, where the vendor keeps a pace."""

    @property
    def in_line(self) -> bool:
        return self.registration.policy.order == "in-line"

    @property
    def active(self) -> bool:
        return self.registration.state == "active"

    def wants(self, feed: str, kind: str) -> bool:
        registration = self.registration
        return (
            (self.active or (registration.state == "paused" and registration.policy.while_paused == "keep"))
            and registration.feed == feed
            and (registration.kinds is None or kind in registration.kinds)
        )

    def head(self) -> Shipment | None:
        return next(iter(self.queue.values()), None)

    def overtaken(self, now: Instant) -> Shipment | None:
        """The first that is due and did not depart, if any may."""
        due = (s for s in self.queue.values() if self.due(s) <= now and self.may_depart(s))
        return next(due, None)

    def due(self, shipment: Shipment) -> Instant:
        """When a shipment may depart."""
        return max(shipment.due, self.earliest) if self.registration.policy.pace else shipment.due

    def may_depart(self, shipment: Shipment) -> bool:
        return not shipment.departed and self.active and (not self.in_line or shipment is self.head())


def mergeable(lane: Lane, shipment: Shipment) -> list[Shipment]:
    """The later shipments whose events may join this one: those next in line, as far as they have room."""
    room = lane.registration.policy.batch_size - len(shipment.events)
    found: list[Shipment] = []
    behind = dropwhile(lambda other: other is not shipment, lane.queue.values())
    for other in behind if shipment.raw is None else ():
        if other is shipment or other.departed:
            continue
        if other.raw is not None or len(other.events) > room:
            break
        room -= len(other.events)
        found.append(other)
    return found


def plain(shipment: Shipment) -> tuple[object, ...]:
    s, ordinals = shipment, tuple(event.ordinal for event in shipment.events)
    return (s.id, s.due, s.attempts, s.departed, s.raw, ordinals)
