"""The way of one message: sent, then what its recipient does, each as an activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.engine.outcomes import steps
from emulators.engine.provider import Account
from emulators.esputnik import identity, unsubscribed
from emulators.esputnik.identifiers import digits

MESSAGES = "messages"
REQUESTS = "message requests"
BLACKLISTED = "BLACKLISTED"
"""A step of stories: not delivered, because the contact is on the blacklist."""

# Nobody sees that an SMS is read, and only e-mail has a button for spam.
CANNOT = frozenset({("sms", "READ"), ("sms", "SPAM"), ("viber", "SPAM")})


def send(
    account: Account,
    media: str,
    address: str,
    contact: Mapping[str, Any],
    message: Mapping[str, Any],
    run: Mapping[str, Any] | None = None,
) -> str:
    """Sends a message and plans what becomes of it; returns its request id.

    `message` says what the vendor's messages have (messageId, messageInstanceId, messageName, messageTag, from,
    subject, text, externalRequestId), `run` which workflow it is of.
    """
    random = account.random("message")
    iid = identity.uuid1(random, account.now) if run else identity.uuid4(random)
    own = account.options["messages.request_id"] == "own" and not run
    request = identity.uuid4(random) if own else iid
    activity: dict[str, Any] = {
        **(run or {}),
        "iid": iid,
        "contactId": contact["id"],
        "externalCustomerId": contact.get("externalCustomerId"),
        address_field(account, media): digits(address) if media in ("sms", "viber") else address,
        "mediaType": media,
        "messageId": message["messageId"],
        "messageInstanceId": message["messageInstanceId"],
        "messageName": message.get("messageName"),
        "messageTag": message.get("messageTag") or None,
        # A single message belongs to no broadcast.
        "broadcastId": None,
    }
    if media == "email":
        code = identity.link_code(random, 18 if run else 12)
        activity["viewMessageLink"] = f"https://u51739.esclick.me/{code}"
    row = {
        "requestId": request,
        "sent": account.now.isoformat(),
        "activity": activity,
        "stopped": "UNSUBSCRIBED" if media == "email" and unsubscribed.lists(account, address) else "",
        **{name: message.get(name) for name in ("from", "subject", "text", "externalRequestId")},
    }
    account.table(MESSAGES).put(iid, row)
    if request != iid:
        account.table(REQUESTS).put(request, iid)
    if row["stopped"]:
        return request
    for step in steps(account, address):
        if (media, step.kind) not in CANNOT:
            account.after(step.seconds, "activity", iid=iid, kind=step.kind)
    return request


def activity(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: the recipient of a message did something, or his server."""
    row = account.table(MESSAGES).get(data["iid"])
    if row is None:
        return
    # Of a contact on the blacklist the webhook has no kind of its own.
    kind, more = ("UNDELIVERED", {"hardBounce": True}) if data["kind"] == BLACKLISTED else (data["kind"], {})
    account.emit(f"activity.{kind}", **row["activity"], **_sender(account, row), **more)
    if data["kind"] == "UNSUBSCRIBED" and row["activity"].get("email"):
        unsubscribed.put(account, row["activity"]["email"])


def _sender(account: Account, row: Mapping[str, Any]) -> dict[str, Any]:
    """Who sent it, where activities say so; the builder knows of the account's own name."""
    channels = account.facts.get("sender_in_activities")
    named = channels and row["activity"]["mediaType"] in channels.value
    return {"from": row["from"]} if named and row["from"] else {}


def address_field(account: Account, media: str) -> str:
    """Where an activity has the address of its contact."""
    if media == "viber":
        return str(account.options["activity.viber_number"])
    return media if media in ("email", "sms", "mobilepush", "webpush") else "email"


def activities_of(account: Account, iid: str) -> list[dict[str, Any]]:
    """What happened to a message so far, also what a test let happen by hand."""
    # Only what speaks of it is worth decoding.
    needle = iid.encode("utf-8", "replace")
    payloads = (event.payload for event in account.events("activity") if needle in event.body)
    return [payload for payload in payloads if payload.get("iid") == iid]
