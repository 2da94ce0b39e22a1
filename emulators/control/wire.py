"""What happened, as JSON for people and programs: without credentials, bytes as text where they are text."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from emulators.control.operations import Json
from emulators.control.veiling import veiled, veiled_event, veiled_fault
from emulators.engine.faulting import Fault
from emulators.engine.journal import Delivery, Exchange, Probe
from emulators.engine.lane import Registration
from emulators.engine.profile import Problem
from emulators.engine.provider import Event
from emulators.errors import EmulatorError, NobodyListens
from emulators.redaction import Veil


def event(happened: Event, veil: Veil) -> Json:
    """Something that happened."""
    event = veiled_event(happened, veil)
    return {
        "ordinal": event.ordinal,
        "feed": event.feed,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "payload": event.payload,
    }


def subscription(registration: Registration, veil: Veil) -> Json:
    """A receiver."""
    return {
        "id": registration.id,
        "url": veil.url(registration.url),
        "feed": registration.feed,
        "kinds": None if registration.kinds is None else sorted(registration.kinds),
        "state": registration.state,
    }


def call(number: int, entry: Exchange, veil: Veil) -> Json:
    """A call of the app and what it was answered."""
    shown = veiled(entry, veil)
    if not isinstance(shown, Exchange):
        raise TypeError("a call stays a call")
    return {
        "number": number,
        "at": shown.at.isoformat(),
        "route": shown.route,
        "method": shown.method,
        "path": shown.path,
        "query": [list(pair) for pair in shown.call.query],
        "headers": shown.headers,
        "body": _data(shown),
        "status": shown.status,
        "taken": shown.taken,
        "reply": {"headers": dict(shown.reply.headers), "body": text(shown.reply.body)},
        "problems": [problem(each) for each in shown.problems],
        "nearest": shown.nearest,
        "fault": fault(shown.fault, veil),
    }


def delivery(number: int, entry: Delivery, veil: Veil) -> Json:
    """An attempt and how it ended; `body` only where it was given as it is, else it is that of the events."""
    return {
        "number": number,
        "at": entry.at.isoformat(),
        "subscription": entry.subscription,
        "shipment": entry.shipment,
        "method": entry.method,
        "url": veil.url(entry.url),
        "attempt": entry.attempt,
        "status": entry.status,
        "outcome": entry.outcome,
        "next_at": entry.next_at.isoformat() if entry.next_at else None,
        "reason": veil.text(entry.reason),
        "waiting": entry.waiting,
        "label": entry.label,
        "body": None if entry.raw is None else text(veil.body(entry.raw)),
        "events": [event(each, veil) for each in entry.events],
        "fault": fault(entry.fault, veil),
    }


def probe(number: int, entry: Probe, veil: Veil) -> Json:
    """A verification request."""
    return {
        "number": number,
        "at": entry.at.isoformat(),
        "subscription": entry.subscription,
        "method": entry.method,
        "url": veil.url(entry.url),
        "status": entry.status,
        "accepted": entry.accepted,
        "reason": veil.text(entry.reason),
    }


def problem(problem: Problem) -> Json:
    """A rule that a call breaks."""
    return {
        "pointer": problem.pointer,
        "expected": problem.expected,
        "got": problem.got,
        "source": problem.source,
    }


def _data(shown: Exchange) -> Any:
    data = shown.call.data
    return text(shown.call.body) if data is None else text(data) if isinstance(data, bytes) else data


def text(data: bytes) -> str | Json | None:
    """Bytes as text, or as base64 where they are none; nothing: null."""
    try:
        return data.decode("utf-8") or None
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def fault(fault: Fault | None, veil: Veil) -> str | None:
    """A fault as it is written in Python."""
    return None if fault is None else veil.text(str(veiled_fault(fault, veil)))


def error(error: EmulatorError, veil: Veil) -> Json:
    """What was wrong; `type` is a name of `emulators.errors`, or of an error that only this API knows."""
    message = str(error)
    if isinstance(error, NobodyListens) and error.unheard:
        # The verb as it is called here.
        message = f"{error.said}; subscribe first: POST /v1/{error.unheard}/subscriptions"
    told: Json = {"type": type(error).__name__, "message": veil.text(message)}
    status = getattr(error, "status", None)
    return {"error": told if status is None else {**told, "status": status}}
