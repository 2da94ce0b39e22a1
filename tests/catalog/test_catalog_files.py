"""The folder `schemas/` keeps to what its README promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from emulators import catalog, registry
from emulators.engine.policy import Policy
from emulators.engine.profile import BASES, Profile
from emulators.engine.provider import Call
from emulators.faults import VendorError

ROOT = catalog.root()
SCHEMA_FILES = sorted(ROOT.glob("*/*/*.schema.json"))
SHORT = [str(path.relative_to(ROOT)) for path in SCHEMA_FILES]
every_schema = pytest.mark.parametrize("path", SCHEMA_FILES, ids=SHORT)
REVISIONS = [(p, r) for p in catalog.default().providers() for r in catalog.default().revisions(p)]
every_revision = pytest.mark.parametrize(("provider", "revision"), REVISIONS)

EXAMPLES = sorted(ROOT.glob("*/*/examples/*.json"))
every_example = pytest.mark.parametrize("path", EXAMPLES, ids=[str(p.relative_to(ROOT)) for p in EXAMPLES])

SUBSET = set(
    "$schema $id $ref $defs title description type const enum required properties additionalProperties items "
    "minItems maxItems minProperties minLength maxLength minimum maximum pattern allOf if then else "
    "x-basis x-source x-note".split()
)
# Patience is ours, not the vendor's: how long we really wait. Few feeds keep a pace or take a template.
RARE = {"template", "pace", "unlock_key"}
POLICY = {field.name for field in fields(Policy)} - {"patience"}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def profile_of(path: Path) -> Profile:
    return catalog.profile(path.parent.parent.name, path.parent.name)


def subschemas(schema: Any, conditions: bool = True) -> Iterator[dict[str, Any]]:
    if not isinstance(schema, dict):
        return
    yield schema
    for word in ("items", "then", "else", *(["if"] if conditions else [])):
        yield from subschemas(schema.get(word), conditions)
    for rule in schema.get("allOf", ()):
        yield from subschemas(rule, conditions)
    for word in ("properties", "$defs"):
        for part in schema.get(word, {}).values():
            yield from subschemas(part, conditions)


def test_the_four_vendors_are_described() -> None:
    assert catalog.default().providers() == ("esputnik", "hellotext", "pushwoosh", "sendpulse")


@every_schema
def test_a_schema_is_a_good_schema(path: Path) -> None:
    Draft202012Validator.check_schema(read(path))


@every_schema
def test_a_schema_uses_only_the_portable_subset(path: Path) -> None:
    for schema in subschemas(read(path)):
        assert set(schema) <= SUBSET
        assert all(part is False or isinstance(part, dict) for part in schema.get("properties", {}).values())
        assert schema.get("additionalProperties", False) is False
        assert not re.search(r"\\[dwsbp]|\(\?|\$.", schema.get("pattern", ""))


@every_schema
def test_the_id_of_a_schema_says_where_it_lies(path: Path) -> None:
    assert read(path)["$id"] == f"{catalog.ORIGIN}/{path.relative_to(ROOT).as_posix()}"


@every_schema
def test_every_property_says_its_basis_and_a_source_that_exists(path: Path) -> None:
    sources = profile_of(path).sources
    whole = read(path)
    properties = [
        (name, part)
        for schema in subschemas(whole, conditions=False)
        for name, part in schema.get("properties", {}).items()
        if part is not False
    ]
    for name, part in [("the schema itself", whole), *properties]:
        assert part.get("x-basis") in BASES, name
        assert part.get("x-source") in sources, name


@every_schema
def test_a_webhook_payload_is_closed(path: Path) -> None:
    if not path.name.endswith(".event.schema.json"):
        return
    whole = read(path)
    if whole["$id"].endswith("/workflow.event.schema.json"):
        # What a Webhook block of a workflow sends is up to the one who draws it.
        assert "additionalProperties" not in whole
        return
    for schema in whole.get("$defs", {"": whole}).values():
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) <= set(schema["properties"])


@every_revision
def test_every_fact_says_its_basis_and_a_source_that_exists(provider: str, revision: str) -> None:
    profile = catalog.profile(provider, revision)
    stated: list[Any] = [*profile.routes.values(), *profile.facts.values(), *profile.samples.values()]
    stated += [option.default for option in profile.options.values()]
    stated += profile.errors.values()
    for feed in profile.feeds.values():
        stated += [*feed.kinds.values(), *feed.policy.values()]
    assert stated
    for fact in stated:
        assert fact.basis in BASES, fact
        assert fact.source in profile.sources, fact


@every_revision
def test_a_guess_says_why(provider: str, revision: str) -> None:
    profile = catalog.profile(provider, revision)
    facts = [fact for feed in profile.feeds.values() for fact in feed.policy.values()]
    facts += [option.default for option in profile.options.values()]
    facts += profile.errors.values()
    assert all(fact.note for fact in facts if fact.basis in ("inferred", "assumed"))


@every_revision
def test_a_feed_says_everything_about_its_delivery(provider: str, revision: str) -> None:
    for feed in catalog.profile(provider, revision).feeds.values():
        policy = {name: fact.value for name, fact in feed.policy.items()}
        assert POLICY - RARE <= set(policy) <= POLICY
        assert policy["envelope"] in ("array", "object")
        assert policy["order"] in ("in-line", "independent")
        assert policy["retry_after_last"] in ("repeat", "abandon")
        assert policy["second_url"] in ("replaces", "adds")
        assert set(policy["answers"].values()) <= {"acknowledge", "retry", "abandon"}
        assert "*" in policy["answers"]
        assert bool(policy["probe"]) == bool(policy["probe_answers"])
        assert policy["envelope"] == "array" or policy["batch_size"] == 1


@every_revision
def test_a_kind_is_opted_into_by_an_option_that_exists(provider: str, revision: str) -> None:
    profile = catalog.profile(provider, revision)
    kinds = [kind for feed in profile.feeds.values() for kind in feed.kinds.values()]
    assert all(kind.fields for kind in kinds)
    for kind in kinds:
        assert kind.opt_in is None or profile.options[kind.opt_in].default.value is False


@every_revision
def test_an_option_is_among_its_choices(provider: str, revision: str) -> None:
    for option in catalog.profile(provider, revision).options.values():
        assert not option.choices or option.default.value in option.choices


@every_revision
def test_the_routes_of_the_profile_are_those_of_the_code(provider: str, revision: str) -> None:
    known = catalog.profile(provider, revision).routes.values()
    told = [(route.name, route.method, route.path) for route in known]
    code = [(r.name, r.method, r.path) for r in registry.load(f"{provider}@{revision}").provider.routes]
    assert told == code


@every_revision
def test_every_route_has_a_schema_of_its_request_and_one_of_its_answer(provider: str, revision: str) -> None:
    for route in registry.load(f"{provider}@{revision}").provider.routes:
        for kind in ("request", "response"):
            assert catalog.schema(f"{provider}@{revision}/{route.stem}.{kind}")["title"]


@every_revision
def test_no_schema_of_a_call_belongs_to_no_route(provider: str, revision: str) -> None:
    stems = {route.stem for route in registry.load(f"{provider}@{revision}").provider.routes} | {"errors"}
    calls = {
        path.name.split(".")[0]
        for path in (ROOT / provider / revision).glob("*.schema.json")
        if path.name.split(".")[1] in ("request", "response")
    }
    assert calls <= stems


@every_example
def test_an_example_keeps_to_the_schema_it_is_named_after(path: Path) -> None:
    provider, revision, stem = path.parts[-4], path.parts[-3], ".".join(path.name.split(".")[:2])
    catalog.validate(path.read_bytes(), f"{provider}@{revision}/{stem}")


def takes_anything(schema: Any, whole: Any) -> bool:
    """Whether a request has fields, its own or those of what it refers to."""
    part = whole["$defs"][schema["$ref"]] if str(schema.get("$ref", "#")).endswith(".json") else schema
    return bool(part.get("properties")) or any(takes_anything(rule, whole) for rule in part.get("allOf", ()))


@every_revision
def test_every_call_that_takes_anything_has_an_example(provider: str, revision: str) -> None:
    contract = catalog.default().contract(provider, revision)
    routes = registry.load(f"{provider}@{revision}").provider.routes
    schemas = {route.stem: catalog.schema(f"{provider}@{revision}/{route.stem}.request") for route in routes}
    taking = [stem for stem, schema in schemas.items() if takes_anything(schema, schema)]
    assert taking
    assert [stem for stem in taking if contract.example(f"{stem}.request") is None] == []
    for stem in taking:
        assert contract.valid(f"{stem}.request", contract.example(f"{stem}.request")), stem


def test_the_event_that_explanations_show_has_no_blank_in_its_address() -> None:
    shown = catalog.default().contract("sendpulse").example("event.request")
    assert shown["email"] == shown["email"].strip() != ""


def test_the_example_of_a_token_has_the_credentials_that_every_emulator_has() -> None:
    shown = catalog.default().contract("sendpulse").example("oauth-token.request")
    credentials = registry.load("sendpulse").credentials
    assert {name: shown[name] for name in ("client_id", "client_secret")} == {
        name: credentials[name] for name in ("client_id", "client_secret")
    }


@every_revision
def test_the_errors_of_the_profile_are_those_of_the_code_and_answer_with_its_status(
    provider: str, revision: str, emulate: Any
) -> None:
    known = catalog.profile(provider, revision).errors
    with emulate.fresh(f"{provider}@{revision}") as emulator:
        assert list(known) == list(emulator.provider.errors)
        route = next(route for route in emulator.provider.routes if route.guard)
        path = re.sub(r"\{[a-z_]+\}", "1", route.path)
        for name, error in known.items():
            with emulator.inject(VendorError(name)):
                exchange = emulator.answer(Call(route.method, path))
            assert (name, exchange.status) == (name, error.status)
            assert isinstance(exchange.fault, VendorError)


@every_revision
def test_an_error_that_is_about_credentials_spares_calls_without_any(
    provider: str, revision: str, emulate: Any
) -> None:
    with emulate.fresh(f"{provider}@{revision}") as emulator:
        for route in emulator.provider.routes:
            for name, error in catalog.profile(provider, revision).errors.items():
                with emulator.inject(VendorError(name)):
                    path = re.sub(r"\{[a-z_]+\}", "1", route.path)
                    struck = emulator.answer(Call(route.method, path)).fault is not None
                assert struck == (route.guard is not None or not error.guarded), (route.name, name)


def test_no_file_speaks_of_our_workshop() -> None:
    texts = [path for path in ROOT.rglob("*") if path.is_file()]
    assert texts
    for path in texts:
        assert not re.search(r"/work\b|\bseeds?\b|contracts/|shared/", path.read_text("utf-8")), path
