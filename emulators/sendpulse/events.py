"""POST /events/id/{event}/{account} and POST /events/name/{name}: something a contact did, told to Automation 360.

The first needs no token and takes forms too, the second is what the vendor's libraries call.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulators.engine.profile import Fact, Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.sendpulse import automation360
from emulators.sendpulse.errors import error

IDENTITY = ("email", "phone")


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
    """The events that exist: those of the documents, of the options and those that a call has made."""
    ids, options = account.facts["documented_ids"].value, account.options
    # A key of digits is the number of a flow.
    started = [name for name in options["flows"] if not name.isdecimal()]
    found = [ids["event_name"], f"{ids['event']}/{ids['account']}", *options["events.names"], *started]
    return list(dict.fromkeys((*found, *account.table("made events"))))


def _take(account: Account, call: Call, event: str) -> Reply:
    data: dict[str, Any] = call.data
    if not any(identity(data, name) for name in IDENTITY):
        problem = Problem("", "an email or a phone, as text that is not empty", "neither")
        raise Refused(_no(account, "events.missing_identity", "Argument email missing", problem))
    flow, notes = _automation_id(call)
    notes = (*notes, *_odd(data, account.facts["string_variables"]))
    if notes and account.options["events.types"] == "strict":
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
    there = known(account)
    near = difflib.get_close_matches(event[:200], there, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    expected = (
        f"an event that exists ({', '.join(there[:10])}){hint} At the vendor's others are made in the dashboard, here "
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


def _odd(data: Mapping[str, Any], longest: Fact) -> tuple[Problem, ...]:
    """Rules whose breach no page connects with an answer; the form of an address or number is not said either."""
    found = []
    email, phone = identity(data, "email"), identity(data, "phone")
    form = "documented: what it is; its form is assumed (option events.types)"
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        found.append(Problem("/email", "an e-mail address", repr(email[:40]), form))
    if phone and not re.fullmatch(r"\+?[0-9]{7,15}", phone, re.ASCII):
        found.append(Problem("/phone", "7 to 15 digits, with or without +", repr(phone[:40]), form))
    length = f"{longest.basis}: fact string_variables; what follows is assumed (option events.types)"
    for name, value in data.items():
        if name not in IDENTITY and isinstance(value, str) and len(value) > longest.value:
            expected = f"at most {longest.value} characters"
            found.append(Problem(f"/{name}", expected, f"{len(value)} characters", length))
    return tuple(found)
