"""POST /contacts: up to 3000 contacts, stored some time after the answer; GET /importstatus tells when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.esputnik import cards, contacts, events, groups, identity
from emulators.esputnik.cards import BadContact, Card
from emulators.esputnik.contacts import Contact
from emulators.esputnik.errors import not_found
from emulators.esputnik.errors import refuse as refuse_as_ever
from emulators.esputnik.matching import dedupe_value, match
from emulators.esputnik.quirks import an_object, flag, many, one_or_many, text, whole

IMPORTS = "imports"


def begin(account: Account, call: Call) -> Reply:
    """POST /contacts: says at once which contacts cannot be stored."""
    data = call.fields
    good: list[Card] = []
    failed = []
    for index, given in enumerate(many(data.get("contacts"))):
        try:
            good.append(cards.read_new(given, f"/contacts/{index}"))
        except BadContact as bad:
            failed.append({**_as_sent(given), "error": bad.told})
    session = identity.uuid4(account.random("import"))
    job = {
        "contacts": good,
        "dedupeOn": text(data.get("dedupeOn")) or "email",
        "fieldId": whole(data.get("fieldId")),
        "contactFields": _texts(data.get("contactFields")),
        "customFieldsIDs": [key for key in map(whole, many(data.get("customFieldsIDs"))) if key is not None],
        "groupNames": _texts(data.get("groupNames")),
        "groupNamesExclude": _texts(data.get("groupNamesExclude")),
        "restoreDeleted": flag(data.get("restoreDeleted")),
        "event": text(data.get("eventKeyForNewContacts")),
    }
    account.table(IMPORTS).put(session, {"status": "STARTED", "timestamp": _now(account), "job": job})
    delays = account.facts["import_delays"].value
    account.after(delays["begin"], "begin-import", session=session)
    account.after(delays["finish"], "finish-import", session=session)
    # `id` stands in no specification; two clients test for it.
    answer = {"id": 0, "asyncSessionId": session, "failedContacts": one_or_many(account, failed)}
    return json_reply(200, answer)


def status(account: Account, call: Call) -> Reply:
    """GET /importstatus/{session}."""
    row = account.table(IMPORTS).get(call.params["session"])
    if row is None:
        problem = Problem(
            "", "an asyncSessionId that POST /v1/contacts answered", call.params["session"][:60]
        )
        raise not_found(f"Import session '{call.params['session']}' not found", problem)
    return json_reply(200, {name: value for name, value in row.items() if name != "job"})


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """Single contacts that are not as they should be are told of in the answer; the others are taken."""
    grave = [p for p in problems if not (p.pointer.startswith("/contacts/") and p.rule != "type")]
    return refuse_as_ever(account, call, tuple(grave)) if grave else None


def work(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: an import is taken up."""
    _set(account, data["session"], "IMPORTING")


def finish(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: all contacts of an import are stored, and events happen for those that are new."""
    row = account.table(IMPORTS).get(data["session"])
    if row is None:
        return
    job = row["job"]
    mapping = []
    for card in job["contacts"]:
        contact = _store(account, card, job)
        if contact is not None:
            value = dedupe_value(card, contact, job["dedupeOn"], job["fieldId"])
            mapping.append({"dedupeValue": value, "contactId": contact["id"]})
    finished = {"status": "FINISHED", "timestamp": _now(account), "mapping": mapping}
    account.table(IMPORTS).put(data["session"], finished)


def _store(account: Account, card: Card, job: Mapping[str, Any]) -> Contact | None:
    contact = match(account, card, job["dedupeOn"], job["fieldId"])
    if contact is not None and contact["deleted"] and not job["restoreDeleted"]:
        return None
    new = contact is None
    if contact is None:
        contact = contacts.blank(account, cards.first_address(card))
        cards.lay_over(contact, card)
    else:
        cards.empty(contact, job["contactFields"])
        cards.lay_over(contact, card, only=job["contactFields"], fields=job["customFieldsIDs"])
    contact["deleted"] = False
    groups.put_into(account, contact, job["groupNames"])
    groups.take_out(account, contact, job["groupNamesExclude"])
    contacts.save(account, contact)
    if new and job["event"]:
        email, phone = contacts.address(contact, "email") or "", contacts.address(contact, "sms") or ""
        params = {"contactId": str(contact["id"]), "EmailAddress": email, "SMS": phone}
        events.happen(account, job["event"], email or phone or str(contact["id"]), params)
    return contact


def _set(account: Account, session: str, status: str) -> None:
    row = account.table(IMPORTS).get(session)
    if row is not None:
        account.table(IMPORTS).put(session, {**row, "status": status, "timestamp": _now(account)})


def _now(account: Account) -> str:
    return f"{account.now:%Y-%m-%dT%H:%M:%SZ}"


def _texts(value: Any) -> list[str]:
    return [one for one in map(text, many(value)) if one]


def _as_sent(given: Any) -> dict[str, Any]:
    """What of a refused contact goes back: its names and addresses."""
    given = an_object(given)
    shown: dict[str, Any] = {name: told for name in cards.TEXTS if (told := text(given.get(name)))}
    channels = [channel for channel in many(given.get("channels")) if isinstance(channel, dict)]
    shown["channels"] = [
        {name: told for name in ("type", "value") if (told := text(channel.get(name))) is not None}
        for channel in channels
    ]
    return shown
