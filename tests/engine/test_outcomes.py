"""What becomes of a message: said of an address, by its tag, of everybody, or the default."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from emulators import catalog
from emulators.engine.dice import Dice
from emulators.engine.outcomes import check, steps
from emulators.engine.profile import Fact

STORIES = {"good": [["sent", 10], ["read", 100]], "bounce": [["bounced", 10]], "silent": []}


def account(seed: int = 0, default: str = "good", **outcomes: Any) -> Any:
    numbers = iter(range(1, 10_000))
    return SimpleNamespace(
        facts={"stories": Fact(STORIES, "assumed", "")},
        options={"outcomes": outcomes, "outcomes.default": default},
        random=lambda what: Dice(f"{seed}/{what}/{next(numbers)}".encode()),
    )


def kinds(account: Any, address: str = "ann@example.com") -> list[str]:
    return [step.kind for step in steps(account, address)]


@pytest.mark.parametrize(
    ("outcomes", "address", "story"),
    [
        ({}, "ann@example.com", "good"),
        ({}, "bounce+ann@example.com", "bounce"),
        ({}, "Bounce@example.com", "bounce"),
        ({"ann@example.com": "bounce"}, "Ann@Example.com", "bounce"),
        ({"bounce+ann@example.com": "good"}, "bounce+ann@example.com", "good"),
        ({"*": "silent"}, "ann@example.com", "silent"),
        ({"*": "silent"}, "bounce+ann@example.com", "bounce"),
        ({"*": []}, "ann@example.com", "silent"),
        ({"ann@example.com": []}, "ann@example.com", "silent"),
        ({"*": [["read", 5]]}, "ann@example.com", [["read", 5]]),
    ],
)
def test_the_nearest_word_counts(outcomes: dict[str, Any], address: str, story: Any) -> None:
    wanted = STORIES[story] if isinstance(story, str) else story
    assert kinds(account(**outcomes), address) == [kind for kind, _ in wanted]


def test_steps_follow_each_other_in_time_and_vary_with_the_seed() -> None:
    first, second = steps(account(seed=1), "a@b.c")
    assert 5 <= first.seconds <= 15
    assert 50 <= second.seconds - first.seconds <= 150
    assert steps(account(seed=1), "a@b.c") == (first, second)
    assert steps(account(seed=2), "a@b.c") != (first, second)


def test_mixed_is_any_of_the_stories() -> None:
    one = account(default="mixed")
    seen = {tuple(kinds(one)) for _ in range(100)}
    assert seen == {("sent", "read"), ("bounced",), ()}


def test_rates_say_how_often_each_story_is_drawn() -> None:
    one = account(default="mixed")
    one.facts["rates"] = Fact({"good": 900, "bounce": 100, "silent": 0}, "assumed", "")
    seen = [tuple(kinds(one)) for _ in range(1000)]
    assert 50 < seen.count(("bounced",)) < 150
    assert seen.count(()) == 0


@pytest.mark.parametrize("name", ["sendpulse", "esputnik", "pushwoosh"])
def test_a_vendors_rates_are_of_its_stories_and_sum_up(name: str) -> None:
    facts = catalog.profile(name).facts
    assert set(facts["rates"].value) == set(facts["stories"].value)
    assert sum(facts["rates"].value.values()) == 1000


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"a": "bouce"},
        {"a": 5},
        {"a": [["sent"]]},
        {"a": [["snet", 1]]},
        {"a": [["sent", -1]]},
        {"a": None},
    ],
)
def test_what_cannot_be_meant_is_named(wrong: Any) -> None:
    [problem] = check(wrong, STORIES, ["sent", "read", "bounced"])
    assert problem.expected
    assert not check({"a": "mixed", "*": [["sent", 1]]}, STORIES, ["sent", "read", "bounced"])
    assert replace(problem, got="") != problem
