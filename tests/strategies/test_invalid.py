"""One rule broken, and which: proved by the explanation that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulators.strategies import Invalid, invalid, violations
from emulators.strategies.vendor import vendor
from tests.strategies.hunting import all_of, drawn
from tests.strategies.test_valid import KINDS
from tests.support.feeds import FEEDS

BREAKABLE = set(
    "type enum const required minimum maximum minLength maxLength minItems maxItems pattern".split()
)


def check(provider: str, feed: str, broken: Invalid) -> None:
    problems = vendor(provider).contract.explain(f"{feed}.event", broken.payload)
    assert [(problem.pointer, problem.rule, problem.expected) for problem in problems] == [
        (broken.pointer, broken.rule, broken.expected)
    ]


@pytest.mark.parametrize(("provider", "feed", "kind"), KINDS)
def test_every_violation_of_the_catalogue_fails_as_it_says(provider: str, feed: str, kind: str) -> None:
    catalogue = violations(provider, f"{feed}.{kind}")
    assert catalogue
    for broken in catalogue:
        check(provider, feed, broken)
        assert broken.kind == kind


@pytest.mark.parametrize(("provider", "feed"), FEEDS)
def test_what_is_drawn_fails_as_it_says(provider: str, feed: str) -> None:
    all_of(invalid(provider, feed=feed), lambda broken: check(provider, feed, broken), 60)


def rules(provider: str, feed: str, kind: str) -> Iterator[tuple[str, str]]:
    """Pointer and keyword of every rule, read from the schema by much simpler means: one level of fields."""
    whole = vendor(provider).rules(f"{feed}.event").whole
    part: dict[str, Any] = whole.get("$defs", {}).get(kind, whole)
    for name in part.get("required", ()):
        yield f"/{name}", "required"
    for name, rule in part["properties"].items():
        yield from ((f"/{name}", word) for word in rule if word in BREAKABLE)


@pytest.mark.parametrize(("provider", "feed", "kind"), KINDS)
def test_no_rule_is_forgotten(provider: str, feed: str, kind: str) -> None:
    found = {(broken.pointer, broken.rule) for broken in violations(provider, f"{feed}.{kind}")}
    discriminator = f"/{vendor(provider).kind_field(feed)}"
    forbidden = {pointer for pointer, rule in found if rule == "absent"}
    left = {rule for rule in rules(provider, feed, kind) if rule not in found and rule[0] not in forbidden}
    # What says of which kind an event is decides which rules hold, so its own may hide behind those.
    assert {pointer for pointer, _ in left} <= {discriminator}


def test_every_sort_of_rule_is_drawn() -> None:
    found = drawn(invalid("esputnik"), 300)
    assert {broken.rule for broken in found} >= {
        "type", "enum", "required", "additionalProperties", "absent", "minimum", "maximum", "pattern"
    }  # fmt: skip
    assert len({(broken.pointer, broken.rule) for broken in found}) > 50


def test_a_broken_event_says_what_is_wrong() -> None:
    broken = next(b for b in violations("esputnik", "DELIVERED") if b.rule == "maximum")
    assert str(broken) == "DELIVERED with 2147483648 at /broadcastId: expected at most 2147483647"
    assert broken.payload["broadcastId"] == 2**31
