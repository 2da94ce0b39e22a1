"""An event, whoever tells of it: its action, the object it is about, its amount and time. And its record.

Each status that the documents leave open is an option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulators.engine.provider import Account
from emulators.hellotext import ids, objects, structures, vocabulary
from emulators.hellotext.errors import INVALID, MISSING, NOT_ALLOWED, NOT_FOUND, Reason, refused, shown
from emulators.hellotext.reading import Record, number, text
from emulators.hellotext.vocabulary import Part, Spelling

TABLE, ONCE = "events", "order events"
# The end of the year 9999: milliseconds, which callers mistake for seconds, lie far beyond it.
LATEST = 253_402_300_799
ZONED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})")
PAGE_VIEWED = "page.viewed"


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was told; `kind` is that of its object (empty: it may go without)."""

    body: Record
    spelling: Spelling
    action: str
    kind: str
    own: bool = False
    """Whether the action is one that the business created."""

    def part(self, name: str) -> Part:
        """A part under the name that it came with."""
        return self.spelling.read(self.body, name, self.kind)


def understood(account: Account, body: Record, spelling: Spelling) -> Told:
    """The event, if its action is one of the business's."""
    action = body.get("action")
    if action is None or action == "":
        raise refused(account, "events.missing_action", Reason(MISSING, "action", "an action"))
    if not isinstance(action, str):
        raise refused(account, "events.missing_action", Reason(INVALID, "action", "text", shown(action)))
    known = vocabulary.built_in(account)
    if action in known:
        return Told(body, spelling, action, known[action] or "")
    if vocabulary.custom(account, action) is None:
        expected = f"one of {', '.join(sorted(known))}, or an action that was created"
        reason = Reason(NOT_FOUND, "action", expected, shown(action), "This action does not exist.")
        raise refused(account, "events.unknown_action", reason)
    return Told(body, spelling, action, text(body.get("object_type")), own=True)


def check_names(account: Account, told: Told) -> None:
    """Names of 2022 and 2023 that the guides of today say not to use."""
    if name := told.spelling.forbidden(told.body, (told.kind, *account.facts["built_in_objects"].value)):
        reason = Reason(NOT_ALLOWED, name, f"{name.removesuffix('_id')} or object instead of {name}", name)
        raise refused(account, "events.id_spellings", reason, 422)


def about(account: Account, told: Told) -> Record | None:
    """The object that the event is about: found by its id, else found or made by its data."""
    given, data = told.part("object"), told.part("object_parameters")
    if isinstance(given.value, dict):
        # Older clients put the data itself under the bare name.
        given, data = Part(given.name, None), given
    if told.action == PAGE_VIEWED and not told.body.get("url"):
        raise refused(account, "events.missing_object", Reason(MISSING, "url", "the page's url"))
    if told.own:
        return _of_own_action(account, told, given, data)
    if not told.kind:
        return None
    _check_one_of(account, told, given, data)
    if given.value is not None:
        return _known(account, told.kind, given)
    return objects.find_or_make(account, told.kind, _object(account, data))


def _check_one_of(account: Account, told: Told, given: Part, data: Part) -> None:
    """There must be an object; both its id and its data leave open which one is meant."""
    both = given.value is not None and data.value is not None
    if both and account.options["events.object_twice"] == "refuse":
        expected = f"either {given.name} or {data.name}"
        reason = Reason("ambiguous_parameter", given.name, expected, "both")
        raise refused(account, "events.object_twice", reason, 422)
    only_known = told.action in account.facts["known_objects_only"].value
    if given.value is None and (data.value is None or only_known):
        wanted = [told.spelling.of("object", told.kind)]
        if not only_known:
            wanted.append(told.spelling.of("object_parameters", told.kind))
        names = ", ".join(name for part in wanted for name in part)
        reason = Reason(MISSING, given.name, f"one of {names}: {told.action} needs a {told.kind}")
        raise refused(account, "events.missing_object", reason)


def _known(account: Account, kind: str, given: Part) -> Record:
    record = objects.find(account, kind, given.value) if isinstance(given.value, str) else None
    if record is None:
        reason = Reason(
            NOT_FOUND,
            given.name,
            f"the id of a known {kind}",
            shown(given.value),
            f"This {kind} does not exist.",
        )
        raise refused(account, "events.unknown_object", reason)
    return record


