"""A receiver without a known defect, as an application: decode, check, key, store, and only then acknowledge."""

from __future__ import annotations

import hmac
import json
import math
import sqlite3
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.check.receivers import events
from tests.check.receivers.events import Event, Feed
from tests.check.receivers.served import MOST, Answer, Head, Refused, framing, unpacked

DEEPEST = 64
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (n INTEGER PRIMARY KEY, key TEXT {unique}, email TEXT, message TEXT, kind TEXT,
  at TEXT, weight TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_message ON events (message, weight);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it is stored; `key` None: one that is never the same as another."""

    key: str | None
    email: str | None
    message: str | None
    kind: str | None
    at: str | None
    weight: str
    body: str


@dataclass(frozen=True, slots=True)
class Settings:
    """`vendor`: whose webhooks it expects (empty: anybody's). The rest only matters to receivers with defects."""

    store: Path
    vendor: str = ""
    basic: tuple[str, str] | None = None
    options: Mapping[str, float] | None = None


class Receiver:
    """The application: decode, check, key, store, and only then acknowledge. Each step can be replaced by a worse one."""

    limit = MOST
    expects = True
    lingers = True
    unique = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db = sqlite3.connect(settings.store, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        # A commit outlives the process, not a power cut; a real app would write FULL here.
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.executescript(SCHEMA.format(unique="UNIQUE" if self.unique else ""))

    def option(self, name: str, default: float) -> float:
        return (self.settings.options or {}).get(name, default)

    def close(self) -> None:
        self.db.close()

    def early(self, head: Head) -> Answer | None:
        """What is refused before its body is read."""
        return framing(head, self.limit)

    def piece(self, arrived: bytes) -> bytes:
        """What is kept of the next bytes of a body, as many as came at once."""
        return arrived

    # -- routes

    async def answer(self, head: Head, body: bytes) -> Answer:
        routes = {("GET", "/oracle"): self.oracle, ("POST", "/reset"): self.reset}
        try:
            if route := routes.get((head.method, head.path)):
                return route(head)
            return await self.hook(head, body)
        except Refused as refusal:
            return self.refusal(refusal)
        except Exception as error:  # noqa: BLE001 - as the web server around an app does
            return self.crashed(error)

    def crashed(self, error: Exception) -> Answer:
        """What an error of ours is answered by; the receivers with defects come here."""
        return Answer(500, b"Internal Server Error")

    def refusal(self, refusal: Refused) -> Answer:
        more = (("WWW-Authenticate", 'Basic realm="hook", charset="UTF-8"'),) if refusal.status == 401 else ()
        more += (("Allow", "GET, HEAD, POST"),) if refusal.status == 405 else ()
        return self.said(refusal.status, {"refused": refusal.says}, more)

    def said(self, status: int, value: Any, more: tuple[tuple[str, str], ...] = ()) -> Answer:
        return Answer(status, json.dumps(value).encode(), (("Content-Type", "application/json"), *more))

    def oracle(self, head: Head) -> Answer:
        wanted = parse_qs(urlsplit(head.target).query).get("q", [""])[0]
        rows = self.db.execute(
            "SELECT email, message, kind, at, body, (SELECT kind FROM events AS o WHERE o.message = e.message"
            f" ORDER BY {self.order} LIMIT 1) FROM events AS e WHERE instr(lower(body), lower(?)) ORDER BY n",
            (wanted,),
        )
        # `status` is that of the whole message, `kind` that of this event.
        records = []
        for email, message, kind, at, body, state in rows:
            known = {"email": email, "status": state or kind, "kind": kind, "at": at, "message": message}
            records.append(f'{json.dumps(known)[:-1]}, "event": {body}}}')
        return Answer(
            200,
            b'{"records":[' + ",\n".join(records).encode() + b"]}",
            (("Content-Type", "application/json"),),
        )

    order = "o.weight DESC, o.n"

    def reset(self, head: Head) -> Answer:
        self.db.execute("DELETE FROM events")
        return Answer(200)

    async def hook(self, head: Head, body: bytes) -> Answer:
        if head.path not in ("/hook", "/hook/"):
            raise Refused(404, "no such path")
        if head.method in ("GET", "HEAD"):
            return self.verification(head)
        if head.method != "POST":
            raise Refused(405, "POST, please")
        self.authorize(head)
        return await self.take(head, body)

    def verification(self, head: Head) -> Answer:
        """Whether the vendor's verification carries credentials is not known; wrong ones are refused."""
        if head.header("authorization") is not None:
            self.authorize(head)
        return Answer(200)

    def authorize(self, head: Head) -> None:
        if self.settings.basic is None:
            return
        scheme, _, coded = (head.header("authorization") or "").partition(" ")
        try:
            given = b64decode(coded, validate=True)
        except ValueError:
            given = b""
        wanted = ":".join(self.settings.basic).encode()
        if not (hmac.compare_digest(given, wanted) and scheme.lower() == "basic"):
            raise Refused(401, "login and password, please")

    # -- what a webhook goes through

    async def take(self, head: Head, body: bytes) -> Answer:
        plain = unpacked(body, (head.header("content-encoding") or "").lower(), self.limit)
        found = self.events(self.decode(plain))
        rows = [self.row(event, feed, head) for event, feed in found]
        await self.store(rows)
        return self.acknowledge(len(found))

    def decode(self, body: bytes) -> Any:
        """The JSON value of a body, integers exact. Everything that is not JSON to the letter is refused, and what nobody sends."""
        try:
            text = body.decode("utf-8")
            value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        except (ValueError, RecursionError):
            raise Refused(400, "not JSON") from None
        if _deeper(value, DEEPEST):
            raise Refused(400, "nested too deeply")
        return value

    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        """The events of a body, each with whose it is. All or nothing: one that is none refuses the body."""
        bare = isinstance(value, dict)
        items = value if isinstance(value, list) else [value]
        return [self.event(item, bare) for item in items]

    def event(self, item: Any, bare: bool) -> tuple[Event, Feed]:
        feed = events.feed_of(item) if isinstance(item, dict) else None
        if feed is None:
            raise Refused(400, "no event")
        if not self.expected(feed):
            raise Refused(400, "an event of somebody else")
        if bare and feed.batched and feed.vendor != "sendpulse":
            raise Refused(400, "not an array")
        return item, feed

    def expected(self, feed: Feed) -> bool:
        return self.settings.vendor in ("", feed.vendor)

    def row(self, event: Event, feed: Feed, head: Head) -> Row:
        kind, at = self.kind(event, feed), self.instant(event.get(feed.time))
        return Row(
            key=self.key(event, feed),
            email=self.email(event, feed),
            message=events.message_of(event, feed),
            kind=kind,
            at=at,
            weight=events.weight(kind, at),
            body=events.canonical(event),
        )

    def kind(self, event: Event, feed: Feed) -> str | None:
        kind = event.get(feed.kind)
        return None if kind is None else events.text(kind)

    def key(self, event: Event, feed: Feed) -> str | None:
        return events.natural_key(event, feed)

    def email(self, event: Event, feed: Feed) -> str | None:
        """The contact: one person, however the address was typed."""
        person = events.first(event, feed.person)
        return None if person is None else _storable(events.text(person).strip().lower())

    def instant(self, value: Any) -> str | None:
        return events.instant(value)

    async def store(self, rows: list[Row]) -> None:
        """All of them in one transaction; a known key is known, whoever comes first."""
        self.insert(rows, "OR IGNORE")

    def insert(self, rows: list[Row], conflict: str = "") -> None:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            self.db.executemany(
                f"INSERT {conflict} INTO events (key, email, message, kind, at, weight, body) VALUES (?,?,?,?,?,?,?)",
                [
                    (r.key, r.email, _storable(r.message), _storable(r.kind), r.at, r.weight, r.body)
                    for r in rows
                ],
            )
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def acknowledge(self, count: int) -> Answer:
        return self.said(200, {"received": count})


class ContentKeyed(Receiver):
    """As right: it knows an event by all that it holds."""

    def key(self, event: Event, feed: Feed) -> str | None:
        return events.content_key(event)


def _storable(text: str | None) -> str | None:
    """SQLite keeps UTF-8, which has no lone surrogates."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("double names")
    return value


def _constant(name: str) -> Any:
    raise ValueError("no JSON number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("no number that there is")
    return value


def _deeper(value: Any, most: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return children is not None and (most == 0 or any(_deeper(child, most - 1) for child in children))
