"""Profiles: who a business knows. Phone and e-mail are matched, so that the same person is one profile."""

from __future__ import annotations

import re
from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext import ids, listing, sessions
from emulators.hellotext.errors import INVALID, Reason, not_found, shown, unprocessable
from emulators.hellotext.reading import Record, check_body, mapping, text

TABLE, INDEX = "profiles", "profile keys"
# How guides of 2026 write an e-mail, a telephone and a property of the business's own; in JSON the brackets are
# part of the name.
TAGGED = re.compile(r"(email|phone)\[[a-z_]+\]")
BY_PROPERTY = re.compile(r"property_by_id\[(.+)\]")


def create(account: Account, call: Call) -> Reply:
    """POST /v1/profiles: a new profile, or the one with the same phone or e-mail; its `id` stands at the top."""
    body = check_body(account, call)
    profile = known_as(account, body)
    session = body.get("session")
    if isinstance(session, str) and session:
        # A session that belongs to another profile is not moved.
        sessions.give(account, session, profile["id"])
    return json_reply(account.options["profiles.created_status"], profile)


def show(account: Account, call: Call) -> Reply:
    """GET /v1/profiles/{profile}."""
    return json_reply(200, _one(account, call))


def update(account: Account, call: Call) -> Reply:
    """PATCH /v1/profiles/{profile}: what is not given stays."""
    before = _one(account, call)
    return json_reply(200, store(account, {**before, **_given(account, check_body(account, call))}, before))


def listed(account: Account, call: Call) -> Reply:
    """GET /v1/profiles, latest first."""
    table = account.table(TABLE)
    return listing.answer(account, call, TABLE, [mapping(table.get(key)) for key in table])


def known_as(account: Account, attributes: Record) -> Record:
    """The profile that has this e-mail or phone, with these attributes; else a new one."""
    given = _given(account, attributes)
    index, table = account.table(INDEX), account.table(TABLE)
    found = next((index.get(key) for key in _keys(given) if index.get(key)), None)
    before = table.get(found) if found else None
    if before is None:
        # Ids of the vendor have eight letters and digits.
        before = {"id": ids.fresh(account, "profile"), "type": "profile", "created_at": ids.now(account)}
    return store(account, {**before, **given}, before)


def store(account: Account, profile: Record, before: Record) -> Record:
    """Puts a profile where it is found by id, e-mail and phone."""
    index = account.table(INDEX)
    for key in _keys(before):
        if index.get(key) == profile["id"]:
            index.delete(key)
    for key in _keys(profile):
        # Who had it first is found by it: what the vendor does with two of one address is not documented.
        if index.get(key) is None:
            index.put(key, profile["id"])
    account.table(TABLE).put(profile["id"], profile)
    return profile


def _one(account: Account, call: Call) -> Record:
    given = call.params.get("profile", "")
    found = account.table(TABLE).get(given)
    if found is None:
        raise not_found(account, "profile", "the id of a known profile", given)
    return mapping(found)


def _given(account: Account, body: Record) -> dict[str, Any]:
    """The attributes under their plain names. A property must have been defined before."""
    given = {}
    for name, value in body.items():
        if match := BY_PROPERTY.fullmatch(name):
            _check_property(account, name, match[1])
        tagged = TAGGED.fullmatch(name)
        given[tagged[1] if tagged else name] = value
    return {
        name: value
        for name, value in given.items()
        if name not in ("id", "type", "created_at") and value is not None
    }


def _check_property(account: Account, name: str, wanted: str) -> None:
    table = account.table("properties")
    if account.options["profiles.unknown_property"] == "refuse" and wanted not in table:
        raise unprocessable(account, Reason(INVALID, name, "the id of a known property", shown(wanted)))


def _keys(profile: Record) -> list[str]:
    """What tells one person from another."""
    email, phone = (
        text(profile.get("email")).strip().lower(),
        re.sub(r"[ ()-]", "", text(profile.get("phone"))),
    )
    return [f"{what}:{value}" for what, value in (("phone", phone), ("email", email)) if value]
