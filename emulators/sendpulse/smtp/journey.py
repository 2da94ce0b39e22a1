"""What becomes of a mail: each recipient lives through a story, which webhooks tell and which the record shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from emulators.engine.outcomes import steps
from emulators.engine.provider import Account, Payload
from emulators.sendpulse.smtp import bounces, records, unsubscribed

REACTION = "smtp-event"
# Numbers of messages go on from the one in the documents.
FIRST_MESSAGE = 1_149_317_311
# Steps of stories that the webhook tells as `undelivered`.
ANSWERS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "undelivered": ("550", "5.1.1", "Recipient address rejected: user unknown"),
        "rejected": ("554", "5.7.1", "Message rejected as spam by content filtering"),
        "deferred": ("451", "4.7.1", "Greylisted, please try again later"),
    }
)
CLIENTS = (
    ("Firefox 64.0", "Linux"),
    ("Chrome 90.0.4430.93", "Windows"),
    ("Thunderbird 78.10", "Linux"),
    ("Mobile Safari 14.1", "iOS"),
)


def begin(account: Account, stored: Mapping[str, Any], recipients: Sequence[str]) -> list[str]:
    """Plans the story of every recipient; returns those who get nothing because they unsubscribed."""
    dropped, first = [], True
    message_id: int | str = FIRST_MESSAGE - 1 + account.number("smtp message")
    if account.options["smtp.message_id"] == "rest-id":
        message_id = stored["id"]
    own = account.options["smtp.message_id_per"] == "recipient" and isinstance(message_id, int)
    for recipient in recipients:
        if unsubscribed.is_listed(account, recipient):
            dropped.append(recipient)
            continue
        if own and not first:
            message_id = FIRST_MESSAGE - 1 + account.number("smtp message")
        first = False
        story = steps(account, recipient)
        _go_on(account, stored["id"], recipient, message_id, story, 0.0)
    return dropped


def _go_on(
    account: Account,
    id: str,
    recipient: str,
    message_id: int | str,
    story: Sequence[tuple[float, str]],
    now: float,
) -> None:
    """Plans the next step of a story, and with it the rest; `now` is how many seconds of it have passed."""
    if story:
        (seconds, kind), *rest = story
        told = {"id": id, "recipient": recipient, "message_id": message_id}
        account.after(seconds - now, REACTION, **told, kind=kind, at=seconds, rest=rest)


def happen(account: Account, data: Mapping[str, Any]) -> None:
    """One step of a story: the webhook says it, and what GET shows follows."""
    stored = records.find(account, data["id"])
    if stored is None:
        return
    _go_on(account, data["id"], data["recipient"], data["message_id"], data["rest"], data["at"])
    answer = ANSWERS.get(data["kind"])
    kind = "undelivered" if answer else data["kind"]
    # Only where the documents know of bounces is there a choice.
    told = account.options.get("smtp.bounces", "undelivered") if answer else ""
    if answer and told == "bounce":
        kind = "soft_bounces" if int(answer[0]) < 500 else "hard_bounces"
    payload = account.emit(f"smtp.{kind}", **_given(kind, stored, data), **_said(kind, answer))
    FOLLOWS[kind](account, stored, payload)
    if told == "both":
        code, subcode, text = _answer(payload)
        bounce = "soft_bounces" if code < 500 else "hard_bounces"
        account.emit(
            f"smtp.{bounce}",
            email=data["recipient"],
            smtp_server_response_code=code,
            smtp_server_response_subcode=subcode,
            smtp_server_response=text,
        )


def _given(kind: str, stored: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """What a kind of event says of the mail: some have no number, bounces nothing but the address."""
    if kind in ("soft_bounces", "hard_bounces"):
        return {"email": data["recipient"]}
    given = {"recipient": data["recipient"], "sender": stored["sender"], "subject": stored["subject"]}
    if kind in ("unsubscribed", "resubscribed"):
        return given
    return {**given, "message_id": data["message_id"]}


def _said(kind: str, answer: tuple[str, str, str] | None) -> dict[str, Any]:
    """What the recipient's server answered; the code of a bounce is a number."""
    if answer is None:
        return {}
    code, subcode, text = answer
    return {
        "smtp_server_response_code": code if kind == "undelivered" else int(code),
        "smtp_server_response_subcode": subcode,
        "smtp_server_response": text,
    }


def _delivered(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    records.answered(account, stored["id"], *_answer(payload), "Delivered")


def _undelivered(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    answer = _answer(payload)
    records.answered(account, stored["id"], *answer, "Undelivered")
    bounces.add(account, payload.get("recipient") or payload["email"], stored, *answer)


def _opened(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    records.track(account, stored["id"], "open", _client(account))


def _clicked(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    client = _client(account)
    order = ("url", "browser", "os", "screen_resolution", "ip", "country", "action_date")
    row = {**client, "url": stored["url"], "screen_resolution": "1920x1080"}
    records.track(account, stored["id"], "click", {name: row[name] for name in order})


def _spam(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    unsubscribed.add(account, payload["recipient"], "spam_complaint")


def _unsubscribed(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    unsubscribed.add(account, payload["recipient"], "unsubscribe_by_link")


def _resubscribed(account: Account, stored: dict[str, Any], payload: Payload) -> None:
    unsubscribed.take_off(account, payload["recipient"])


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
        "soft_bounces": _undelivered,
        "hard_bounces": _undelivered,
        "opened": _opened,
        "clicked": _clicked,
        "spam_by_user": _spam,
        "unsubscribed": _unsubscribed,
        "resubscribed": _resubscribed,
    }
)
