"""The control API as OpenAPI 3.1, out of the table that it is answered by."""

from __future__ import annotations

from emulators import __version__
from emulators.control.answers import ANSWERS, SCHEMAS, named
from emulators.control.operations import Field, Json, Operation
from emulators.control.table import OPERATIONS
from emulators.control.tenants import HEADER

STREAM = Operation(
    "journal-stream",
    "GET",
    "/v1/journal/stream",
    "The journal as server-sent events: id is the number of the entry, event its kind, data the entry.",
    OPERATIONS[0].do,
    query={"after": Field("integer", "as the header Last-Event-ID", default=0)},
)
OPENAPI = Operation("openapi", "GET", "/v1/openapi.json", "This document.", OPERATIONS[0].do)


def document(url: str) -> Json:
    """The whole document."""
    paths: Json = {}
    for operation in (*OPERATIONS, STREAM, OPENAPI):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "provider-emulators: control",
            "version": __version__,
            "description": "What a test may ask of a running process. The vendors' own APIs are on ports of their own.",
        },
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
            "parameters": {
                "Tenant": {
                    "name": HEADER,
                    "in": "header",
                    "schema": {"type": "string"},
                    "description": "the tenant that is meant; the default one without it",
                }
            },
        },
    }


def _operation(operation: Operation) -> Json:
    in_path = [part.strip("{}") for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path
    ]
    parameters += [
        {"name": name, "in": "query", "required": wanted.required, "schema": wanted.schema()}
        for name, wanted in operation.query.items()
    ]
    told: Json = {
        "operationId": operation.name,
        "summary": operation.says,
        "parameters": [*parameters, {"$ref": "#/components/parameters/Tenant"}],
        "responses": {
            str(operation.status): _answer(operation),
            "default": _content("what was wrong", "Error"),
        },
    }
    if not operation.secret:
        told["security"] = []
    if operation.method in ("POST", "PUT"):
        told["requestBody"] = {
            # An empty object where nothing need be said: what has no body has no content type, and is refused.
            "required": True,
            "content": {"application/json": {"schema": _body(operation)}},
        }
    return told


def _body(operation: Operation) -> Json:
    return {
        "type": "object",
        "properties": {name: wanted.schema() for name, wanted in operation.body.items()},
        "required": [name for name, wanted in operation.body.items() if wanted.required],
        "additionalProperties": operation.open_fields,
    }


def _answer(operation: Operation) -> Json:
    kind = "text/event-stream" if operation is STREAM else "application/json"
    return {"description": "done", "content": {kind: {"schema": ANSWERS[operation.name]}}}


def _content(says: str, name: str) -> Json:
    return {"description": says, "content": {"application/json": {"schema": named(name)}}}
