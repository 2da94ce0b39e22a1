"""A shop that stores what its vendors tell it. `Shop` is right; every other class has one bug that people really make."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from tests.support.receiver import Receiver

KYIV = ZoneInfo("Europe/Kyiv")
Json = dict[str, Any]


class Shop:
    """Counts every event once, and remembers of each message the latest that happened to it."""

    def __init__(self) -> None:
        self.url = ""
        self.forget()

    def forget(self) -> None:
        self.seen: set[str] = set()
        self.counts: dict[str, int] = {}
        self.latest: dict[str, tuple[str, str]] = {}

    def state(self) -> Json:
        return {"counts": dict(self.counts), "latest": dict(self.latest)}

    def receive(self, body: bytes) -> None:
        read = json.loads(body)
        for event in read if isinstance(read, list) else [read]:
            self.take(event)

    def take(self, event: Json) -> None:
        if self.is_new(event):
            kind = self.kind(event)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.remember(self.message(event), (self.time(event), kind))

    def is_new(self, event: Json) -> bool:
        known = len(self.seen)
        self.seen.add(self.identity(event))
        return len(self.seen) > known

    def identity(self, event: Json) -> str:
        return json.dumps(event, sort_keys=True)

    def kind(self, event: Json) -> str:
        return str(event.get("activityStatus") or event.get("event") or event.get("event_name"))

    def message(self, event: Json) -> str:
        return str(
            event.get("iid") or event.get("message_id") or event.get("message_code") or event.get("recipient")
        )

    def time(self, event: Json) -> str:
        return str(event.get("activityDateTime") or f"{event.get('timestamp', 0):020}")

    def remember(self, message: str, news: tuple[str, str]) -> None:
        self.latest[message] = max(news, self.latest.get(message, news))

    @contextmanager
    def served(self) -> Iterator[Shop]:
        """The same behind a real port."""

        async def answer(request: web.BaseRequest) -> web.Response:
            self.receive(await request.read())
            return web.Response()

        with Receiver(then=answer) as receiver:
            self.url = receiver.url
            yield self


class FirstOnly(Shop):
    def receive(self, body: bytes) -> None:
        read = json.loads(body)
        self.take(read[0] if isinstance(read, list) else read)


class CountsTwice(Shop):
    def is_new(self, event: Json) -> bool:
        return True


class Int32(Shop):
    def take(self, event: Json) -> None:
        struct.pack("<i", event["contactId"])


class TextTimestamp(Shop):
    def time(self, event: Json) -> str:
        text: str = event["timestamp"].zfill(20)
        return text


class NeedsCustomer(Shop):
    def message(self, event: Json) -> str:
        return str(event["externalCustomerId"])


class LastWins(Shop):
    def remember(self, message: str, news: tuple[str, str]) -> None:
        self.latest[message] = news


class ByIid(Shop):
    def identity(self, event: Json) -> str:
        return str(event["iid"])


class LocalTime(Shop):
    """Takes times without a zone for those of the shop, and keeps them in UTC."""

    def stored(self, event: Json) -> datetime:
        return datetime.fromisoformat(event["activityDateTime"]).replace(tzinfo=KYIV).astimezone(UTC)

    def shown(self, event: Json) -> str:
        return self.stored(event).astimezone(KYIV).strftime("%Y-%m-%dT%H:%M:%S")


class Floats(Shop):
    """As JavaScript does: every number is a double."""

    def stored(self, body: bytes) -> Any:
        read = json.loads(body, parse_int=float)
        return {name: int(value) if isinstance(value, float) else value for name, value in read.items()}


class KnowsFour(Shop):
    """Written when the page listed fewer statuses."""

    def kind(self, event: Json) -> str:
        known = {"DELIVERED": "ok", "UNDELIVERED": "failed", "READ": "seen", "CLICKED": "seen"}
        return known[event["activityStatus"]]
