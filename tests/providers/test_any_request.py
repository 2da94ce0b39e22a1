"""Nothing that an app can send makes an emulator break: every route of every vendor, whatever it is sent."""

from __future__ import annotations

import asyncio
import json
import socket
import string
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators import catalog, registry
from emulators.engine.provider import Call, Provider, Route

ROUTES = [
    (registry.load(name).provider, route)
    for name in registry.SHIPPED
    for route in registry.load(name).provider.routes
]
every_route = pytest.mark.parametrize(
    ("provider", "route"), ROUTES, ids=[f"{provider.name}-{route.name}" for provider, route in ROUTES]
)

# Text that means something to somebody: identities, numbers, dates, PHP's serialized values.
WORDS = st.sampled_from(
    "a@b.c +380501234567 0 -1 1e400 2026-01-01 2026-01-01T00:00:00 NaN true null productViewed registration "
    'delivered email EMAIL a:1:{i:0;s:1:"x";} [] {} 99999999999999999999'.split()
)
TEXT = st.text(max_size=20) | WORDS
KEYS = TEXT | st.sampled_from(
    "email phone emails recipients contact contacts channels params name value eventTypeKey keyValue orders url "
    "actions grant_type client_id client_secret automation_id from to subject html text template attachments "
    "dateFrom dateTo offset maxrows ids limit groups dedupeOn locator jsonParam action profile session "
    "request auth notifications send_date devices users conditions hwid tags application list at after".split()
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just("\ud800") | st.just(10**400)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


BODIES = (
    st.binary(max_size=200)
    | JSON.map(as_json)
    | st.integers(500, 3000).map(lambda depth: b"[" * depth + b"]" * depth)
)
CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/xml",
        "",
    ]
)
FORMS = st.lists(st.tuples(KEYS, TEXT), max_size=5).map(
    lambda pairs: (
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (name.encode("utf-8", "replace"), value.encode("utf-8", "replace"))
            for name, value in pairs
        )
        + b"--x--\r\n"
    )
)


def mutants(provider: Provider, route: Route) -> st.SearchStrategy[bytes]:
    """Bodies that begin as good ones, with one place changed to anything."""
    example = catalog.default().contract(provider.name).example(f"{route.stem}.request")
    if not isinstance(example, dict) or not example:
        return st.nothing()

    def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        return [path, *(place for key, item in inner for place in places(item, (*path, key)))]

    def changed(change: tuple[tuple[Any, ...], Any]) -> bytes:
        path, new = change
        copy = json.loads(json.dumps(example))
        if not path:
            return as_json(new)
        node = copy
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = new
        return as_json(copy)

    return st.tuples(st.sampled_from(places(example)), JSON).map(changed)


def headers_of(provider: Provider, emulator: Any, route: Route) -> list[tuple[str, str]]:
    """What gets a call past the door."""
    credentials = emulator.credentials
    if provider.name == "esputnik":
        from base64 import b64encode

        return [("authorization", "Basic " + b64encode(f"any:{credentials['api_key']}".encode()).decode())]
    if provider.name == "hellotext" and route.path.startswith(("/v1/track/", "/v1/public/")):
        return [("authorization", f"Bearer {credentials['business']}")]
    if provider.name == "pushwoosh":
        remote = route.path.startswith("/json/")
        return [("authorization", f"Token {credentials['device_token' if remote else 'token']}")]
    token = credentials.get("token") or credentials.get("api_key") or ""
    return [("authorization", f"Bearer {token}")]


@pytest.mark.parametrize("examples", [10, pytest.param(40, marks=pytest.mark.thorough)])
@every_route
def test_no_body_breaks_a_route(emulate, provider: Provider, route: Route, examples: int) -> None:
    bodies = BODIES | FORMS | mutants(provider, route)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        calls=st.lists(
            st.tuples(bodies, CONTENT_TYPES, st.lists(st.tuples(KEYS, TEXT), max_size=4), TEXT), max_size=3
        )
    )
    def run(calls: list[Any]) -> None:
        with emulate.fresh(provider.name) as emulator:
            for body, content_type, query, word in calls:
                path = route.path
                params = {part[1:-1]: word for part in path.split("/") if part.startswith("{")}
                for name in params:
                    path = path.replace("{" + name + "}", (word or "x").replace("/", "-"))
                given = [*headers_of(provider, emulator, route), ("content-type", content_type)]
                # Pushwoosh's servers have their token in the body, where examples have this in its place.
                body = body.replace(b"API_ACCESS_TOKEN", emulator.credentials.get("token", "").encode())
                call = Call(route.method, path, tuple(query), tuple(given), body)
                exchange = emulator.answer(call)
                assert exchange.status is not None
                assert exchange.status < 500, exchange.reply.body
                assert not emulator.world.complaints
            # Whatever was taken, what follows from it comes about as well.
            emulator.advance("1h")
            assert not emulator.world.complaints

    run()


HEADER = st.tuples(
    st.sampled_from(["authorization", "content-type", "accept", "x-a", "cookie", "origin", "expect"]),
    st.text(string.printable.replace("\r", "").replace("\n", ""), max_size=40)
    | st.sampled_from(
        ["Bearer x", "Basic !!", "Basic eA==", "100-continue", "Bearer b'x'", "multipart/form-data"]
    ),
)


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_no_bytes_on_the_wire_get_an_error_of_ours_or_no_end(emulate, name: str) -> None:
    provider = registry.load(name).provider

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        route=st.sampled_from(provider.routes),
        headers=st.lists(HEADER, max_size=4),
        body=BODIES,
        noise=st.none() | st.binary(min_size=1, max_size=60),
    )
    def run(route: Route, headers: list[tuple[str, str]], body: bytes, noise: bytes | None) -> None:
        with emulate.fresh(name) as emulator:
            lines = [f"{route.method} {route.path} HTTP/1.1", "host: vendor", "connection: close"]
            lines += [f"{header}: {value}" for header, value in headers]
            lines += [f"content-length: {len(body)}", "", ""]
            sent = noise if noise is not None else "\r\n".join(lines).encode("latin-1", "replace") + body
            answer = asyncio.run(exchanged(emulator.url, sent))
            for status in statuses(answer):
                assert status < 500 or status == 501, answer[:300]
            assert not [text for text in emulator.world.complaints if "broke" in text]

    run()


async def exchanged(url: str, sent: bytes) -> bytes:
    """All that comes back until the other side closes; we say that nothing more comes."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(sent)
    writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    first = answer.split(b"\r\n", 1)[0].split(b" ")
    return [int(first[1])] if len(first) > 1 and first[1].isdigit() else []
