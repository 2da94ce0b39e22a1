"""Entries of the journal without credentials: what leaves the process is shown to people and programs. Pure."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

from emulators.engine.clock import Plan
from emulators.engine.faulting import Fault
from emulators.engine.journal import (
    Changed,
    Delivery,
    Effects,
    Entry,
    Exchange,
    FaultArmed,
    Happened,
    Opened,
    Posted,
    Probe,
    Reacted,
    Restored,
    Subscribed,
)
from emulators.engine.lane import Registration
from emulators.engine.profile import Problem
from emulators.engine.provider import Event
from emulators.engine.state import AccountState, State
from emulators.redaction import PLACEHOLDER, Veil

# A header that was not as it must be, and what came, as it is quoted; a user's name is no secret.
_OF_A_HEADER = re.compile(r"the header ([\w-]+)")
_QUOTED = re.compile(r"(?<!user )(?:'(?:[^'\\]|\\.)*(?:'|$)|\"(?:[^\"\\]|\\.)*(?:\"|$))")
_SCHEMES = ("basic", "bearer", "token", "digest")


def veiled(entry: Entry, veil: Veil) -> Entry:
    """The entry without credentials."""
    match entry:
        case Exchange():
            return _exchange(entry, veil)
        case Delivery():
            raw = None if entry.raw is None else veil.body(entry.raw)
            return replace(
                entry,
                url=veil.url(entry.url),
                raw=raw,
                reason=veil.text(entry.reason),
                events=tuple(veiled_event(event, veil) for event in entry.events),
                effects=_effects(entry.effects, veil),
                fault=veiled_fault(entry.fault, veil),
            )
        case Probe():
            return replace(entry, url=veil.url(entry.url), reason=veil.text(entry.reason))
        case Posted():
            return replace(entry, payload=veil.body(entry.payload))
        case Subscribed() | Changed():
            return replace(entry, registration=_registration(entry.registration, veil))
        case Opened() | Happened():
            return replace(entry, effects=_effects(entry.effects, veil))
        case Reacted():
            return replace(entry, plan=_plan(entry.plan, veil), effects=_effects(entry.effects, veil))
        case FaultArmed():
            return replace(entry, fault=veiled_fault(entry.fault, veil))
        case Restored():
            return replace(entry, state=_state(entry.state, veil))
    return entry


def veiled_event(event: Event, veil: Veil) -> Event:
    """Something that happened; its body is the very same unless there was something to hide."""
    body = veil.body(event.body, "application/json")
    return event if body is event.body else event._replace(body=body)


def veiled_fault(fault: Fault | None, veil: Veil) -> Any:
    """A fault; the answer that it gives may hold anything."""
    body = getattr(fault, "body", None)
    if fault is None or body is None:
        return fault
    return replace(fault, body=veil.body(body) if isinstance(body, bytes) else _value(body, veil))  # type: ignore[call-arg]


def _exchange(entry: Exchange, veil: Veil) -> Exchange:
    call, reply = entry.call, entry.reply
    kind = call.header("content-type") or ""
    replied = dict(reply.headers).get("content-type", "")
    shown = replace(
        call,
        path=veil.text(call.path),
        query=tuple((name, veil.url(f"?{name}={value}").partition("=")[2]) for name, value in call.query),
        headers=veil.headers(call.headers),
        body=veil.body(call.body, kind),
        params={name: veil.text(value) for name, value in call.params.items()},
        data=_value(call.data, veil),
    )
    answer = replace(
        reply,
        headers=veil.headers(reply.headers),
        body=veil.body(reply.body, replied),
        problems=tuple(_problem(each, veil) for each in reply.problems),
    )
    return replace(
        entry,
        call=shown,
        reply=answer,
        effects=_effects(entry.effects, veil),
        nearest=veil.text(entry.nearest),
        fault=veiled_fault(entry.fault, veil),
    )


def _problem(problem: Problem, veil: Veil) -> Problem:
    """What came may be the credential itself, which its place tells."""
    got = veil.value({"pointer": problem.pointer, "got": problem.got})["got"]
    header = _OF_A_HEADER.match(problem.expected)
    if header and veil.telling(header[1]):
        got = _QUOTED.sub(_veiled_quote, got)
    return replace(problem, got=veil.text(got))


def _veiled_quote(found: re.Match[str]) -> str:
    """The name of a scheme stays; without one before it, the credential stands in its place."""
    return found[0] if found[0].strip("\"'").lower() in _SCHEMES else PLACEHOLDER


def _effects(effects: Effects, veil: Veil) -> Effects:
    """What an app registered may have headers of its own; what it stored may be anything."""
    return replace(
        effects,
        changes=tuple((table, key, _value(value, veil)) for table, key, value in effects.changes),
        events=tuple(veiled_event(event, veil) for event in effects.events),
        plans=tuple(_plan(plan, veil) for plan in effects.plans),
        registrations=tuple(_registration(each, veil) for each in effects.registrations),
    )


def _plan(plan: Plan, veil: Veil) -> Plan:
    return replace(plan, data=veil.value(dict(plan.data)))


def _registration(registration: Registration, veil: Veil) -> Registration:
    return replace(registration, url=veil.url(registration.url), headers=veil.headers(registration.headers))


def _value(value: Any, veil: Veil) -> Any:
    """Bytes that could not be read stand where the data would."""
    return veil.body(value) if isinstance(value, bytes) else veil.value(value)


def _state(state: State, veil: Veil) -> State:
    shown = deepcopy(state)
    for account in shown.accounts.values():
        _account(account, veil)
    return shown


def _account(account: AccountState, veil: Veil) -> None:
    for number, registration in account.registrations.items():
        account.registrations[number] = _registration(registration, veil)
    for rows in account.tables.values():
        rows.update({key: veil.value(value) for key, value in rows.items()})
    for number, plan in account.agenda.plans.items():
        account.agenda.plans[number] = _plan(plan, veil)
    for number, armed in account.faults.armed.items():
        account.faults.armed[number] = replace(armed, fault=veiled_fault(armed.fault, veil))
    for past in account.history.values():
        events = [veiled_event(event, veil) for event in past]
        past.clear()
        past.extend(events)
    for lane in account.outbox.lanes.values():
        lane.registration = _registration(lane.registration, veil)
        for shipment in lane.queue.values():
            shipment.events = [veiled_event(event, veil) for event in shipment.events]
            shipment.raw = None if shipment.raw is None else veil.body(shipment.raw)
