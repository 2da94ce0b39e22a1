"""The vocabulary in which a vendor is written down: Provider, Feed, Route, Call, Reply, Event.

A provider is a record of data plus plain functions. It never awaits, opens a socket, reads the real time or
rolls its own dice; what it may touch is handed to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, NamedTuple, Protocol

from emulators.engine.clock import Instant, moment
from emulators.engine.profile import Fact, Problem

Payload = dict[str, Any]


class Event(NamedTuple):
    """Something that happened at the vendor, encoded once: `body` is its JSON."""

    ordinal: int
    feed: str
    kind: str
    instant: Instant
    body: bytes

    @property
    def at(self) -> datetime:
        """When it happened, on the world's clock."""
        return moment(self.instant)

    @property
    def payload(self) -> Payload:
        """The JSON object that the receiver gets."""
        payload: Payload = json.loads(self.body)
        return payload


class Person(Protocol):
    """Somebody who gets messages."""

    @property
    def first_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def phone(self) -> str: ...


class People(Protocol):
    """Realistic values in the vendor's language, each drawn from the random source that is given."""

    def person(self, random: Random) -> Person: ...
    def email(self, random: Random) -> str: ...
    def subject(self, random: Random) -> str: ...
    def campaign(self, random: Random) -> str: ...
    def product(self, random: Random) -> str: ...


class Contract(Protocol):
    """The vendor's schemas: a fast answer, and one that explains."""

    def valid(self, schema: str, instance: Any) -> bool: ...
    def explain(self, schema: str, instance: Any) -> tuple[Problem, ...]: ...


@dataclass(slots=True)
class Occasion:
    """What a feed's builder may draw on to write one event of `kind`."""

    kind: str
    now: datetime
    epoch: int
    """The same in whole Unix seconds."""
    given: Mapping[str, Any]
    options: Mapping[str, Any]
    people: People
    random: Random
    draw: Callable[[str, object], Random]
    """A random source that depends on nothing but the seed and these two words: the same address is always
    the same contact."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of webhook; `build` writes the payload of one event, `kind_field` is where it says of which kind."""

    name: str
    build: Callable[[Occasion], Payload]
    kind_field: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that an app made. `path` is decoded and without doubled slashes; header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the vendor answers; `problems` explain a refusal beside the wire."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def json_reply(status: int, value: object, *problems: Problem) -> Reply:
    """A reply with a JSON body."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, body, (("content-type", "application/json; charset=utf-8"),), problems)


class Table(Protocol):
    """A vendor's records by key, JSON values."""

    def get(self, key: str) -> Any | None: ...
    def put(self, key: str, value: Any) -> None: ...
    def delete(self, key: str) -> None: ...
    def __contains__(self, key: object) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...


class Account(Protocol):
    """All that a route handler or a reaction may touch. What it does is committed together, or not at all."""

    @property
    def now(self) -> datetime: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    @property
    def facts(self) -> Mapping[str, Fact]: ...
    @property
    def credentials(self) -> Mapping[str, str]: ...
    def table(self, name: str) -> Table: ...
    def random(self, what: str) -> Random:
        """A new random source for the next `what` of this account."""

    def emit(self, kind: str, **given: Any) -> None: ...
    def after(self, seconds: float, reaction: str, **data: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """A call that is imitated; `{name}` in `path` matches one segment. `response` is the schema of a 2xx body."""

    name: str
    method: str
    path: str
    handle: Callable[[Account, Call], Reply]
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A vendor: everything that is not data in `schemas/`.

    `env` turns the base URL and the credentials into the settings that an app reads; `furnish` puts the ids
    that the vendor's documents use into a new account.
    """

    name: str
    title: str
    locale: str
    env: Callable[[str, Mapping[str, str]], dict[str, str]]
    feeds: tuple[Feed, ...] = ()
    routes: tuple[Route, ...] = ()
    reactions: Mapping[str, Callable[[Account, Mapping[str, Any]], None]] = field(default_factory=dict)
    credentials: Callable[[Random], dict[str, str]] = lambda random: {}
    furnish: Callable[[Account], None] = lambda account: None
    package: str = ""
