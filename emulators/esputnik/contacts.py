"""The contacts of an account: found by id, by the id in the customer's own system, or by an address in a channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulators.engine.provider import Account
from emulators.esputnik import identity
from emulators.esputnik.identifiers import digits
from emulators.esputnik.quirks import whole

Contact = dict[str, Any]

CONTACTS = "contacts"
BY_MARK = "contacts by mark"
BY_EXTERNAL_ID = "contacts by externalCustomerId"
PHONES = ("sms", "viber")

# What the API shows of a contact, in the order of its replies.
SHOWN = (
    "firstName",
    "lastName",
    "channels",
    "address",
    "fields",
    "addressBookId",
    "id",
    "externalCustomerId",
    "contactKey",
    "groups",
    "languageCode",
    "timeZone",
)


def furnish(account: Account) -> None:
    """The contacts of the vendor's samples."""
    for value, (number, external) in identity.DOCUMENTED.items():
        channel = "email" if "@" in value else "sms"
        contact = {**blank(account, value), "id": number, "channels": [{"type": channel, "value": value}]}
        save(account, {**contact, "externalCustomerId": external} if external else contact)


def get(account: Account, number: object) -> Contact | None:
    """The contact of that id; None: there is none, or it was deleted."""
    contact = even_deleted(account, number)
    return None if contact is None or contact["deleted"] else contact


def even_deleted(account: Account, number: object) -> Contact | None:
    """The same, though it was deleted: an update restores it."""
    key = whole(number)
    return None if key is None else account.table(CONTACTS).get(str(key))


def by_external_id(account: Account, external: str, deleted: bool = False) -> Contact | None:
    """The contact with that id in the customer's own system; a deleted one only if that is asked for."""
    key = account.table(BY_EXTERNAL_ID).get(external)
    contact = None if key is None else account.table(CONTACTS).get(key)
    return None if contact is None or (contact["deleted"] and not deleted) else contact


def by_address(account: Account, channel: str, value: str) -> list[Contact]:
    """The contacts with that address, deleted ones too; the one that was updated last stands last."""
    return _marked(account, _at(channel, value))


def by_field(account: Account, field: int, value: str) -> list[Contact]:
    """The contacts with that value in an additional field, in the same order."""
    return _marked(account, _in_field(field, value))


def every(account: Account) -> Iterator[Contact]:
    """All that are not deleted, in the order in which they came."""
    rows = account.table(CONTACTS)
    return (row for key in rows if (row := rows.get(key)) is not None and not row["deleted"])


def latest(account: Account, count: int) -> list[Contact]:
    """The last that came and are not deleted."""
    found: list[Contact] = []
    for key in reversed(list(account.table(CONTACTS))):
        if len(found) == count:
            break
        if contact := get(account, key):
            found.append(contact)
    return found[::-1]


def in_group(account: Account, number: object) -> Iterator[Contact]:
    """All in the group of that number; nobody, if there is no such group."""
    return (contact for contact in every(account) if str(whole(number)) in contact["groups"])


def ensure(account: Account, channel: str, value: str, **fields: Any) -> Contact:
    """The contact of an address, created with `fields` if there is none: whoever a message or an order goes to is one."""
    known = [contact for contact in by_address(account, channel, value) if not contact["deleted"]]
    if known:
        return known[-1]
    contact = blank(account, value)
    contact.update(fields, channels=[{"type": channel, "value": normal(channel, value)}])
    save(account, contact)
    return contact


def blank(account: Account, address: str) -> Contact:
    """A new contact, confirmed and not stored yet; its id follows from its first address."""
    number, _ = identity.contact_of(address)
    while str(number) in account.table(CONTACTS):
        number += 1
    return {
        "id": number,
        "channels": [],
        "addressBookId": account.facts["address_book"].value,
        "groups": {},
        "subscriptions": [],
        "confirmed": True,
        "deleted": False,
    }


