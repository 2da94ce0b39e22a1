"""The option `workflows`: what a person would draw in the vendor's editor, as blocks in a list.

Under an event type stands a list of blocks, or an object with `workflowId` and `blocks`: `{"wait": 60}` (or `"1h30m"`),
`{"message": {"messageId": 1, "mediaType": "email", "to": "${EmailAddress}", ...}}` and
`{"webhook": "NAME", "method": "POST", "url": ..., "headers": {...}, "format": "json", "body": "..."}`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from emulators.engine.clock import wait
from emulators.engine.profile import Problem

BLOCKS = '{"wait": 60}, {"message": {...}} or {"webhook": "NAME", ...}'
# What others call these things.
ALIASES = MappingProxyType(
    {
        "delay": "wait",
        "sleep": "wait",
        "template": "body",
        "content_type": "format",
        "type": "mediaType",
        "channel": "mediaType",
        "id": "messageId",
        "name": "messageName",
        "tags": "messageTag",
        "email": "to",
        "locator": "to",
        "recipient": "to",
    }
)


class Rule(NamedTuple):
    """What a field of a block may hold."""

    expected: str
    good: Callable[[Any], bool]


def check(workflows: Mapping[Any, Any]) -> Iterator[Problem]:
    """What is wrong with the option."""
    for event_type, given in workflows.items():
        place = f"/workflows/{_escaped(event_type)}"
        if not isinstance(event_type, str) or not event_type:
            yield Problem(place, "the key of an event type as text", shown(event_type))
        if isinstance(given, dict):
            yield from fields(place, given, WORKFLOW)
            if "blocks" not in given:
                yield Problem(f"{place}/blocks", f"a list of {BLOCKS}", "nothing")
            given, place = given.get("blocks", ()), f"{place}/blocks"
        if not isinstance(given, list | tuple):
            yield Problem(place, f"a list of {BLOCKS}", shown(given))
            continue
        for number, block in enumerate(given):
            yield from _block(f"{place}/{number}", block)


def _block(place: str, block: Any) -> Iterator[Problem]:
    forms = [name for name in FORMS if isinstance(block, dict) and name in block]
    if len(forms) != 1:
        near = unknown(block, FORMS) if isinstance(block, dict) else None
        yield Problem(place, f"one of {BLOCKS}{_hint(near)}", shown(block))
        return
    yield from fields(place, block, FORMS[forms[0]])
    if forms == ["message"] and isinstance(block["message"], dict):
        yield from fields(f"{place}/message", block["message"], MESSAGE)


def fields(place: str, given: Mapping[Any, Any], rules: Mapping[str, Rule]) -> Iterator[Problem]:
    """Fields that there are none of, with the nearest that there is, and values that they cannot have."""
    for name, value in given.items():
        if name not in rules:
            hint = _hint(unknown({name: value}, rules))
            yield Problem(f"{place}/{_escaped(name)}", f"one of {', '.join(rules)}{hint}", shown(name))
        elif not rules[name].good(value):
            yield Problem(f"{place}/{name}", rules[name].expected, shown(value))


def unknown(given: Iterable[Any], known: Collection[str]) -> str | None:
    """The known name that one of these was perhaps meant to be."""
    for name in given:
        guess = ALIASES.get(str(name))
        near = [guess] if guess in known else difflib.get_close_matches(str(name), list(known), n=1)
        if near:
            return near[0]
    return None


def shown(value: object) -> str:
    """A value as messages show it."""
    return repr(value)[:80]


def is_number(value: Any) -> bool:
    """Whether a message or a workflow can have this number."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def one_of(*names: str) -> Rule:
    """One of these words."""
    return Rule(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names)


def _hint(near: str | None) -> str:
    return f"; did you mean {near!r}?" if near else ""


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith(("http://", "https://")) or "$" in value)


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


TEXT = Rule("text", _is_text)
NUMBER = Rule("a number", is_number)
WORKFLOW = MappingProxyType({"workflowId": NUMBER, "blocks": Rule(f"a list of {BLOCKS}", lambda value: True)})
MESSAGE = MappingProxyType(
    {
        **dict.fromkeys(("messageId", "messageInstanceId"), NUMBER),
        **dict.fromkeys(
            ("messageName", "messageTag", "to", "workflowBlockId", "from", "subject", "text"), TEXT
        ),
        "mediaType": one_of("email", "sms", "viber"),
    }
)
FORMS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "wait": MappingProxyType(
            {
                "wait": Rule(
                    'seconds, or text such as "90s" and "1h30m"', lambda value: wait(value) is not None
                )
            }
        ),
        "message": MappingProxyType(
            {"message": Rule("an object with the fields of a message", lambda value: isinstance(value, dict))}
        ),
        "webhook": MappingProxyType(
            {
                "webhook": Rule(
                    "the name of the block", lambda value: isinstance(value, str) and value != ""
                ),
                "method": one_of("GET", "POST"),
                "url": Rule("an address with http or https, or with variables", _is_address),
                "headers": Rule("an object of names and texts", _are_headers),
                "format": one_of("json", "xml", "text"),
                "body": TEXT,
            }
        ),
    }
)