def _object(account: Account, data: Part) -> Record:
    if not isinstance(data.value, dict):
        reason = Reason(INVALID, data.name, "an object", shown(data.value))
        raise refused(account, "events.unknown_object", reason)
    return data.value


def _of_own_action(account: Account, told: Told, given: Part, data: Part) -> Record | None:
    """Actions of the business's own need no object; one that comes must say of which kind it is."""
    if given.value is None and data.value is None:
        return None
    if not told.kind:
        reason = Reason(MISSING, "object_type", "the name or id of the object's structure")
        raise refused(account, "events.unknown_object_type", reason)
    structure = structures.find(account, told.kind)
    if structure is None:
        reason = Reason(NOT_FOUND, "object_type", "the name or id of a structure", shown(told.kind))
        raise refused(account, "events.unknown_object_type", reason)
    _check_one_of(account, told, given, data)
    if structure.get("built_in"):
        if given.value is not None:
            return _known(account, structure["name"], given)
        return objects.find_or_make(account, structure["name"], _object(account, data))
    if given.value is not None:
        return structures.instance(account, structure, given.value, given.name)
    return structures.make(account, structure, _object(account, data))


def check_values(account: Account, told: Told) -> None:
    """Amount, currency and time."""
    body = told.body
    amount, currency, tracked_at = (body.get(name) for name in ("amount", "currency", "tracked_at"))
    if amount is not None and number(amount) is None:
        raise refused(account, "events.invalid_value", Reason(INVALID, "amount", "a number", shown(amount)))
    if currency and not (isinstance(currency, str) and re.fullmatch(r"[A-Za-z]{3}", currency)):
        reason = Reason(INVALID, "currency", "a code of ISO 4217", shown(currency))
        raise refused(account, "events.invalid_value", reason)
    if tracked_at is not None and instant(tracked_at) is None:
        expected = "seconds since 1970, or a time of ISO 8601 with its zone"
        raise refused(
            account, "events.invalid_value", Reason(INVALID, "tracked_at", expected, shown(tracked_at))
        )
    if account.options["events.amount_without_currency"] == "refuse" and amount is not None and not currency:
        raise refused(
            account, "events.amount_without_currency", Reason(MISSING, "currency", "a currency"), 422
        )
    if account.options["events.currency_without_amount"] == "refuse" and currency and amount is None:
        raise refused(account, "events.currency_without_amount", Reason(MISSING, "amount", "an amount"), 422)


def instant(value: object) -> int | None:
    """Unix seconds of a time as it was told; None: it is none."""
    if isinstance(value, str) and ZONED.fullmatch(value):
        try:
            return int(datetime.fromisoformat(value).timestamp())
        except (ValueError, OverflowError):
            return None
    seconds = number(value)
    return int(seconds) if seconds is not None and 0 <= seconds <= LATEST else None


KEPT = ("metadata", "url", "page", "utm_params", "user_parameters", "device")


def keep(account: Account, told: Told, thing: Record | None, identity: Mapping[str, Any]) -> None:
    """Stores the event. Of the states of an order each is kept once, whatever was answered."""
    if thing is not None and told.kind == "order" and not told.own and identity.get("profile"):
        key = f"{thing['id']} {told.action}"
        if key in account.table(ONCE):
            return
        account.table(ONCE).put(key, True)
    event_id = f"{account.random('tracked event').getrandbits(40):010x}"
    amount = told.body.get("amount")
    account.table(TABLE).put(
        event_id,
        {
            "id": event_id,
            "type": "event",
            "action": told.action,
            **identity,
            "object": thing["id"] if thing else None,
            "object_type": thing["type"] if thing else None,
            "amount": 0 if amount is None else amount,
            "currency": told.body.get("currency") or ("USD" if amount is not None else None),
            "tracked_at": instant(told.body.get("tracked_at")) or ids.now(account),
            **{name: told.body[name] for name in KEPT if name in told.body},
            "created_at": ids.now(account),
        },
    )
