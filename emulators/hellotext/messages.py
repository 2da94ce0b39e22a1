"""POST /v1/messages: one message to one person. What becomes of it is seen by reading it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext import ids, listing, profiles
from emulators.hellotext.errors import INVALID, MISSING, NOT_FOUND, Reason, not_found, shown, unprocessable
from emulators.hellotext.reading import Record, check_body, mapping, text

TABLE, REACTION = "messages", "message moves on"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def send(account: Account, call: Call) -> Reply:
    """Takes a message in; early guides post it as a form."""
    body = check_body(account, call, forms=True)
    technology = _technology(account, body.get("technology"))
    profile = _recipient(account, body)
    template = _template(account, body.get("template"))
    if template is None and not text(body.get("body")):
        raise unprocessable(account, Reason(MISSING, "body", "a body or a template"))
    message = ids.fresh(account, "message")
    record = {
        "id": message,
        "type": "message",
        "state": "pending",
        "technology": technology,
        "profile": profile,
        "destination": text(body.get("destination")) or None,
        "origin": text(body.get("origin")) or None,
        "template": template,
        "body": None if template else text(body.get("body")),
        "created_at": ids.now(account),
    }
    account.table(TABLE).put(message, record)
    for seconds, state in account.facts["message_journeys"].value[account.options["messages.outcome"]]:
        account.after(seconds, REACTION, message=message, state=state)
    return json_reply(200, {"status": "received"})


def move_on(account: Account, data: Mapping[str, Any]) -> None:
    """The message comes to its next state."""
    table = account.table(TABLE)
    record = table.get(data["message"])
    if record is not None:
        table.put(
            data["message"], {**record, "state": data["state"], f"{data['state']}_at": ids.now(account)}
        )


def listed(account: Account, call: Call) -> Reply:
    """GET /v1/messages, latest first."""
    table = account.table(TABLE)
    return listing.answer(account, call, TABLE, [mapping(table.get(key)) for key in table])


def show(account: Account, call: Call) -> Reply:
    """GET /v1/messages/{message}."""
    given = call.params.get("message", "")
    found = account.table(TABLE).get(given)
    if found is None:
        raise not_found(account, "message", "the id of a known message", given)
    return json_reply(200, found)


def _technology(account: Account, given: object) -> str | None:
    known, active = account.facts["technologies"].value, account.options["messages.technologies"]
    if given in (None, ""):
        return None
    if given not in known:
        reason = Reason(INVALID, "technology", f"one of {', '.join(known)}", shown(given))
        raise unprocessable(account, reason)
    if given not in active:
        expected = f"a technology that the business has connected: {', '.join(map(str, active)) or 'none'}"
        raise unprocessable(account, Reason("integration_missing", "technology", expected, shown(given)))
    return str(given)


def _recipient(account: Account, body: Record) -> str:
    """The profile that is meant; a telephone number that is new makes one."""
    profile, destination = body.get("profile"), body.get("destination")
    if profile:
        if not isinstance(profile, str) or profile not in account.table(profiles.TABLE):
            reason = Reason(NOT_FOUND, "profile", "the id of a profile that exists", shown(profile))
            raise unprocessable(account, reason)
        return profile
    if not destination:
        raise unprocessable(account, Reason(MISSING, "destination", "a profile or a destination"))
    if not isinstance(destination, str) or not E164.fullmatch(destination):
        expected = "a telephone number in international form, such as +14155552671"
        raise unprocessable(account, Reason(INVALID, "destination", expected, shown(destination)))
    return str(profiles.known_as(account, {"phone": destination})["id"])


def _template(account: Account, given: object) -> str | None:
    """The template, by its id or as an object with its id and the short links that it needs."""
    if given in (None, "", {}):
        return None
    wanted = given.get("id") if isinstance(given, dict) else given
    if not isinstance(wanted, str) or wanted not in account.table("templates"):
        raise unprocessable(
            account, Reason(NOT_FOUND, "template", "the id of a known template", shown(wanted))
        )
    body = text(mapping(account.table("templates").get(wanted)).get("body"))
    links = mapping(mapping(given).get("shortlinks"))
    for name in re.findall(r"\{shortlink:([A-Za-z0-9_]+)\}", body):
        if not links.get(name):
            raise unprocessable(account, Reason(MISSING, name, f"the address of the short link {name}"))
    return wanted
