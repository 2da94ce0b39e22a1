"""What a revision of a vendor's documents says, as values: every fact with its basis and source.

The catalog reads these from `schemas/<provider>/<revision>/profile.json`; the engine goes by them and
never by numbers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BASES = ("documented", "observed", "inferred", "assumed")


@dataclass(frozen=True, slots=True)
class Fact:
    """A value the emulator goes by. `basis` is one of `BASES`, `source` a key of `Profile.sources`."""

    value: Any
    basis: str
    source: str
    note: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event in the vendor's own words; `fields` in the order the vendor prints them.

    `opt_in` names the option that must be true before the kind may be emitted.
    """

    name: str
    basis: str
    source: str
    note: str = ""
    opt_in: str | None = None
    fields: tuple[str, ...] = ()
    open: bool = False
    """Whether it may have other fields too."""
    assumed: tuple[str, ...] = ()
    """JSON pointers of the fields that no document describes."""


@dataclass(frozen=True, slots=True)
class FeedProfile:
    """One kind of webhook: its event kinds and the facts of its delivery policy, by policy field."""

    name: str
    title: str
    kinds: Mapping[str, Kind]
    policy: Mapping[str, Fact]
    identities: Mapping[str, Fact] = field(default_factory=dict)
    """By JSON pointer into an event: of what it has the id."""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice that the documents leave open; `default.value` holds unless the user says otherwise."""

    name: str
    default: Fact
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A documented payload, byte for byte as in its file. `schema` is the name it is valid against."""

    name: str
    schema: str
    body: bytes
    basis: str
    source: str
    title: str = ""
    repairs: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RouteProfile:
    """A call that is imitated: `METHOD /path`, where the vendor describes it, and the real clients that proved it."""

    name: str
    method: str
    path: str
    basis: str
    source: str
    note: str = ""
    clients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorProfile:
    """An answer that may be asked for by name. `guarded`: it strikes only calls that want credentials."""

    name: str
    status: int
    basis: str
    source: str
    note: str = ""
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A vendor page (or a recorded exchange) that facts rest on, with the date of its text."""

    title: str
    date: str
    kind: str = "vendor page"
    language: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A dated state of one vendor's documents, `extends` already resolved."""

    provider: str
    revision: str
    title: str
    sources: Mapping[str, Source]
    feeds: Mapping[str, FeedProfile]
    options: Mapping[str, Option]
    routes: Mapping[str, RouteProfile]
    samples: Mapping[str, Sample]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    errors: Mapping[str, ErrorProfile] = field(default_factory=dict)
    not_imitated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule that a payload breaks: where (JSON pointer), what was expected, what came, who says so.

    `rule` is the word of JSON Schema for it (`required`: it is missing), or `unreadable`.
    """

    pointer: str
    expected: str
    got: str
    source: str = ""
    rule: str = ""

    def __str__(self) -> str:
        where = self.pointer or "the request"
        origin = f" ({self.source})" if self.source else ""
        return f"{where}: expected {self.expected}, got {self.got}{origin}"
