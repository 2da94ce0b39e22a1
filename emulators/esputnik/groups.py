"""Segments, which the API calls groups: static ones, made by the first contact that is put into them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply, text_reply
from emulators.esputnik import cards, contacts
from emulators.esputnik.contacts import Contact
from emulators.esputnik.errors import not_found
from emulators.esputnik.paging import asked, page
from emulators.esputnik.quirks import an_object, flag, many, text, whole

GROUPS = "groups"
FIRST = 201_403_567


def named(account: Account, name: str) -> str:
    """The key of the group of that name, which exists from now on."""
    groups, names = account.table(GROUPS), account.table("groups by name")
    key = names.get(name)
    if key is None:
        number = FIRST + account.number("group") - 1
        key = str(number)
        groups.put(key, {"id": number, "name": name, "type": "Static"})
        names.put(name, key)
    return str(key)


def put_into(account: Account, contact: Contact, names: Iterable[str]) -> None:
    """Adds a contact, which is not stored yet, to groups."""
    for name in names:
        contact["groups"].setdefault(named(account, name), account.number("contact in a group"))


def take_out(account: Account, contact: Contact, names: Iterable[str]) -> None:
    """Removes a contact, which is not stored yet, from groups."""
    for name in names:
        contact["groups"].pop(account.table("groups by name").get(name), None)


def list_all(account: Account, call: Call) -> Reply:
    """GET /groups."""
    wanted = asked(call, "name").lower()
    table = account.table(GROUPS)
    rows = [row for key in table if (row := table.get(key)) and wanted in row["name"].lower()]
    found, problems = page(call, rows)
    return json_reply(200, list(found), *problems)


def members(account: Account, call: Call) -> Reply:
    """GET /group/{id}/contacts."""
    key = _known(account, call)
    by_time = flag(asked(call, "orderByTs"))
    found = sorted(
        contacts.in_group(account, key),
        key=lambda row: int(row["groups"][key] if by_time else row["id"]),
        reverse=asked(call, "asc").lower() == "false",
    )
    rows, problems = page(call, found)
    return json_reply(200, [cards.shown(account, row) for row in rows], *problems)


def attach(account: Account, call: Call) -> Reply:
    """POST /group/{id}/contacts/attach."""
    key = _known(account, call)
    found, problems = _meant(account, call.data)
    for contact in found:
        contact["groups"].setdefault(key, account.number("contact in a group"))
        contacts.save(account, contact)
    return text_reply(200, f"Contacts have been attached to group with id='{key}'", *problems)


def detach(account: Account, call: Call) -> Reply:
    """POST /group/{id}/contacts/detach; without any ids all contacts."""
    key = _known(account, call)
    found, problems = _meant(account, call.data)
    if not found and not problems:
        found = list(contacts.in_group(account, key))
    for contact in found:
        contact["groups"].pop(key, None)
        contacts.save(account, contact)
    return text_reply(200, f"Contacts have been detached from group with id='{key}'", *problems)


def or_nothing(data: Any) -> Any:
    """A request without a body: a client empties a group in this way."""
    return {} if data is None else data


def _known(account: Account, call: Call) -> str:
    number = whole(call.params["id"])
    if number is None or str(number) not in account.table(GROUPS):
        known = ", ".join(account.table(GROUPS)) or "there is none"
        problem = Problem("", f"the id of a group: {known[:200]}", repr(call.params["id"][:40]))
        raise not_found(f"Group with id='{call.params['id']}' not found", problem)
    return str(number)


def _meant(account: Account, data: Any) -> tuple[list[Contact], tuple[Problem, ...]]:
    """The contacts that a request names, each once, and the names that nobody has."""
    data = an_object(data)
    found: dict[int, Contact] = {}
    problems = []
    for name in ("contactIds", "externalCustomerIds"):
        for index, value in enumerate(many(data.get(name))):
            contact = contacts.get(account, value)
            if name == "externalCustomerIds":
                contact = contacts.by_external_id(account, text(value) or "")
            if contact is None:
                problems.append(Problem(f"/{name}/{index}", "a contact of this account", repr(value)[:60]))
            else:
                found[contact["id"]] = contact
    return list(found.values()), tuple(problems)
