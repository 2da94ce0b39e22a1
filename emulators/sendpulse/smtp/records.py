"""The records of mails that were sent, as the API shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from emulators.engine.provider import Account

TABLE = "smtp emails"
# What grows with the recipients of a mail, or changes with what they do, is in rows of its own.
RECIPIENTS, ANSWERS, TRACKING = "smtp recipients", "smtp answers", "smtp tracking"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
ANY_DIGIT = (DIGITS.encode() * 8)[:256]
"""A digit for every byte."""
LINK = re.compile(rb"""href\s*=\s*["']?(https?://[^\s"'<>]+)""", re.IGNORECASE)
# An address of a network for documentation.
SENDER_IP = "203.0.113.7"


def date(moment: datetime) -> str:
    """A time as the API writes it, without a zone; that it is UTC is assumed."""
    return moment.isoformat(" ")[:19]


def new(
    account: Account, sender: str, subject: str, recipients: list[str], size: int, html: bytes = b""
) -> dict[str, Any]:
    """The record of a mail that was accepted."""
    link, now = LINK.search(html, 0, 100_000), account.now
    stored: dict[str, Any] = {
        "id": _id(account, now),
        "sender": sender,
        "subject": subject,
        "recipient": recipients[0],
        "others": len(recipients) - 1,
        "total_size": size,
        "send_date": date(now),
        "url": link[1].decode("utf-8", "replace") if link else "https://shop.example.com/",
    }
    account.table(TABLE).put(stored["id"], stored)
    if len(recipients) > 1:
        account.table(RECIPIENTS).put(stored["id"], recipients)
    return stored


def find(account: Account, id: str) -> dict[str, Any] | None:
    """A record by the id of its mail."""
    stored: dict[str, Any] | None = account.table(TABLE).get(id)
    if stored is None and id == account.facts["documented_mail"].value["id"]:
        return _documented(id)
    return stored


def went_to(account: Account, stored: dict[str, Any], email: str) -> bool:
    """Whether somebody is among the recipients of a mail; `email` is in small letters."""
    everybody = account.table(RECIPIENTS).get(stored["id"]) or [stored["recipient"]]
    return email in map(str.lower, everybody)


def answered(account: Account, id: str, code: int, subcode: str, text: str, explain: str) -> None:
    """A server answered; the record shows the last answer."""
    account.table(ANSWERS).put(id, [code, subcode, text, explain])


def track(account: Account, id: str, what: str, row: dict[str, Any]) -> None:
    """A recipient read the mail or clicked: `what` is `open` or `click`."""
    table = account.table(TRACKING)
    number = (table.get(f"{id} {what}") or 0) + 1
    table.put(f"{id} {what}", number)
    table.put(f"{id} {what} {number}", row)


def everyone(account: Account) -> Iterator[dict[str, Any]]:
    """All records, the oldest first."""
    table = account.table(TABLE)
    for id in table:
        if (stored := table.get(id)) is not None:
            yield stored


def shown(account: Account, stored: dict[str, Any], country: bool = True) -> dict[str, Any]:
    """A record in the vendor's fields. Numbers may be text: his own samples differ in it."""
    code, subcode, text, explain = stored.get("answer") or _answer(account, stored["id"])
    clicks, opens = (stored.get(what) or _tracked(account, stored["id"], what) for what in ("click", "open"))
    as_text = account.options["smtp.record_numbers"] == "text"
    alone = not stored["others"] or account.options["smtp.recipient_of_many"] == "first"
    return {
        "id": stored["id"],
        "sender": stored["sender"],
        "total_size": str(stored["total_size"]) if as_text else stored["total_size"],
        "sender_ip": SENDER_IP,
        "smtp_answer_code": str(code) if as_text else code,
        "smtp_answer_code_explain": explain,
        "smtp_answer_subcode": subcode,
        "smtp_answer_data": text,
        "used_ip": account.facts["smtp_ips"].value[0],
        "recipient": stored["recipient"] if alone else None,
        "subject": stored["subject"],
        "send_date": stored["send_date"],
        "tracking": {
            "click": len(clicks),
            "open": len(opens),
            "link": [_placed(row, country) for row in clicks],
            "client_info": [_placed(row, country) for row in opens],
        },
    }


def _answer(account: Account, id: str) -> tuple[int, str, str, str]:
    code, subcode, text, explain = account.table(ANSWERS).get(id) or (0, "", "", "")
    return code, subcode, text, explain


def _tracked(account: Account, id: str, what: str) -> list[dict[str, Any]]:
    table = account.table(TRACKING)
    numbers = range(1, (table.get(f"{id} {what}") or 0) + 1)
    return [row for number in numbers if (row := table.get(f"{id} {what} {number}"))]


def _documented(id: str) -> dict[str, Any]:
    """The record that the vendor prints. No recipient is shown, and the answer he prints is not of the record's story."""
    place = {"os": "Linux", "ip": "46.149.83.86", "country": "USA"}
    click = {"url": "http://some-url.com", "browser": "Chrome 29.0.1547.57", "screen_resolution": "1920x1080"}
    return {
        "id": id,
        "sender": "JohnDoe@test.com",
        "subject": "SendPulse :: Email confirmation",
        "recipient": None,
        "others": 0,
        "total_size": 1128,
        "send_date": "2013-12-17 10:33:53",
        "answer": [250, "0", "Bad recipients", "Delivered"],
        "click": [{**click, **place, "action_date": "2013-09-30 11:27:40"}],
        "open": [{"browser": "Thunderbird 17.0.8", **place, "action_date": "2013-09-30 11:27:49"}],
    }


def _placed(row: dict[str, Any], country: bool) -> dict[str, Any]:
    return {name: value for name, value in row.items() if country or name != "country"}


def _id(account: Account, now: datetime) -> str:
    """Such as `pzkic9-0afezp-fc`. The first part of the vendor's samples is the Unix time in base 36."""
    rest = account.random("smtp email").randbytes(7).translate(ANY_DIGIT).decode()
    return f"{_in_base_36(int(now.timestamp()))}-0{rest[:5]}-{rest[5:]}"


@lru_cache(maxsize=1)
def _in_base_36(epoch: int) -> str:
    digits = ""
    while epoch > 0:
        epoch, digit = divmod(epoch, 36)
        digits = DIGITS[digit] + digits
    return digits.rjust(6, "0")
