"""A contact as the API writes it: read from a request, laid over a stored one, shown in a reply."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account
from emulators.esputnik import contacts
from emulators.esputnik.contacts import Contact
from emulators.esputnik.identifiers import is_email
from emulators.esputnik.quirks import an_object, many, text, whole

CHANNELS = ("email", "sms", "viber", "mobilepush", "webpush", "appinbox", "widget", "inapp")
TEXTS = ("firstName", "lastName", "externalCustomerId", "contactKey", "languageCode", "timeZone")
ADDRESS = ("region", "town", "address", "postcode")
MOST_OF_A_KIND = 2
LIST_ROW = ("firstName", "lastName", "channels", "fields", "addressBookId", "id")

Card = dict[str, Any]


class BadContact(Exception):
    """A contact that cannot be stored; `told` says why in one sentence."""

    def __init__(self, told: str, problem: Problem) -> None:
        super().__init__(told)
        self.told = told
        self.problem = problem


def read(given: Any, pointer: str = "") -> Card:
    """What a request says of a contact: what is absent stays as it is, None is deleted. Raises `BadContact`."""
    given = an_object(given)
    card: Card = {name: text(given[name]) for name in TEXTS if name in given}
    for name in ("id", "addressBookId"):
        if (number := whole(given.get(name))) is not None:
            card[name] = number
    if isinstance(address := given.get("address"), dict):
        card["address"] = {name: text(address[name]) for name in ADDRESS if name in address}
    if "fields" in given:
        card["fields"] = [
            {"id": number, "value": text(field.get("value"))}
            for field in many(given["fields"])
            if isinstance(field, dict) and (number := whole(field.get("id"))) is not None
        ]
    if given.get("channels") is not None:
        card["channels"] = _channels(given["channels"], pointer)
    return card


def read_new(given: Any, pointer: str = "") -> Card:
    """The same for a contact that may be new: it has a channel."""
    card = read(given, pointer)
    if not card.get("channels"):
        problem = Problem(f"{pointer}/channels", "at least one channel", "none")
        raise BadContact("It is necessary to specify at least one channel", problem)
    return card


def first_address(card: Card) -> str:
    """The address that a new contact's id follows from: of an e-mail, if it has one."""
    known = sorted(card["channels"], key=lambda channel: channel["type"] != "email")
    return str(known[0]["value"])


def lay_over(
    contact: Contact,
    card: Card,
    keep_channels: bool = False,
    only: Collection[str] = (),
    fields: Collection[int] | None = None,
) -> None:
    """Changes a stored contact by what a request says.

    `only` are the names that may change (empty: all), `fields` the ids of additional fields that may (None:
    all). Channels of a kind replace those of that kind, or with `keep_channels` are only added where there are none.
    """
    for name in TEXTS:
        if name in card and _may(name, only):
            _set(contact, name, card[name])
    if "addressBookId" in card:
        contact["addressBookId"] = card["addressBookId"]
    address = dict(contact.get("address") or {})
    for name, value in (card.get("address") or {}).items():
        if _may(name, only):
            _set(address, name, value)
    _set(contact, "address", address)
    given = {field["id"]: field for field in card.get("fields") or ()}
    values = {field["id"]: field for field in contact.get("fields") or ()}
    values.update({key: field for key, field in given.items() if fields is None or key in fields})
    _set(contact, "fields", [field for field in values.values() if field["value"] is not None])
    kinds = {channel["type"] for channel in card.get("channels") or () if _may(channel["type"], only)}
    if keep_channels:
        kinds -= {channel["type"] for channel in contact["channels"]}
    contact["channels"] = [
        *(channel for channel in contact["channels"] if channel["type"] not in kinds),
        *(channel for channel in card.get("channels") or () if channel["type"] in kinds),
    ]


def empty(contact: Contact, names: Collection[str]) -> None:
    """Takes what is named out of a stored contact: texts, parts of its address, channels of a kind."""
    for name in names:
        if name in TEXTS:
            contact.pop(name, None)
    address = {name: value for name, value in (contact.get("address") or {}).items() if name not in names}
    _set(contact, "address", address)
    contact["channels"] = [channel for channel in contact["channels"] if channel["type"] not in names]


def shown(account: Account, contact: Contact) -> dict[str, Any]:
    """A contact as it is read by its id; what it does not have is left out."""
    segments = account.table("groups")
    groups = [
        {"id": row["id"], "name": row["name"], "type": row["type"]}
        for key in contact["groups"]
        if (row := segments.get(key)) is not None
    ]
    whole_card = {**contact, "groups": groups}
    return {
        name: whole_card[name]
        for name in contacts.SHOWN
        if whole_card.get(name) or name in ("channels", "groups")
    }


def listed(contact: Contact) -> dict[str, Any]:
    """A contact as a search shows it, without its segments and its id in the customer's system."""
    return {name: contact[name] for name in LIST_ROW if contact.get(name) or name == "channels"}


def _channels(given: Any, pointer: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index, channel in enumerate(many(given)):
        place = f"{pointer}/channels/{index}"
        channel = an_object(channel)
        kind, value = channel.get("type"), text(channel.get("value"))
        if kind not in CHANNELS:
            told = f"Unknown channel type {repr(kind)[:40]}"
            raise BadContact(told, Problem(f"{place}/type", f"one of {', '.join(CHANNELS)}", repr(kind)[:40]))
        if not value or not value.strip():
            raise BadContact("Value of a channel is required", Problem(f"{place}/value", "text", repr(value)))
        if kind == "email" and not is_email(value):
            problem = Problem(f"{place}/value", "an e-mail address", repr(value)[:80])
            raise BadContact(f"'{value[:254]}' is not valid email", problem)
        row = {"type": kind, "value": contacts.normal(kind, value.strip())}
        for name in ("device", "webPushSubscription"):
            if isinstance(about := channel.get(name), dict):
                row[name] = {key: one for key, one in about.items() if isinstance(one, str | int)}
        found.append(row)
        if sum(other["type"] == kind for other in found) > MOST_OF_A_KIND:
            problem = Problem(f"{pointer}/channels", f"at most {MOST_OF_A_KIND} channels of one type", kind)
            raise BadContact("You can add maximum two channels of the same type", problem)
    return found


def _may(name: str, only: Collection[str]) -> bool:
    return not only or name in only


def _set(row: dict[str, Any], name: str, value: Any) -> None:
    if value:
        row[name] = value
    else:
        row.pop(name, None)
