"""Receivers that read wrongly: what they do not know, do not expect, or take for something else."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.check.receivers import events
from tests.check.receivers.defects import defect
from tests.check.receivers.events import Event, Feed
from tests.check.receivers.receiving import Receiver, Row
from tests.check.receivers.served import Head, Refused

# As people write them down from the vendors' pages.
KINDS = re.compile(
    r"(un)?delivered|sent|read|open(ed)?|click(ed)?|redirect|unsubscribed?|resubscribed|spam(_by_user)?|(soft|hard)_bounces"
    r"|new_emails|delete|task_status_update|SUBSCRIPTION_CHANGED|WIDGET_\w+"
    r"|email (sent|delivered|bounced|opened|link clicked|unsubscribed|(hard|soft) bounced|complained)|push sent",
    re.IGNORECASE,
)
FIELDS = frozenset(
    "activityStatus activityDateTime iid broadcastId messageName workflowId workflowBlockId sourceEventId sourceEventKey"
    " sourceEventTypeKey workflowInstanceId hardBounce contactId externalCustomerId email sms viber mobilepush webpush osName"
    " osType mediaType messageId messageInstanceId messageTag messageLanguageCode statusDescription viewMessageLink"
    " clickEventLink statusData from webhook data event_name message_id message_code campaign_id platform payload"
    " application_code hwid user_id timestamp journey_title journey_point_title event smtp_server_response_code"
    " smtp_server_response_subcode smtp_server_response sender recipient subject task_id source automation_id open_device"
    " open_platform browser_ver browser_name link_url link_id from_all reason book_id categories variables status"
    " status_explain title execution_date phone firstName lastName".split()
)
TYPES: Mapping[str, type] = {
    "contactId": int,
    "broadcastId": int,
    "messageId": int,
    "messageInstanceId": int,
    "hardBounce": bool,
    "statusData": dict,
    "subscription": dict,
    "subscripton": dict,  # so spelt in one revision of the documents
    "campaign_id": int,
    "user_id": str,
    "smtp_server_response_subcode": str,
    "from_all": str,
    "link_id": str,
}
WIDE = re.compile("[\U00010000-\U0010ffff]")


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for child in value.values() for found in texts(child)]
    if isinstance(value, list):
        return [found for child in value for found in texts(child)]
    return [value] if isinstance(value, str) else []


def changed(value: Any, change: Any) -> Any:
    """A JSON value with every scalar of it changed."""
    if isinstance(value, dict):
        return {name: changed(child, change) for name, child in value.items()}
    return [changed(child, change) for child in value] if isinstance(value, list) else change(value)


class Checking(Receiver):
    """Looks at each event once more."""

    def event(self, item: Any, bare: bool) -> tuple[Event, Feed]:
        event, feed = super().event(item, bare)
        self.look(event, feed)
        return event, feed

    def look(self, event: Event, feed: Feed) -> None:
        raise NotImplementedError


@defect(
    "C03b",
    "an event without a person's address, or with null for something, fails its whole batch each time (500)",
)
class Poisoned(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        if feed.kind and events.first(event, feed.person) is None:
            raise AttributeError("'NoneType' object has no attribute 'lower'")
        if None in event.values():
            raise AttributeError("'NoneType' object has no attribute 'strip'")


@defect("C03", "an emoji fails the whole batch each time: its columns take three bytes a character (500)")
class ThreeBytes(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        if any(WIDE.search(text) for text in texts(event)):
            raise ValueError("Incorrect string value for column 'subject'")


@defect("C12", "refuses kinds that it does not know (400)")
class KnownKindsOnly(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        if feed.kind and not KINDS.fullmatch(str(event.get(feed.kind))):
            raise Refused(400, "unknown kind")


@defect("C12b", "takes every unknown kind for a bounce", oracle=True)
class DefaultKind(Receiver):
    def kind(self, event: Event, feed: Feed) -> str | None:
        kind = super().kind(event, feed)
        return kind if kind is None or KINDS.fullmatch(kind) else "undelivered"


@defect("C12c", "fails at kinds that it does not know (500)")
class UnknownKindFails(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        if feed.kind and not KINDS.fullmatch(str(event.get(feed.kind))):
            raise KeyError(event.get(feed.kind))


@defect("C13", "refuses fields that it does not know (422)")
class StrictSchema(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        if not event.keys() <= FIELDS:
            raise Refused(422, "extra fields not permitted")


@defect("C13b", "fails where an optional field is missing (500)")
class NeedsOptional(Checking):
    needed: Mapping[str, tuple[str, ...]] = {
        "esputnik": ("messageName", "viewMessageLink", "statusData"),
        "sendpulse": ("timestamp", "sender"),
        "pushwoosh": ("user_id", "journey_title"),
    }

    def look(self, event: Event, feed: Feed) -> None:
        if event.get("mediaType", "email") == "email" and (
            "email" in event or "recipient" in event or "hwid" in event
        ):
            for name in self.needed[feed.vendor] if "task_id" not in event else ():
                event[name]


@defect("C14", "refuses a number where it saw a text, an empty array where it saw an object, and so on (400)")
class StrictTypes(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        for name, type_ in TYPES.items():
            if name in event and type(event[name]) is not type_:
                raise Refused(400, "wrong type")
        if "sender" in event and any(
            type(event.get(name, 0)) is not int for name in ("message_id", "timestamp")
        ):
            raise Refused(400, "wrong type")


@defect("C15", "reads integers as doubles: neighbours above 2^53 become one", oracle=True)
class Doubles(Receiver):
    def decode(self, body: bytes) -> Any:
        return changed(
            super().decode(body), lambda v: int(float(v)) if type(v) is int and abs(v) < 2**1000 else v
        )


@defect("C15b", "keeps integers in 32 bits: a larger one fails (500)")
class ThirtyTwoBits(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        for name, value in event.items():
            if type(value) is int and name != feed.time and not -(2**31) <= value < 2**31:
                raise OverflowError("integer out of range")


@defect("C15c", "keeps integers in 64 bits with a sign: uint64 fails (500)", vendors=("pushwoosh",))
class SixtyFourBits(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        for value in event.values():
            if type(value) is int and not -(2**63) <= value < 2**63:
                raise OverflowError("Python int too large to convert to SQLite INTEGER")


@defect("C18", "fails at a time that the calendar, or a clock in Kyiv put forward, does not have (500)")
class CalendarOnly(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        value = event.get(feed.time)
        if isinstance(value, int) or (isinstance(value, str) and value.lstrip("-").isdigit()):
            datetime(1970, 1, 1) + timedelta(seconds=int(value))
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if (moment.month, moment.weekday(), moment.hour) == (3, 6, 3) and moment.day > 24:
                raise ValueError("NonExistentTimeError")


@defect("C18b", "reads a time without a zone as one of its own zone, three hours east", oracle=True)
class OwnZone(Receiver):
    def instant(self, value: Any) -> str | None:
        at = super().instant(value)
        return at and events.stamp(datetime.fromisoformat(at) - timedelta(hours=3))


@defect("C19", "fails at characters beyond the basic plane: emoji (500)")
class BasicPlane(ThreeBytes): ...


@defect("C19b", "reads UTF-8 as Latin-1", oracle=True)
class Mojibake(Receiver):
    def decode(self, body: bytes) -> Any:
        return super().decode(body.decode("latin-1").encode())


@defect("C19c", "cuts texts off after 64 characters", oracle=True)
class Truncates(Receiver):
    def decode(self, body: bytes) -> Any:
        return changed(super().decode(body), lambda v: v[:64] if isinstance(v, str) else v)


@defect("C20", "fails where a text is null or empty (500)")
class NothingFails(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        for name, value in event.items():
            if name != "statusData" and value in (None, ""):
                raise IndexError("string index out of range")


@defect("C20c", "fails at null where a text may stand (500)", "RISK")
class NullFails(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        for name, value in event.items():
            if name != "statusData" and value is None:
                raise AttributeError("'NoneType' object has no attribute 'strip'")


@defect("C20b", "keeps null and empty texts as if they were not there", "RISK", oracle=True)
class NullIsAbsent(Receiver):
    def row(self, event: Event, feed: Feed, head: Head) -> Row:
        kept = {name: value for name, value in event.items() if value not in (None, "")}
        return replace(super().row(event, feed, head), body=events.canonical(kept))


@defect("C21", "fails at an empty batch (500)", vendors=("sendpulse", "esputnik"))
class EmptyFails(Receiver):
    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        if isinstance(value, list):
            value[0]
        return super().events(value)


@defect("C21b", "stores something for an empty batch", oracle=True, vendors=("sendpulse", "esputnik"))
class EmptyStores(Receiver):
    async def store(self, rows: list[Row]) -> None:
        await super().store(rows or [Row(None, None, None, None, None, "", "{}")])


@defect("C21c", "fails at a bare object (500)", vendors=("sendpulse", "esputnik"))
class ObjectFails(Receiver):
    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        if isinstance(value, dict) and "event_name" not in value and "webhook" not in value:
            value[0]  # type: ignore[index]
        return super().events(value)


@defect("C22", "refuses addresses with capitals, spaces or letters of other alphabets (422)")
class FussyAddresses(Checking):
    def look(self, event: Event, feed: Feed) -> None:
        for name in ("email", "recipient", "hwid"):
            if "@" in str(event.get(name)) and not re.fullmatch(
                r"[a-z0-9._+-]+@[a-z0-9.-]+", str(event[name])
            ):
                raise Refused(422, "value is not a valid email address")


@defect("C32", "fails at JSON that is nested deeply (500)")
class DepthFails(Receiver):
    def decode(self, body: bytes) -> Any:
        with contextlib.suppress(ValueError):
            json.loads(body)
        return super().decode(body)


@defect("C32b", "takes double names and NaN for JSON (200)", "RISK")
class TakesAnything(Receiver):
    def decode(self, body: bytes) -> Any:
        try:
            return changed(json.loads(body), lambda v: None if isinstance(v, float) and v != v else v)
        except (ValueError, RecursionError):
            raise Refused(400, "not JSON") from None


@defect("C33b", "stores texts escaped for HTML", oracle=True)
class StoresEscaped(Receiver):
    def row(self, event: Event, feed: Feed, head: Head) -> Row:
        told = changed(event, lambda v: html.escape(v) if isinstance(v, str) else v)
        return replace(super().row(event, feed, head), body=events.canonical(told))


@defect("C34", "takes another vendor's events as well, and stores them", "RISK")
class AnyVendor(Receiver):
    def expected(self, feed: Feed) -> bool:
        return True


@defect("C34b", "fails at another vendor's events (500)", "RISK")
class ForeignFails(Receiver):
    def expected(self, feed: Feed) -> bool:
        if not super().expected(feed):
            raise KeyError("iid")
        return True
