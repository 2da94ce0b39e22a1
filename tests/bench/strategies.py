"""Hypothesis strategies: examples a second, and how long a failure takes to shrink, against field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Verbosity, given, settings
from hypothesis.strategies import SearchStrategy

from emulators.strategies import batches, events, from_schema, invalid
from emulators.strategies.vendor import vendor
from tests.bench.measure import Aim, Result, alternate, stopwatch


def run(quick: bool) -> list[Result]:
    """Rates for the largest schema of events, and the time to shrink one failure."""
    rounds, examples = (2, 100) if quick else (5, 400)
    known = vendor("esputnik")
    whole = known.rules("activity.event").whole
    fields = f"schema of {len(whole['properties'])} fields"

    def field_by_field() -> SearchStrategy[Any]:
        return from_schema(whole)

    results = []
    for name, make, aim in (
        ("events()", lambda: events("esputnik", "DELIVERED"), 300),
        ("events(edge=True)", lambda: events("esputnik", "DELIVERED", edge=True), 300),
        ("invalid()", lambda: invalid("esputnik", "DELIVERED"), 150),
    ):
        ours, theirs = alternate(
            rounds,
            lambda make=make: rate(make(), examples),  # type: ignore[misc]
            lambda: rate(field_by_field(), examples // 4),
        )
        results.append(
            Result(name, "examples/s", ours, f"field by field, {fields}", theirs, Aim("ours", ">=", aim))
        )
    thousand = batches("esputnik", min_size=1000, edge=True)
    ours, encoded = alternate(rounds, lambda: rate(thousand, examples // 4), lambda: dumps(examples // 4))
    aim = Aim("ours", ">=", 20)
    results.append(Result("batches of 1000", "batches/s", ours, "json.dumps of the same", encoded, aim))
    ours, theirs = alternate(
        rounds,
        lambda: shrinking(lambda: events("esputnik", "DELIVERED", edge=True)),
        lambda: shrinking(field_by_field),
    )
    aim = Aim("ours", "<=", 3, "s")
    results.append(Result("shrinking one failure", "s", ours, f"field by field, {fields}", theirs, aim))
    return results


def quiet(examples: int) -> settings:
    """Nothing but the drawing."""
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


def rate(strategy: SearchStrategy[Any], examples: int) -> float:
    """Examples a second."""
    drawn = 0

    @quiet(examples)
    @given(strategy)
    def draw(value: Any) -> None:
        nonlocal drawn
        drawn += 1

    with stopwatch() as watch:
        draw()
    return drawn / watch.seconds


def dumps(times: int) -> float:
    """Batches a second that the standard library encodes."""
    batch = [vendor("esputnik").event("activity", "DELIVERED", seed) for seed in range(1000)]
    with stopwatch() as watch:
        for _ in range(times):
            json.dumps(batch)
    return times / watch.seconds


def shrinking(make: Callable[[], SearchStrategy[Any]]) -> float:
    """Seconds from the start of a property, an id that does not fit 32 bits, to its smallest example."""

    @quiet(1000)
    @given(make())
    def fits(event: Any) -> None:
        if event["contactId"] >= 2**31:
            raise OverflowError

    with stopwatch() as watch, suppress(OverflowError):
        fits()
        raise RuntimeError("the failure was not found")
    return watch.seconds
