"""Sending messages: a prepared one to many contacts, or a single e-mail, SMS or Viber message.

A recipient who cannot be reached makes a row with `status` ERROR in an answer 200.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.esputnik import contacts, identifiers, journey, prepared
from emulators.esputnik.errors import not_found, refusal
from emulators.esputnik.quirks import faithful, flag, many, one_or_many, text, whole

Row = dict[str, Any]

ERROR = "documented: answered 200, with status ERROR for this recipient"


class Recipient(NamedTuple):
    """Somebody to send to: `locator` as it is shown, the contact, or why there is none."""

    locator: str
    address: str
    contact: Mapping[str, Any]
    error: str = ""
    request: str | None = None
    """The caller's own id of this message."""
    place: str = ""
    """Where the request names it."""
    expected: str = ""
    """What would not have been an error."""
    got: str = ""


def smartsend(account: Account, call: Call) -> Reply:
    """POST /v1/message/{id}/smartsend: a prepared message, parametrised for each recipient."""
    data = call.fields
    rows = [row for row in many(data.get("recipients")) if isinstance(row, dict)]
    _check_number(account, rows, "/recipients")
    media, message = _prepared(account, call, data, [text(row.get("locator")) or "" for row in rows])
    message["from"] = text(data.get("fromName"))
    recipients = [_chosen(account, media, row) for row in rows]
    return _send(account, media, message, _placed(recipients, "/recipients"))


def send(account: Account, call: Call) -> Reply:
    """POST /v1/message/{id}/send: the older call; recipients are addresses, a contact or a group."""
    data = call.fields
    addresses = [text(value) or "" for value in many(data.get("recipients"))]
    media, message = _prepared(account, call, data, addresses)
    message["from"] = text(data.get("fromName"))
    recipients = _placed([_at(account, media, address) for address in addresses], "/recipients")
    if data.get("contactId") is not None:
        chosen = _chosen(account, media, {"contactId": data["contactId"]})
        recipients.append(chosen._replace(place="/contactId"))
    recipients += _group(account, media, data)
    _check_number(account, recipients, "/recipients")
    return _send(account, media, message, recipients)


def send_email(account: Account, call: Call) -> Reply:
    """POST /v1/message/email."""
    data = call.fields
    message = _single(data, ("from", "subject"))
    recipients = [_at(account, "email", text(value) or "") for value in many(data.get("emails"))]
    _check_number(account, recipients, "/emails")
    return _send(account, "email", message, _placed(recipients, "/emails"))


def send_sms(account: Account, call: Call) -> Reply:
    """POST /v1/message/sms."""
    return _to_phones(account, call, "sms")


def send_viber(account: Account, call: Call) -> Reply:
    """POST /v1/message/viber."""
    return _to_phones(account, call, "viber")


def _to_phones(account: Account, call: Call, media: str) -> Reply:
    data = call.fields
    message = _single(data, ("from", "text"))
    phones = [_at(account, media, text(value) or "") for value in many(data.get("phoneNumbers"))]
    recipients = _placed(phones, "/phoneNumbers")
    recipients += _group(account, media, data)
    _check_number(account, recipients, "/phoneNumbers")
    return _send(account, media, message, recipients)


def _send(account: Account, media: str, message: Mapping[str, Any], recipients: list[Recipient]) -> Reply:
    """Sends to everybody who can be reached and says so, recipient by recipient."""
    rows: list[Row] = []
    problems = []
    for recipient in recipients:
        row: Row = {"id": _id(account, len(recipients)), "locator": recipient.locator}
        if recipient.error:
            rows.append({**row, "status": "ERROR", "message": recipient.error})
            problems.append(Problem(recipient.place, recipient.expected, recipient.got, ERROR))
            continue
        own = {**message, "externalRequestId": recipient.request or message.get("externalRequestId")}
        request = journey.send(account, media, recipient.address, recipient.contact, own)
        rows.append({**row, "status": "OK", "requestId": request})
    value = {"id": _id(account, len(rows)), "results": one_or_many(account, rows)}
    return json_reply(200, value, *problems)


