"""What names a contact in the parameters of an event, in many spellings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from emulators.esputnik.quirks import text

# Matched without regard to case.
SPELLINGS = MappingProxyType(
    {
        "contactid": "contactId",
        "contact_id": "contactId",
        "externalcustomerid": "externalCustomerId",
        "email": "email",
        "emailaddress": "email",
        "useremail": "email",
        "contactemail": "email",
        "phone": "phone",
        "sms": "phone",
        "phonenumber": "phone",
        "pushtoken": "pushToken",
        "mobpushtoken": "pushToken",
        "webpushtoken": "pushToken",
        "telegrambottoken": "telegramBotToken",
        "contactkey": "contactKey",
        "contact_key": "contactKey",
    }
)

# Which of them becomes the key of an event that has none.
PRIORITY = ("contactId", "externalCustomerId", "email", "phone", "pushToken")

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
PHONE = re.compile(r"\+?[0-9][0-9 ()\-]{5,24}")


def found_in(params: Mapping[str, Any]) -> dict[str, str]:
    """The identifiers among the parameters of an event; blank ones do not count."""
    found: dict[str, str] = {}
    for name, value in params.items():
        identifier = SPELLINGS.get(name.lower())
        told = (text(value) or "").strip()
        if identifier and told and told.lower() != "null":
            found.setdefault(identifier, told)
    return found


def key_among(params: Mapping[str, Any]) -> str | None:
    """The key of an event that came without one."""
    found = found_in(params)
    return next((found[name] for name in PRIORITY if name in found), None)


def of_event(key_value: str, params: Mapping[str, Any]) -> dict[str, str]:
    """The identifiers of an event: its parameters', or its key if that is an address."""
    found = found_in(params)
    if not found and is_email(key_value):
        return {"email": key_value}
    if not found and is_phone(key_value):
        return {"phone": key_value}
    return found


def is_email(value: str) -> bool:
    """Whether a message could be sent there; the vendor's own rule is not documented."""
    return len(value) <= 254 and EMAIL.fullmatch(value) is not None


def is_phone(value: str) -> bool:
    """Whether this is a telephone number: digits, perhaps with a plus and the usual marks between them."""
    return PHONE.fullmatch(value.strip()) is not None and 7 <= len(digits(value)) <= 15


def digits(value: str) -> str:
    """A telephone number as the samples print it."""
    return "".join(char for char in value if "0" <= char <= "9")
