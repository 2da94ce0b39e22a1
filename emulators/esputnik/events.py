"""POST /event: something happened to a contact. It may be the start of a workflow.

Version 1 takes values as text, version 2 any JSON, version 3 (experimental here) the parameters as one object.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from emulators.engine.pointer import look_up
from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.esputnik import identifiers, workflows
from emulators.esputnik.errors import refusal
from emulators.esputnik.quirks import many, text, tolerated

FORBIDDEN = "<;’\\/|\"`'^?!,>"
ASSUMED = Problem(
    "",
    "an answer that some page shows",
    "200 without a body, as versions 1 and 2 have it",
    "assumed: nobody shows the answer to an event of version 3 that was taken",
)
LONGEST_TYPE, LONGEST_KEY, LONGEST_NAME = 100, 300, 100


def happen(account: Account, event_type_key: str, key_value: str, params: Mapping[str, Any]) -> None:
    """An event, however it came about: its type exists from now on, and a workflow may start."""
    types = account.table("event types")
    if event_type_key not in types:
        types.put(event_type_key, {"eventTypeKey": event_type_key, "created": account.now.isoformat()})
    workflows.launch(account, event_type_key, key_value, params)


def generate_v1(account: Account, call: Call) -> Reply:
    """POST /v1/event."""
    return _generate(account, call, _listed, account.options["events.validation_answer"])


def generate_v2(account: Account, call: Call) -> Reply:
    """POST /v2/event."""
    return _generate(account, call, _listed, account.options["events.validation_answer"])


def generate_v3(account: Account, call: Call) -> Reply:
    """POST /v3/event: the one page that shows it answers a refused one with an object."""
    return _generate(account, call, _mapped, "map", ASSUMED)


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """Numbers and booleans are taken where text is wanted, and null for what may be missing."""
    grave = [problem for problem in problems if not _is_taken(account, call, problem)]
    return refusal(400, _told(grave[0]), *grave) if grave else None


def _generate(
    account: Account, call: Call, read: Callable[[Any], dict[str, Any]], form: str, *told: Problem
) -> Reply:
    largest = account.facts["event_body_limit"].value
    if len(call.body) > largest:
        problem = Problem("", f"a body of at most {largest} bytes", f"{len(call.body)} bytes")
        raise Refused(refusal(account.options["events.too_large"], "Event content is too large", problem))
    data = call.fields
    event_type = _text(data.get("eventTypeKey"))
    _check("eventTypeKey", event_type, LONGEST_TYPE)
    params = read(data.get("params"))
    _validate(account, event_type, params, form)
    key = _text(data.get("keyValue")) or identifiers.key_among(params)
    if key is None:
        wanted = ", ".join(identifiers.PRIORITY)
        _no(
            "keyValue is required", Problem("/keyValue", f"a key, or one of {wanted} among params", "neither")
        )
    _check("keyValue", key, LONGEST_KEY)
    notes = (*_near(account, event_type), *told)
    happen(account, event_type, key, params)
    # Clients take the body for JSON if there is one; there is none.
    return Reply(200, b"", (("content-type", "application/json; charset=UTF-8"),), notes)


def _near(account: Account, event_type: str) -> tuple[Problem, ...]:
    """A type that is new is made, as documented; it may be another one misspelt."""
    started = workflows.starters(account)
    if event_type in account.table("event types") or event_type in started:
        return ()
    folded = {name.casefold(): name for name in started}
    near = difflib.get_close_matches(event_type.casefold(), folded, n=1, cutoff=0.8)
    if not near:
        return ()
    expected = f"a type that is known; did you mean {folded[near[0]]!r}?"
    return (Problem("/eventTypeKey", expected, f"{event_type!r}, which is new and starts no workflow"),)


def _listed(given: Any) -> dict[str, Any]:
    """The parameters by name, from a list of pairs; a single pair may stand without the list."""
    found: dict[str, Any] = {}
    if isinstance(given, dict) and not {"name", "value"} <= set(given):
        expected = "a list of {name, value}; version 3 takes an object"
        _no("params is not valid", Problem("/params", expected, "an object", rule="type"))
    for index, param in enumerate(many(given)):
        place = f"/params/{index}"
        if not isinstance(param, dict) or "name" not in param or "value" not in param:
            _no("name and value of a parameter are required", Problem(place, "name and value", "not both"))
        name = _text(param["name"])
        _check_param(name, place)
        if name in found:
            _no(
                f"Parameter '{name}' is not unique",
                Problem(place, "a name that no other one has", repr(name)),
            )
        found[name] = param["value"]
    return found


def _mapped(given: Any) -> dict[str, Any]:
    """The parameters of an object."""
    params = given if isinstance(given, dict) else {}
    for name in params:
        _check_param(name, "/params")
    return params


def _validate(account: Account, event_type: str, params: Mapping[str, Any], form: str) -> None:
    """Refuses an event without the parameters that its type must have, if somebody said so."""
    wanted = account.options["events.required_params"].get(event_type)
    if not wanted or not isinstance(wanted, list | tuple | Mapping):
        return
    required = {str(name): bool(wanted[name]) if isinstance(wanted, Mapping) else True for name in wanted}
    missing = [name for name, needed in required.items() if needed and params.get(name) in (None, "")]
    if not missing:
        return
    problems = [Problem("/params", f"a parameter {name!r}", "none") for name in missing]
    if form == "map":
        raise Refused(
            json_reply(400, {"params": {n: {"required": r} for n, r in required.items()}}, *problems)
        )
    shown = json.dumps([{"name": n, "required": r} for n, r in required.items()], ensure_ascii=False)
    raise Refused(refusal(400, f"The event should have the following params: {shown}", *problems))


def _is_taken(account: Account, call: Call, problem: Problem) -> bool:
    """A wrong type that the server reads all the same; nested values are another matter."""
    value = look_up(call.data, problem.pointer)
    if problem.pointer.endswith("/value") and isinstance(value, dict | list):
        return bool(account.options["events.v1_nested_value"] == 200)
    if problem.pointer.rpartition("/")[2] in ("eventTypeKey", "name") and value is None:
        return False
    return tolerated(call.data, problem)


def _text(value: Any) -> str:
    return text(value) or ""


def _check(name: str, value: str, longest: int) -> None:
    if not value.strip():
        _no(f"{name} is required", Problem(f"/{name}", "text", "none", rule="required"))
    if len(value) > longest:
        _no(
            f"{name} is too long",
            Problem(f"/{name}", f"at most {longest} characters", f"{len(value)} characters"),
        )
    if bad := sorted(set(value) & set(FORBIDDEN)):
        _no(
            f"{name} contains forbidden characters",
            Problem(f"/{name}", f"none of {' '.join(FORBIDDEN)}", " ".join(bad)),
        )


def _check_param(name: str, place: str) -> None:
    if not name or len(name) > LONGEST_NAME:
        problem = Problem(place, f"a name of 1 to {LONGEST_NAME} characters", f"{len(name)} characters")
        _no("Name of a parameter is empty or too long", problem)


def _told(problem: Problem) -> str:
    field = problem.pointer.strip("/") or "body"
    if problem.rule == "unreadable":
        return "Wrong format of the request"
    return f"{field} is required" if problem.rule == "required" else f"{field} is not valid"


def _no(told: str, problem: Problem) -> NoReturn:
    raise Refused(refusal(400, told, problem))
