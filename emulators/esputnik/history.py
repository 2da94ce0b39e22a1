"""GET /v2/contacts/messages: the messages that one contact was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.esputnik import journey, periods
from emulators.esputnik.errors import refusal
from emulators.esputnik.identifiers import digits
from emulators.esputnik.quirks import many, text, whole

MOST_ROWS = 100
Row = dict[str, Any]


def messages(account: Account, call: Call) -> Reply:
    """The messages of a contact in a period, latest first, each with the last thing that happened to it."""
    data = call.fields
    period = periods.asked(account, data)
    told = {name: text(data.get(name)) for name in ("email", "phone", "contactId", "externalCustomerId")}
    wanted = {name: value.strip() for name, value in told.items() if value and value.strip()}
    if not wanted:
        problem = Problem("", "one of contactId, externalCustomerId, email, phone", "none")
        raise Refused(refusal(400, "contactId, externalCustomerId, email or phone is required", problem))
    channels = {
        part.strip().lower()
        for value in many(data.get("channelTypes"))
        for part in (text(value) or "").split(",")
    } - {""}
    found = [
        row
        for sent, row in sorted(_sent(account), key=lambda pair: pair[0], reverse=True)
        if period.holds(sent) and _is_of(row, wanted) and (not channels or row["channelType"] in channels)
    ]
    start, most = whole(data.get("offset")) or 0, whole(data.get("maxrows")) or 10
    if start < 0 or most < 0:
        raise Refused(refusal(400, "offset or maxrows is not valid", Problem("", "numbers from 0", "less")))
    return json_reply(200, [_shown(row) for row in found[start : start + min(most, MOST_ROWS)]])


def _sent(account: Account) -> list[tuple[datetime, Row]]:
    """Every message, also those of which only activities are known; with when it was sent."""
    rows: dict[str, tuple[datetime, Row]] = {}
    table = account.table(journey.MESSAGES)
    for iid in table:
        message = table.get(iid) or {}
        rows[iid] = (datetime.fromisoformat(message["sent"]), _row(message["activity"], message))
    for event in account.events("activity"):
        payload = event.payload
        iid = str(payload.get("iid"))
        at, row = rows.setdefault(iid, (event.at, _row(payload, {})))
        if event.kind != "SENT":
            row["activityStatus"] = payload["activityStatus"]
        row["sentDateTime"] = at.astimezone(UTC).isoformat(timespec="seconds")[:19]
    for at, row in rows.values():
        row.setdefault("sentDateTime", at.astimezone(UTC).isoformat(timespec="seconds")[:19])
    return list(rows.values())


def _row(activity: Mapping[str, Any], message: Mapping[str, Any]) -> Row:
    tag = activity.get("messageTag")
    return {
        "contactId": activity["contactId"],
        "externalCustomerId": activity.get("externalCustomerId"),
        "email": activity.get("email"),
        "phone": activity.get("sms") or activity.get("viber"),
        "messageId": activity["messageId"],
        "messageInstanceId": activity["messageInstanceId"],
        "messageTags": tag.split(",") if tag else [],
        "channelType": activity["mediaType"],
        "from": message.get("from"),
        "subject": message.get("subject"),
        "text": message.get("text"),
        "viewMessageLink": activity.get("viewMessageLink"),
    }


def _is_of(row: Row, wanted: Mapping[str, str]) -> bool:
    own = {
        "email": (row["email"] or "").lower(),
        "phone": digits(row["phone"] or ""),
        "contactId": str(row["contactId"]),
        "externalCustomerId": row["externalCustomerId"] or "",
    }
    asked = {**wanted, "email": wanted.get("email", "").lower(), "phone": digits(wanted.get("phone", ""))}
    return all(own[name] == asked[name] for name in wanted)


FIELDS = tuple(
    (
        "contactId email phone messageId messageInstanceId messageTags channelType sentDateTime activityStatus from subject "
        "text viewMessageLink"
    ).split()
)


def _shown(row: Row) -> Row:
    return {name: row[name] for name in FIELDS if row.get(name) is not None}