def save(account: Account, contact: Contact) -> None:
    """Stores a contact as it is now."""
    key = str(contact["id"])
    before = account.table(CONTACTS).get(key)
    if before is not None:
        _forget(account, before, key)
    contact["updated"] = account.number("update of a contact")
    account.table(CONTACTS).put(key, contact)
    index = account.table(BY_MARK)
    for mark in _marks(contact):
        index.put(mark, [*(other for other in index.get(mark) or [] if other != key), key])
    if contact.get("externalCustomerId"):
        account.table(BY_EXTERNAL_ID).put(contact["externalCustomerId"], key)


def erase(account: Account, contact: Contact) -> None:
    """Removes a contact for good."""
    key = str(contact["id"])
    _forget(account, contact, key)
    account.table(CONTACTS).delete(key)


def address(contact: Mapping[str, Any], channel: str) -> str | None:
    """The first address of a contact in a channel; Viber goes to the number for SMS where it has none."""
    wanted = ("viber", "sms") if channel == "viber" else (channel,)
    for kind in wanted:
        for known in contact["channels"]:
            if known["type"] == kind:
                return str(known["value"])
    return None


def identified(account: Account, found: Mapping[str, str]) -> Contact | None:
    """The contact that identifiers of an event mean: contactId, externalCustomerId, email, phone, contactKey."""
    if "contactId" in found and (contact := get(account, found["contactId"])):
        return contact
    if (external := found.get("externalCustomerId")) and (contact := by_external_id(account, external)):
        return contact
    for name, channel in (("email", "email"), ("phone", "sms")):
        if name in found:
            known = [one for one in by_address(account, channel, found[name]) if not one["deleted"]]
            if known:
                return known[-1]
    if key := found.get("contactKey"):
        return next((one for one in _marked(account, _with_key(key)) if not one["deleted"]), None)
    return None


def data_of(account: Account, found: Mapping[str, str]) -> dict[str, Any]:
    """What messages and webhooks may say of a contact; of one that is not known, the identifiers alone."""
    contact = identified(account, found)
    if contact is None:
        data = {name: value for name, value in found.items() if name in ("externalCustomerId", "email")}
        return {**data, "sms": normal("sms", found["phone"])} if "phone" in found else data
    data = {"contactId": contact["id"]}
    names = ("firstName", "lastName", "externalCustomerId", "contactKey", "languageCode", "timeZone")
    data.update({name: contact[name] for name in names if contact.get(name)})
    data.update(contact.get("address") or {})
    data.update({name: value for name in ("email", "sms") if (value := address(contact, name))})
    return data


def normal(channel: str, value: str) -> str:
    """An address as the vendor prints it: telephone numbers are digits alone."""
    return digits(value) or value if channel in PHONES else value


def _forget(account: Account, contact: Contact, key: str) -> None:
    index = account.table(BY_MARK)
    for mark in _marks(contact):
        rest = [other for other in index.get(mark) or [] if other != key]
        if rest:
            index.put(mark, rest)
        else:
            index.delete(mark)
    external = contact.get("externalCustomerId")
    if external and account.table(BY_EXTERNAL_ID).get(external) == key:
        account.table(BY_EXTERNAL_ID).delete(external)


def _marked(account: Account, mark: str) -> list[Contact]:
    keys = account.table(BY_MARK).get(mark) or []
    found = [contact for key in keys if (contact := account.table(CONTACTS).get(key)) is not None]
    return sorted(found, key=lambda contact: int(contact["updated"]))


def _marks(contact: Contact) -> list[str]:
    """All by which a contact is found that others may have, too."""
    marks = [_at(known["type"], known["value"]) for known in contact["channels"]]
    marks += [_in_field(known["id"], known["value"]) for known in contact.get("fields", ())]
    if contact.get("contactKey"):
        marks.append(_with_key(contact["contactKey"]))
    return list(dict.fromkeys(marks))


def _at(channel: str, value: str) -> str:
    return f"{channel} {normal(channel, value).lower()}"


def _in_field(field: int, value: str) -> str:
    return f"field {field} {value}"


def _with_key(value: str) -> str:
    return f"contactKey {value}"
