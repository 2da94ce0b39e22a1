"""Devices: phones, browsers, numbers and e-mail addresses, all by their hwid. An address is the hwid of an e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.pushwoosh.arguments import E_MAIL, Request, address, application, needed, text
from emulators.pushwoosh.envelope import ok, refusal, request_of

TABLE = "devices"
NO_PUSH = ("", "Email", "SMS", "WhatsApp")
KEPT = ("push_token", "language", "timezone", "tz_offset", "ts_offset")


def register_device(account: Account, call: Call) -> Reply:
    """registerDevice: with `email` in place of hwid and token it registers an address."""
    request = request_of(account, call)
    code = application(account, request)
    if request.get("email") is not None and not request.get("hwid"):
        register(account, code, address(account, request), {**request, "device_type": E_MAIL})
        return ok(account)
    hwid = needed(account, request, "hwid")
    kinds = account.facts["device_types"].value
    if text(request.get("device_type")) not in kinds:
        expected = f"one of {', '.join(kinds)}"
        problem = Problem("/request/device_type", expected, ascii(request.get("device_type"))[:40])
        raise refusal(account, "device_type", problem)
    register(account, code, hwid, request)
    return ok(account)


def unregister_device(account: Account, call: Call) -> Reply:
    """unregisterDevice: the push token goes, the device stays."""
    hwid, row = _meant(account, call)
    if row is not None:
        account.table(TABLE).put(hwid, {**row, "push_token": "", "registered": False})
    return ok(account)


def delete_device(account: Account, call: Call) -> Reply:
    """deleteDevice: nothing of it stays."""
    hwid, _ = _meant(account, call)
    account.table(TABLE).delete(hwid)
    return ok(account)


def check_device(account: Account, call: Call) -> Reply:
    """checkDevice: whether a device is known, and with a push token."""
    request = request_of(account, call)
    application(account, request)
    row = account.table(TABLE).get(needed(account, request, "hwid"))
    return ok(account, {"exist": row is not None, "push_token_exist": bool(row and row["push_token"])})


def set_tags(account: Account, call: Call) -> Reply:
    """setTags: null takes the value of a tag away."""
    hwid, row = _meant(account, call)
    tag(account, hwid, row, request_of(account, call).get("tags"))
    return ok(account)


def get_tags(account: Account, call: Call) -> Reply:
    """getTags: all of a device."""
    _, row = _meant(account, call)
    return ok(account, {"result": (row or {}).get("tags", {})})


def register(account: Account, code: str, hwid: str, request: Request, registered: bool = True) -> None:
    """Adds a device, or says more of one that is known."""
    known = account.table(TABLE).get(hwid) or {"tags": {}, "push_token": "", "userId": ""}
    kind = text(request.get("device_type")) or known.get("device_type", "")
    row = {**known, "hwid": hwid, "application": code, "device_type": kind, "registered": registered}
    row |= {name: text(request[name]) for name in KEPT if request.get(name) is not None}
    if text(request.get("userId")):
        row["userId"] = text(request["userId"])
    tag(account, hwid, row, request.get("tags"))


def tag(account: Account, hwid: str, row: dict[str, Any] | None, tags: Any) -> None:
    """Sets tags of a device, which need not be registered for that."""
    if row is None:
        row = {
            "hwid": hwid,
            "device_type": "",
            "push_token": "",
            "userId": "",
            "registered": False,
            "tags": {},
        }
    changed = {**row["tags"], **tags} if isinstance(tags, dict) else row["tags"]
    row["tags"] = {name: value for name, value in changed.items() if value is not None}
    account.table(TABLE).put(hwid, row)


def mails(account: Account) -> Iterator[dict[str, Any]]:
    """Every registered address."""
    return (row for row in rows(account) if row["device_type"] == str(E_MAIL))


def phones(account: Account) -> Iterator[dict[str, Any]]:
    """Every registered device that gets push messages."""
    kinds = account.facts["device_types"].value
    return (row for row in rows(account) if kinds.get(row["device_type"], "") not in NO_PUSH)


def rows(account: Account) -> Iterator[dict[str, Any]]:
    """Every registered device."""
    table = account.table(TABLE)
    found = (table.get(hwid) for hwid in table)
    return (row for row in found if row and row["registered"])


def _meant(account: Account, call: Call) -> tuple[str, dict[str, Any] | None]:
    request = request_of(account, call)
    application(account, request)
    return known(account, needed(account, request, "hwid"))


def known(account: Account, hwid: str) -> tuple[str, dict[str, Any] | None]:
    """A device by its hwid; whether an unknown one is refused is a choice."""
    row = account.table(TABLE).get(hwid)
    if row is None and account.options["devices.unknown"] == "refused":
        problem = Problem(
            "/request/hwid", "a device that is registered", ascii(hwid)[:60], "option devices.unknown"
        )
        raise refusal(account, "device", problem)
    return hwid, row
