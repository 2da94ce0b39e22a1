"""GET /contacts: the contacts that fit, and how many there are in the header TotalCount."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.esputnik import cards, contacts
from emulators.esputnik.contacts import Contact
from emulators.esputnik.paging import asked, page

CHANNELS = ("email", "sms")
FIELDS = MappingProxyType(
    {"firstname": "firstName", "lastname": "lastName", "externalCustomerId": "externalCustomerId"}
)


def search(account: Account, call: Call) -> Reply:
    """Contacts of whom everything is true that is asked for; without conditions all."""
    exact = account.options["contacts.search"] == "exact"
    wanted = {name: asked(call, name).strip() for name in (*CHANNELS, *FIELDS)}
    wanted = {name: value for name, value in wanted.items() if value}
    found = [row for row in contacts.every(account) if all(_fits(row, *one, exact) for one in wanted.items())]
    by_id = asked(call, "sortBy") == "contactId" and not wanted
    found.sort(key=lambda row: int(row["id" if by_id else "updated"]))
    rows, problems = page(call, found)
    reply = json_reply(200, [cards.listed(row) for row in rows], *problems)
    return replace(reply, headers=(*reply.headers, ("TotalCount", str(len(found)))))


def _fits(contact: Contact, name: str, value: str, exact: bool) -> bool:
    if name in CHANNELS:
        wanted = contacts.normal(name, value)
        known = [row["value"] for row in contact["channels"] if row["type"] == name]
    else:
        wanted, known = value, [contact.get(FIELDS[name]) or ""]
    if exact or name == "externalCustomerId":
        return any(one.lower() == wanted.lower() for one in known)
    return any(wanted.lower() in one.lower() for one in known)
