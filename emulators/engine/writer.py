"""Writes events: from a kind and some fields to a payload that is complete, checked and encoded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from emulators.engine.clock import SECOND, Instant, moment
from emulators.engine.codec import encode
from emulators.engine.profile import FeedProfile, Kind, Profile
from emulators.engine.provider import Contract, Event, Feed, Occasion, Payload, People, Provider
from emulators.engine.strictness import ASSUMED, first_there
from emulators.errors import BrokenContract, InvalidValue, unknown


class Writer:
    """Writes the events of one emulator. `draw` gives a random source by two words and the seed."""

    def __init__(
        self,
        provider: Provider,
        profile: Profile,
        contract: Contract,
        options: Mapping[str, Any],
        people: People,
        draw: Callable[[str, object], Random],
        strict: bool = False,
    ) -> None:
        self._provider = provider
        self._profile = profile
        self._contract = contract
        self._options = options
        self._people = people
        self._draw = draw
        self._strict = strict
        self._feeds = {feed.name: feed for feed in provider.feeds}

    def resolve(self, name: str) -> tuple[FeedProfile, Kind]:
        """The feed and kind that `"opened"` or `"smtp.opened"` mean; the bare kind is the first feed's."""
        if not isinstance(name, str):
            raise InvalidValue(f"kind: expected its name, got {name!r}")
        feed_name, _, rest = name.partition(".")
        if feed_name in self._profile.feeds and rest in self._profile.feeds[feed_name].kinds:
            feed = self._profile.feeds[feed_name]
            return feed, self._checked(feed.kinds[rest])
        for feed in self._profile.feeds.values():
            if name in feed.kinds:
                return feed, self._checked(feed.kinds[name])
        if not self._profile.feeds:
            raise unknown(f"kind ({self._provider.title} sends no webhooks that we know of)", name, ())
        raise unknown("kind", name, [kind for feed in self._profile.feeds.values() for kind in feed.kinds])

    def _checked(self, kind: Kind) -> Kind:
        if self._strict and kind.basis == ASSUMED:
            raise InvalidValue(f"kind {kind.name!r} is assumed, and strictness is 'documented': {kind.note}")
        if kind.opt_in and not self._options[kind.opt_in]:
            raise InvalidValue(
                f"kind {kind.name!r} is {kind.basis}, not documented; "
                f"to emit it all the same: options={{{kind.opt_in!r}: True}}, "
                f"on the command line --option {kind.opt_in}=true"
            )
        return kind

    def write(
        self, feed: FeedProfile, kind: Kind, given: Mapping[str, Any], first: int, count: int, now: Instant
    ) -> tuple[Event, ...]:
        """`count` events of one kind, numbered from `first`.

        A field given as None is left out. Raises `UnknownName` for a field the kind does not have and
        `InvalidValue` for a value that the vendor's schema refuses.
        """
        known = set(kind.fields)
        for name in given:
            if name not in known and not kind.open:
                raise unknown(f"field of {kind.name}", name, kind.fields)
        build = self._feeds[feed.name]
        schema = f"{feed.name}.event"
        # One source for all of them, seeded by the first: a source each would cost more than the events.
        random = Random(self._draw("event", first).getrandbits(64))
        occasion = Occasion(
            kind.name, moment(now), now // SECOND, given, self._options, self._people, random, self._draw
        )
        events = []
        for ordinal in range(first, first + count):
            payload = self._complete(build, kind, occasion)
            if self._strict:
                self._check_known(kind, payload)
            if not self._contract.valid(schema, payload):
                raise self._refusal(schema, kind, payload, given)
            events.append(Event(ordinal, feed.name, kind.name, now, encode(payload)))
        return tuple(events)

    def _check_known(self, kind: Kind, payload: Payload) -> None:
        """Refuses fields that no document describes."""
        if pointer := first_there(kind.assumed, payload):
            raise InvalidValue(
                f"{pointer}: this field of {kind.name} is assumed, and strictness is 'documented'"
            )

    @staticmethod
    def _complete(feed: Feed, kind: Kind, occasion: Occasion) -> Payload:
        """The built payload with the given fields over it, in the vendor's order."""
        payload = feed.build(occasion)
        if not occasion.given and tuple(payload) == kind.fields:
            return payload
        wire = payload.get(feed.kind_field)
        if occasion.given.get(feed.kind_field, wire) != wire:
            got = occasion.given[feed.kind_field]
            raise InvalidValue(
                f"{feed.kind_field}: {kind.name} events say {wire!r}, got {got!r}; emit that kind"
            )
        payload.update(occasion.given)
        for name, value in occasion.given.items():
            if value is None:
                del payload[name]
        if kind.open:
            return payload
        return {name: payload[name] for name in kind.fields if name in payload}

    def _refusal(
        self, schema: str, kind: Kind, payload: Payload, given: Mapping[str, Any]
    ) -> InvalidValue | BrokenContract:
        problems = self._contract.explain(schema, payload)
        told = "\n".join(f"  {problem}" for problem in problems)
        if given:
            return InvalidValue(
                f"{self._provider.title} would not send this {kind.name} event:\n{told}", problems
            )
        return BrokenContract(f"our own {kind.name} event breaks the schema {schema}:\n{told}")
