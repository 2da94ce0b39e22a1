"""The vocabulary in which a vendor is written down: Provider, Feed, Route, Call, Reply, Refused, Event.

A provider is a record of data plus plain functions. It never awaits, opens a socket, reads the real time or
rolls its own dice; what it may touch is handed to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, NamedTuple, Protocol

from emulators.engine.clock import Instant, moment
from emulators.engine.profile import Fact, Problem

Payload = dict[str, Any]

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


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
    def example(self, schema: str) -> Any | None:
        """A value that keeps to the schema, the vendor's own if he prints one; None: there is none."""

    def basis(self, schema: str) -> str:
        """How well a schema is known: documented, observed, inferred, assumed."""


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


class Target(NamedTuple):
    """A request of a feed before it leaves; `template` is what its subscription says the body is made of."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    template: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of webhook; `build` writes the payload of one event, `kind_field` is where it says of which kind.

    `compose` rewrites the request of one event where a receiver may say how it looks. `answered` is the
    reaction to a request that has ended: its data are `payloads`, `status`, `outcome` and `reply`.
    """

    name: str
    build: Callable[[Occasion], Payload]
    kind_field: str = ""
    compose: Callable[[Target, Payload], Target] | None = None
    answered: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that an app made. `path` is decoded and without doubled slashes; header names are lower case.

    `data` is the request as the vendor reads it: the decoded body, or the query where there is no body.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)
    data: Any = None

    @property
    def fields(self) -> Mapping[str, Any]:
        """The data if they are an object, else an empty one."""
        return self.data if isinstance(self.data, dict) else {}

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
    # What UTF-8 cannot carry is a surrogate, and `\\udxxx` is its escape in JSON as well.
    body = _COMPACT.encode(value).encode("utf-8", errors="backslashreplace")
    return Reply(status, body, (("content-type", "application/json; charset=utf-8"),), problems)


def text_reply(status: int, text: str, *problems: Problem) -> Reply:
    """A reply in plain text."""
    body = text.encode("utf-8", errors="replace")
    return Reply(status, body, (("content-type", "text/plain; charset=utf-8"),), problems)


class Refused(Exception):
    """A call that is answered with `reply`; what its handler did so far is undone."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"refused with status {reply.status}")
        self.reply = reply


class Table(Protocol):
    """A vendor's records by key, JSON values."""

    def get(self, key: str) -> Any | None: ...
    def put(self, key: str, value: Any) -> None: ...
    def delete(self, key: str) -> None: ...
    def __contains__(self, key: object) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...


class Listener(Protocol):
    """A receiver that is registered; `kinds` None: all of the feed."""

    @property
    def id(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def feed(self) -> str: ...
    @property
    def kinds(self) -> frozenset[str] | None: ...
    @property
    def state(self) -> str: ...


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

    def number(self, what: str) -> int:
        """The number of the next `what`, from 1."""

    def emit(self, kind: str, **given: Any) -> Payload:
        """Something happens now; returns what the webhook says of it."""

    def after(self, seconds: float, reaction: str, **data: Any) -> None:
        """Lets a reaction of the provider happen later; `data` are JSON."""

    def events(self, feed: str) -> Sequence[Event]:
        """Everything that happened, oldest first, whoever let it happen."""

    def subscriptions(self, feed: str) -> tuple[Listener, ...]:
        """The receivers that are registered now."""

    def subscribe(self, feed: str, url: str, kinds: list[str] | None) -> int:
        """Registers a receiver; returns its number."""

    def resubscribe(self, number: int, url: str | None = None, kinds: list[str] | None = None) -> None:
        """Changes where a registration sends, or what."""

    def unsubscribe(self, number: int) -> None:
        """Ends a registration; what waits is never sent."""


Refusing = Callable[[Account, Call, tuple[Problem, ...]], Reply | None]


def lenient(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """Takes every call, whatever rules it breaks; the problems are noted."""
    return None


@dataclass(frozen=True, slots=True)
class Route:
    """A call that is imitated; `{name}` in `path` matches one segment.

    `guard` raises `Refused` for a caller who may not. `normalise` turns the decoded body into the one form
    that the request's schema describes. `refuse` says what the vendor answers to a request that breaks the
    schema; None takes it all the same. `schema` is the stem of request and response schema.
    """

    name: str
    method: str
    path: str
    handle: Callable[[Account, Call], Reply]
    guard: Callable[[Account, Call], None] | None = None
    normalise: Callable[[Any], Any] | None = None
    refuse: Refusing | None = None
    schema: str = ""

    @property
    def stem(self) -> str:
        return self.schema or self.name


@dataclass(frozen=True, slots=True)
class Provider:
    """A vendor: everything that is not data in `schemas/`.

    `env` turns the base URL and the credentials into the settings that an app reads; `furnish` puts the ids
    that the vendor's documents use into a new account. `refuse` is that of routes without their own.
    `errors` are answers that a test may ask for by name, such as a quota that is used up. `cors` names the
    option that says from where browsers may call (empty: from nowhere). `check_options` says what is wrong with
    options that have a form of their own.
    """

    name: str
    title: str
    locale: str
    env: Callable[[str, Mapping[str, str]], dict[str, str]]
    feeds: tuple[Feed, ...] = ()
    routes: tuple[Route, ...] = ()
    reactions: Mapping[str, Callable[[Account, Mapping[str, Any]], None]] = field(default_factory=dict)
    refuse: Refusing = lenient
    errors: Mapping[str, Callable[[Account, Call], Reply]] = field(default_factory=dict)
    cors: str = ""
    check_options: Callable[[Mapping[str, Any]], tuple[Problem, ...]] = lambda options: ()
    credentials: Callable[[Random], dict[str, str]] = lambda random: {}
    furnish: Callable[[Account], None] = lambda account: None
    package: str = ""
