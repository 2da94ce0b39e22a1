"""The records of mails that were sent, as the API shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from emulators.engine.provider import Account

TABLE = "smtp emails"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# An address of a network for documentation.
SENDER_IP = "203.0.113.7"


def date(moment: datetime) -> str:
    """A time as the API writes it, without a zone; that it is UTC is assumed."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def new(
    account: Account, sender: str, subject: str, recipients: list[str], size: int, html: bytes = b""
) -> dict[str, Any]:
    """The record of a mail that was accepted."""
    link = re.search(rb"""href\s*=\s*["']?(https?://[^\s"'<>]+)""", html[:100_000], re.IGNORECASE)
    stored: dict[str, Any] = {
        "id": _id(account),
        "sender": sender,
        "subject": subject,
        "recipients": recipients,
        "total_size": size,
        "send_date": date(account.now),
        "answer": None,
        "clicks": [],
        "opens": [],
        "url": link[1].decode("utf-8", "replace") if link else "https://shop.example.com/",
    }
    account.table(TABLE).put(stored["id"], stored)
    return stored


def find(account: Account, id: str) -> dict[str, Any] | None:
    """A record by the id of its mail."""
    stored: dict[str, Any] | None = account.table(TABLE).get(id)
    if stored is None and id == account.facts["documented_mail"].value["id"]:
        return _documented(id)
    return stored


def everyone(account: Account) -> Iterator[dict[str, Any]]:
    """All records, the oldest first."""
    table = account.table(TABLE)
    for id in table:
        if (stored := table.get(id)) is not None:
            yield stored


def shown(account: Account, stored: dict[str, Any], country: bool = True) -> dict[str, Any]:
    """A record in the vendor's fields. Numbers may be text: his own samples differ in it."""
    code, subcode, text, explain = stored["answer"] or (0, "", "", "")
    as_text = account.options["smtp.record_numbers"] == "text"
    alone = len(stored["recipients"]) == 1 or account.options["smtp.recipient_of_many"] == "first"
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
        "recipient": stored["recipients"][0] if alone else None,
        "subject": stored["subject"],
        "send_date": stored["send_date"],
        "tracking": {
            "click": len(stored["clicks"]),
            "open": len(stored["opens"]),
            "link": [_placed(row, country) for row in stored["clicks"]],
            "client_info": [_placed(row, country) for row in stored["opens"]],
        },
    }


def _documented(id: str) -> dict[str, Any]:
    """The record that the vendor prints. No recipient is shown, and the answer he prints is not of the record's story."""
    place = {"os": "Linux", "ip": "46.149.83.86", "country": "USA"}
    click = {"url": "http://some-url.com", "browser": "Chrome 29.0.1547.57", "screen_resolution": "1920x1080"}
    return {
        "id": id,
        "sender": "JohnDoe@test.com",
        "subject": "SendPulse :: Email confirmation",
        "recipients": [None],
        "total_size": 1128,
        "send_date": "2013-12-17 10:33:53",
        "answer": [250, "0", "Bad recipients", "Delivered"],
        "clicks": [{**click, **place, "action_date": "2013-09-30 11:27:40"}],
        "opens": [{"browser": "Thunderbird 17.0.8", **place, "action_date": "2013-09-30 11:27:49"}],
    }


def _placed(row: dict[str, Any], country: bool) -> dict[str, Any]:
    return {name: value for name, value in row.items() if country or name != "country"}


def _id(account: Account) -> str:
    """Such as `pzkic9-0afezp-fc`. The first part of the vendor's samples is the Unix time in base 36."""
    random = account.random("smtp email")
    epoch, first = int(account.now.timestamp()), ""
    while epoch > 0:
        epoch, digit = divmod(epoch, 36)
        first = DIGITS[digit] + first
    rest = "".join(DIGITS[random.getrandbits(16) % 36] for _ in range(7))
    return f"{first.rjust(6, '0')}-0{rest[:5]}-{rest[5:]}"
