"""The account of a run, in Jepsen's words: what was acknowledged must be stored, once; nothing else need be. Pure.

An event whose request was not answered by a success may be stored or not: the vendor sends it again, and does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.check.oracle.altered import Alteration, alterations
from emulators.check.oracle.columns import Columns, Stored
from emulators.check.vocabulary import Exchange
from emulators.engine import codec
from emulators.engine.provider import Payload


@dataclass(frozen=True, slots=True)
class Entry:
    """An identity: its events that were acknowledged and that were sent at all (each once, however often it was sent), and
    the records that mention it."""

    key: str
    acknowledged: int
    sent: int
    stored: int


@dataclass(frozen=True, slots=True)
class Altered:
    """A record of an identity in which a field does not say what was sent."""

    key: str
    alteration: Alteration


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`lost`: fewer records than acknowledged events; where one record stands for all that happened to a person, see `gone`.
    `duplicated`: more records than events were ever sent. `unexpected`: stored, though never sent or only refused with 4xx.
    `recovered`: stored, though not acknowledged, which is right. `altered`: stored otherwise than it was sent.
    `acknowledged`: events on which all this rests."""

    lost: tuple[Entry, ...] = ()
    duplicated: tuple[Entry, ...] = ()
    unexpected: tuple[Entry, ...] = ()
    recovered: tuple[Entry, ...] = ()
    altered: tuple[Altered, ...] = ()
    acknowledged: int = 0

    @property
    def gone(self) -> tuple[Entry, ...]:
        """Of the lost: nothing at all is stored of them."""
        return tuple(entry for entry in self.lost if not entry.stored)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.duplicated or self.unexpected or self.altered)


@dataclass(slots=True)
class _Account:
    """One identity's events as texts that are equal however an event was written; `possible`: neither owed nor refused."""

    owed: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    excused: set[str] = field(default_factory=set)
    """Acknowledged, and not owed all the same."""
    in_company: set[str] = field(default_factory=set)
    """Those that came in a request with others."""

    @property
    def may_be_stored(self) -> set[str]:
        return self.owed | self.possible | self.excused


