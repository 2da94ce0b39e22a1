"""Which schema a captured body is measured by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from emulators import registry
from emulators.contract import Contract
from emulators.drifting.capture import Record
from emulators.engine import codec
from emulators.engine.profile import FeedProfile, Profile
from emulators.engine.provider import Call, Provider, Route
from emulators.engine.reading import Unreadable, check_depth, read
from emulators.engine.routing import Table
from emulators.errors import unknown

ERRORS = "errors.response"


class Measured(NamedTuple):
    """A value, and the stem of the schema that speaks of it."""

    schema: str
    value: Any


class Unplaced(NamedTuple):
    """What no schema speaks of; `where` has no values in it."""

    where: str


@dataclass(frozen=True, slots=True)
class Placer:
    """Finds schemas in one revision."""

    provider: Provider
    profile: Profile
    contract: Contract

    def place(self, record: Record) -> Iterator[Measured | Unplaced]:
        """Each event of a webhook by itself, or the one body of a call. `UnknownName` for a feed or route that is not there."""
        if record.provider not in ("", self.profile.provider):
            yield Unplaced(f"traffic of {record.provider}")
            return
        call = self._call(record)
        route = self._route(record, call)
        if record.feed:
            if record.feed not in self.profile.feeds:
                raise unknown(f"feed of {self.profile.provider}", record.feed, self.profile.feeds)
            yield from self._hook(self.profile.feeds[record.feed], record)
        elif route is not None:
            yield self._answer(route, record) if record.answers else self._request(route, record, call)
        elif record.answers:
            yield Unplaced(f"answers to {record.method} {_shape(call.path)}".strip())
        else:
            feed = self._nearest(_decoded(record), bare=not record.method)
            if feed is None:
                yield Unplaced(
                    f"{record.method} {_shape(call.path)}" if record.method else "bodies of no known feed"
                )
            else:
                yield from self._hook(feed, record)

    def feed(self, record: Record) -> FeedProfile | None:
        """The feed that a record is a request of; None: it is a call, an answer, or nothing that is known."""
        if record.direction == "response" or _bodiless(record):
            return None
        if record.feed:
            if record.feed not in self.profile.feeds:
                raise unknown(f"feed of {self.profile.provider}", record.feed, self.profile.feeds)
            return self.profile.feeds[record.feed]
        if record.answers or self._route(record, self._call(record)) is not None:
            return None
        return self._nearest(_decoded(record), bare=not record.method)

    def _call(self, record: Record) -> Call:
        parts = _split(record.address)
        raw = record.raw
        if raw is None:
            raw = b"" if record.value is None else codec.encode(record.value)
        headers = (("content-type", record.content_type),) if record.content_type else ()
        path = re.sub(r"/{2,}", "/", unquote(parts[0])) or "/"
        query = tuple(parse_qsl(parts[1], keep_blank_values=True))
        return Call(record.method, path, query, headers, raw)

    def _route(self, record: Record, call: Call) -> Route | None:
        if record.route:
            by_name = {route.name: route for route in self.provider.routes}
            if record.route not in by_name:
                raise unknown(f"route of {self.profile.provider}", record.route, by_name)
            return by_name[record.route]
        found = Table(self.provider.routes).find(call) if record.method else None
        return found[0] if found else None

    @staticmethod
    def _request(route: Route, record: Record, call: Call) -> Measured | Unplaced:
        # A record that names its route alone has said enough.
        call = Call(record.method or route.method, call.path, call.query, call.headers, call.body)
        if record.status is not None and record.status >= 400:
            # Wherein it differs may be why it was refused.
            return Unplaced(f"refused calls of {route.name}")
        if _bodiless(record) and call.method not in ("GET", "HEAD", "DELETE"):
            return Unplaced(f"calls of {route.name} without a body")
        try:
            data = read(call)
            if route.normalise:
                data = route.normalise(data)
                check_depth(call.body, data)
        except Unreadable:
            return Unplaced(f"unreadable bodies of {route.name}")
        return Measured(f"{route.stem}.request", data)

    @staticmethod
    def _answer(route: Route, record: Record) -> Measured | Unplaced:
        status = 200 if record.status is None else record.status
        if _bodiless(record):
            return Unplaced(f"answers to {route.name} without a body")
        if 200 <= status < 300:
            return Measured(f"{route.stem}.response", _decoded(record))
        if 400 <= status < 500:
            return Measured(ERRORS, _decoded(record))
        return Unplaced(f"answers {status} to {route.name}")

    def _hook(self, feed: FeedProfile, record: Record) -> Iterator[Measured | Unplaced]:
        body = _decoded(record)
        if not isinstance(body, list) or feed.policy["envelope"].value != "array":
            yield Measured(f"{feed.name}.event", body)
            return
        for event in body:
            yield Measured(f"{feed.name}.event", event)
        if not self.contract.valid(feed.name, body) and all(
            self.contract.valid(f"{feed.name}.event", event) for event in body
        ):
            yield Measured(feed.name, body)

    def _nearest(self, body: Any, bare: bool) -> FeedProfile | None:
        """The feed whose fields and kinds a body has most of; of a bare body we are told that it is one of them."""
        feeds = list(self.profile.feeds.values())
        events = [event for event in (body if isinstance(body, list) else [body]) if isinstance(event, dict)]
        if bare and len(feeds) == 1:
            return feeds[0]
        best = max(feeds, key=lambda feed: self._likeness(feed, events), default=None)
        least = 0.0 if bare else 0.5
        return best if best is not None and self._likeness(best, events) > least else None

    def _likeness(self, feed: FeedProfile, events: list[dict[str, Any]]) -> float:
        known = {field for kind in feed.kinds.values() for field in kind.fields}
        kind_field = next((one.kind_field for one in self.provider.feeds if one.name == feed.name), "")
        total = 0.0
        for event in events[:20]:
            kind = event.get(kind_field)
            total += len(known & event.keys()) / max(len(event), 1)
            total += isinstance(kind, str) and kind in feed.kinds
        return total / max(len(events[:20]), 1)


def placer(spec: str) -> Placer:
    """For `"esputnik"` or `"esputnik@2023-09"`; `UnknownName` with the nearest known name."""
    imitation = registry.load(spec)
    profile = imitation.profile
    contract = registry.shelf(profile.provider).contract(profile.provider, profile.revision)
    return Placer(imitation.provider, profile, contract)


def _bodiless(record: Record) -> bool:
    return record.value is None and record.raw is None


def _decoded(record: Record) -> Any:
    """A body as schemas speak of it: JSON, text as a string, nothing as null."""
    if record.raw is None:
        return record.value
    if not record.raw.strip():
        return None
    try:
        value = codec.decode(record.raw)
        check_depth(record.raw, value)
    except ValueError:
        return record.raw.decode("utf-8", "replace")
    return value


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.path, parts.query


def _shape(path: str) -> str:
    """A path whose segments with digits, or of great length, are left out: they are ids, and may be credentials."""
    segments = (
        "{}"
        if (re.search(r"[0-9@%]", part) and not re.fullmatch(r"v[0-9]{1,2}", part)) or len(part) > 30
        else part
        for part in path.split("/")
    )
    return "/".join(segments)
