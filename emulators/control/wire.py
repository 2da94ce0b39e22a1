"""What happened, as JSON for people and programs: without credentials, bytes as text where they are text."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

from emulators.control.operations import Json
from emulators.engine.faulting import Fault
from emulators.engine.journal import Changed, Delivery, Effects, Entry, Exchange, Posted, Probe, Subscribed
from emulators.engine.lane import Registration
from emulators.engine.profile import Problem
from emulators.engine.provider import Event
from emulators.errors import EmulatorError
from emulators.redaction import Veil


def veiled(entry: Entry, veil: Veil) -> Entry:
    """The entry without credentials."""
    match entry:
        case Exchange():
            call, reply = entry.call, entry.reply
            kind = call.header("content-type") or ""
            replied = dict(reply.headers).get("content-type", "")
            shown = replace(
                call,
                query=tuple(
                    (name, veil.url(f"?{name}={value}").partition("=")[2]) for name, value in call.query
                ),
                headers=veil.headers(call.headers),
                body=veil.body(call.body, kind),
                data=veil.value(call.data),
            )
            answer = replace(reply, headers=veil.headers(reply.headers), body=veil.body(reply.body, replied))
            return replace(entry, call=shown, reply=answer, effects=_effects(entry.effects, veil))
        case Delivery():
            raw = None if entry.raw is None else veil.body(entry.raw)
            return replace(entry, url=veil.url(entry.url), raw=raw, reason=veil.text(entry.reason))
        case Probe():
            return replace(entry, url=veil.url(entry.url), reason=veil.text(entry.reason))
        case Posted():
            return replace(entry, payload=veil.body(entry.payload))
        case Subscribed() | Changed():
            return replace(entry, registration=_registration(entry.registration, veil))
    return entry


def _effects(effects: Effects, veil: Veil) -> Effects:
    """What an app registered may have headers of its own; what it stored may be anything."""
    changes = tuple((table, key, veil.value(value)) for table, key, value in effects.changes)
    registrations = tuple(_registration(each, veil) for each in effects.registrations)
    return replace(effects, changes=changes, registrations=registrations)


def _registration(registration: Registration, veil: Veil) -> Registration:
    return replace(registration, url=veil.url(registration.url), headers=veil.headers(registration.headers))


def event(event: Event) -> Json:
    """Something that happened."""
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
        "body": shown.call.data if shown.call.data is not None else text(shown.call.body),
        "status": shown.status,
        "taken": shown.taken,
        "reply": {"headers": dict(shown.reply.headers), "body": text(shown.reply.body)},
        "problems": [problem(each) for each in shown.problems],
        "nearest": veil.text(shown.nearest),
        "fault": _fault(shown.fault),
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
        "events": [event(each) for each in entry.events],
        "fault": _fault(entry.fault),
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


def text(data: bytes) -> str | Json | None:
    """Bytes as text, or as base64 where they are none; nothing: null."""
    try:
        return data.decode("utf-8") or None
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def _fault(fault: Fault | None) -> str | None:
    return None if fault is None else str(fault)


def error(error: EmulatorError) -> Json:
    """What was wrong; `type` is a name of `emulators.errors`."""
    told: Json = {"type": type(error).__name__, "message": str(error)}
    status = getattr(error, "status", None)
    return {"error": told if status is None else {**told, "status": status}}
