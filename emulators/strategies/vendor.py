"""One revision of one vendor, as the strategies see it: its kinds of events, and an event for every seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from random import Random
from typing import Any

from emulators import registry
from emulators.engine import codec
from emulators.engine.clock import SECOND, VIRTUAL_START, instant
from emulators.engine.dice import Dice
from emulators.engine.options import choose
from emulators.engine.profile import FeedProfile, Kind
from emulators.engine.provider import Payload, Route
from emulators.engine.writer import Writer
from emulators.errors import EmulatorError, InvalidValue, unknown
from emulators.people import pools
from emulators.strategies.rules import ABSENT, Json, Rules

START = instant(VIRTUAL_START)


@cache
def vendor(spec: str, revision: str | None = None) -> Vendor:
    """The vendor that `"sendpulse"`, or `"sendpulse@2021-05"`, means.

    Raises `UnknownName` with the nearest name for a vendor or revision that does not exist.
    """
    name, _, told = spec.partition("@")
    if told and revision and told != revision:
        raise InvalidValue(f"revision: {spec!r} names one already, got {revision!r} as well")
    return Vendor(name, registry.load(f"{name}@{revision or told}" if revision or told else name))


class Vendor:
    """Names are resolved here; events are built by the vendor's own builder, from nothing but a seed."""

    def __init__(self, name: str, imitation: registry.Imitation) -> None:
        self.name = name
        self.provider, self.profile = imitation.provider, imitation.profile
        self.contract = imitation.contract
        self.spec = f"{name}@{imitation.profile.revision}"
        self._rules: dict[str, Rules] = {}
        self.build = lru_cache(2**14)(self._build)
        self.samples = cache(self._samples)
        self._hints = cache(self._find_hints)
        opted = {kind.opt_in for feed in self.profile.feeds.values() for kind in feed.kinds.values()}
        # Whoever names a kind that must be opted into has opted into it.
        self._opted = {option: True for option in opted if option}
        self._chosen, self.policies = choose(self.profile, self._opted)

    # -- names

    def feed(self, name: str | None = None) -> FeedProfile:
        """A feed by its name; the vendor's first, as `subscribe` takes it, if none is named."""
        feeds = self.profile.feeds
        if not feeds:
            raise InvalidValue(
                f"{self.provider.title} sends no webhooks that we know of; "
                f"requests({self.name!r}, route) makes what an app sends to it"
            )
        if name is not None and name not in feeds:
            raise unknown(f"feed of {self.name}", name, feeds)
        return feeds[name or next(iter(feeds))]

    def kinds(self, kind: str | None, feed: str | None = None) -> list[tuple[FeedProfile, Kind]]:
        """The kind of that name; without a name all kinds of the feed that its documents name, those that they
        print an example of first."""
        chosen = self.feed(feed)
        if kind is None:
            named = [known for known in chosen.kinds.values() if not known.opt_in]
            named.sort(key=lambda known: not self.samples(chosen.name, known.name))
            return [(chosen, known) for known in named]
        if feed is not None and kind not in chosen.kinds:
            raise unknown(f"kind of {self.name}'s feed {feed}", kind, chosen.kinds)
        return [self._writer().resolve(kind if feed is None else f"{feed}.{kind}")]

    def route(self, name: str) -> Route:
        """A route that an app may call."""
        for route in self.provider.routes:
            if route.name == name:
                return route
        raise unknown(f"route of {self.name}", name, [route.name for route in self.provider.routes])

    def rules(self, stem: str) -> Rules:
        """The rules of one schema, such as `activity.event`."""
        if stem not in self._rules:
            shelf = registry.shelf(self.name)
            self._rules[stem] = Rules(shelf.schema(f"{self.spec}/{stem}"))
        return self._rules[stem]

    # -- events

    def kind_field(self, feed: str) -> str:
        """Where an event of the feed says of which kind it is; empty if nowhere."""
        return next(f.kind_field for f in self.provider.feeds if f.name == feed)

    def composed(self, feed: str) -> bool:
        """Whether an event of the feed says how its own request looks, and perhaps where it goes."""
        return any(f.compose is not None for f in self.provider.feeds if f.name == feed)

    def _samples(self, feed: str, kind: str) -> tuple[Payload, ...]:
        """The events of a kind that the vendor's documents print."""
        field, found = self.kind_field(feed), []
        alone = len(self.profile.feeds[feed].kinds) == 1
        for sample in self.profile.samples.values():
            if sample.schema in (feed, f"{feed}.event"):
                whole = codec.decode(sample.body)
                for event in whole if isinstance(whole, list) else [whole]:
                    if alone or (field and event.get(field) == kind):
                        found.append(event)
        return tuple(event for event in found if self.contract.valid(f"{feed}.event", event))

    def event(self, feed: str, kind: str, seed: int, drift: bool = False) -> Payload:
        """The event of a seed, yours to change. The first seeds are the documents' samples, the next one is
        the builder's own; `drift`: also what the vendor does under other options."""
        payload: Payload = codec.decode(self.build(feed, kind, seed, drift))
        return payload

    def _build(self, feed: str, kind: str, seed: int, drift: bool) -> bytes:
        samples = self.samples(feed, kind)
        if seed < len(samples):
            return codec.encode(samples[seed])
        plain = seed == len(samples)
        # Cheap, and nothing but the seed.
        dice = Dice(f"{feed}/{kind}/{seed}".encode())
        given: Payload = {}
        hints = self._hints(feed, kind)
        if not plain and hints and dice.random() < 0.5:
            name, value = hints[int(dice.random() * len(hints))]
            given[name] = value
        options = self._other_options(dice) if drift and not plain and dice.random() < 0.5 else {}
        try:
            return codec.encode(self.write(feed, kind, given, seed, options))
        except EmulatorError:
            return codec.encode(self.write(feed, kind, {}, seed))

    def write(
        self,
        feed: str,
        kind: str,
        given: Mapping[str, Any],
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> Payload:
        """An event with some fields given; raises `InvalidValue` for what the vendor would never send."""
        profile = self.profile.feeds[feed]
        writer = self._writer(seed, options)
        now = START + seed % 2**20 * 977 * SECOND
        return writer.write(profile, profile.kinds[kind], given, 1, 1, now)[0].payload

    def _writer(self, seed: int = 0, options: Mapping[str, Any] | None = None) -> Writer:
        def draw(what: str, which: object) -> Random:
            return Dice(f"{seed}/{what}/{which}".encode("utf-8", "surrogatepass"))

        chosen = choose(self.profile, {**self._opted, **options})[0] if options else self._chosen
        people = pools(self.provider.locale)
        return Writer(self.provider, self.profile, self.contract, chosen, people, draw)

    def _find_hints(self, feed: str, kind: str) -> tuple[tuple[str, Any], ...]:
        """Fields that lead the builder to other events of the kind: choices, and what the samples have more."""
        plain = self.write(feed, kind, {})
        field = self.kind_field(feed)
        found: list[tuple[str, Any]] = []
        for place in self.rules(f"{feed}.event").places(plain):
            if len(place.path) == 1 and place.path[0] != field and not place.forbidden:
                choices = next((node["enum"] for node in place.nodes if "enum" in node), ())
                found += [(str(place.path[0]), value) for value in choices]
        if field and plain.get(field) != kind:
            # Its name does not stand in it, so it is what its choices say.
            return ()
        for other in self.profile.feeds[feed].kinds:
            for sample in self.samples(feed, other):
                known = self.profile.feeds[feed].kinds[kind].fields
                found += [(n, v) for n, v in sample.items() if n in known and plain.get(n, ABSENT) is ABSENT]
        return tuple(found)

    def _other_options(self, dice: Random) -> Json:
        """One option that decides over events, another way."""
        choices = {
            name: [choice for choice in option.choices or (True, False) if choice != option.default.value]
            for name, option in self.profile.options.items()
            if name.partition(".")[0] in self.profile.feeds
            and name not in self._opted
            and (option.choices or isinstance(option.default.value, bool))
        }
        if not choices:
            return {}
        name = list(choices)[int(dice.random() * len(choices))]
        return {name: choices[name][int(dice.random() * len(choices[name]))]}
