"""Arguments as the vendor reads them: which application, which device, when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from emulators.engine.profile import Problem
from emulators.engine.provider import Account
from emulators.pushwoosh.envelope import refusal

Request = Mapping[str, Any]

DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
ADDRESS = re.compile(r"[^@\s\ud800-\udfff]+@[^@\s\ud800-\udfff]+")
HALF = re.compile(r"[\ud800-\udfff]")
# In no list of device types that was seen: a number that these leave free.
E_MAIL = 14


def text(value: Any) -> str:
    """A text, or a number as one; empty if it is neither. Half of a surrogate pair makes no text."""
    if isinstance(value, str):
        return value if not HALF.search(value) else ""
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40 else ""
    )


def needed(account: Account, request: Request, name: str) -> str:
    """A text argument that must be there; the vendor's words for a missing one are not known."""
    value = text(request.get(name))
    if not value:
        given = ascii(request.get(name))[:60]
        raise refusal(account, f"{name} is required", Problem(f"/request/{name}", "a text", given))
    return value


def application(account: Account, request: Request) -> str:
    """The application's code, which must be known; for a group of applications, the one that there is."""
    own = account.credentials["application"]
    if request.get("applications_group") and not request.get("application"):
        return own
    code = request.get("application")
    known = (own, account.facts["documented_ids"].value["application"], *account.options["applications"])
    if not isinstance(code, str) or code not in known:
        expected = f"a known application code: {own}, or one of the option applications"
        raise refusal(account, "application", Problem("/request/application", expected, ascii(code)[:60]))
    return code


def address(account: Account, request: Request) -> str:
    """The e-mail address of a request."""
    value = text(request.get("email"))
    if not ADDRESS.fullmatch(value):
        given = ascii(request.get("email"))[:60]
        raise refusal(account, "email", Problem("/request/email", "an e-mail address", given))
    return value


def texts(value: Any) -> list[str]:
    """The texts of a list, each once, in order."""
    return list(dict.fromkeys(filter(None, map(text, value)))) if isinstance(value, list) else []


def when(account: Account, message: Request) -> datetime | None:
    """The time to send at: `now` or a date, in the timezone that is given, else UTC. None: it cannot be read."""
    given = message.get("send_date")
    if given is None and account.options["messages.missing_send_date"] == "now":
        return account.now
    if given == "now":
        return account.now
    parts = DATE.fullmatch(given) if isinstance(given, str) else None
    if parts is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
        local = datetime(year, month, day, hour, minute, second, tzinfo=_zone(message.get("timezone")))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def scheduled(account: Account, schedule: Any) -> datetime | None:
    """The time of messaging v2: `at` in RFC 3339, or `after` so many seconds. None: neither can be read."""
    at, after = (schedule.get(name) if isinstance(schedule, dict) else None for name in ("at", "after"))
    try:
        if isinstance(at, str) and after is None:
            moment = datetime.fromisoformat(at)
            return moment.astimezone(UTC) if moment.tzinfo is not None else None
        if (
            isinstance(after, str)
            and at is None
            and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?s", after, re.ASCII)
        ):
            return account.now + timedelta(seconds=float(after[:-1]))
    except (ValueError, OverflowError):
        pass
    return None


def stamp(moment: datetime) -> str:
    """A time as the API prints it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def wording(value: Any) -> str:
    """One text of a text in several languages: an object, or a list of objects of one each."""
    if isinstance(value, list):
        value = {name: part for entry in value if isinstance(entry, dict) for name, part in entry.items()}
    if isinstance(value, dict):
        found = next((value[name] for name in ("default", "en") if name in value), None)
        value = found if found is not None else next(iter(value.values()), "")
    return value if isinstance(value, str) else ""


def _zone(name: Any) -> Any:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC
    except (ValueError, OSError, LookupError):
        return UTC
