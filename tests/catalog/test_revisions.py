"""A later revision holds what differs and nothing else, and says as much about itself as the first one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import emulators
from emulators import catalog, registry
from emulators.engine.profile import BASES, Profile

CATALOG = catalog.default()
REVISIONS = [(p, r) for p in CATALOG.providers() for r in CATALOG.revisions(p)]
every_revision = pytest.mark.parametrize(("provider", "revision"), REVISIONS)
LATER = [
    (provider, path.parent.name)
    for provider in CATALOG.providers()
    for path in sorted((CATALOG.root / provider).glob("*/profile.json"))
    if json.loads(path.read_text("utf-8")).get("extends")
]
every_later_revision = pytest.mark.parametrize(("provider", "revision"), LATER)

# Who speaks in a source. Where one is said to be a vendor's, it is his own page, file, code or server.
SPEAKERS = {
    "vendor page",
    "vendor specification",
    "vendor repository",
    "vendor client",
    "recorded exchange",
    "recorded traffic",
    "integrator's client",
    "integrator's report",
    "third party",
    "own choice",
}


def own(provider: str, revision: str) -> dict[str, Any]:
    """What stands in a revision's own profile."""
    text = (CATALOG.root / provider / revision / "profile.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def whole(provider: str, revision: str) -> dict[str, Any]:
    """The base of a revision, as one document."""
    document = own(provider, revision)
    base = document.get("extends")
    return catalog._merge(whole(provider, base), document) if base else document


def differing(over: Any, base: Any, place: str = "") -> Iterator[str]:
    """Places where a later profile says what the base says already, or deletes what is not there."""
    for key, value in over.items():
        name = f"{place}/{key}"
        if value is None:
            if key not in base:
                yield f"{name}: deletes nothing"
        elif value == base.get(key):
            yield f"{name}: says nothing new"
        elif isinstance(value, dict) and isinstance(base.get(key), dict) and "basis" not in value:
            yield from differing(value, base[key], name)


def objects(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of a schema, and every definition, whose rules have to come from somewhere."""
    if not isinstance(schema, dict):
        return
    for name, part in schema.get("$defs", {}).items():
        yield f"$defs/{name}", part
        yield from objects(part)
    for name, part in schema.get("properties", {}).items():
        if isinstance(part, dict):
            yield name, part
            yield from objects(part)
    for word in ("items", "then", "else"):
        yield from objects(schema.get(word))
    for rule in schema.get("allOf", ()):
        yield from objects(rule)


def test_two_vendors_have_a_later_revision_of_their_webhooks() -> None:
    assert {("sendpulse", "2025-08"), ("esputnik", "2025-06"), ("hellotext", "2026-08")} <= set(LATER)


@every_later_revision
def test_a_later_revision_holds_only_what_differs(provider: str, revision: str) -> None:
    document = own(provider, revision)
    told = {key: value for key, value in document.items() if key not in ("provider", "revision", "extends")}
    assert list(differing(told, whole(provider, document["extends"]))) == []


@every_later_revision
def test_a_later_schema_is_another_schema(provider: str, revision: str) -> None:
    base = own(provider, revision)["extends"]
    for path in sorted((CATALOG.root / provider / revision).glob("*.schema.json")):
        stem = path.name.removesuffix(".schema.json")
        older = CATALOG.files(provider, base, path.name)
        if older:
            both = [json.loads(p.read_text("utf-8")) for p in (path, older[path.name])]
            assert {k: v for k, v in both[0].items() if k != "$id"} != {
                k: v for k, v in both[1].items() if k != "$id"
            }, stem


@every_revision
def test_all_that_a_revision_inherits_fits_it(provider: str, revision: str) -> None:
    """Samples and examples of an older revision too, and the sources that inherited schemas name."""
    contract = CATALOG.contract(provider, revision)
    for name, sample in CATALOG.samples(provider, revision).items():
        assert contract.explain(sample.schema, json.loads(sample.body)) == (), name
    for name, path in CATALOG.files(provider, revision, "examples/*.json").items():
        stem = ".".join(path.name.split(".")[:2])
        if CATALOG.files(provider, revision, f"{stem}.schema.json"):
            assert contract.explain(stem, json.loads(path.read_text("utf-8"))) == (), name


@every_revision
def test_every_rule_of_a_revision_has_a_basis_and_a_source(provider: str, revision: str) -> None:
    sources = CATALOG.profile(provider, revision).sources
    files = CATALOG.files(provider, revision, "*.schema.json")
    assert files
    for name, path in files.items():
        schema = json.loads(path.read_text("utf-8"))
        for place, part in [("the schema", schema), *objects(schema)]:
            assert part.get("x-basis") in BASES, f"{name}: {place}"
            assert part.get("x-source") in sources, f"{name}: {place}"


def stated(profile: Profile) -> Iterator[tuple[str, Any]]:
    """Every fact of a profile: kinds, numbers, meanings of statuses, options, routes, errors, samples."""
    for feed in profile.feeds.values():
        yield from ((f"{feed.name}.{name}", kind) for name, kind in feed.kinds.items())
        yield from ((f"{feed.name}.{name}", fact) for name, fact in feed.policy.items())
    yield from ((name, option.default) for name, option in profile.options.items())
    for facts in (profile.routes, profile.errors, profile.samples, profile.facts):
        yield from facts.items()


@every_revision
def test_every_fact_of_a_revision_has_a_basis_a_source_and_if_it_is_a_guess_a_note(
    provider: str, revision: str
) -> None:
    profile = CATALOG.profile(provider, revision)
    for name, fact in stated(profile):
        assert fact.basis in BASES, name
        assert fact.source in profile.sources, name
        if fact.basis == "assumed":
            assert getattr(fact, "note", "-"), name
    own_choices = {key for key, source in profile.sources.items() if source.kind == "own choice"}
    assert own_choices
    for name, fact in stated(profile):
        # What is ours is assumed, and what is said to be documented is said by somebody.
        assert fact.basis == "assumed" or fact.source not in own_choices, name


@every_revision
def test_a_source_says_who_speaks_and_when(provider: str, revision: str) -> None:
    for key, source in CATALOG.profile(provider, revision).sources.items():
        assert source.kind in SPEAKERS, key
        assert source.title, key
        assert source.date, key


@every_revision
def test_a_number_of_delivery_says_what_it_counts(provider: str, revision: str) -> None:
    units = {
        "batch_size": "events",
        "batch_window": "seconds",
        "timeout": "seconds",
        "retry_delays": "seconds",
    }
    for feed in CATALOG.profile(provider, revision).feeds.values():
        for name, unit in units.items():
            assert feed.policy[name].unit == unit, f"{feed.name}.{name}"


@every_revision
def test_a_request_holds_as_many_events_as_a_batch(provider: str, revision: str) -> None:
    for feed in CATALOG.profile(provider, revision).feeds.values():
        most = CATALOG.schema(f"{provider}@{revision}/{feed.name}").get("maxItems")
        assert most in (None, feed.policy["batch_size"].value)


@every_revision
def test_a_revision_can_be_imitated_by_the_code(provider: str, revision: str) -> None:
    imitation = registry.load(f"{provider}@{revision}")
    assert set(imitation.profile.feeds) <= {feed.name for feed in imitation.provider.feeds}
    assert set(imitation.profile.errors) <= set(imitation.provider.errors)


@every_revision
def test_code_goes_by_facts_and_never_by_the_name_of_a_revision(provider: str, revision: str) -> None:
    folder = Path(emulators.__file__).parent / provider
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.fullmatch(rf"{revision}|{provider}@.*", node.value), path
