"""A revision as OpenAPI 3.1: `paths` are the calls, `webhooks` the feeds."""

from __future__ import annotations

from typing import Any

from emulators.exports import describing, hooks, operations, ways
from emulators.exports.components import components
from emulators.exports.material import Json, Material


def document(material: Material) -> Json:
    """The whole document; it refers to nothing outside itself."""
    profile = material.profile
    wanted = {stem for route in material.routes for stem in operations.stems(route, material.schemas)}
    wanted |= {feed for feed in profile.feeds if feed in material.schemas}
    schemas = components(material.schemas, wanted)
    made: Json = {
        "openapi": "3.1.0",
        "info": describing.info(material, "Calls and webhooks", schemas),
        **_servers(material.ways.server),
        "paths": _paths(material),
        "webhooks": {name: hooks.path_item(material, feed) for name, feed in profile.feeds.items()},
        "components": {"schemas": schemas, "securitySchemes": _schemes(material.ways)},
        "x-sources": describing.sources(profile),
    }
    return made


def _servers(server: ways.Server | None) -> Json:
    if server is None:
        return {}
    told: Json = {"url": server.url, "x-basis": server.basis, "x-source": server.source}
    if server.note:
        told["description"] = server.note
    return {"servers": [told]}


def _paths(material: Material) -> Json:
    # Two routes may name the same segment differently, which OpenAPI forbids: the first one's names count.
    spelled: dict[str, str] = {}
    paths: dict[str, Any] = {}
    for route in material.routes:
        path = spelled.setdefault(operations.shape(route.path), route.path)
        paths.setdefault(path, {})[route.method.lower()] = operations.operation(material, route, path)
    return paths


def _schemes(known: ways.Ways) -> Json:
    schemes: Json = {}
    for name, scheme in known.schemes.items():
        if scheme.type != ways.BODY:
            schemes[name] = {
                "type": scheme.type,
                **scheme.words,
                "description": scheme.note,
                "x-basis": scheme.basis,
                "x-source": scheme.source,
            }
    return schemes
