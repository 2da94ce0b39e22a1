"""What operations answer with, as JSON Schema: written down beside `wire`, and held to it by the tests."""

from __future__ import annotations

from typing import Any

from emulators.control.operations import Json

STRING: Json = {"type": "string"}
INTEGER: Json = {"type": "integer"}
BOOLEAN: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
STRINGS: Json = {"type": "object", "additionalProperties": STRING}
ANY: Json = {}


def thing(**fields: Json) -> Json:
    """An object that has all of these; a later release may add more."""
    return {"type": "object", "required": list(fields), "properties": fields}


def many(item: Json) -> Json:
    """An array."""
    return {"type": "array", "items": item}


def maybe(schema: Json) -> Json:
    """The same, or null."""
    if "type" not in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def named(name: str) -> Json:
    """A schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


BYTES: Json = {
    "oneOf": [maybe(STRING), thing(base64=STRING)],
    "description": "text; where the bytes are none, as base64",
}

SCHEMAS: Json = {
    "Error": thing(
        error={
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {
                    **STRING,
                    "description": "a name of emulators.errors, or NotJson (the body cannot be read), NotCalled "
                    "(the app did not call in time), Refused (who asks may not), Ours (an error of ours)",
                },
                "message": {**STRING, "description": "what was wrong, and what to do"},
                "status": {**INTEGER, "description": "what the receiver answered"},
            },
        }
    ),
    "Time": thing(
        now=TIME,
        clock={"enum": ["virtual", "wall"]},
        speed=maybe({"type": "number"}),
        next_due=maybe(TIME),
    ),
    "Provider": thing(url=STRING, revision=STRING, env=STRINGS),
    "Event": thing(ordinal=INTEGER, feed=STRING, kind=STRING, at=TIME, payload={"type": "object"}),
    "Subscription": thing(
        id=INTEGER,
        url=STRING,
        feed=STRING,
        kinds=maybe(many(STRING)),
        state={"enum": ["inactive", "active", "paused", "replaced", "cancelled"]},
    ),
    "Problem": thing(pointer=STRING, expected=STRING, got=STRING, source=STRING),
    "Call": thing(
        number=INTEGER,
        at=TIME,
        route=STRING,
        method=STRING,
        path=STRING,
        query=many({**many(STRING), "minItems": 2, "maxItems": 2}),
        headers=STRINGS,
        body=ANY,
        status=maybe(INTEGER),
        taken=BOOLEAN,
        reply=thing(headers=STRINGS, body=BYTES),
        problems=many(named("Problem")),
        nearest=STRING,
        fault=maybe(STRING),
    ),
    "Delivery": thing(
        number=INTEGER,
        at=TIME,
        subscription=INTEGER,
        shipment=INTEGER,
        method=STRING,
        url=STRING,
        attempt=INTEGER,
        status=maybe(INTEGER),
        outcome={"enum": ["acknowledged", "rescheduled", "abandoned"]},
        next_at=maybe(TIME),
        reason=STRING,
        waiting=INTEGER,
        label=STRING,
        body=BYTES,
        events=many(named("Event")),
        fault=maybe(STRING),
    ),
    "Probe": thing(
        number=INTEGER,
        at=TIME,
        subscription=INTEGER,
        method=STRING,
        url=STRING,
        status=maybe(INTEGER),
        accepted=BOOLEAN,
        reason=STRING,
    ),
    "Entry": thing(number=INTEGER, kind=STRING, entry={"type": "object"}),
}

_PROVIDERS: Json = {"type": "object", "additionalProperties": named("Provider")}
_NOW = thing(now=TIME)
_FAULTS = thing(faults=many(thing(id=INTEGER, fault=STRING, left=maybe(INTEGER))))
_SNAPSHOT = thing(name=STRING, now=TIME)

ANSWERS: dict[str, Any] = {
    "health": thing(ready=BOOLEAN, id=STRING),
    "providers": thing(tenant=STRING, providers=_PROVIDERS),
    "tenants": thing(tenants=many(thing(name=STRING, seed=INTEGER))),
    "add-tenant": thing(name=STRING, seed=INTEGER, providers=_PROVIDERS),
    "remove-tenant": thing(removed=STRING),
    "clock": named("Time"),
    "advance": named("Time"),
    "drain": named("Time"),
    "reset": named("Time"),
    "restore": named("Time"),
    "timeline": thing(timeline=STRING, entries=INTEGER, lost=INTEGER),
    "complaints": thing(complaints=many(STRING)),
    "journal": thing(entries=many(named("Entry")), last=INTEGER, lost=INTEGER),
    "snapshots": thing(snapshots=many(_SNAPSHOT)),
    "snapshot": _SNAPSHOT,
    "show-snapshot": thing(snapshot={"type": "object"}),
    "put-snapshot": thing(name=STRING),
    "drop-snapshot": thing(removed=STRING),
    "subscriptions": thing(subscriptions=many(named("Subscription"))),
    "subscribe": named("Subscription"),
    "unsubscribe": named("Subscription"),
    "pause": named("Subscription"),
    "resume": named("Subscription"),
    "emit": thing(events=many(named("Event")), count=INTEGER),
    "send": thing(sent=BOOLEAN),
    "replay": thing(sent=STRING),
    "flush": _NOW,
    "reset-one": _NOW,
    "calls": thing(calls=many(named("Call")), next=INTEGER, lost=INTEGER),
    "wait-for-call": named("Call"),
    "deliveries": thing(deliveries=many(named("Delivery")), next=INTEGER, lost=INTEGER),
    "probes": thing(probes=many(named("Probe")), next=INTEGER, lost=INTEGER),
    "faults": _FAULTS,
    "clear-faults": _FAULTS,
    "inject": thing(ids=many(INTEGER)),
    "openapi": {"type": "object"},
    "journal-stream": STRING,
}
