"""Prism, a mock server that knows OpenAPI alone, takes every sample and example of a request from the export."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from emulators import catalog
from emulators.exports import openapi
from emulators.exports.material import gather
from tests.cli.test_export import operations
from tests.support import node

SPECS = [f"{p}@{r}" for p in catalog.default().providers() for r in catalog.default().revisions(p)]


class Said(NamedTuple):
    status: int
    violations: list[dict[str, Any]]


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of a Prism for each revision."""
    command = node.program("prism.mjs", needs="@stoplight/prism-cli")
    folder = tmp_path_factory.mktemp("exports")
    for spec in SPECS:
        (folder / f"{spec}.json").write_text(json.dumps(openapi.document(gather(spec))))
    files = [str(folder / f"{spec}.json") for spec in SPECS]
    with subprocess.Popen([*command, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield dict(zip(SPECS, json.loads(process.stdout.readline()), strict=True))
        finally:
            process.kill()


def ask(url: str, method: str, headers: dict[str, str], body: bytes | None) -> Said:
    """What Prism answers, and what it says of the request."""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            status, told = answer.status, answer.headers.get("sl-violations")
    except urllib.error.HTTPError as error:
        with error:
            status, told = error.code, error.headers.get("sl-violations")
    violations = json.loads(told) if told else []
    return Said(status, [one for one in violations if one["location"][0] == "request"])


def credentials(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, str]:
    """What the first scheme of an operation asks for."""
    for name in (operation["security"] or [{}])[0]:
        scheme = document["components"]["securitySchemes"][name]
        words = {"bearer": "Bearer abc", "basic": "Basic dTpr"}
        return {scheme.get("name", "Authorization"): words.get(scheme.get("scheme", ""), "Token abc")}
    return {}


def requests(spec: str) -> Iterator[tuple[str, str, str, dict[str, str], Any]]:
    """Name, method, target, headers and data of a call for each example of each route."""
    material = gather(spec)
    document = openapi.document(material)
    found = operations(document)
    for route in material.routes:
        method, path, operation = found[route.name]
        headers = credentials(document, operation)
        path = re.sub(r"\{[^}]*\}", "1", path)
        for example in material.examples_of(f"{route.stem}.request"):
            if "requestBody" in operation:
                yield f"{route.name}: {example.name}", method, path, headers, example.value
            else:
                query = {name: value for name, value in (example.value or {}).items()}
                target = f"{path}?{urlencode(query, doseq=True)}" if query else path
                yield f"{route.name}: {example.name}", method, target, headers, None


@pytest.mark.parametrize("spec", SPECS)
def test_every_sample_and_example_of_a_request_is_taken(spec: str, prism: dict[str, str]) -> None:
    asked = list(requests(spec))
    assert len(asked) >= 20
    for name, method, target, headers, data in asked:
        body = None if data is None else json.dumps(data).encode()
        typed = {**headers, "Content-Type": "application/json"} if body else headers
        said = ask(prism[spec] + target, method, typed, body)
        assert said.violations == [], name
        assert 200 <= said.status < 300, name


@pytest.mark.parametrize("spec", SPECS)
def test_what_the_schemas_refuse_prism_refuses_too(spec: str, prism: dict[str, str]) -> None:
    refused = 0
    for name, method, target, headers, data in requests(spec):
        if isinstance(data, dict):
            said = ask(prism[spec] + target, method, {**headers, "Content-Type": "application/json"}, b"[1]")
            assert said.violations or said.status == 422, name
            refused += 1
    assert refused >= 5


@pytest.mark.parametrize("spec", SPECS)
def test_a_call_without_the_credentials_is_refused(spec: str, prism: dict[str, str]) -> None:
    asked = [one for one in requests(spec) if one[3]]
    assert asked
    name, method, target, _, data = asked[0]
    body = None if data is None else json.dumps(data).encode()
    assert ask(prism[spec] + target, method, {"Content-Type": "application/json"}, body).status == 401, name
