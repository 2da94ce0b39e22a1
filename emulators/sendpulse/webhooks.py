"""Events of the SMTP service, one function for each shape that the vendor prints."""

from __future__ import annotations

from emulators.engine.provider import Occasion, Payload


def smtp(occasion: Occasion) -> Payload:
    """An SMTP event; the schema puts the fields into the order that its kind has."""
    random = occasion.random
    given = occasion.given
    payload: Payload = {
        "event": occasion.kind,
        "recipient": given.get("recipient") or occasion.people.person(random).email,
        "sender": "news@shop.example.com",
        "subject": given.get("subject") or occasion.people.subject(random),
    }
    if occasion.kind == "unsubscribed":
        # The page prints this event alone without timestamp and message_id.
        return payload
    payload["timestamp"] = int(occasion.now.timestamp())
    payload["message_id"] = 1_149_000_000 + random.getrandbits(24)
    if occasion.kind in ("delivered", "undelivered"):
        payload.update(_answer_of_the_mail_server(occasion))
    return payload


def _answer_of_the_mail_server(occasion: Occasion) -> Payload:
    """Codes are strings here; the subcode of a delivery is empty, as in the sample."""
    if occasion.kind == "delivered":
        queued = f"2.0.0 Ok: queued as {occasion.random.getrandbits(40):010X}"
        return {
            "smtp_server_response_code": "250",
            "smtp_server_response_subcode": "",
            "smtp_server_response": queued,
        }
    code, subcode, text = occasion.random.choice(
        (
            ("550", "5.1.1", "Recipient address rejected: user unknown"),
            ("554", "5.7.1", "Message rejected as spam by content filtering"),
            ("552", "5.2.2", "Mailbox full"),
            ("451", "4.7.1", "Greylisted, please try again later"),
        )
    )
    return {
        "smtp_server_response_code": code,
        "smtp_server_response_subcode": subcode,
        "smtp_server_response": text,
    }
