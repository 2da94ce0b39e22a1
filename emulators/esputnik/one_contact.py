"""/contact: one contact at a time, as soon as it is sent."""

from __future__ import annotations

from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply, text_reply
from emulators.esputnik import cards, contacts
from emulators.esputnik.cards import BadContact
from emulators.esputnik.contacts import Contact
from emulators.esputnik.errors import not_found, once_a_minute, refusal
from emulators.esputnik.matching import match
from emulators.esputnik.quirks import flag, number


def create(account: Account, call: Call) -> Reply:
    """POST: a new contact, confirmed; one with the same id in the customer's system, e-mail or phone is updated."""
    once_a_minute(account, call)
    card = _read(cards.read_new, call.data)
    contact = match(account, card)
    if contact is None:
        contact = contacts.blank(account, cards.first_address(card))
    contact["deleted"] = False
    cards.lay_over(contact, card)
    contacts.save(account, contact)
    return json_reply(200, {"id": number(account, contact["id"])})


def show(account: Account, call: Call) -> Reply:
    """GET with an id."""
    contact = contacts.get(account, call.params["id"])
    if contact is None:
        raise _unknown(account, "id", call.params["id"])
    return json_reply(200, cards.shown(account, contact))


def update(account: Account, call: Call) -> Reply:
    """PUT with an id: changes what is sent; one that was deleted is restored."""
    once_a_minute(account, call)
    contact = contacts.even_deleted(account, call.params["id"])
    if contact is None:
        raise _unknown(account, "id", call.params["id"])
    contact["deleted"] = False
    cards.lay_over(contact, _read(cards.read, call.data))
    contacts.save(account, contact)
    return text_reply(200, f"Contact with id='{contact['id']}' has been updated")


def delete(account: Account, call: Call) -> Reply:
    """DELETE with an id; with `erase` it cannot be restored."""
    contact = contacts.get(account, call.params["id"])
    if contact is None:
        raise _unknown(account, "id", call.params["id"])
    _delete(account, call, contact)
    return text_reply(200, f"Contact with id='{contact['id']}' has been deleted")


def delete_by_external_id(account: Account, call: Call) -> Reply:
    """DELETE with the id that the contact has in the customer's own system."""
    external = dict(call.query).get("externalCustomerId", "")
    if not external:
        problem = Problem("/externalCustomerId", "this parameter of the query", "nothing")
        return refusal(400, "Bad request", problem)
    contact = contacts.by_external_id(account, external)
    if contact is None:
        raise _unknown(account, "externalCustomerId", external)
    _delete(account, call, contact)
    return text_reply(200, f"Contact with externalCustomerId='{external}' has been deleted")


def query_alone(data: Any) -> Any:
    """A request whose body says nothing: one client sends an empty array with every DELETE."""
    return data if isinstance(data, dict) else {}


def _delete(account: Account, call: Call, contact: Contact) -> None:
    if flag(dict(call.query).get("erase")):
        contacts.erase(account, contact)
    else:
        contact["deleted"] = True
        contacts.save(account, contact)


def _read(read: Any, data: Any) -> cards.Card:
    try:
        card: cards.Card = read(data)
    except BadContact as bad:
        raise Refused(refusal(400, bad.told, bad.problem)) from None
    return card


def _unknown(account: Account, field: str, value: str) -> Refused:
    known = [str(row.get(field)) for row in contacts.latest(account, 3)]
    got = f"{value[:60]!r}; the last that came: {', '.join(known)}" if known else repr(value[:60])
    return not_found(
        f"Contact with {field}='{value}' not found", Problem("", f"the {field} of a contact", got)
    )
