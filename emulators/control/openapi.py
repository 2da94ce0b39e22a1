"""The control API as OpenAPI 3.1, out of the table that it is answered by."""

from __future__ import annotations

from typing import Any

from emulators import __version__
from emulators.control.operations import Field, Json, Operation
from emulators.control.table import OPERATIONS
from emulators.control.tenants import HEADER

ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string", "description": "a name of emulators.errors"},
                "message": {"type": "string", "description": "what was wrong, and what to do"},
                "status": {"type": "integer", "description": "what the receiver answered"},
            },
        }
    },
}
STREAM = Operation(
    "journal-stream",
    "GET",
    "/v1/journal/stream",
    "The journal as server-sent events: id is the number of the entry, event its kind, data the entry.",
    OPERATIONS[0].do,
    query={"after": Field("integer", "as the header Last-Event-ID", default=0)},
)


def document(url: str) -> Json:
    """The whole document."""
    paths: Json = {}
    for operation in (*OPERATIONS, STREAM):
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
            "schemas": {"Error": ERROR},
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
            "required": any(wanted.required for wanted in operation.body.values()),
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
    schema: Any = {"type": "string"} if operation is STREAM else {"type": "object"}
    return {"description": "done", "content": {kind: {"schema": schema}}}


def _content(says: str, name: str) -> Json:
    reference = {"$ref": f"#/components/schemas/{name}"}
    return {"description": says, "content": {"application/json": {"schema": reference}}}
