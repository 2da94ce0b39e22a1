"""Events of the SMTP service, each as the vendor prints it: the fields stand in another order for each kind."""

from __future__ import annotations

from emulators.engine.provider import Occasion, Payload
from emulators.sendpulse import email_service

SENDER = "news@shop.example.com"


def smtp(occasion: Occasion) -> Payload:
    """An SMTP event."""
    if occasion.kind in ("delivered", "undelivered"):
        return _answered(occasion)
    if occasion.kind in ("unsubscribed", "resubscribed"):
        return _unsubscribed(occasion)
    if occasion.kind in ("soft_bounces", "hard_bounces"):
        # Of these alone the vendor prints the fields of his other service.
        return email_service.event(occasion)
    random, people = occasion.random, occasion.people
    return {
        "event": occasion.kind,
        "timestamp": occasion.epoch,
        "message_id": _message_id(occasion),
        "recipient": people.email(random),
        "sender": SENDER,
        "subject": people.subject(random),
    }


def _answered(occasion: Occasion) -> Payload:
    """Delivered or not, with what the recipient's server said; codes are strings here."""
    random, people = occasion.random, occasion.people
    code, subcode, response = _response(occasion)
    return {
        "smtp_server_response_code": code,
        "smtp_server_response_subcode": subcode,
        "sender": SENDER,
        "smtp_server_response": response,
        "timestamp": occasion.epoch,
        "message_id": _message_id(occasion),
        "recipient": people.email(random),
        "event": occasion.kind,
        "subject": people.subject(random),
    }


def _unsubscribed(occasion: Occasion) -> Payload:
    """The page prints this event alone without timestamp and message_id; its opposite is taken to be like it."""
    random, people = occasion.random, occasion.people
    return {
        "event": occasion.kind,
        "recipient": people.email(random),
        "sender": SENDER,
        "subject": people.subject(random),
    }


def _message_id(occasion: Occasion) -> int:
    return 1_149_000_000 + occasion.random.getrandbits(24)


def _response(occasion: Occasion) -> tuple[str, str, str]:
    """Code, subcode and text; the subcode of a delivery is empty, as in the sample."""
    if occasion.kind == "delivered":
        return "250", "", f"2.0.0 Ok: queued as {occasion.random.getrandbits(40):010X}"
    return occasion.random.choice(
        (
            ("550", "5.1.1", "Recipient address rejected: user unknown"),
            ("554", "5.7.1", "Message rejected as spam by content filtering"),
            ("552", "5.2.2", "Mailbox full"),
            ("451", "4.7.1", "Greylisted, please try again later"),
        )
    )
