"""An attempt on its way, and what follows from how it ended. Pure decisions."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.engine.clock import Instant
from emulators.engine.faulting import Drop, Duplicate, Fault, LostAck
from emulators.engine.journal import Delivery, Effects
from emulators.engine.lane import Registration, Shipment
from emulators.engine.message import Answer, Request
from emulators.engine.policy import Settlement, settle_by
from emulators.engine.provider import Event, Target


@dataclass(frozen=True, slots=True)
class Departure:
    """An attempt on its way."""

    emulator: str
    registration: Registration
    shipment: int
    attempt: int
    events: tuple[Event, ...]
    raw: bytes | None
    label: str
    target: Target
    started: Instant
    fault: Fault | None

    def request(self, patience: float) -> Request:
        """The finished request; `patience` in seconds of real time."""
        method, url, headers, body, _ = self.target
        return Request(method, url, headers, body, patience, self.fault)

    def ended(
        self, status: int | None, reason: str, settlement: Settlement, waiting: int, effects: Effects
    ) -> Delivery:
        """The attempt and how it ended; `waiting` events stand behind it."""
        return Delivery(
            self.started,
            self.emulator,
            self.registration.id,
            self.shipment,
            self.target.method,
            self.target.url,
            self.events,
            self.attempt,
            status,
            settlement.outcome,
            settlement.next_at,
            reason,
            waiting,
            self.registration.policy.envelope,
            self.raw,
            self.label,
            self.fault,
            effects,
        )


def interrupted(now: Instant, emulator: str, registration: Registration, shipment: Shipment) -> Delivery:
    """The end of an attempt that an earlier process began, and of which nobody knows how it ended."""
    target = registration.request(shipment.body(registration.policy.envelope))
    departure = Departure(
        emulator,
        registration,
        shipment.id,
        shipment.attempts,
        tuple(shipment.events),
        shipment.raw,
        shipment.label,
        target,
        now,
        None,
    )
    reason = "the process ended before an answer was seen; sent again, so the receiver may get it twice"
    return departure.ended(None, reason, Settlement("rescheduled", now), 0, Effects())


def judge(departure: Departure, answer: Answer) -> tuple[int | None, str, Settlement]:
    """The status that the vendor saw, the reason in words, and what follows."""
    policy, fault = departure.registration.policy, departure.fault
    if isinstance(fault, Drop):
        return None, "never sent (fault Drop)", Settlement("abandoned", None)
    status, reason = answer.status, answer.reason
    if isinstance(fault, LostAck):
        reason = f"the receiver's answer ({reason or status}) was lost (fault LostAck)"
        status = None
    settlement = settle_by(policy, policy.verdict(status), departure.attempt, departure.started)
    if isinstance(fault, Duplicate) and settlement.outcome == "acknowledged":
        again = "acknowledged, and sent once more (fault Duplicate)"
        return status, again, Settlement("rescheduled", departure.started)
    if settlement.outcome != "acknowledged" and not reason:
        accepted = " or ".join(key for key, verdict in policy.answers.items() if verdict == "acknowledge")
        reason = f"answered {status}, only {accepted} acknowledges"
    if settlement.outcome == "abandoned":
        reason += "; no further attempt"
    return status, reason, settlement
