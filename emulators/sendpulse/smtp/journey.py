"""What becomes of a mail: each recipient lives through a story, which webhooks tell and which the record shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from emulators.engine.outcomes import steps
from emulators.engine.provider import Account, Payload
from emulators.sendpulse.smtp import bounces, records, unsubscribed

REACTION = "smtp-event"
# Numbers of messages go on from the one in the documents.
FIRST_MESSAGE = 1_149_317_311
CLIENTS = (
    ("Firefox 64.0", "Linux"),
    ("Chrome 90.0.4430.93", "Windows"),
    ("Thunderbird 78.10", "Linux"),
    ("Mobile Safari 14.1", "iOS"),
)


def begin(account: Account, stored: Mapping[str, Any]) -> list[str]:
    """Plans the story of every recipient; returns those who get nothing because they unsubscribed."""
    dropped = [one for one in stored["recipients"] if unsubscribed.is_listed(account, one)]
    shared = FIRST_MESSAGE - 1 + account.number("smtp message")
    for place, recipient in enumerate(one for one in stored["recipients"] if one not in dropped):
        message_id: int | str = shared
        if account.options["smtp.message_id"] == "rest-id":
            message_id = stored["id"]
        elif place and account.options["smtp.message_id_per"] == "recipient":
            message_id = FIRST_MESSAGE - 1 + account.number("smtp message")
        for step in steps(account, recipient):
            account.after(
                step.seconds,
                REACTION,
                id=stored["id"],
                recipient=recipient,
                message_id=message_id,
                kind=step.kind,
            )
    return dropped


def happen(account: Account, data: Mapping[str, Any]) -> None:
    """One step of a story: the webhook says it, and what GET shows follows."""
    stored = records.find(account, data["id"])
    if stored is None:
        return
    kind = data["kind"]
    given = {name: stored[name] for name in ("sender", "subject")} | {"recipient": data["recipient"]}
    if kind != "unsubscribed":
        given["message_id"] = data["message_id"]
    payload = account.emit(f"smtp.{kind}", **given)
    FOLLOWS[kind](account, stored, payload)
    account.table(records.TABLE).put(stored["id"], stored)


def _delivered(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    stored["answer"] = [*_answer(payload), "Delivered"]


def _undelivered(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    stored["answer"] = [*_answer(payload), "Undelivered"]
    bounces.add(account, payload["recipient"], stored)


def _opened(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    stored["opens"].append(_client(account))


def _clicked(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    client = _client(account)
    order = ("url", "browser", "os", "screen_resolution", "ip", "country", "action_date")
    row = {**client, "url": stored["url"], "screen_resolution": "1920x1080"}
    stored["clicks"].append({name: row[name] for name in order})


def _spam(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    unsubscribed.add(account, payload["recipient"], "spam_complaint")


def _unsubscribed(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    unsubscribed.add(account, payload["recipient"], "unsubscribe_by_link")


def _answer(payload: Payload) -> tuple[int, str, str]:
    """What the recipient's server said, as the API shows it: the code is a number there, no subcode is 0."""
    code, subcode = payload["smtp_server_response_code"], payload["smtp_server_response_subcode"]
    return int(code), subcode or "0", payload["smtp_server_response"]


def _client(account: Account) -> dict[str, Any]:
    """The program in which somebody read a mail."""
    random = account.random("smtp client")
    browser, system = CLIENTS[random.getrandbits(16) % len(CLIENTS)]
    place = {"ip": f"198.51.100.{1 + random.getrandbits(16) % 254}", "country": "Ukraine"}
    return {"browser": browser, "os": system, **place, "action_date": records.date(account.now)}


FOLLOWS: Mapping[str, Callable[[Account, dict[str, Any], Payload], None]] = MappingProxyType(
    {
        "delivered": _delivered,
        "undelivered": _undelivered,
        "opened": _opened,
        "clicked": _clicked,
        "spam_by_user": _spam,
        "unsubscribed": _unsubscribed,
    }
)
