"""What may be said in the options that have a form of their own: workflows, prepared messages, required parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from emulators.engine.profile import Problem
from emulators.esputnik import blocks, prepared

PREPARED = MappingProxyType(
    {
        "messageName": blocks.TEXT,
        "messageTag": blocks.TEXT,
        "mediaType": blocks.one_of(*prepared.MEDIA),
    }
)


def check_options(options: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with them."""
    return (
        *blocks.check(options["workflows"]),
        *_messages(options["messages"]),
        *_required(options["events.required_params"]),
    )


def _messages(messages: Mapping[Any, Any]) -> Iterator[Problem]:
    for number, message in messages.items():
        place = f"/messages/{number}"
        if not isinstance(number, str) or not number.isdecimal():
            yield Problem(place, "the number of a message as text", blocks.shown(number))
        if isinstance(message, dict):
            yield from blocks.fields(place, message, PREPARED)
        else:
            yield Problem(place, f"an object of {', '.join(PREPARED)}", blocks.shown(message))


def _required(wanted: Mapping[Any, Any]) -> Iterator[Problem]:
    for event_type, params in wanted.items():
        place = f"/events.required_params/{event_type}"
        named = isinstance(params, list | tuple) and all(isinstance(name, str) for name in params)
        flagged = isinstance(params, dict) and all(
            isinstance(name, str) and isinstance(needed, bool) for name, needed in params.items()
        )
        if not named and not flagged:
            expected = "a list of names, or names with whether they are required"
            yield Problem(place, expected, blocks.shown(params))
