"""The business's own kinds of objects: their structures, and instances that come with an event."""

from __future__ import annotations

import json
from typing import Any

from emulators.engine.provider import Account, Call
from emulators.hellotext import ids
from emulators.hellotext.errors import (
    EMPTY,
    MISSING,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_UNIQUE,
    Reason,
    shown,
    unprocessable,
)
from emulators.hellotext.reading import Record, mapping, text

STRUCTURES, INSTANCES, UNIQUE = "objects", "object instances", "unique values"


def built_in(account: Account) -> tuple[str, ...]:
    """The kinds that every business has."""
    return tuple(account.facts["built_in_objects"].value)


def rows(account: Account) -> list[Record]:
    """Every structure: the built-in ones first, then those that were created."""
    table = account.table(STRUCTURES)
    fixed = [{"id": name, "type": "object", "name": name, "built_in": True} for name in built_in(account)]
    return [*fixed, *(mapping(table.get(key)) for key in table)]


def find(account: Account, given: object) -> Record | None:
    """A structure by its id or its name in the singular."""
    wanted = text(given)
    return next((row for row in rows(account) if wanted and wanted in (row.get("id"), row.get("name"))), None)


def complete(account: Account, call: Call, record: Record) -> Record:
    """A structure whose properties have ids; its name must be no built-in one's."""
    if record.get("name") in built_in(account):
        expected = "a name that no built-in object has"
        raise unprocessable(account, Reason(NOT_UNIQUE, "name", expected, shown(record.get("name"))))
    given = record.get("properties")
    properties = [dict(p) for p in given if isinstance(p, dict)] if isinstance(given, list) else []
    for each in properties:
        if not text(each.get("id")):
            each["id"] = ids.fresh(account, "property")
    return {**record, "properties": properties}


def check_removable(account: Account, record: Record) -> None:
    """The built-in ones stay."""
    if record.get("built_in"):
        told = "Built-in objects cannot be changed."
        raise unprocessable(
            account, Reason(NOT_ALLOWED, "", "an object of the business's own", shown(record["id"]), told)
        )


def instance(account: Account, structure: Record, given: object, parameter: str) -> Record:
    """An instance by its id; it must be of this structure."""
    record = account.table(INSTANCES).get(text(given)) if isinstance(given, str) else None
    if record is None or record.get("object_type") != structure["id"]:
        name = structure["name"]
        raise unprocessable(account, Reason(NOT_FOUND, parameter, f"the id of a known {name}", shown(given)))
    return mapping(record)


def make(account: Account, structure: Record, data: Record) -> Record:
    """A new instance: events only ever create these, and a unique value may stand but once."""
    named = {p["id"]: text(p.get("name")) for p in structure.get("properties", ()) if p.get("id")}
    by_id = {named.get(key, key): value for key, value in mapping(data.get("property_by_id")).items()}
    values = {**{k: v for k, v in data.items() if k != "property_by_id"}, **by_id}
    record: dict[str, Any] = {
        "id": ids.fresh(account, "instance"),
        "type": structure["name"],
        "object_type": structure["id"],
        **{name: value for name, value in values.items() if name not in ("id", "type", "object_type")},
    }
    for each in structure.get("properties", ()):
        _check(account, structure, each, record)
    record["created_at"] = ids.now(account)
    account.table(INSTANCES).put(record["id"], record)
    return record


def _check(account: Account, structure: Record, rule: Record, record: Record) -> None:
    name = text(rule.get("name"))
    value = record.get(name)
    if value in (None, "") and rule.get("required") is True:
        kind = EMPTY if name in record else MISSING
        raise unprocessable(account, Reason(kind, name, f"the {name} of the {structure['name']}"))
    if value in (None, "") or rule.get("unique") is not True:
        return
    key = json.dumps([structure["id"], name, value])
    if key in account.table(UNIQUE):
        expected = f"a {name} that no other {structure['name']} has"
        raise unprocessable(account, Reason(NOT_UNIQUE, name, expected, shown(value)))
    account.table(UNIQUE).put(key, record["id"])
