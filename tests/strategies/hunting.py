"""Runs a property that is meant to fail, and keeps the smallest example that fails it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Verbosity, given, settings
from hypothesis.strategies import SearchStrategy

QUIET = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Found:
    """What a hunt came to."""

    examples: list[Any] = field(default_factory=list)
    first: int = 0
    smallest: Any = None
    error: Exception | None = None


def hunt(strategy: SearchStrategy[Any], law: Callable[[Any], object], examples: int = 200) -> Found:
    """The smallest value that breaks a law, found within so many examples; fails if none does."""
    found = Found()

    @settings(QUIET, max_examples=examples)
    @given(strategy)
    def check(value: Any) -> None:
        found.examples.append(value)
        try:
            law(value)
        except Exception as error:
            found.first = found.first or len(found.examples)
            found.smallest, found.error = value, error
            raise

    try:
        check()
    except Exception:  # noqa: BLE001 - whatever the law raises
        assert found.error, "the property itself is broken"
        return found
    raise AssertionError(f"not found within {examples} examples")


def all_of(strategy: SearchStrategy[Any], law: Callable[[Any], object], examples: int = 40) -> None:
    """A law that holds for every example."""

    @settings(QUIET, max_examples=examples)
    @given(strategy)
    def check(value: Any) -> None:
        law(value)

    check()


def drawn(strategy: SearchStrategy[Any], examples: int = 40) -> list[Any]:
    """The values of one run, always the same ones."""
    values: list[Any] = []
    all_of(strategy, values.append, examples)
    return values
