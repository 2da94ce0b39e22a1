"""The option `flows`: what events start. Flows are made in the vendor's dashboard; here they are written down.

Under the name of an event, its `hash/account` or the number of a flow stands a list of `{"wait": 60}` (or `"1h30m"`) and
`{"webhook": {"title": "Welcome", "automation_id": 123}}`, whose two fields may be left out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from emulators.engine.clock import wait
from emulators.engine.profile import Problem

ACTIONS = '{"webhook": {"title": ..., "automation_id": ...}} or {"wait": 60}'
FIELDS = MappingProxyType({"title": "latin letters, digits and blanks", "automation_id": "digits"})
# What others call these things.
ALIASES = MappingProxyType(
    {"delay": "wait", "sleep": "wait", "name": "title", "id": "automation_id", "flow": "automation_id"}
)


def check_options(options: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with the options that have a form of their own."""
    return (*_names(options["events.names"]), *_flows(options["flows"]))


def can_be(name: str, value: object) -> bool:
    """Whether a webhook of a flow can have this title or this flow's number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    pattern = "[A-Za-z0-9 ]+" if name == "title" else "[0-9]+"
    return re.fullmatch(pattern, str(value)[:1000]) is not None


def _names(names: list[Any]) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if not isinstance(name, str) or not name:
            yield Problem(f"/events.names/{place}", "the name of an event", _shown(name))


def _flows(flows: Mapping[Any, Any]) -> Iterator[Problem]:
    for key, actions in flows.items():
        place = f"/flows/{_escaped(key)}"
        if not isinstance(key, str) or not key:
            yield Problem(place, "an event or the number of a flow as text", _shown(key))
        if not isinstance(actions, list | tuple):
            yield Problem(place, f"a list of {ACTIONS}", _shown(actions))
            continue
        for number, action in enumerate(actions):
            yield from _action(f"{place}/{number}", action)


def _action(place: str, action: Any) -> Iterator[Problem]:
    if not isinstance(action, dict) or not action:
        yield Problem(place, ACTIONS, _shown(action))
        return
    yield from _unknown(place, action, ("wait", "webhook"))
    if {"wait", "webhook"} <= set(action):
        yield Problem(place, "one of wait and webhook, the other in an action of its own", "both")
    if "wait" in action and wait(action["wait"]) is None:
        yield Problem(f"{place}/wait", 'seconds, or text such as "90s" and "1h30m"', _shown(action["wait"]))
    if "webhook" not in action:
        return
    given = action["webhook"]
    if not isinstance(given, dict):
        yield Problem(f"{place}/webhook", '{"title": ..., "automation_id": ...} or {}', _shown(given))
        return
    yield from _unknown(f"{place}/webhook", given, tuple(FIELDS))
    for name in FIELDS:
        if name in given and not can_be(name, given[name]):
            yield Problem(f"{place}/webhook/{name}", FIELDS[name], _shown(given[name]))


def _unknown(place: str, given: Mapping[Any, Any], known: tuple[str, ...]) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            guess = ALIASES.get(str(name))
            near = [guess] if guess in known else difflib.get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield Problem(f"{place}/{_escaped(name)}", f"one of {', '.join(known)}{hint}", _shown(name))


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _shown(value: object) -> str:
    return repr(value)[:80]
