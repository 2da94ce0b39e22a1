"""Events of the e-mail service, which sends campaigns to mailing lists. Numbers are text here, but for the newer kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from emulators.engine.provider import Occasion, Payload

CLIENTS = (
    ("Desktop", "Windows", "11.0", "Firefox"),
    ("Desktop", "Linux", "58.0.3029.110", "Chrome"),
    ("Mobile", "Android", "90.0.4430.91", "Chrome Mobile"),
    ("Mobile", "iOS", "14.1", "Mobile Safari"),
)
STATUSES = (
    ("sending", "The campaign is being sent"),
    ("on_moderation", "The campaign is being checked"),
    ("approve", "The campaign was approved"),
    ("rejected", "The campaign was rejected"),
)


def event(occasion: Occasion) -> Payload:
    """An event of the e-mail service, its fields in the vendor's order."""
    return BUILDERS[occasion.kind](occasion)


def _spam(occasion: Occasion) -> Payload:
    return {
        "timestamp": str(occasion.epoch),
        "event": occasion.kind,
        "task_id": str(_task(occasion)),
        "email": occasion.people.email(occasion.random),
    }


def _opened(occasion: Occasion) -> Payload:
    return {
        "task_id": str(_task(occasion)),
        "timestamp": str(occasion.epoch),
        **_client(occasion),
        "email": occasion.people.email(occasion.random),
        "event": occasion.kind,
    }


def _clicked(occasion: Occasion) -> Payload:
    return {
        "link_url": "https://shop.example.com/sale",
        "task_id": str(_task(occasion)),
        "timestamp": str(occasion.epoch),
        **_client(occasion),
        "link_id": str(71_000_000 + occasion.random.getrandbits(20)),
        "email": occasion.people.email(occasion.random),
        "event": occasion.kind,
    }


def _unsubscribed(occasion: Occasion) -> Payload:
    return {
        "task_id": str(_task(occasion)),
        "timestamp": str(occasion.epoch),
        "from_all": "1",
        "email": occasion.people.email(occasion.random),
        "reason": None,
        "book_id": _book(occasion),
        "event": occasion.kind,
        "categories": "",
    }


def _new(occasion: Occasion) -> Payload:
    person = occasion.people.person(occasion.random)
    return {
        "timestamp": str(occasion.epoch),
        "event": occasion.kind,
        "email": person.email,
        "book_id": _book(occasion),
        "source": occasion.random.choice(("subscription form", "address book")),
        # An empty array of PHP is `[]`, one with keys is an object.
        "variables": occasion.random.choice(({"name": person.first_name}, [])),
    }


def _deleted(occasion: Occasion) -> Payload:
    return {
        "timestamp": str(occasion.epoch),
        "event": occasion.kind,
        "email": occasion.people.email(occasion.random),
        "book_id": _book(occasion),
    }


def _delivered(occasion: Occasion) -> Payload:
    """Numbers are numbers here: a sample that is four years younger than the others."""
    return {
        "timestamp": occasion.epoch,
        "event": occasion.kind,
        "task_id": _task(occasion),
        "email": occasion.people.email(occasion.random),
    }


def _campaign(occasion: Occasion) -> Payload:
    status, explained = occasion.random.choice(STATUSES)
    return {
        "timestamp": str(occasion.epoch),
        "event": occasion.kind,
        "task_id": str(_task(occasion)),
        "book_id": _book(occasion),
        "status": status,
        "status_explain": explained,
    }


def _bounced(occasion: Occasion) -> Payload:
    code, subcode, text = (
        (452, "4.2.2", "Mailbox full")
        if occasion.kind == "soft_bounces"
        else (550, "5.1.1", "User unknown in local recipient table")
    )
    return {
        "smtp_server_response_code": code,
        "smtp_server_response_subcode": subcode,
        "task_id": _task(occasion),
        "smtp_server_response": text,
        "timestamp": occasion.epoch,
        "event": occasion.kind,
        "email": occasion.people.email(occasion.random),
    }


def _task(occasion: Occasion) -> int:
    return 3_600_000 + occasion.random.getrandbits(16)


def _book(occasion: Occasion) -> str:
    return str(490_000 + occasion.random.getrandbits(10))


def _client(occasion: Occasion) -> dict[str, Any]:
    device, platform, version, browser = occasion.random.choice(CLIENTS)
    return {
        "open_device": device,
        "open_platform": platform,
        "browser_ver": version,
        "browser_name": browser,
    }


BUILDERS: Mapping[str, Callable[[Occasion], Payload]] = MappingProxyType(
    {
        "spam": _spam,
        "open": _opened,
        "redirect": _clicked,
        "unsubscribe": _unsubscribed,
        "new_emails": _new,
        "delete": _deleted,
        "delivered": _delivered,
        "task_status_update": _campaign,
        "soft_bounces": _bounced,
        "hard_bounces": _bounced,
    }
)
