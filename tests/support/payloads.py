"""Payloads of webhooks in quantity: as the emulators write them, and with one thing changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from emulators import catalog, in_thread

EXACT = 2**53
"""Beyond it JavaScript rounds integers."""


def events(provider: str, count: int) -> dict[str, list[dict[str, Any]]]:
    """At least `count` events of each feed, of all its kinds."""
    profile = catalog.profile(provider)
    wanted = {kind.opt_in for feed in profile.feeds.values() for kind in feed.kinds.values() if kind.opt_in}
    with in_thread(provider, options=dict.fromkeys(wanted, True)) as emulator:
        return {
            feed.name: [
                event.payload
                for kind in feed.kinds.values()
                for event in emulator.writer.write(feed, kind, {}, 1, -(-count // len(feed.kinds)), 0)
            ]
            for feed in profile.feeds.values()
        }


VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        1.0,
        1.5,
        250,
        1e30,
        EXACT - 1,
        EXACT,
        EXACT + 1,
        2**63,
        2**64 - 1,
        2**64,
        -(2**63),
    ),
    *(
        "",
        " ",
        "0",
        "1\n",
        "250",
        "2026-01-01",
        "2026-01-01T00:00:00\n",
        "ann@example.com",
        "ann@example.com\n",
    ),
    *(
        "\u00e9",
        "\U0001f600" * 3,
        "\u0663",
        "a" * 300,
        "\x00",
        "true",
        "null",
        "DELIVERED",
        "delivered",
        "Email Sent",
    ),
    *([], [1], ["a"], {}, {"a": 1}, [[]], [{}]),
)


def mutated(event: Any, dice: random.Random) -> Any:
    """The event with one field that is missing, too much, or of another value."""
    event = deepcopy(event)
    change: Callable[[Any, random.Random], Any] = dice.choice((drop, add, swap, swap, swap, stretch))
    return change(event, dice)


def drop(event: Any, dice: random.Random) -> Any:
    if event:
        del event[dice.choice(list(event))]
    return event


def add(event: Any, dice: random.Random) -> Any:
    event[dice.choice(("x", "Event", "event ", "", "\u0435vent", "$ref", "__proto__x", "status"))] = (
        dice.choice(VALUES)
    )
    return event


def swap(event: Any, dice: random.Random) -> Any:
    if event:
        event[dice.choice(list(event))] = dice.choice(VALUES)
    return event


def stretch(event: Any, dice: random.Random) -> Any:
    """A value that is nearly right: longer, negative, or as text."""
    if not event:
        return event
    name = dice.choice(list(event))
    value = event[name]
    if isinstance(value, str):
        event[name] = dice.choice(
            (value + "\n", value + "x", " " + value, value.upper(), value[:-1], value * 40)
        )
    elif isinstance(value, int) and not isinstance(value, bool):
        event[name] = dice.choice((-value, value + 0.5, float(value), str(value), value * 10**10, [value]))
    else:
        event[name] = dice.choice(([value], {"": value}, str(value)))
    return event
