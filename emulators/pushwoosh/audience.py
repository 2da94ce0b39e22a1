"""Whom a message is for: the devices that it lists, the users, or everybody who fulfils its conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from emulators.engine.profile import Problem
from emulators.engine.provider import Account
from emulators.pushwoosh import devices
from emulators.pushwoosh.arguments import ADDRESS, E_MAIL, Request, texts

OPERATORS = ("EQ", "NOTEQ", "IN", "NOTIN", "GTE", "LTE", "BETWEEN")


class Audience(NamedTuple):
    """`hwids` None: everybody, found when the message leaves. `unknown` were listed and are not registered."""

    hwids: list[str] | None
    unknown: list[str]
    conditions: list[Any]
    operator: str


def of_mail(account: Account, code: str, message: Request, group: bool = False) -> Audience:
    """Addresses go before users, but for a group of applications they do not count. `use_auto_registration`
    registers those that are not known."""
    conditions, operator = _conditions(message)
    if isinstance(message.get("devices"), list) and not group:
        listed, reached = texts(message["devices"]), _known(devices.mails(account))
        if message.get("use_auto_registration") is True:
            for new in listed:
                if ADDRESS.fullmatch(new) and new not in reached:
                    devices.register(account, code, new, {"device_type": E_MAIL})
                    reached.add(new)
        return Audience(
            [m for m in listed if m in reached], [m for m in listed if m not in reached], [], "AND"
        )
    if isinstance(message.get("users"), list):
        return _of_users(devices.mails(account), texts(message["users"]))
    return Audience(None, [], conditions, operator)


def of_push(account: Account, message: Request) -> Audience:
    """Devices by hwid or push token go before users."""
    conditions, operator = _conditions(message)
    if isinstance(message.get("devices"), list):
        names = {row[name]: row["hwid"] for row in devices.phones(account) for name in ("push_token", "hwid")}
        listed = texts(message["devices"])
        hwids = list(dict.fromkeys(names[name] for name in listed if name in names))
        return Audience(hwids, [name for name in listed if name not in names], [], "AND")
    if isinstance(message.get("users"), list):
        return _of_users(devices.phones(account), texts(message["users"]))
    return Audience(None, [], conditions, operator)


def present(account: Account, stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The devices that a stored message reaches now."""
    found = list(devices.mails(account) if stored["kind"] == "email" else devices.phones(account))
    if stored["kind"] == "sms":
        found = list(devices.rows(account))
    if stored["hwids"] is not None:
        wanted = set(stored["hwids"])
        return [row for row in found if row["hwid"] in wanted]
    return [row for row in found if fulfils(row["tags"], stored["conditions"], stored["operator"])]


def remarks(message: Request) -> tuple[Problem, ...]:
    """What the choice of people says that is not imitated."""
    named = [name for name in ("filter", "geozone", "devices_filter", "platforms") if message.get(name)]
    expected = "a choice that is imitated: devices, users or conditions; here it reaches everybody"
    notes = [Problem(f"/request/{name}", expected, ascii(message[name])[:60]) for name in named]
    for place, condition in enumerate(_conditions(message)[0]):
        if not _is_readable(condition):
            wanted = (
                f"[tag, operator, operand] with one of {', '.join(OPERATORS)}; here it holds for everybody"
            )
            notes.append(Problem(f"/request/conditions/{place}", wanted, ascii(condition)[:60]))
    return tuple(notes)


def _is_readable(condition: Any) -> bool:
    return (
        isinstance(condition, list)
        and len(condition) == 3
        and isinstance(condition[0], str)
        and condition[1] in OPERATORS
    )


def fulfils(tags: Mapping[str, Any], conditions: Iterable[Any], operator: str) -> bool:
    """Whether tags are as conditions such as `["Age", "GTE", 18]` want them."""
    verdicts = [_is_so(tags, condition) for condition in conditions]
    return any(verdicts) if operator == "OR" and verdicts else all(verdicts)


def _is_so(tags: Mapping[str, Any], condition: Any) -> bool:
    if not _is_readable(condition):
        return True
    name, operator, operand = condition
    value = tags.get(name)
    values = value if isinstance(value, list) else [value]
    within = operand if isinstance(operand, list) else [operand]
    match operator:
        case "EQ":
            return bool(value == operand)
        case "NOTEQ":
            return bool(value != operand)
        case "IN":
            return any(one in within for one in values)
        case "NOTIN":
            return not any(one in within for one in values)
        case "GTE":
            return _ordered(operand, value)
        case "LTE":
            return _ordered(value, operand)
        case "BETWEEN" if len(within) == 2:
            return _ordered(within[0], value) and _ordered(value, within[1])
    return True


def _ordered(low: Any, high: Any) -> bool:
    both_text = isinstance(low, str) and isinstance(high, str)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (low, high))
    return bool(low <= high) if both_text or numbers else False


def _conditions(message: Request) -> tuple[list[Any], str]:
    conditions = message.get("conditions")
    operator = "OR" if message.get("conditions_operator") == "OR" else "AND"
    return (conditions if isinstance(conditions, list) else []), operator


def _of_users(found: Iterable[dict[str, Any]], users: list[str]) -> Audience:
    rows = list(found)
    # Without a user id of its own a device's user is its hwid.
    owners = {row["hwid"]: row["userId"] or row["hwid"] for row in rows}
    wanted, known = set(users), set(owners.values())
    hwids = [hwid for hwid, user in owners.items() if user in wanted]
    return Audience(hwids, [user for user in users if user not in known], [], "AND")


def _known(found: Iterable[dict[str, Any]]) -> set[str]:
    return {row["hwid"] for row in found}
