"""Scheduled requests: getMsgStats promises a result, getResults hands it out."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.pushwoosh import messages, sending
from emulators.pushwoosh.arguments import needed, stamp
from emulators.pushwoosh.envelope import ok, refusal, request_of

TABLE = "requests"
ACTIONS = (
    ("Email Sent", "send"),
    ("Push Sent", "send"),
    ("Email Delivered", "delivery"),
    ("Email Opened", "open"),
)
# A report is the coarser the longer it is; the first that fits counts.
DAY = 86_400
SPANS = ((365 * DAY, "yearly"), (31 * DAY, "monthly"), (DAY, "daily"), (3 * 3600, "hourly"))


def get_msg_stats(account: Account, call: Call) -> Reply:
    """getMsgStats: the id of a request, to be asked for with getResults."""
    stored = messages.known(account, call)
    name = f"{account.random('scheduled request').getrandbits(128):032x}"
    account.table(TABLE).put(name, {"message": stored["code"], "created": stored["created"]})
    return ok(account, {"request_id": name})


def get_results(account: Account, call: Call) -> Reply:
    """getResults: what became of a message, in rows of time and action."""
    request = request_of(account, call)
    asked = account.table(TABLE).get(needed(account, request, "request_id"))
    if asked is None:
        expected = "the request_id of a scheduled request"
        problem = Problem("/request/request_id", expected, ascii(request["request_id"])[:60])
        raise refusal(account, "request_id", problem)
    names = dict(ACTIONS)
    events = [
        (at, names[kind]) for at, kind in sending.counted(account).get(asked["message"], ()) if kind in names
    ]
    length = (events[-1][0] - events[0][0]).total_seconds() if events else 0
    formatter = next((name for seconds, name in SPANS if length > seconds), "minutely")
    rows = Counter((_rounded(at, formatter), action) for at, action in events)
    totals = Counter(action for _, action in events)

    def count(number: int) -> Any:
        return str(number) if account.options["results.count"] == "text" else number

    response = {
        "formatter": formatter,
        "rows": [{"datetime": at, "action": action, "count": count(n)} for (at, action), n in rows.items()],
        "conversion": {**{name: totals[name] for name in ("send", "delivery", "open")}, "events": []},
    }
    return ok(account, response)


def _rounded(moment: datetime, formatter: str) -> str:
    moment = moment.replace(second=0, microsecond=0)
    if formatter != "minutely":
        moment = moment.replace(minute=0)
    if formatter in ("daily", "monthly", "yearly"):
        moment = moment.replace(hour=0)
    if formatter in ("monthly", "yearly"):
        moment = moment.replace(day=1)
    return stamp(moment.replace(month=1) if formatter == "yearly" else moment)