def _id(account: Account, count: int) -> int | str:
    """Always 0; the recorded reply to one recipient has it as text, the printed one to two as a number."""
    return "0" if count == 1 and faithful(account) else 0


def _prepared(
    account: Account, call: Call, data: Mapping[str, Any], addresses: list[str]
) -> tuple[str, dict[str, Any]]:
    """The message of the path, and its channel: its own, or what the call lets guess."""
    number = whole(call.params["id"])
    if number is None or not 0 < number < 2**31:
        problem = Problem("", "the number of a message in the path", call.params["id"][:40])
        raise not_found("Message not found", problem)
    by_mail = flag(data["email"]) if data.get("email") is not None else any("@" in a for a in addresses)
    guessed = "email" if by_mail or not any(map(identifiers.is_phone, addresses)) else "sms"
    found = prepared.message(account, number, guessed)
    return found["mediaType"], found


def _single(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """A message that is in no editor: its numbers are 0 and it has no name."""
    tags = [told for tag in many(data.get("tags")) if (told := text(tag))]
    return {
        "messageId": 0,
        "messageInstanceId": 0,
        "messageTag": ",".join(tags) or None,
        "externalRequestId": text(data.get("externalRequestId")),
        **{name: text(data.get(name)) for name in names},
    }


def _chosen(account: Account, media: str, row: Mapping[str, Any]) -> Recipient:
    """A recipient by locator, contactId or externalCustomerId."""
    request = text(row.get("externalRequestId"))
    locator = text(row.get("locator"))
    if locator:
        return _at(account, media, locator)._replace(request=request)
    number, external = whole(row.get("contactId")), text(row.get("externalCustomerId"))
    if number is None and not external:
        wanted = "locator, contactId or externalCustomerId"
        return Recipient("", "", {}, f"{wanted} is required", None, "", wanted, "none of them")
    found = contacts.get(account, number) if number is not None else None
    if found is None and external:
        found = contacts.by_external_id(account, external)
    if found is None:
        named = f"id='{number}'" if number is not None else f"externalCustomerId='{external}'"
        return Recipient(
            "", "", {}, f"Contact with {named} not found", None, "", "a contact that exists", named
        )
    return _known(media, found)._replace(request=request)


def _at(account: Account, media: str, address: str) -> Recipient:
    """A recipient by address; an unknown one becomes a contact."""
    if media == "email" and not identifiers.is_email(address):
        return _wrong(address, f"'{address}' is not valid email", "an e-mail address")
    if media in ("sms", "viber") and not identifiers.is_phone(address):
        return _wrong(address, f"'{address}' is not valid phone number", "a telephone number")
    if not address.strip():
        return _wrong(address, "locator is required", "an address")
    channel = "sms" if media == "viber" else media
    return Recipient(address, address, contacts.ensure(account, channel, address))


def _known(media: str, contact: Mapping[str, Any]) -> Recipient:
    """A contact by the channel that a medium needs."""
    address = contacts.address(contact, media)
    if address is None:
        named = f"id='{contact['id']}'"
        error = f"Contact with {named} has no {media}"
        return Recipient("", "", {}, error, None, "", f"a contact with {media}", named)
    return Recipient(address, address, contact)


def _group(account: Account, media: str, data: Mapping[str, Any]) -> Iterator[Recipient]:
    """The contacts of a group, where one is given."""
    number = whole(data.get("groupId"))
    if number is not None:
        members = (row for row in contacts.every(account) if str(number) in row["groups"])
        yield from (_known(media, contact)._replace(place="/groupId") for contact in members)


def _wrong(address: str, error: str, expected: str) -> Recipient:
    return Recipient(address, address, {}, error, None, "", expected, repr(address[:60]))


def _placed(recipients: list[Recipient], place: str) -> list[Recipient]:
    """The same, each with where the request has it in a list."""
    return [recipient._replace(place=f"{place}/{index}") for index, recipient in enumerate(recipients)]


def _check_number(account: Account, recipients: list[Any], place: str) -> None:
    largest = account.facts["recipients_limit"].value
    if not 0 < len(recipients) <= largest:
        problem = Problem(place, f"1 to {largest} recipients", str(len(recipients)))
        raise Refused(refusal(400, "Wrong number of recipients", problem))
