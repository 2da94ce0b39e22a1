"""A message on its way: stored, sent when its time has come, and what its recipients do, which the webhook tells."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulators.engine.outcomes import steps
from emulators.engine.provider import Account
from emulators.pushwoosh import audience, devices
from emulators.pushwoosh.arguments import Request, stamp, text, texts
from emulators.pushwoosh.audience import Audience

TABLE = "messages"
REQUESTS = "message requests"
PENDING, PROCESSING, DONE, CANCELED = "PENDING", "PROCESSING", "DONE", "CANCELED"
CANCELABLE = (PENDING, PROCESSING)
DOCUMENTED = ("Email Sent", "Email Delivered", "Email Bounced", "Email Opened")
# Like the number in the help article on ids of notifications.
FIRST_ID = 12_345_678_900


def create(
    account: Account,
    kind: str,
    code: str,
    message: Request,
    due: datetime,
    whom: Audience,
    subject: str,
    source: str = "API",
) -> str:
    """Stores a message of a kind (email, push, sms) and plans its departure; returns its code."""
    random = account.random("message")
    digits = f"{random.getrandbits(80):020X}"
    name = f"{digits[:4]}-{digits[4:12]}-{digits[12:]}"
    number = FIRST_ID + account.number("message id")
    stored = {
        "code": name,
        "id": number,
        "kind": kind,
        "application": code,
        "created": stamp(account.now),
        "send_date": stamp(due),
        "status": PENDING,
        "campaign": text(message.get("campaign")),
        "subject": subject or _subject_of(account, message),
        "source": source,
        "platforms": _platforms(account, kind, message),
    }
    account.table(TABLE).put(name, stored)
    # Apart, because every step of every recipient looks at the row above.
    asked = {
        "hwids": whom.hwids,
        "conditions": whom.conditions,
        "operator": whom.operator,
        "message": dict(message),
    }
    account.table(REQUESTS).put(name, asked)
    account.after(max((due - account.now).total_seconds(), 0.0), "send-message", code=name)
    return name


def find(account: Account, code: object) -> dict[str, Any] | None:
    """A stored message by its code."""
    return account.table(TABLE).get(code) if isinstance(code, str) else None


def entire(account: Account, stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored message with what was asked for: `message`, and for whom."""
    return {**stored, **(account.table(REQUESTS).get(stored["code"]) or {})}


def delete(account: Account, stored: Mapping[str, Any]) -> None:
    """Nothing stays of a message."""
    account.table(TABLE).delete(stored["code"])
    account.table(REQUESTS).delete(stored["code"])


def cancel(account: Account, stored: Mapping[str, Any]) -> None:
    """Nothing more comes of a message."""
    account.table(TABLE).put(stored["code"], {**stored, "status": CANCELED})


def send(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: the time of a message has come; each of its recipients begins a story."""
    stored = find(account, data["code"])
    if stored is None or stored["status"] != PENDING:
        return
    for row in audience.present(account, entire(account, stored)):
        if stored["kind"] == "email":
            for step in steps(account, row["hwid"]):
                account.after(
                    step.seconds, "message-step", code=stored["code"], hwid=row["hwid"], kind=step.kind
                )
        elif stored["kind"] == "push":
            seconds = account.facts["processing_seconds"].value
            account.after(seconds, "message-step", code=stored["code"], hwid=row["hwid"], kind="Push Sent")
    account.table(TABLE).put(stored["code"], {**stored, "status": PROCESSING})
    account.after(account.facts["processing_seconds"].value, "message-done", code=stored["code"])


def done(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: the message has left."""
    stored = find(account, data["code"])
    if stored is not None and stored["status"] == PROCESSING:
        account.table(TABLE).put(stored["code"], {**stored, "status": DONE})


def step(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: a recipient does something. The webhook tells it if a page spells its name, or an option asks for more."""
    stored, kind = find(account, data["code"]), data["kind"]
    if stored is None or stored["status"] == CANCELED:
        return
    if kind not in DOCUMENTED and not account.options["webhook.inferred_kinds"]:
        return
    row = account.table(devices.TABLE).get(data["hwid"]) or {}
    given: dict[str, Any] = {
        "message_code": stored["code"],
        "campaign_id": campaign_id(stored["campaign"]),
        "application_code": stored["application"],
        "hwid": data["hwid"],
        "payload": stored["subject"] or None,
        # Documented for ids of users: where none was set, it is the hwid.
        "user_id": row.get("userId") or data["hwid"],
        "platform": _platform_of(account, stored, row),
        # Only what a journey sent has these.
        "journey_title": None,
        "journey_point_title": None,
    }
    if account.options["webhook.message_id"]:
        given["message_id"] = stored["id"]
    account.emit(f"webhook.{kind}", **given)


def campaign_id(code: str) -> int | None:
    """The number of a campaign whose code is known, six digits as in the vendor's example."""
    return 960_000 + zlib.crc32(code.encode()) % 10_000 if code else None


def counted(account: Account) -> dict[str, list[tuple[datetime, str]]]:
    """When which events happened, oldest first, by the code of their message."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    for event in account.events("webhook"):
        found.setdefault(str(event.payload.get("message_code")), []).append((event.at, event.kind))
    return found


def _platform_of(account: Account, stored: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    if stored["kind"] == "email":
        return "Email"
    return str(account.facts["device_types"].value.get(row.get("device_type", ""), "") or "Android")


def _platforms(account: Account, kind: str, message: Request) -> list[str]:
    """By name, as statistics tell them; a push message without any is for all, which they are not known to list."""
    names: Mapping[str, str] = account.facts["platform_names"].value
    return (
        [names.get(one, one) for one in texts(message.get("platforms"))] if kind == "push" else [kind.upper()]
    )


def _subject_of(account: Account, message: Request) -> str:
    """The subject of a preset, which is drawn in the control panel; here an option says it."""
    presets: Mapping[str, Any] = account.options["presets"]
    named = message.get("preset") or message.get("email_template")
    subject = presets.get(named) if isinstance(named, str) else None
    return subject if isinstance(subject, str) else ""
