"""The vendors of a scenario before anything starts: whether the names and values of a step exist there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from emulators import registry
from emulators.engine import queries, strictness
from emulators.engine.clock import instant
from emulators.engine.dice import Dice
from emulators.engine.options import choose
from emulators.engine.profile import FeedProfile, Kind
from emulators.engine.routing import fits
from emulators.engine.writer import Writer
from emulators.errors import InvalidValue, unknown
from emulators.faults import Fault, VendorError, fault_of
from emulators.hosting import setting_of
from emulators.people import pools
from emulators.scenarios.story import Part


class Vendor:
    """What one revision of a vendor knows. Every method refuses, with the nearest name, what does not exist."""

    def __init__(self, part: Part) -> None:
        self.imitation = registry.load(part.spec)
        setting = setting_of(part.spec, part.setting)
        self._strict = setting.strictness != strictness.ANY
        profile, provider = self.imitation.profile, self.imitation.provider
        self.options, self.policies = choose(profile, setting.choices())
        if self._strict:
            strictness.check_options(profile, self.options)
        if problems := provider.check_options(self.options):
            raise InvalidValue("options: " + "; ".join(map(str, problems)), problems)

    @property
    def name(self) -> str:
        return self.imitation.provider.name

    @cached_property
    def _writer(self) -> Writer:
        imitation = self.imitation
        return Writer(
            imitation.provider,
            imitation.profile,
            imitation.contract,
            self.options,
            pools(imitation.provider.locale),
            lambda what, which: Dice(f"{what}/{which}".encode()),
            self._strict,
        )

    def kind(self, name: str) -> tuple[FeedProfile, Kind]:
        """The feed and kind of that name."""
        return self._writer.resolve(name)

    def event(self, name: str, fields: Mapping[str, Any], start: Any) -> None:
        """Checks that the vendor would send such an event."""
        feed, kind = self.kind(name)
        self._writer.write(feed, kind, fields, 1, 1, instant(start))

    def event_fields(self, name: str, fields: Mapping[str, Any]) -> None:
        """Checks the names of fields, or where JSON pointers begin."""
        _, kind = self.kind(name)
        for field in fields:
            first = field.split("/")[1] if field.startswith("/") else field
            if first not in kind.fields and not kind.open:
                raise unknown(f"field of {kind.name}", first, kind.fields)

    def subscription(self, feed: str, kinds: list[str] | None, policy: Mapping[str, Any]) -> None:
        """Checks what a subscription asks for."""
        feeds = self.imitation.profile.feeds
        if not feeds:
            raise InvalidValue(f"{self.imitation.provider.title} sends no webhooks that we know of")
        if feed and feed not in feeds:
            raise unknown(f"feed of {self.name}", feed, feeds)
        named = [self.kind(kind) for kind in kinds or ()]
        wanted = feed or (named[0][0].name if named else next(iter(feeds)))
        for other, kind in named:
            if other.name != wanted:
                raise InvalidValue(f"kinds: {kind.name!r} belongs to the feed {other.name!r}, not {wanted!r}")
        self.policies[wanted].altered(policy)

    def sample(self, name: str) -> None:
        """Checks a sample that is to be replayed."""
        profile = self.imitation.profile
        sent = {sample for sample in profile.samples if sample.split(".")[0] in profile.feeds}
        if name not in sent:
            raise unknown(f"sample that {self.imitation.provider.title} sends", name, sent)

    def route(self, name: str | None) -> None:
        """Checks a route: its name, `/path` or `METHOD /path`."""
        queries.check_route(self.imitation.provider, name, ())

    def request(self, method: str, path: str) -> None:
        """Checks that a call is imitated."""
        routes = self.imitation.provider.routes
        here = [route for route in routes if fits(route.path, path.partition("?")[0])]
        if not any(route.method == method for route in here):
            known = {f"{route.method} {route.path}" for route in here or routes}
            raise unknown(f"call of {self.name}", f"{method} {path}", known)

    def setting(self, name: str) -> None:
        """Checks the name of a setting that the app gets, such as `HELLOTEXT_TOKEN`."""
        settings = self.imitation.provider.env("", self.imitation.credentials)
        if name not in settings:
            raise unknown(f"setting of {self.name}", name, settings)

    def fault(self, fault: Fault) -> None:
        """Checks the names that a fault has."""
        provider = self.imitation.provider
        if (kind := getattr(fault, "kind", None)) is not None:
            self.kind(kind)
        routes = [route.name for route in provider.routes]
        if (route := getattr(fault, "route", None)) is not None and route not in routes:
            raise unknown(f"route of {self.name}", route, routes)
        if isinstance(fault, VendorError) and fault.name not in provider.errors:
            raise unknown(f"error of {self.name}", fault.name, provider.errors)


def options_of(spec: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options by name: TOML makes tables of `activity.batch_window` where it is written without quotes."""
    profile = registry.load(spec).profile
    numbers = {f"{name}.{number}" for name, feed in profile.feeds.items() for number in feed.policy}
    return _flat(options, {*profile.options, *numbers}, "")


def _flat(options: Mapping[str, Any], known: set[str], above: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        whole = f"{above}{name}"
        begins = any(other.startswith(f"{whole}.") for other in known)
        if whole not in known and begins and isinstance(value, dict):
            found |= _flat(value, known, f"{whole}.")
        else:
            found[whole] = value
    return found


def build_fault(name: str, args: Mapping[str, Any]) -> Fault:
    """The fault that a step describes."""
    return fault_of(name, {key: value for key, value in args.items() if key != "as"})
