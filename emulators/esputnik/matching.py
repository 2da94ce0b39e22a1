"""Which stored contact is meant by one that is sent: the rules by which contacts are not doubled."""

from __future__ import annotations

from types import MappingProxyType

from emulators.engine.provider import Account
from emulators.esputnik import contacts
from emulators.esputnik.cards import Card
from emulators.esputnik.contacts import Contact

# By what contacts are told apart, and the channels that are searched for it, in this order.
DEDUPE = MappingProxyType(
    {
        "email": ("email",),
        "sms": ("sms",),
        "email_or_sms": ("email", "sms"),
        "push": ("mobilepush", "webpush"),
    }
)


def match(
    account: Account, card: Card, dedupe_on: str = "email_or_sms", field: int | None = None
) -> Contact | None:
    """The contact that `card` means, perhaps a deleted one; None: it is a new one.

    The id in the customer's own system comes first. Of several with one address it is the one that was updated last,
    but rather one without such an id than one with another.
    """
    external = card.get("externalCustomerId")
    if external and (known := contacts.by_external_id(account, external, deleted=True)):
        return known
    found = _candidates(account, card, dedupe_on, field)
    if external:
        free = [contact for contact in found if not contact.get("externalCustomerId")]
        found = free or (found if len(found) == 1 else [])
    return found[-1] if found else None


def _candidates(account: Account, card: Card, dedupe_on: str, field: int | None) -> list[Contact]:
    if dedupe_on == "id":
        known = contacts.even_deleted(account, card.get("id"))
        return [] if known is None else [known]
    if dedupe_on == "fieldId":
        value = next((row["value"] for row in card.get("fields") or () if row["id"] == field), None)
        return [] if field is None or value is None else contacts.by_field(account, field, value)
    for channel in DEDUPE.get(dedupe_on, ()):
        for given in card.get("channels") or ():
            if given["type"] == channel:
                found = contacts.by_address(account, channel, given["value"])
                if found:
                    return found
    return []


def dedupe_value(card: Card, contact: Contact, dedupe_on: str, field: int | None) -> str:
    """What the contact was told apart by, for the table of an import."""
    if dedupe_on == "externalCustomerId":
        return str(card.get("externalCustomerId") or "")
    if dedupe_on == "id":
        return str(contact["id"])
    if dedupe_on == "fieldId":
        return next((str(row["value"]) for row in card.get("fields") or () if row["id"] == field), "")
    for channel in DEDUPE.get(dedupe_on, ()):
        for given in card.get("channels") or ():
            if given["type"] == channel:
                return str(given["value"])
    return ""
