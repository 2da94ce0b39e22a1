"""GET /v2/contacts/activity: the activities again that webhooks tell of, for who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Event, Refused, Reply, json_reply
from emulators.esputnik import journey, periods
from emulators.esputnik.errors import refusal
from emulators.esputnik.identifiers import digits
from emulators.esputnik.quirks import text, whole

# The order of the vendor's specification; hardBounce, which it does not list, is in an integrator's table of these rows.
FIELDS = tuple(
    (
        "iid externalRequestId contactId externalCustomerId email webPushToken mobPushToken sms mediaType activityStatus "
        "messageId messageInstanceId messageName messageTag activityDateTime statusDescription viewMessageLink "
        "clickEventLink statusData offset messageLanguageCode sourceEventKey sourceEventTypeKey workflowBlockId workflowId "
        "workflowInstanceId broadcastId from hardBounce"
    ).split()
)

EPOCH = datetime(1582, 10, 15, tzinfo=UTC)

Row = dict[str, Any]


def activity(account: Account, call: Call) -> Reply:
    """Every activity of a period, oldest first, as far as the filters let through."""
    if account.options["activity_api.gate"]:
        problem = Problem(
            "", "an account for which support enabled it", "one without", "option activity_api.gate"
        )
        return refusal(400, "Contact support to enable ContactActivity.", problem)
    data = call.fields
    period = periods.asked(account, data)
    periods.check_length(account, period)
    fits = _filters(data)
    after = _cursor(account, text(data.get("offset")) or "")
    limit = whole(data.get("maxrows"))
    most = limit or account.facts["activity_rows"].value
    if data.get("maxrows") and (limit is None or limit < 1):
        raise Refused(
            refusal(400, "maxrows is not valid", Problem("/maxrows", "a number from 1", str(limit)))
        )
    rows: list[Row] = []
    for event in account.events("activity"):
        if len(rows) == most:
            break
        if event.ordinal > after and event.kind != "SENT" and period.holds(event.at):
            row = _row(account, event)
            if fits(row):
                rows.append(row)
    return json_reply(200, rows)


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """A query without a period, or with what the vendor does not know."""
    first = problems[0]
    name = first.pointer.strip("/").partition("/")[0] or "query"
    return refusal(
        400, f"{name} is required" if first.rule == "required" else f"{name} is not valid", *problems
    )


def _row(account: Account, event: Event) -> Row:
    """An activity under the names that the API has for its fields."""
    payload = event.payload
    message = account.table(journey.MESSAGES).get(payload.get("iid", "")) or {}
    row: Row = {
        **payload,
        "webPushToken": payload.get("webpush"),
        "mobPushToken": payload.get("mobilepush"),
        "sms": payload.get("sms") or payload.get("viber"),
        "statusData": _status_data(payload),
        "offset": _offset(event),
        "externalRequestId": message.get("externalRequestId"),
        "from": message.get("from") or payload.get("from"),
    }
    return {name: row[name] for name in FIELDS if row.get(name) is not None}


def _status_data(payload: Mapping[str, Any]) -> Row:
    """Spelt right, however the webhook has it."""
    data = payload.get("statusData") or {}
    if "subscripton" in data:
        return {"subscription": {"subscriptions": data["subscripton"].get("subscriptons", [])}}
    return dict(data)


def _filters(data: Mapping[str, Any]) -> Callable[[Row], bool]:
    email, sms = (text(data.get(name)) or "" for name in ("email", "sms"))
    exact = {
        name: told
        for name in ("webPushToken", "mobPushToken", "activityStatus")
        if (told := text(data.get(name)))
    }
    tag = text(data.get("messageTag"))

    def fits(row: Row) -> bool:
        if email and row.get("email", "").lower() != email.lower():
            return False
        if sms and digits(row.get("sms", "")) != digits(sms):
            return False
        if tag and tag not in row.get("messageTag", "").split(","):
            return False
        return all(row.get(name) == value for name, value in exact.items())

    return fits


def _offset(event: Event) -> str:
    """A cursor that looks like the printed one, a UUID of version 1; its last part says which activity it is."""
    ticks = (event.at - EPOCH) // timedelta(microseconds=1) * 10
    fields = (
        ticks & 0xFFFFFFFF,
        ticks >> 32 & 0xFFFF,
        ticks >> 48 & 0x0FFF | 0x1000,
        0xAA,
        0x11,
        event.ordinal,
    )
    return str(UUID(fields=fields))


def _cursor(account: Account, offset: str) -> int:
    """The ordinal of the activity that the last page ended with; 0: none."""
    if not offset.strip() or account.options["activity_api.offset"] == "ignored":
        return 0
    try:
        found = UUID(offset.strip())
    except ValueError:
        found = UUID(int=0)
    if found.version != 1:
        problem = Problem("/offset", "the offset of a row, or nothing", repr(offset[:60]))
        raise Refused(refusal(400, "offset is not valid", problem))
    return found.node
