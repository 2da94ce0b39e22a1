"""Prepared messages: those that the vendor's samples name, and those that the option `messages` lists.

A person makes them in the vendor's editor. A message of another number is taken to exist, its name is made up.
"""

from __future__ import annotations

from typing import Any

from emulators.engine.provider import Account

MEDIA = ("email", "sms", "viber", "mobilepush", "webpush", "appinbox", "telegrambot")


def message(account: Account, number: int, media: str = "") -> dict[str, Any]:
    """The message of that number as its activities name it; `media` is what it is sent in unless it says so itself."""
    listed = account.options["messages"].get(str(number), {})
    documented = account.facts["messages"].value.get(str(number), {})
    own = {
        name: listed[name] for name in ("messageName", "mediaType", "messageTag") if _is_text(listed, name)
    }
    found = {
        "messageId": number,
        # What makes a new instance is not documented; here a message has one.
        "messageInstanceId": 4_700_000 + number % 16_384,
        "messageName": f"message {number}",
        "mediaType": media or "email",
        **documented,
        **own,
    }
    return found if found["mediaType"] in MEDIA else {**found, "mediaType": media or "email"}


def _is_text(listed: Any, name: str) -> bool:
    return isinstance(listed, dict) and isinstance(listed.get(name), str)