class Ledger:
    """Notes every exchange; says at the end what should be stored."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._told: set[str] = set()
        self._failures: set[str] = set()
        self._sent_again: set[str] = set()
        self._templates: dict[str, Payload] = {}
        self.doubles = False
        """Whether a check has told that what is sent again is stored again."""

    def note(self, exchange: Exchange, legal: bool = True) -> None:
        """One request and its answer. What is not `legal`, or not sent as the vendor sends it, may be stored or not."""
        for key, template in zip(exchange.keys, exchange.shot.events, strict=False):
            self._templates.setdefault(key, template)
        for key, event in zip(exchange.keys, _events(exchange), strict=False):
            if not key:
                continue
            account = self._accounts.setdefault(key, _Account())
            status = exchange.heard.status
            if account.may_be_stored:
                self._sent_again.add(key)
            if len(exchange.keys) > 1:
                account.in_company.add(event)
            if exchange.acknowledged:
                (account.owed if legal and _as_sent_by_a_vendor(exchange) else account.possible).add(event)
            elif status is not None and 400 <= status < 500:
                account.refused.add(event)
            else:
                account.possible.add(event)

    def template(self, key: str) -> Payload:
        """The event that was first sent with an identity, as it was before it got it."""
        return self._templates[key]

    def tell(self, stored: Mapping[str, int], failure: str) -> None:
        """A check has told of a failure (by its key) with these identities, of which so many records are stored."""
        self._told |= stored.keys()
        self._failures.add(failure)
        self.doubles = self.doubles or any(
            count > len(self._accounts[key].may_be_stored)
            for key, count in stored.items()
            if key in self._accounts
        )

    def is_told(self, key: str) -> bool:
        """Whether a check that looked at this identity has told what is wrong with it."""
        return key in self._told

    def is_doubled_again(self, key: str) -> bool:
        """Whether it was sent again, and a check has told that what is sent again is stored again."""
        return self.doubles and key in self._sent_again

    def is_known_to_change(self, field: str) -> bool:
        """Whether a check has told that this field is stored otherwise than it is sent."""
        return any(failure.endswith(f"{field} altered") for failure in self._failures)

    def excuse(self, why: Callable[[Any, bool], bool]) -> None:
        """Events that need not be stored after all: `why` says so of an event, and of whether it came with others."""
        for account in self._accounts.values():
            excused = {
                event for event in account.owed if why(codec.decode(event), event in account.in_company)
            }
            account.owed -= excused
            account.excused |= excused

    @property
    def events(self) -> Iterator[tuple[str, Any]]:
        """All that may be stored, each event once with each identity that it was sent with."""
        for key, account in self._accounts.items():
            for event in account.may_be_stored:
                yield key, codec.decode(event)

    @property
    def keys(self) -> frozenset[str]:
        """All identities that were sent."""
        return frozenset(self._accounts)

    @property
    def acknowledged(self) -> dict[str, int]:
        """How many events of each identity must be stored."""
        return {key: len(account.owed) for key, account in self._accounts.items() if account.owed}

    def reconcile(
        self,
        counts: Mapping[str, int],
        found: Mapping[str, Sequence[Any]] | None = None,
        columns: Columns | None = None,
    ) -> Reconciliation:
        """What is wrong with what is stored: `counts` of records by identity, also of identities of this run that nobody sent;
        `found`: the records themselves, if what they say is to be compared, too; `columns`: where they say it."""
        lost, duplicated, unexpected, recovered = list[Entry](), list[Entry](), list[Entry](), list[Entry]()
        for key in sorted({*self._accounts, *counts}):
            account, stored = self._accounts.get(key, _Account()), counts.get(key, 0)
            entry = Entry(key, len(account.owed), len(account.may_be_stored), stored)
            if stored and not account.may_be_stored:
                unexpected.append(entry)
            elif stored > len(account.may_be_stored):
                duplicated.append(entry)
            elif stored < len(account.owed):
                lost.append(entry)
            elif stored > len(account.owed | account.excused):
                recovered.append(entry)
        return Reconciliation(
            tuple(lost),
            tuple(duplicated),
            tuple(unexpected),
            tuple(recovered),
            tuple(self._altered(found or {}, columns or Columns())),
            sum(self.acknowledged.values()),
        )

    def _altered(self, found: Mapping[str, Sequence[Any]], columns: Columns) -> Iterable[Altered]:
        told = [
            Stored(key, [codec.decode(event) for event in sorted(account.may_be_stored)], found[key])
            for key in sorted(found)
            # What need not be stored may be stored in any way.
            if (account := self._accounts.get(key)) is not None and account.owed
        ]
        by_name: set[tuple[str, str]] = set()
        for key, events, records in told:
            for record in records:
                for alteration in alterations(key, events, record):
                    by_name.add((key, alteration.field))
                    yield Altered(key, alteration)
        for key, alteration in columns.alterations(told):
            if (key, alteration.field) not in by_name:
                yield Altered(key, alteration)


def _events(exchange: Exchange) -> list[str]:
    """The events of a request as they really left, in order; none of a body that is not made of events."""
    if exchange.shot.raw is not None or not exchange.keys:
        return []
    try:
        body = codec.decode(exchange.body)
    except ValueError:
        return []
    events = body if isinstance(body, list) else [body]
    if len(events) != len(exchange.keys):
        return []
    # The same event in other spacing, or with its keys in another order, is no second one.
    return [json.dumps(event, sort_keys=True) for event in events]


def _as_sent_by_a_vendor(exchange: Exchange) -> bool:
    """Whether a success is one of the receiver's: at its own path, with the right credentials."""
    shot = exchange.shot
    return shot.method == "POST" and shot.path is None and shot.credentials == "right"
