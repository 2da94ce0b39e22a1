"""/smtp/bounces/day: the mails that were not delivered within the last 24 hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.sendpulse.smtp.reading import day, filters, page

TABLE = "smtp bounces"


def add(account: Account, email: str, stored: Mapping[str, Any], code: int, subcode: str, text: str) -> None:
    """A mail came back."""
    row = {
        "email_to": email,
        "sender": stored["sender"],
        "send_date": stored["send_date"],
        "subject": stored["subject"],
        "smtp_answer_code": code,
        "smtp_answer_subcode": subcode,
        "smtp_answer_data": text,
    }
    account.table(TABLE).put(str(account.number("smtp bounce")), {"at": account.now.isoformat(), "row": row})


def listed(account: Account, call: Call) -> Reply:
    """GET /smtp/bounces/day, the newest first: `total` counts them all, `found` those of this answer."""
    given, notes = filters(account, call)
    rows = list(_recent(account, day(given, "date")))[::-1]
    most = account.facts["bounces_request_limit"].value
    found = page(given, rows, most)
    answer = {"total": len(rows), "emails": found, "request_limit": most, "found": len(found)}
    return json_reply(200, answer, *notes)


def total(account: Account, call: Call) -> Reply:
    """GET /smtp/bounces/day/total."""
    return json_reply(200, {"total": sum(1 for _ in _recent(account, ""))})


def _recent(account: Account, date: str) -> Iterator[dict[str, Any]]:
    """What came back less than 24 hours ago, counted from now and not from midnight; of one day if it is given."""
    table = account.table(TABLE)
    for key in table:
        known = table.get(key) or {}
        at = datetime.fromisoformat(known["at"])
        if account.now - at <= timedelta(hours=24) and known["at"].startswith(date[:10]):
            yield known["row"]
