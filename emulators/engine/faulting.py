"""Planned misbehaviour: which fault applies now. Pure: the dice are handed in.

The public names live in `emulators.faults`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from random import Random
from typing import Any

from emulators.engine.clock import Instant
from emulators.engine.lane import Lane, Shipment, mergeable
from emulators.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Applies `times` times (None: always), each time with `probability`, drawn from the seed."""

    times: int | None = 1
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.times is not None and not (isinstance(self.times, int) and self.times >= 1):
            raise InvalidValue(f"times: expected 1 or more, or null (None) for always, got {self.times!r}")
        if not isinstance(self.probability, int | float) or not 0 < self.probability <= 1:
            raise InvalidValue(f"probability: expected above 0 and at most 1, got {self.probability!r}")

    def __str__(self) -> str:
        shown = (
            f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFault(Fault):
    """Towards the receiver: applies to requests that hold an event of `kind` (None: to any)."""

    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFault(Fault):
    """Towards the app: applies to calls of `route`, by its name (None: to any)."""

    route: str | None = None


class LostAck(DeliveryFault):
    """The receiver's answer gets lost: it has the events, the vendor thinks it has not and tries again."""

    __slots__ = ()


class Duplicate(DeliveryFault):
    """A request is sent once more, if it is acknowledged; one that fails uses the fault up."""

    __slots__ = ()


class Reorder(DeliveryFault):
    """The next request overtakes the first; where none waits, the events inside the batch are reversed."""

    __slots__ = ()


class Recompose(DeliveryFault):
    """A retry is composed anew: the events of later batches join it, as far as they have room."""

    __slots__ = ()


class Drop(DeliveryFault):
    """The request is never sent, and the vendor never knows."""

    __slots__ = ()


class ResetAfterBody(DeliveryFault):
    """The connection is reset when the whole request is written, before any answer; the vendor tries again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowWrite(DeliveryFault):
    """The body trickles in: `chunk` bytes, then `pause` seconds of real time, and so on."""

    chunk: int = 64
    pause: float = 0.005

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not isinstance(self.chunk, int) or self.chunk < 1:
            raise InvalidValue(f"chunk: expected 1 byte or more, got {self.chunk!r}")
        if not isinstance(self.pause, int | float) or not 0 <= self.pause < float("inf"):
            raise InvalidValue(f"pause: expected seconds, 0 or more, got {self.pause!r}")


@dataclass(frozen=True, slots=True)
class Armed:
    """A fault that was injected and how often it still applies (None: always)."""

    id: int
    fault: Fault
    left: int | None


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fault that applies to a departing shipment, and what it does to the lane."""

    armed_id: int
    fault: Fault
    shipment_id: int
    arrangement: str | None = None


@dataclass(slots=True)
class Faults:
    """The faults of one emulator, in the order in which they were injected."""

    armed: dict[int, Armed] = field(default_factory=dict)

    def arm(self, armed_id: int, fault: Fault) -> None:
        self.armed[armed_id] = Armed(armed_id, fault, fault.times)

    def clear(self, ids: tuple[int, ...] | None = None) -> None:
        for armed_id in tuple(self.armed) if ids is None else ids:
            self.armed.pop(armed_id, None)

    def spend(self, armed_id: int) -> None:
        """Counts one application down."""
        armed = self.armed.get(armed_id)
        if armed is None or armed.left is None:
            return
        if armed.left == 1:
            del self.armed[armed_id]
        else:
            self.armed[armed_id] = replace(armed, left=armed.left - 1)

    def disturb(
        self, lane: Lane, shipment: Shipment, now: Instant, draw: Callable[[str, object], Random]
    ) -> Disturbance | None:
        """The first fault that applies to a shipment about to depart."""
        for armed in self.armed.values():
            fault = armed.fault
            if not isinstance(fault, DeliveryFault):
                continue
            if fault.kind is not None and all(event.kind != fault.kind for event in shipment.events):
                continue
            word = f"{armed.id}/{shipment.id}/{shipment.attempts}"
            if fault.probability < 1 and draw("fault", word).random() >= fault.probability:
                continue
            applied = _apply(armed, lane, shipment, now)
            if applied:
                return applied
        return None

    def strike(
        self,
        route: str,
        number: int,
        draw: Callable[[str, object], Random],
        spares: Callable[[Fault], bool] = lambda fault: False,
    ) -> Armed | None:
        """The first fault that applies to call `number` of the app; `spares` says which cannot apply."""
        for armed in self.armed.values():
            fault = armed.fault
            if not isinstance(fault, CallFault) or fault.route not in (None, route) or spares(fault):
                continue
            if fault.probability < 1 and draw("fault", f"{armed.id}/{number}").random() >= fault.probability:
                continue
            return armed
        return None

    def snapshot(self) -> Any:
        return tuple(self.armed.values())


def _apply(armed: Armed, lane: Lane, shipment: Shipment, now: Instant) -> Disturbance | None:
    fault = armed.fault
    if isinstance(fault, Reorder):
        others = (s for s in lane.queue.values() if s is not shipment and not s.departed and s.due <= now)
        later = next(others, None)
        if later is not None:
            return Disturbance(armed.id, fault, later.id, "swap")
        return Disturbance(armed.id, fault, shipment.id, "reverse") if len(shipment.events) > 1 else None
    if isinstance(fault, Recompose):
        joins = shipment.attempts and mergeable(lane, shipment)
        return Disturbance(armed.id, fault, shipment.id, "merge") if joins else None
    return Disturbance(armed.id, fault, shipment.id)
