"""Every fact that an emulator goes by, with its basis and source, and what it does not imitate.

documented: the vendor's text says so. observed: it was seen on the wire. inferred: it follows from what the
vendor says elsewhere or later. assumed: no text says anything, so it is a choice of this project.
"""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit

if TYPE_CHECKING:
    from emulators.engine.profile import (
        Fact,
        FeedProfile,
        Kind,
        Option,
        Profile,
        RouteProfile,
        Sample,
        Source,
    )
    from emulators.engine.provider import Provider


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators explain` takes."""
    parser.add_argument(
        "provider",
        metavar="PROVIDER[@REVISION]",
        nargs="?",
        help="such as esputnik; may be left out with --routes",
    )
    parser.add_argument(
        "--routes",
        action="store_true",
        help="only a table of the calls that are answered, their sources and the real clients that proved them",
    )
    parser.add_argument(
        "--strictness",
        choices=["any", "documented"],
        default="any",
        help="documented: only what that setting refuses, and what is gone by although it is assumed",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Explains."""
    from emulators import registry
    from emulators.commands import coverage, doubts
    from emulators.errors import InvalidValue

    if args.routes:
        wanted = [args.provider] if args.provider else registry.names()
        profiles = [registry.load(name).profile for name in wanted]
        print(json.dumps(coverage.data(profiles), indent=2) if args.json else coverage.table(profiles))
        return Exit.GOOD
    if args.provider is None:
        raise InvalidValue(f"explain: expected a provider, one of {', '.join(registry.names())}, or --routes")
    imitation = registry.load(args.provider)
    width = min(110, max(60, shutil.get_terminal_size((100, 24)).columns))
    if args.strictness == "documented":
        print(json.dumps(doubts.data(imitation), indent=2) if args.json else doubts.page(imitation, width))
    elif args.json:
        print(json.dumps(asdict(imitation.profile), indent=2, default=bytes.decode))
    else:
        print(Page(imitation.provider, imitation.profile, width).text())
    return Exit.GOOD


class Page:
    """A profile for people: the basis stands in the first column."""

    def __init__(self, provider: Provider, profile: Profile, width: int) -> None:
        self._title = provider.title
        self._profile = profile
        self._width = width

    def text(self) -> str:
        """All of it."""
        profile = self._profile
        parts = [[f"{self._title}: {profile.provider}@{profile.revision}", *self._wrapped(profile.title, 0)]]
        for feed in profile.feeds.values():
            parts += self._feed(feed)
        if not profile.feeds:
            parts.append(["WEBHOOKS", "  none that any document describes"])
        parts += [
            self._part(
                "OPTIONS, each a choice that you can turn",
                map(self._option, profile.options.values()),
            ),
            self._part(
                "CALLS that are answered",
                map(self._route, profile.routes.values()),
            ),
            self._part(
                "ERRORS by name, for VendorError(name)",
                (
                    self._fact(e.basis, f"{e.name}: {e.status}", e.note, e.source)
                    for e in profile.errors.values()
                ),
            ),
            self._part("SAMPLES, as the documents print them", map(self._sample, profile.samples.values())),
            self._part(
                "OTHER FACTS",
                (self._fact(f.basis, _named(name, f), f.note, f.source) for name, f in profile.facts.items()),
            ),
            self._part("NOT IMITATED", (self._wrapped(f"- {text}", 2, 4) for text in profile.not_imitated)),
            self._part(
                "SOURCES",
                (
                    self._wrapped(f"[{key}] {source.title}; {source.date} ({_sort(source)})", 2, 6)
                    for key, source in profile.sources.items()
                ),
            ),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part)

    def _feed(self, feed: FeedProfile) -> list[list[str]]:
        kinds = (
            self._fact(kind.basis, kind.name, _kind_note(kind), kind.source) for kind in feed.kinds.values()
        )
        policy = (self._fact(f.basis, _named(name, f), f.note, f.source) for name, f in feed.policy.items())
        ids = (
            self._fact(f.basis, f"{pointer}: the id of the {f.value}", f.note, f.source)
            for pointer, f in feed.identities.items()
        )
        return [
            self._part(f"WEBHOOK {feed.name}, kinds of events. {feed.title}", kinds),
            self._part(f"WEBHOOK {feed.name}, ids by which a receiver may know an event again", ids),
            self._part(
                f"WEBHOOK {feed.name}, how it is delivered. Each is an option too: {feed.name}.timeout, ...",
                policy,
            ),
        ]

    def _option(self, option: Option) -> list[str]:
        default = option.default
        among = f", of {' | '.join(map(_value, option.choices))}" if option.choices else ""
        source = self._profile.sources[default.source]
        note = f"{default.note} Source: {source.title}; {source.date}."
        return self._fact(default.basis, f"{_named(option.name, default)}{among}", note, default.source)

    def _route(self, route: RouteProfile) -> list[str]:
        proof = f"Proved by {', '.join(route.clients)}." if route.clients else ""
        note = " ".join(filter(None, [route.note, proof]))
        return self._fact(route.basis, f"{route.method} {route.path} ({route.name})", note, route.source)

    def _sample(self, sample: Sample) -> list[str]:
        lines = self._fact(sample.basis, sample.name, sample.title, sample.source)
        for repair in sample.repairs:
            change = f"{_cut(repair['find'])} -> {_cut(repair['replace'])}"
            lines += self._wrapped(f"repaired: {repair['why']} {change}", 14, 16)
        return lines

    def _part(self, heading: str, entries: Iterable[list[str]]) -> list[str]:
        lines = [line for entry in entries for line in entry]
        return [*self._wrapped(heading, 0, 2), *lines] if lines else []

    def _fact(self, basis: str, what: str, note: str, source: str) -> list[str]:
        return self._wrapped(f"{basis:<10}  {what}  [{source}]", 2, 16) + self._wrapped(note, 14)

    def _wrapped(self, text: str, indent: int, after: int | None = None) -> list[str]:
        further = " " * (indent if after is None else after)
        return textwrap.wrap(
            text, self._width, initial_indent=" " * indent, subsequent_indent=further, break_on_hyphens=False
        )


def _kind_note(kind: Kind) -> str:
    opt_in = f"Only with the option {kind.opt_in}." if kind.opt_in else ""
    return " ".join(part for part in (opt_in, kind.note) if part)


def _named(name: str, fact: Fact) -> str:
    return f"{name} = {_value(fact.value)} {fact.unit}".rstrip()


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sort(source: Source) -> str:
    return ", ".join(part for part in (source.kind, source.language) if part)


def _cut(text: str) -> str:
    shown = _value(text)
    return shown if len(shown) <= 40 else f'{shown[:38]}..."'
