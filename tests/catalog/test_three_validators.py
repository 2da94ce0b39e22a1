"""jsonschema, jsonschema-rs and ajv give the same verdict: the schemas mean the same in Python, Rust and JavaScript.

JavaScript rounds integers beyond 2^53: payloads that hold one are left out for ajv, and counted.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from emulators import catalog, registry
from emulators.contract import _portable_validator
from tests.support import node, payloads

EXACT = payloads.EXACT
VALID, BROKEN = 1000, 3000
"""For each feed."""


class Case(NamedTuple):
    schema: str
    payload: Any
    origin: str


def printed() -> Iterator[Case]:
    """Every sample and every example of every revision."""
    shelf = catalog.default()
    for provider in shelf.providers():
        for revision in shelf.revisions(provider):
            stems = [
                name.removesuffix(".schema.json") for name in shelf.files(provider, revision, "*.schema.json")
            ]
            for folder in ("samples", "examples"):
                for name, path in shelf.files(provider, revision, f"{folder}/*.json").items():
                    name = name.removeprefix(f"{folder}/")
                    stem = max((one for one in stems if name.startswith(f"{one}.")), key=len)
                    yield Case(
                        f"{provider}@{revision}/{stem}",
                        json.loads(path.read_bytes()),
                        folder if revision in path.parts else "inherited",
                    )


def generated() -> Iterator[Case]:
    """Events of each feed as the emulator writes them, and the same with one thing changed."""
    for provider in registry.SHIPPED:
        for feed, events in payloads.events(provider, VALID).items():
            schema = f"{provider}/{feed}.event"
            yield from (Case(schema, event, "written") for event in events)
            dice = random.Random(schema)
            for _ in range(BROKEN):
                yield Case(schema, payloads.mutated(dice.choice(events), dice), "changed")


def beyond_javascript(value: Any) -> bool:
    """Whether a number in it is not the same number in JavaScript."""
    if isinstance(value, dict):
        return any(map(beyond_javascript, value.values()))
    if isinstance(value, list):
        return any(map(beyond_javascript, value))
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [*printed(), *generated()]


@pytest.fixture(scope="module")
def rust(cases: list[Case]) -> list[bool]:
    checks = {
        name: jsonschema_rs.validator_for(catalog.schema(name)) for name in {case.schema for case in cases}
    }
    return [checks[case.schema].is_valid(case.payload) for case in cases]


def differing(cases: list[Case], one: list[bool], other: list[bool]) -> list[Case]:
    return [case for case, a, b in zip(cases, one, other, strict=True) if a != b]


def test_the_payloads_are_thousands_good_and_bad(cases: list[Case], rust: list[bool]) -> None:
    count = Counter((case.origin, verdict) for case, verdict in zip(cases, rust, strict=True))
    assert count["samples", False] == 0
    assert count["examples", False] == 0
    assert count["written", False] == 0
    feeds = sum(len(catalog.profile(provider).feeds) for provider in registry.SHIPPED)
    assert count["written", True] >= VALID * feeds
    # An open feed takes whatever it is told, so not every change breaks a rule.
    assert count["changed", False] > BROKEN * feeds / 2
    assert count["changed", True] > BROKEN * feeds / 20


def test_jsonschema_agrees_with_jsonschema_rs(cases: list[Case], rust: list[bool]) -> None:
    checks = {name: _portable_validator()(catalog.schema(name)) for name in {case.schema for case in cases}}
    python = [checks[case.schema].is_valid(case.payload) for case in cases]
    assert differing(cases, python, rust) == []


@pytest.mark.thorough
def test_ajv_agrees_but_where_javascript_rounds_integers(
    cases: list[Case], rust: list[bool], record_property: Callable[[str, object], None]
) -> None:
    command = node.program("verdicts.mjs", needs="ajv")
    names = sorted({case.schema for case in cases})
    number = {name: index for index, name in enumerate(names)}
    lines = [json.dumps([catalog.schema(name) for name in names])]
    lines += [json.dumps([number[case.schema], case.payload]) for case in cases]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    verdicts = [verdict == "1" for verdict in done.stdout]
    left_out = [case for case in cases if beyond_javascript(case.payload)]
    by_schema = Counter(case.schema for case in left_out)
    record_property("left out for ajv, integers beyond 2^53", dict(by_schema))
    assert 0 < len(left_out) < len(cases) / 5
    assert [case for case in differing(cases, verdicts, rust) if not beyond_javascript(case.payload)] == []
