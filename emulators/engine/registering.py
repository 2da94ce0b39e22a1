"""What `subscribe` asks for, as a registration that is not active yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulators.engine.lane import Registration
from emulators.errors import InvalidValue, unknown

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator


def register(
    emulator: Emulator,
    url: str,
    kinds: list[str] | None,
    feed: str | None,
    headers: Mapping[str, str],
    policy: Mapping[str, Any],
) -> Registration:
    """The registration; refuses kinds, feeds, headers and policies that do not exist or do not fit."""
    profile = emulator.profile
    if not profile.feeds:
        raise InvalidValue(f"{emulator.provider.title} sends no webhooks that we know of")
    if not isinstance(feed, str | None):
        raise InvalidValue(f"feed: expected one name, got {feed!r}; subscribe once for each feed")
    wanted = [kinds] if isinstance(kinds, str) else kinds
    named = [emulator.writer.resolve(kind) for kind in wanted or ()]
    if feed is None:
        feed = named[0][0].name if named else next(iter(profile.feeds))
    if feed not in profile.feeds:
        raise unknown(f"feed of {emulator.provider.name}", feed, profile.feeds)
    for other, kind in named:
        if other.name != feed:
            raise InvalidValue(f"kind {kind.name!r} belongs to the feed {other.name!r}, not {feed!r}")
    number = emulator.account.ordinals.get("subscription", 0) + 1
    return Registration(
        number,
        url,
        feed,
        frozenset(kind.name for _, kind in named) if kinds is not None else None,
        emulator.policies[feed].altered(policy),
        tuple((name, _header(name, value)) for name, value in headers.items()),
    )


def _header(name: object, value: object) -> str:
    """A header that can travel, or a refusal here rather than at every delivery."""
    for text in (name, value):
        if not isinstance(text, str) or not text.isprintable():
            raise InvalidValue(
                f"headers: expected names and values as text on one line, got {name!r}: {value!r}"
            )
    return str(value)
