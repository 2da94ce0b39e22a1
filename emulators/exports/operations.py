"""One call as an OpenAPI operation: parameters, body, answers, and who may call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulators.engine.provider import Route
from emulators.exports import bodies, describing, ways
from emulators.exports.components import reference
from emulators.exports.material import Example, Json, Material

ERRORS = "errors.response"


def shape(path: str) -> str:
    """A path without the names of its segments."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def stems(route: Route, schemas: Mapping[str, Json]) -> Iterable[str]:
    """The schemas that the operation of a route refers to."""
    wanted = (f"{route.stem}.request", f"{route.stem}.response", ERRORS)
    return (stem for stem in wanted if stem in schemas)


def operation(material: Material, route: Route, path: str) -> Json:
    """The operation of `route`, which lies at `path`."""
    known, request = material.profile.routes[route.name], material.schemas[f"{route.stem}.request"]
    way = material.ways.of(route.name)
    made: Json = {
        "operationId": route.name,
        "summary": request.get("title", route.name),
        **describing.stated(known),
    }
    if known.clients:
        made["x-proved-by"] = list(known.clients)
    parameters = [_segment(name) for name in re.findall(r"\{([^}]*)\}", path)]
    if route.method in ("GET", "HEAD") or way.query:
        made["description"] = _whole(request, "query")
        made["x-request"] = reference(f"{route.stem}.request")
        parameters += _query(material, route, request)
    elif bodies.speaks(route.method, request):
        made["description"] = _whole(request, "body")
        made["requestBody"] = bodies.request(material, route, way.forms)
    if parameters:
        made["parameters"] = parameters
    made["responses"] = {
        "2XX": bodies.response(material, f"{route.stem}.response", "Taken."),
        "4XX": bodies.response(material, ERRORS, "Refused."),
    }
    return {**made, **_security(way, material.ways)}


def _whole(request: Json, place: str) -> str:
    told = f"The schema describes the {place} as the vendor reads it."
    return f"{request['description']} {told}" if "description" in request else told


def _segment(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query(material: Material, route: Route, request: Json) -> list[Json]:
    """Each field of a query; rules between fields are only in the schema that `x-request` leads to."""
    stem, required = f"{route.stem}.request", request.get("required", ())
    examples = material.examples_of(stem)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": {"$ref": f"{reference(stem)['$ref']}/properties/{_pointed(name)}"},
            **_values(name, examples),
        }
        for name, rule in request.get("properties", {}).items()
        if rule is not False
    ]


def _values(name: str, examples: Iterable[Example]) -> Json:
    queries = {one.name: one.value for one in examples if isinstance(one.value, dict)}
    found = {key: {"value": query[name]} for key, query in queries.items() if name in query}
    return {"examples": found} if found else {}


def _pointed(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _security(way: ways.Way, known: ways.Ways) -> Json:
    """Any one of the schemes; a credential in the body is told in a word of ours."""
    alternatives: list[Any] = []
    told: Json = {}
    for name in way.security:
        scheme = known.schemes.get(name)
        if scheme is None or scheme.type == ways.BODY:
            alternatives.append({})
        else:
            alternatives.append({name: []})
        if scheme is not None and scheme.type == ways.BODY:
            told["x-credential-in-body"] = {
                **scheme.words,
                "x-basis": scheme.basis,
                "x-source": scheme.source,
                "x-note": scheme.note,
            }
    unique = [one for index, one in enumerate(alternatives) if one not in alternatives[:index]]
    return {"security": [] if unique == [{}] else unique, **told}
