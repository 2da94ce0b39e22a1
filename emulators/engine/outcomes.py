"""What becomes of a message: the story of each recipient, as a plan of steps in time.

Stories are facts of the profile; which one a recipient lives through can be said by the address
(`bounce+ann@example.com`), by the option `outcomes`, or is the default.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from emulators.engine.profile import Fact, Problem
from emulators.engine.provider import Account

MIXED = "mixed"


class Step(NamedTuple):
    """Something of `kind` happens `seconds` from now."""

    seconds: float
    kind: str


def steps(account: Account, address: str) -> tuple[Step, ...]:
    """The steps of the next message to `address`, in order; how long each takes varies with the seed."""
    random = account.random("outcome")
    story = _story(account, address, random.random())
    found, seconds = [], 0.0
    for kind, delay in story:
        seconds += round(float(delay) * (0.5 + random.random()), 3)
        found.append(Step(seconds, str(kind)))
    return tuple(found)


def _story(account: Account, address: str, drawn: float) -> Sequence[tuple[str, float]]:
    stories: Mapping[str, Any] = account.facts["stories"].value
    chosen = _chosen(account.options["outcomes"], stories, address)
    if chosen is None:
        chosen = account.options["outcomes.default"]
    if chosen == MIXED:
        chosen = _mixed(stories, account.facts, drawn)
    story: Sequence[tuple[str, float]] = stories[chosen] if isinstance(chosen, str) else chosen
    return story


def _mixed(stories: Mapping[str, Any], facts: Mapping[str, Fact], drawn: float) -> str:
    """One of the stories, by the rates of the profile if it has any; `drawn` is from 0 up to 1."""
    rates = facts["rates"].value if "rates" in facts else dict.fromkeys(stories, 1)
    names, bounds = list(rates), list(accumulate(rates.values()))
    return str(names[bisect_right(bounds, drawn * bounds[-1])])


def _chosen(outcomes: Mapping[str, Any], stories: Mapping[str, Any], address: str) -> Any:
    """What was said of this recipient, by his tag, or of everybody; None: nothing."""
    for known, wanted in outcomes.items():
        if known.lower() == address.lower():
            return wanted
    tag = address.partition("@")[0].partition("+")[0].lower()
    if tag in stories:
        return tag
    return outcomes.get("*")


def check(outcomes: object, stories: Mapping[str, Any], kinds: Sequence[str]) -> tuple[Problem, ...]:
    """What is wrong with the option `outcomes`: addresses (or `*`) to stories or lists of [kind, seconds]."""
    if not isinstance(outcomes, Mapping):
        return (Problem("", "addresses (or '*') with what becomes of each", repr(outcomes)),)
    found = []
    for address, wanted in outcomes.items():
        if isinstance(wanted, str):
            if wanted not in (*stories, MIXED):
                found.append(Problem(f"/{address}", f"one of {', '.join((*stories, MIXED))}", repr(wanted)))
        elif not isinstance(wanted, list | tuple) or not all(_is_step(step, kinds) for step in wanted):
            expected = f"steps such as [{kinds[0]!r}, 3], of: {', '.join(kinds)}"
            found.append(Problem(f"/{address}", expected, repr(wanted)))
    return tuple(found)


def _is_step(step: object, kinds: Sequence[str]) -> bool:
    return (
        isinstance(step, list | tuple)
        and len(step) == 2
        and step[0] in kinds
        and isinstance(step[1], int | float)
        and 0 <= step[1] < 10**9
    )
