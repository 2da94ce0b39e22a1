"""POST /events/id/{event}/{account} and POST /events/name/{name}: something a contact did, told to Automation 360.

The first needs no token and takes forms too, the second is what the vendor's libraries call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.sendpulse import automation360
from emulators.sendpulse.errors import error

IDENTITY = ("email", "phone")
# Of a later page of the vendor, on mapping variables.
LONGEST_VARIABLE = 255


def by_id(account: Account, call: Call) -> Reply:
    """An event by the two ids of its URL."""
    return _take(account, call, f"{call.params['event']}/{call.params['account']}")


def by_name(account: Account, call: Call) -> Reply:
    """An event by its name, which the vendor makes of its title."""
    return _take(account, call, call.params["name"])


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """What no event can be read from is refused, and what is of another type only where types are strict."""
    if not isinstance(call.data, dict):
        return _no(account, "events.malformed_body", "Badly formed incoming data", *problems)
    if not any(identity(call.data, name) for name in IDENTITY):
        return _no(account, "events.missing_identity", "Argument email missing", *problems)
    if account.options["events.types"] == "strict":
        field = problems[0].pointer.strip("/") or "email"
        return error(422, f"Argument {field} is invalid", 422, *problems)
    return None


def identity(data: Mapping[str, Any], name: str) -> str:
    """The address or number of the contact, without the blanks around it; empty if it cannot be one.

    A number that came as a JSON number is taken: that it is a string is documented, that others are refused is not.
    """
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name == "phone":
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def known(account: Account) -> list[str]:
    """The events that exist: those of the documents, of the option and those that a call has made."""
    ids = account.facts["documented_ids"].value
    named = [name for name in account.options["events.names"] if isinstance(name, str)]
    return [ids["event_name"], f"{ids['event']}/{ids['account']}", *named, *account.table("made events")]


def _take(account: Account, call: Call, event: str) -> Reply:
    data: dict[str, Any] = call.data
    if not any(identity(data, name) for name in IDENTITY):
        problem = Problem("", "an email or a phone, as text that is not empty", "neither")
        raise Refused(_no(account, "events.missing_identity", "Argument email missing", problem))
    flow, notes = _automation_id(call)
    if account.options["events.types"] == "strict":
        notes = (*notes, *_strictly(data))
        if notes:
            field = notes[0].pointer.strip("/")
            return error(422, f"Argument {field} is invalid", 422, *notes)
    if event not in known(account):
        if account.options["events.unknown"] != "create":
            raise Refused(_no(account, "events.unknown", "Event not found", _how_to_make(account, event)))
        account.table("made events").put(event, {"event": event})
    record = {
        "event": event,
        "at": account.now.isoformat(),
        "email": identity(data, "email"),
        "phone": identity(data, "phone"),
        "automation_id": flow,
        "variables": {name: data[name] for name in data if name not in (*IDENTITY, "automation_id")},
    }
    account.table("events").put(str(account.number("received event")), record)
    return json_reply(200, {"result": True}, *notes, *automation360.start(account, event, record))


def _no(account: Account, option: str, text: str, *problems: Problem) -> Reply:
    """The refusal whose status an option says; with 200 the body says it."""
    status = account.options[option]
    origin = f"what is answered is assumed: option {option}"
    told = [replace(p, source=f"{p.source}; {origin}" if p.source else origin) for p in problems]
    return json_reply(200, {"result": False}, *told) if status == 200 else error(status, text, status, *told)


def _how_to_make(account: Account, event: str) -> Problem:
    expected = (
        f"an event that exists ({', '.join(known(account)[:10])}). At the vendor's others are made in the dashboard, here "
        f"by options={{'events.names': [{event[:80]!r}]}}; with 'events.unknown': 'create' the first call makes one"
    )
    return Problem("", expected, event[:80])


def _automation_id(call: Call) -> tuple[int | None, tuple[Problem, ...]]:
    """The flow that is meant; forms carry text alone, in JSON it should be a number."""
    value = call.data.get("automation_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return value, ()
    if isinstance(value, float) and value.is_integer():
        return int(value), ()
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        return None, ()
    if "form" in (call.header("content-type") or "").lower():
        return int(value), ()
    return int(value), (Problem("/automation_id", "a Number", f"{value!r}, text", "documented", "type"),)


def _strictly(data: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Rules that no page of this revision states."""
    found = []
    email, phone = identity(data, "email"), identity(data, "phone")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        found.append(Problem("/email", "an e-mail address", repr(email[:40])))
    if phone and not re.fullmatch(r"\+?[0-9]{7,15}", phone, re.ASCII):
        found.append(Problem("/phone", "7 to 15 digits, with or without +", repr(phone[:40])))
    for name, value in data.items():
        if name not in IDENTITY and isinstance(value, str) and len(value) > LONGEST_VARIABLE:
            found.append(Problem(f"/{name}", f"at most {LONGEST_VARIABLE} characters", str(len(value))))
    return tuple(found)
