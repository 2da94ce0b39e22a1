"""Stories of messages: events of several kinds that speak of the same message and the same person.

Which kinds follow each other is a fact of the profile where there is one (`stories`). Where nobody says,
they are a few kinds in the order of the documents: that they ever follow each other is a guess.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from emulators.engine import codec
from emulators.engine.dice import Dice
from emulators.engine.provider import Payload
from emulators.errors import InvalidValue
from emulators.strategies.vendor import Vendor

STORIES = 2**9


def story(known: Vendor, feed: str, seed: int) -> list[tuple[str, Payload]]:
    """Kind and payload of each event of one message, in the order in which they happen; yours to change."""
    told: list[tuple[str, Payload]] = codec.decode(_story(known, feed, seed % STORIES))
    return [(kind, payload) for kind, payload in told]


@lru_cache(STORIES * 4)
def _story(known: Vendor, feed: str, seed: int) -> bytes:
    plots = _plots(known, feed)
    first, *rest = plots[seed % len(plots)]
    kind, _ = first
    number = seed // len(plots)
    told = [(kind, known.event(feed, kind, number))]
    seconds = 0.0
    for kind, delay in rest:
        seconds += delay
        told.append((kind, _follow(known, feed, kind, told[0][1], seconds, number)))
    return codec.encode(told)


def _plots(known: Vendor, feed: str) -> list[list[tuple[str, float]]]:
    """The kinds of each story with the seconds since the one before."""
    profile = known.profile.feeds[feed]
    kinds = [kind.name for kind in profile.kinds.values() if not kind.opt_in]
    facts = known.profile.facts.get("stories")
    plots = [
        [(str(kind), float(delay)) for kind, delay in steps]
        for steps in (facts.value if facts else {}).values()
    ]
    fitting = [plot for plot in plots if plot and all(kind in kinds for kind, _ in plot)]
    several = [plot for plot in fitting if len(plot) > 1]
    if several:
        return several
    dice = Dice(f"plots of {known.spec}/{feed}".encode())
    picks = [sorted(dice.sample(range(len(kinds)), min(len(kinds), size))) for size in (2, 2, 2, 3, 3, 3)]
    picks = [list(range(min(len(kinds), 2))), *picks]
    return [[(kinds[which], 60.0 * bool(place)) for place, which in enumerate(pick)] for pick in picks]


def _follow(known: Vendor, feed: str, kind: str, first: Payload, seconds: float, seed: int) -> Payload:
    """An event of another kind about what `first` speaks of, `seconds` later."""
    plain = known.write(feed, kind, {}, seed)
    given = {
        name: value
        for name, value in _shared(known, feed, first).items()
        if name in _fields(known, feed, kind)
    }
    for name, value in first.items():
        if name in plain and (later := _later(name, value, plain[name], seconds)) is not None:
            given[name] = later
    for name, value in given.items():
        if name in plain and type(plain[name]) is not type(value):
            # The same number is text in one kind and a number in another.
            given[name] = str(value) if isinstance(plain[name], str) else _number(value)
    for _ in range(len(given) + 1):
        try:
            return known.write(feed, kind, given, seed)
        except InvalidValue as refusal:
            wrong = {problem.pointer.split("/")[1] for problem in refusal.problems if problem.pointer}
            given = (
                {name: value for name, value in given.items() if name not in wrong}
                if wrong & set(given)
                else {}
            )
    return plain


def _fields(known: Vendor, feed: str, kind: str) -> tuple[str, ...]:
    return known.profile.feeds[feed].kinds[kind].fields


def _shared(known: Vendor, feed: str, first: Payload) -> Payload:
    """What stays the same from kind to kind: fields that most kinds have, but for times and for what happened."""
    kinds = known.profile.feeds[feed].kinds.values()
    often = {name for name in first if 2 * sum(name in kind.fields for kind in kinds) > len(kinds)}
    return {
        name: value
        for name, value in first.items()
        if name in often
        and name != known.kind_field(feed)
        and isinstance(value, str | int)
        and not isinstance(value, bool)
        and not re.search("time|date|status|response|reason", name, re.IGNORECASE)
    }


def _later(name: str, value: Any, other: Any, seconds: float) -> Any:
    """A time `seconds` after another, in the form in which the later event says it."""
    if not re.search("time|date", name, re.IGNORECASE):
        return None
    if str(value).isdecimal() and str(other).isdecimal():
        moment = int(value) + round(seconds)
        return str(moment) if isinstance(other, str) else moment
    if isinstance(value, str) and re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}", value
    ):
        later = datetime.fromisoformat(value) + timedelta(seconds=round(seconds))
        return later.isoformat(sep=value[10])
    return None


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value
