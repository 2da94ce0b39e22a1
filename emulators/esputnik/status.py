"""GET /v1/message/status: what became of messages, by the request ids that sending them returned. Booleans are text here."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.esputnik import journey
from emulators.esputnik.quirks import faithful, many, one_or_many, text

UNDELIVERED = MappingProxyType(
    {"sms": "SMS_UNDELIVERED_STATE", "viber": "VIBER_UNDELIVERED_STATE", "telegrambot": "BOT_SEND_ERROR"}
)
# What a message has been through once it was read: nobody reads what was not delivered.
ARRIVED = frozenset({"DELIVERED", "READ", "CLICKED", "UNSUBSCRIBED", "SPAM"})
# An SMS is delivered or not; the vendor lists no other status for what follows.
KNOWN = MappingProxyType({"sms": frozenset({"DELIVERED", "UNDELIVERED"})})


def status(account: Account, call: Call) -> Reply:
    """`ids` holds request ids, divided by commas or repeated; what is not known is left out."""
    data = call.fields
    wanted = [part.strip() for value in many(data.get("ids")) for part in (text(value) or "").split(",")]
    found = [row for name in dict.fromkeys(wanted) if name and (row := _row(account, name))]
    return json_reply(200, {"results": one_or_many(account, found)}, *_notes(wanted, found))


def _notes(wanted: list[str], found: list[dict[str, Any]]) -> Iterator[Problem]:
    """Why somebody who asks may get nothing."""
    expected = "ids that sending a message answered, divided by commas"
    if not any(wanted):
        source = "documented: the specification calls ids optional; that nothing is answered is assumed"
        yield Problem("/ids", expected, "none", source, "required")
    known = {row["requestId"] for row in found}
    for name in dict.fromkeys(wanted):
        if name and name not in known:
            source = "assumed: fact unknown_request_ids"
            yield Problem("/ids", expected, f"{name[:60]!r}, under which nothing was sent", source)


def _row(account: Account, request: str) -> dict[str, Any] | None:
    iid = account.table(journey.REQUESTS).get(request) or request
    message = account.table(journey.MESSAGES).get(iid)
    activities = journey.activities_of(account, iid)
    if message is None and not activities:
        return None
    media = (message["activity"] if message else activities[0]).get("mediaType", "email")
    if media == "email" and activities and activities[-1].get("hardBounce"):
        return _told(account, request, journey.BLACKLISTED, failed=True)
    statuses = [row["activityStatus"] for row in activities]
    statuses = [word for word in statuses if word in KNOWN.get(media, ARRIVED | {"UNDELIVERED"})]
    last = statuses[-1] if statuses else ""
    failed, delivered = last == "UNDELIVERED", last in ARRIVED
    word = UNDELIVERED.get(media, last) if failed else last or "IN_QUEUE"
    if message and message["stopped"]:
        failed, word = True, message["stopped"]
    return _told(account, request, word, failed, delivered)


def _told(
    account: Account, request: str, word: str, failed: bool = False, delivered: bool = False
) -> dict[str, Any]:
    return {
        "status": word,
        "requestId": request,
        "failed": _truth(account, failed),
        "delivered": _truth(account, delivered),
    }


def _truth(account: Account, value: bool) -> str | bool:
    return str(value).lower() if faithful(account) else value
