"""What travels in a body: media types, schemas, examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from emulators.engine.provider import Route
from emulators.exports.components import reference
from emulators.exports.material import SUFFIX, Example, Json, Material

JSON, TEXT, FORM = "application/json", "text/plain", "application/x-www-form-urlencoded"
ANY = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})


def speaks(method: str, schema: Json) -> bool:
    """Whether a call of this method and schema has a body: a DELETE only if its schema names anything."""
    return method != "DELETE" or any(schema.get(word) for word in ("properties", "required", "allOf", "$ref"))


def types(schema: Any, schemas: Mapping[str, Json]) -> frozenset[str]:
    """The JSON types that a schema admits, as far as its `type`, `const`, `$ref` and `allOf` say."""
    if not isinstance(schema, dict):
        return ANY
    said = schema.get("type", ANY)
    found = frozenset({said}) if isinstance(said, str) else frozenset(said)
    file = schema.get("$ref", "").removesuffix(SUFFIX)
    if file in schemas:
        found &= types(schemas[file], schemas)
    for rule in schema.get("allOf", ()):
        found &= types(rule, schemas)
    return found


def request(material: Material, route: Route, forms: bool) -> Json:
    """The body of a call."""
    stem = f"{route.stem}.request"
    content = {media: _media(material, stem) for media in ((JSON, FORM) if forms else (JSON,))}
    return {"required": "null" not in types(material.schemas[stem], material.schemas), "content": content}


def response(material: Material, stem: str, told: str) -> Json:
    """An answer: text where the schema has a string, nothing where it has null alone."""
    schema = material.schemas.get(stem)
    if schema is None:
        return {"description": told}
    admitted = types(schema, material.schemas)
    content: Json = {}
    if admitted - {"null", "string"}:
        content[JSON] = _media(material, stem, lambda value: not isinstance(value, str))
    if "string" in admitted and admitted != ANY:
        content[TEXT] = _media(material, stem, lambda value: isinstance(value, str))
    made: Json = {"description": schema.get("title", told)}
    if schema.get("description"):
        made["description"] += f". {schema['description']}"
    return {**made, "content": content} if content else made


def named(examples: Iterable[Example]) -> Json:
    """Examples by name, each saying whose it is."""
    made: Json = {}
    for one in examples:
        whose = {"x-basis": one.basis, "x-source": one.source} if one.basis else {}
        made[one.name] = {"summary": one.title or "An example of this project.", "value": one.value, **whose}
    return made


def _media(material: Material, stem: str, fits: Callable[[Any], bool] = lambda value: True) -> Json:
    made: Json = {"schema": reference(stem)}
    found = [one for one in material.examples_of(stem) if fits(one.value) and one.value is not None]
    return {**made, "examples": named(found)} if found else made
