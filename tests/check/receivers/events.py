"""What a receiver must know of the vendors' events: whose they are, what tells them apart, what state they leave. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Feed:
    """`signs`: fields that no other vendor has. `message`: the ids of a message, the first that is there counts.
    `apart`: what, with these, the kind, the time and the person, tells one event from another."""

    vendor: str
    signs: frozenset[str]
    message: tuple[str, ...]
    kind: str
    time: str
    person: tuple[str, ...]
    apart: tuple[str, ...]
    batched: bool


FEEDS = (
    Feed(
        "esputnik",
        frozenset(("activityStatus", "activityDateTime", "iid", "messageInstanceId", "viewMessageLink")),
        ("iid",),
        "activityStatus",
        "activityDateTime",
        ("email", "sms", "viber", "mobilepush", "webpush"),
        ("clickEventLink", "statusData"),
        batched=True,
    ),
    # The block of a workflow: its body is what the customer's template says.
    Feed(
        "esputnik",
        frozenset(("workflowInstanceId", "webhook")),
        (),
        "",
        "",
        ("email",),
        (),
        batched=False,
    ),
    Feed(
        "pushwoosh",
        frozenset(("event_name", "message_code", "hwid", "application_code", "journey_title")),
        ("message_code", "message_id"),
        "event_name",
        "timestamp",
        ("hwid", "user_id"),
        ("message_id", "campaign_id"),
        batched=False,
    ),
    # Automation360's block, which has no kinds.
    Feed(
        "sendpulse",
        frozenset(("execution_date", "title", "phone")),
        (),
        "",
        "execution_date",
        ("email", "phone"),
        (),
        batched=True,
    ),
    # Two products, one family of fields. A bare object is taken: observed of its chat bots.
    Feed(
        "sendpulse",
        frozenset(
            ("event", "task_id", "recipient", "message_id", "book_id", "sender", "smtp_server_response")
        ),
        ("message_id", "task_id", "book_id", "automation_id"),
        "event",
        "timestamp",
        ("recipient", "email", "phone"),
        ("book_id", "link_url", "link_id", "status"),
        batched=True,
    ),
)

# How much a kind weighs in the state of a message, and within a weight what wins in the same second.
WEIGHTS = {
    "sent": (0, 0),
    "delivered": (1, 0),
    "undelivered": (1, 1),
    "soft_bounces": (1, 1),
    "bounced": (1, 1),
    "soft_bounced": (1, 1),
    "hard_bounces": (1, 2),
    "hard_bounced": (1, 2),
    "open": (2, 0),
    "opened": (2, 0),
    "read": (2, 0),
    "clicked": (3, 0),
    "redirect": (3, 0),
    "link_clicked": (3, 0),
    "unsubscribe": (4, 0),
    "unsubscribed": (4, 0),
    "resubscribed": (4, 1),
    "spam": (5, 0),
    "spam_by_user": (5, 0),
    "complained": (5, 0),
}
UNKNOWN = (-1, 0)


def feed_of(event: Event) -> Feed | None:
    """Whose event it is; None: nobody's that we know."""
    best = max(FEEDS, key=lambda feed: len(feed.signs & event.keys()))
    return best if best.signs & event.keys() else None


def first(event: Event, names: tuple[str, ...]) -> Any:
    """The first of some fields that says anything; a workflow's block has them in its data."""
    inner = event.get("data")
    whole = {**inner, **event} if isinstance(inner, dict) else event
    return next((whole[name] for name in names if whole.get(name) not in (None, "")), None)


def message_of(event: Event, feed: Feed) -> str | None:
    """What all events of one message to one person share."""
    number = first(event, feed.message)
    return None if number is None else canonical([feed.vendor, text(number), text(first(event, feed.person))])


def natural_key(event: Event, feed: Feed) -> str:
    """Equal for an event and its redelivery, and for no two others: there is no id of an event. What lacks a part of it is known
    by all that it holds."""
    message = message_of(event, feed)
    if message is None or event.get(feed.kind) is None or event.get(feed.time) is None:
        return content_key(event)
    more = [text(event.get(name)) for name in feed.apart]
    return digest([message, text(event[feed.kind]), text(event[feed.time]), more])


def content_key(event: Event) -> str:
    """The other right key: everything that it holds, in whatever order and spacing it came."""
    return digest(event)


def instant(value: Any) -> str | None:
    """The moment that a vendor's time means, in UTC; None: none that there is. Milliseconds are told by their size."""
    try:
        if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
            moment = datetime.fromisoformat(value.strip())
            return stamp(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
        seconds = int(value) if not isinstance(value, bool) else 0
        if abs(seconds) >= 10**11:
            seconds //= 1000
        return stamp(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    except (ValueError, TypeError, OverflowError):
        return None


def stamp(moment: datetime) -> str:
    """As text that sorts by time."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def weight(kind: Any, at: str | None) -> str:
    """Sorts the events of a message: the greatest is its state."""
    word = str(kind).lower().removeprefix("email ").replace(" ", "_")
    grade, tie = WEIGHTS.get(word, UNKNOWN)
    return f"{grade + 1}/{at or ''}/{tie}"


def text(value: Any) -> str:
    """A part of a key: 12 and "12" are one id."""
    return value if isinstance(value, str) else canonical(value)


def canonical(value: Any) -> str:
    """The same text for the same JSON value; ASCII, so that any store takes it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()
