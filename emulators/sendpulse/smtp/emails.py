"""/smtp/emails: sends mails, and tells what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.sendpulse.errors import error
from emulators.sendpulse.smtp import journey, judging, records
from emulators.sendpulse.smtp.reading import address, brief, day, filters, number

# Of the Python library's description of `limit`.
MOST_RECORDS = 100
MOST_IDS = 500


def send(account: Account, call: Call) -> Reply:
    """POST /smtp/emails: one record, and a story for each recipient."""
    refusal = judging.verdict(account, call)
    if refusal:
        return refusal
    fields: Mapping[str, Any] = call.data["email"]
    sender = address(fields["from"]["email"])
    to = judging.recipients(fields)
    html = judging.decoded(fields.get("html")) or b""
    stored = records.new(account, sender, fields["subject"], to, judging.size(fields), html)
    dropped = journey.begin(account, stored)
    notes = [
        Problem("/email", "a recipient who did not unsubscribe: nothing is sent to this one", who)
        for who in dropped
    ]
    return json_reply(200, {"result": True, "id": stored["id"]}, *judging.remarks(account, call), *notes)


def listed(account: Account, call: Call) -> Reply:
    """GET /smtp/emails: the records, the newest first."""
    given, notes = filters(account, call)
    since, until = day(given, "from"), day(given, "to")
    sender, recipient = given.get("sender", "").lower(), given.get("recipient", "").lower()
    found = [
        stored
        for stored in records.everyone(account)
        if (not since or stored["send_date"] >= since)
        and (not until or stored["send_date"][: len(until)] <= until)
        and (not sender or stored["sender"].lower() == sender)
        and (not recipient or recipient in map(str.lower, stored["recipients"]))
    ]
    start = number(given, "offset", len(found))
    page = found[::-1][start : start + (number(given, "limit", MOST_RECORDS) or MOST_RECORDS)]
    country = given.get("country") != "off"
    return json_reply(200, [records.shown(account, stored, country) for stored in page], *notes)


def total(account: Account, call: Call) -> Reply:
    """GET /smtp/emails/total."""
    return json_reply(200, {"total": sum(1 for _ in account.table(records.TABLE))})


def one(account: Account, call: Call) -> Reply:
    """GET /smtp/emails/{id}."""
    stored = records.find(account, call.params["id"])
    if stored is None:
        problem = Problem("", "the id that POST /smtp/emails answered", brief(call.params["id"]))
        return error(400, "No such email", 14, problem)
    return json_reply(200, records.shown(account, stored))


def several(account: Account, call: Call) -> Reply:
    """POST /smtp/emails/info: those of up to 500 ids that exist."""
    ids = call.data["emails"]
    known = [
        stored
        for one in dict.fromkeys(ids)
        if isinstance(one, str) and (stored := records.find(account, one))
    ]
    if not known:
        return error(
            400, "No such emails", 14, Problem("/emails", "ids that POST /smtp/emails answered", brief(ids))
        )
    return json_reply(200, [records.shown(account, stored) for stored in known])


def refuse_ids(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """No list of at most 500 ids."""
    return error(400, "Emails param empty or incorrect", 832, *problems)
