"""The choices that the documents leave open: their defaults, and what the user said instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.engine import outcomes
from emulators.engine.policy import Policy
from emulators.engine.profile import Profile
from emulators.errors import InvalidValue, unknown


def choose(profile: Profile, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Policy]]:
    """All options by name, and the policy of each feed. `"activity.batch_window"` overrides a feed's number.

    Raises `UnknownName` for an option that does not exist, `InvalidValue` for a value it does not take.
    """
    options = {name: option.default.value for name, option in profile.options.items()}
    overrides: dict[str, dict[str, Any]] = {name: {} for name in profile.feeds}
    numbers = {f"{name}.{field}" for name, feed in profile.feeds.items() for field in feed.policy}
    for name, value in given.items():
        if name in numbers:
            feed, _, field = name.partition(".")
            overrides[feed][field] = value
        elif name in options:
            _check(profile, name, value)
            options[name] = value
        else:
            raise unknown(f"option of {profile.provider}", name, {*options, *numbers})
    if "outcomes" in given:
        _check_outcomes(profile, options)
    policies = {
        name: Policy()
        .altered({field: fact.value for field, fact in feed.policy.items()})
        .altered(overrides[name])
        for name, feed in profile.feeds.items()
    }
    return options, policies


def _check(profile: Profile, name: str, value: Any) -> None:
    option = profile.options[name]
    source = profile.sources.get(option.default.source)
    origin = (
        f" (default {option.default.value!r} is {option.default.basis}; {source.title if source else ''})"
    )
    if name == "outcomes":
        return
    if option.choices:
        if not any(value == choice and type(value) is type(choice) for choice in option.choices):
            raise InvalidValue(
                f"option {name}: expected one of {list(option.choices)}, got {value!r}{origin}"
            )
    elif type(value) is not type(option.default.value):
        wanted = type(option.default.value).__name__
        raise InvalidValue(f"option {name}: expected {wanted}, got {value!r}{origin}")


def _check_outcomes(profile: Profile, options: Mapping[str, Any]) -> None:
    """Stories are of kinds that may be sent: those that need an option have it."""
    feed = next(iter(profile.feeds.values()))
    kinds = tuple(kind.name for kind in feed.kinds.values() if not kind.opt_in or options[kind.opt_in])
    for problem in outcomes.check(options["outcomes"], profile.facts["stories"].value, kinds):
        raise InvalidValue(f"option outcomes: {problem}")
