"""`emulators export` writes a revision as OpenAPI and AsyncAPI that the field's own tools accept."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from emulators import catalog, registry
from emulators.exports import asyncapi, openapi, ways
from emulators.exports.material import gather
from tests.cli.running import run
from tests.support import node

SPECS = [f"{p}@{r}" for p in catalog.default().providers() for r in catalog.default().revisions(p)]
every_revision = pytest.mark.parametrize("spec", SPECS)
METHODS = {"get", "put", "post", "delete", "patch", "head"}


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """By name: method, path, operation."""
    return {
        operation["operationId"]: (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def resolved(document: dict[str, Any], pointer: str) -> Any:
    node: Any = document
    for step in pointer.removeprefix("#/").split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def judge(document: dict[str, Any], component: str) -> Draft202012Validator:
    """A component as a validator sees it that has the document alone."""
    whole = {"$ref": f"#/components/schemas/{component}", "components": document["components"]}
    return Draft202012Validator(whole)


@every_revision
def test_the_openapi_validator_has_nothing_to_say(spec: str) -> None:
    assert list(OpenAPIV31SpecValidator(openapi.document(gather(spec))).iter_errors()) == []


@pytest.mark.thorough
def test_asyncapis_own_parser_has_nothing_to_say_and_sees_what_is_wrong(tmp_path: Path) -> None:
    command = node.program("asyncapi.mjs", needs="@asyncapi/parser")
    files = []
    for spec in SPECS:
        files.append(tmp_path / f"{spec}.json")
        files[-1].write_text(json.dumps(asyncapi.document(gather(spec))))
    wrong = json.loads((tmp_path / f"{SPECS[0]}.json").read_text())
    wrong["operations"]["send-activity"]["channel"]["$ref"] = "#/channels/nowhere"
    files.append(tmp_path / "wrong.json")
    files[-1].write_text(json.dumps(wrong))
    done = subprocess.run([*command, *map(str, files)], capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    *told, about_wrong = json.loads(done.stdout)
    assert told == [[] for _ in SPECS]
    assert about_wrong


@every_revision
def test_every_call_and_feed_is_there_with_its_basis(spec: str) -> None:
    material = gather(spec)
    document, profile = openapi.document(material), material.profile
    found = operations(document)
    assert list(found) and set(found) == set(profile.routes)
    for name, route in profile.routes.items():
        method, path, operation = found[name]
        assert (method, path) == (route.method, route.path)
        assert (operation["x-basis"], operation["x-source"]) == (route.basis, route.source)
        assert {"2XX", "4XX"} == set(operation["responses"])
    assert list(document["webhooks"]) == list(profile.feeds)
    channels = asyncapi.document(material)
    assert list(channels["channels"]) == list(profile.feeds)
    for name, feed in profile.feeds.items():
        assert channels["components"]["messages"][name]["x-kinds"].keys() == feed.kinds.keys()
    assert document["info"]["version"] == channels["info"]["version"] == profile.revision
    for fact in [*profile.routes.values(), *(k for f in profile.feeds.values() for k in f.kinds.values())]:
        assert fact.name in document["info"]["description"]


@every_revision
def test_it_refers_to_nothing_outside_itself_and_names_every_source(spec: str) -> None:
    material = gather(spec)
    for document in (openapi.document(material), asyncapi.document(material)):
        kept = [node for node in nodes(document) if "x-basis" in node]
        assert kept or not material.profile.feeds
        for one in nodes(document):
            if isinstance(one.get("$ref"), str):
                assert one["$ref"].startswith("#/")
                resolved(document, one["$ref"])
            if "x-source" in one and not isinstance(one["x-source"], dict):
                assert one["x-source"] in document["x-sources"]
            assert "$id" not in one


@every_revision
def test_notes_and_bases_of_the_schemas_are_carried_over(spec: str) -> None:
    material = gather(spec)
    schemas = openapi.document(material)["components"]["schemas"]
    words = {
        (one["x-basis"], one["x-source"], one.get("x-note")) for one in nodes(schemas) if "x-basis" in one
    }
    for stem in set(schemas) & set(material.schemas):
        for one in nodes(material.schemas[stem]):
            if isinstance(one.get("x-basis"), str):
                assert (one["x-basis"], one["x-source"], one.get("x-note")) in words


@every_revision
def test_samples_are_valid_by_the_schemas_inside_and_broken_ones_are_not(spec: str) -> None:
    material = gather(spec)
    document = openapi.document(material)
    samples = [one for one in material.examples if one.schema in document["components"]["schemas"]]
    assert samples
    for one in samples:
        assert list(judge(document, one.schema).iter_errors(one.value)) == [], one.name
    for feed, channel in asyncapi.document(material)["components"]["messages"].items():
        for example in channel.get("examples", ()):
            assert judge(document, feed).is_valid(example["payload"])
            assert not judge(document, feed).is_valid([] if isinstance(example["payload"], list) else "text")


@every_revision
def test_a_call_without_a_guard_asks_for_nothing_and_one_with_a_guard_for_something(spec: str) -> None:
    material = gather(spec)
    found = operations(openapi.document(material))
    for route in material.routes:
        operation = found[route.name][2]
        asked = bool(operation["security"]) or "x-credential-in-body" in operation
        assert asked == (route.guard is not None), route.name


@every_revision
def test_what_is_said_of_the_ways_of_calls_has_sources_and_names_that_exist(spec: str) -> None:
    material = gather(spec)
    known, profile = material.ways, material.profile
    assert known.server is not None
    for fact in (known.server, *known.schemes.values()):
        assert fact.basis in ("documented", "observed")
        assert fact.source in profile.sources
    assert set(known.routes) <= {route.name for route in material.routes}
    named = {name for way in (known.default, *known.routes.values()) for name in way.security}
    assert named <= {*known.schemes, ways.NONE}
    for name, way in known.routes.items():
        assert not way.query or profile.routes[name].method == "DELETE"


def test_a_query_is_parameters_and_a_body_is_a_body() -> None:
    document = openapi.document(gather("sendpulse@2021-05"))
    found = operations(document)
    _, _, listed = found["list-emails"]
    limit = next(one for one in listed["parameters"] if one["name"] == "limit")
    assert (limit["in"], limit["required"]) == ("query", False)
    assert resolved(document, limit["schema"]["$ref"])["x-source"] == "openapi"
    assert set(found["event-by-id"][2]["requestBody"]["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
    }
    assert "requestBody" in found["remove-unsubscribed"][2]
    erase = operations(openapi.document(gather("esputnik@2023-09")))["delete-contact"][2]
    assert [one["in"] for one in erase["parameters"]] == ["path", "query"]
    assert "requestBody" not in erase


def test_what_answers_mean_and_how_an_address_is_verified_stands_with_the_webhook() -> None:
    hook = openapi.document(gather("esputnik@2023-09"))["webhooks"]["activity"]
    assert {status: one["x-meaning"] for status, one in hook["post"]["responses"].items()} == {
        "200": "acknowledge",
        "default": "retry",
    }
    assert set(hook["get"]["responses"]) == {"2XX", "default"}
    assert hook["post"]["x-delivery"]["retry_delays"]["x-basis"]


@pytest.mark.parametrize("words", [(), ("--format", "asyncapi")])
def test_the_command_writes_the_same_every_time(words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    assert run("export", "sendpulse", *words, "--output", str(file)).returncode == 0
    first, done = file.read_bytes(), run("export", "sendpulse", *words, PYTHONHASHSEED="7")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(first)
    assert list(json.loads(done.stdout)) == list(json.loads(first))
    run("export", "sendpulse", *words, "--output", str(file), PYTHONHASHSEED="8")
    assert file.read_bytes() == first


def test_what_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    done = run("export", "sendpuls")
    assert done.returncode == 2
    assert "did you mean 'sendpulse'?" in done.stderr
    assert run("export", "sendpulse", "--format", "raml").returncode == 2
    done = run("export", "sendpulse", "--output", str(tmp_path / "no" / "such" / "folder"))
    assert done.returncode == 3
    assert "cannot be written" in done.stderr


def test_hellotext_sends_nothing_and_its_asyncapi_says_so() -> None:
    document = asyncapi.document(gather("hellotext"))
    assert document["channels"] == {}
    assert registry.load("hellotext").profile.feeds == {}
