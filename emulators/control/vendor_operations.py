"""What can be asked of one vendor: the verbs of an emulator."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from emulators.control import wire
from emulators.control.looking_back import LONGEST_WAIT, MOST, calls, deliveries, probes, wait_for_call
from emulators.control.operations import Asked, Field, Json, Operation
from emulators.control.world_operations import AFTER, LIMIT
from emulators.engine.handles import Subscription
from emulators.engine.policy import Policy
from emulators.errors import InvalidValue, unknown
from emulators.faults import fault_of

MOST_EVENTS = 100_000
POLICY = tuple(field.name for field in fields(Policy))


async def list_subscriptions(asked: Asked) -> Json:
    registrations = asked.emulator.account.registrations.values()
    return {"subscriptions": [wire.subscription(each, asked.plane.veil) for each in registrations]}


async def subscribe(asked: Asked) -> Json:
    given = dict(asked.fields)
    url, kinds, feed = given.pop("url"), given.pop("kinds", None), given.pop("feed", None)
    auth, headers = given.pop("auth", None), given.pop("headers", None)
    policy = given.pop("policy", {})
    _check_texts("kinds", kinds or [])
    for name in policy:
        if name not in POLICY:
            raise unknown("policy field", name, POLICY)
    made = await asked.emulator.aio.subscribe(
        url,
        kinds,
        feed,
        auth=None if auth is None else tuple(auth),
        headers=headers,
        **policy,
    )
    return wire.subscription(asked.emulator.account.registrations[made.id], asked.plane.veil)


def _check_texts(name: str, values: list[Any]) -> None:
    for value in values:
        if not isinstance(value, str):
            raise InvalidValue(f"{name}: expected text, got {value!r}")


def _subscription(asked: Asked) -> Subscription:
    text, known = asked.params["id"], asked.emulator.account.registrations
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) not in known:
        raise unknown("subscription", text, map(str, known))
    return Subscription(asked.emulator, int(text))


def _moved(move: Callable[[Subscription], None]) -> Callable[[Asked], Any]:
    async def do(asked: Asked) -> Json:
        subscription = _subscription(asked)
        move(subscription)
        return wire.subscription(asked.emulator.account.registrations[subscription.id], asked.plane.veil)

    return do


async def emit(asked: Asked) -> Json:
    count = asked.fields["count"]
    if count > MOST_EVENTS:
        raise InvalidValue(f"count: expected at most {MOST_EVENTS} at once, got {count}")
    happened = asked.emulator.emit(asked.fields["kind"], asked.fields.get("fields"), count=count)
    events = happened if isinstance(happened, list) else [happened]
    veil = asked.plane.veil
    return {"events": [wire.event(each, veil) for each in events[:MOST]], "count": len(events)}


async def send(asked: Asked) -> Json:
    given = asked.fields
    if len(given) != 1:
        raise InvalidValue('the body: expected {"json": ...} or {"base64": "..."}')
    if "json" in given:
        asked.emulator.send(given["json"])
        return {"sent": True}
    try:
        asked.emulator.send(b64decode(given["base64"], validate=True))
    except ValueError as error:
        raise InvalidValue(f"base64: {error}") from None
    return {"sent": True}


async def replay(asked: Asked) -> Json:
    asked.emulator.replay(asked.fields["sample"])
    return {"sent": asked.fields["sample"]}


async def flush(asked: Asked) -> Json:
    await asked.emulator.aio.flush()
    return {"now": asked.emulator.now.isoformat()}


async def reset(asked: Asked) -> Json:
    await asked.emulator.aio.reset()
    return {"now": asked.emulator.now.isoformat()}


async def list_faults(asked: Asked) -> Json:
    armed = asked.emulator.account.faults.armed.values()
    veil = asked.plane.veil
    return {
        "faults": [
            {"id": each.id, "fault": wire.fault(each.fault, veil), "left": each.left} for each in armed
        ]
    }


async def inject(asked: Asked) -> Json:
    given = dict(asked.fields)
    for name in ("kind", "route", "name"):
        _check_texts(name, [] if given.get(name) is None else [given[name]])
    injection = asked.emulator.inject(fault_of(given.pop("fault"), given))
    return {"ids": list(injection.ids)}


async def clear_faults(asked: Asked) -> Json:
    number = asked.query.get("id")
    asked.emulator.clear_faults(None if number is None else (number,))
    return await list_faults(asked)


PAGE = {"after": AFTER, "limit": LIMIT}
AT = "/v1/{provider}"

VENDOR = (
    Operation("subscriptions", "GET", f"{AT}/subscriptions", "Every receiver there ever was.", list_subscriptions),
    Operation(
        "subscribe",
        "POST",
        f"{AT}/subscriptions",
        "Registers a receiver; verifies it first where the vendor does: 409 VerificationFailed with its status.",
        subscribe,
        {
            "url": Field("string", "where the receiver takes webhooks", required=True),
            "kinds": Field(("array", "null"), "the kinds it wants; null: all of the feed"),
            "feed": Field(("string", "null"), "which feed; null: that of the kinds, or the vendor's first"),
            "auth": Field(("array", "null"), "login and password of Basic authentication"),
            "headers": Field(("object", "null"), "more headers"),
            "policy": Field("object", "numbers in place of the vendor's: batch_size, retry_delays, ..."),
        },
        status=201,
    ),
    Operation(
        "unsubscribe",
        "DELETE",
        f"{AT}/subscriptions/{{id}}",
        "Ends a subscription; what waits is never sent.",
        _moved(Subscription.cancel),
    ),
    Operation("pause", "POST", f"{AT}/subscriptions/{{id}}/pause", "Suspends sending.", _moved(Subscription.pause)),
    Operation("resume", "POST", f"{AT}/subscriptions/{{id}}/resume", "Ends a pause.", _moved(Subscription.resume)),
    Operation(
        "emit",
        "POST",
        f"{AT}/events",
        "Something happened, in the vendor's own words; what is not given is filled in from the seed.",
        emit,
        {
            "kind": Field("string", 'such as "UNDELIVERED" or "email-service.delivered"', required=True),
            "fields": Field("object", "of its payload"),
            "count": Field("integer", f"so many, up to {MOST_EVENTS}", default=1),
        },
        status=201,
    ),
    Operation(
        "send",
        "POST",
        f"{AT}/send",
        "Exactly this body, as a request of its own behind what waits.",
        send,
        {"json": Field("any", "a JSON value"), "base64": Field("string", "or any bytes")},
    ),
    Operation(
        "replay",
        "POST",
        f"{AT}/replay",
        "A documented sample, byte for byte.",
        replay,
        {"sample": Field("string", 'such as "activity.bulk"', required=True)},
    ),
    Operation("flush", "POST", f"{AT}/flush", "Sends open batches now.", flush),
    Operation(
        "calls",
        "GET",
        f"{AT}/calls",
        "What the app called, taken or refused.",
        calls,
        query={"route": Field("string", "by name, /path or METHOD /path"), **PAGE},
    ),
    Operation(
        "wait-for-call",
        "POST",
        f"{AT}/calls/wait",
        "The first call to a route, made already or within the time-out; 404 NotCalled says what came instead.",
        wait_for_call,
        {
            "route": Field("string", "by name, /path or METHOD /path", required=True),
            "fields": Field("object", "what its data must have; a name that begins with / is a JSON pointer"),
            "timeout": Field("number", f"real seconds, up to {LONGEST_WAIT}", default=5),
        },
    ),
    Operation(
        "deliveries",
        "GET",
        f"{AT}/deliveries",
        "Every attempt, in the order in which they were made.",
        deliveries,
        query={
            "kind": Field("string", "those that hold an event of this kind"),
            "outcome": Field("string", "acknowledged, rescheduled or abandoned"),
            **PAGE,
        },
    ),
    Operation("probes", "GET", f"{AT}/probes", "Verification requests.", probes, query=PAGE),
    Operation("faults", "GET", f"{AT}/faults", "The faults that still apply.", list_faults),
    Operation(
        "inject",
        "POST",
        f"{AT}/faults",
        "Lets something go wrong.",
        inject,
        {"fault": Field("string", 'such as "LostAck" or "Reset"; its settings beside it', required=True)},
        status=201,
        open_fields=True,
    ),
    Operation(
        "clear-faults",
        "DELETE",
        f"{AT}/faults",
        "Takes faults back.",
        clear_faults,
        query={"id": Field("integer", "this one alone")},
    ),
    Operation("reset-one", "POST", f"{AT}/reset", "This vendor as new.", reset),
)  # fmt: skip
