"""Numbers, depths and counts that no app means: refused in the vendor's own way, or taken; never an error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators import catalog, registry
from emulators.engine.provider import Call, Provider, Route
from emulators.engine.reading import Unreadable, read
from tests.providers.test_any_request import every_route, headers_of

HUGE = "9" * 100_000
# Just what Python reads and writes by itself, and one digit more than it does.
STRANGE = [
    HUGE,
    "9" * 4300,
    "9" * 4301,
    "-" + HUGE,
    "1e400",
    "1e" + HUGE,
    "0." + HUGE,
    f'"{HUGE}"',
    f'"-{HUGE}"',
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def bodies(provider: Provider, route: Route) -> list[bytes]:
    """The route's example with each strange number in each of its places, and in a field that nobody asked for."""
    example = catalog.default().contract(provider.name).example(f"{route.stem}.request")
    found = []
    for place in places(example):
        copy = json.loads(json.dumps(example))
        if place:
            node = copy
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = "HERE"
        else:
            copy = "HERE"
        text = json.dumps(copy)
        found += [text.replace('"HERE"', strange).encode() for strange in STRANGE]
    return [*found, b"[" * 100_000, b"[" * 65 + b"]" * 65, b'{"a":' * 5000 + b"1" + b"}" * 5000]


@every_route
def test_numbers_without_end_and_depths_without_bottom_break_no_route(
    emulate, provider: Provider, route: Route
) -> None:
    with emulate.fresh(provider.name) as emulator:
        path = "/".join("1" if part.startswith("{") else part for part in route.path.split("/"))
        for body in bodies(provider, route):
            body = body.replace(b"API_ACCESS_TOKEN", emulator.credentials.get("token", "").encode())
            headers = [*headers_of(provider, emulator, route), ("content-type", "application/json")]
            exchange = emulator.answer(Call(route.method, path, (), tuple(headers), body))
            assert not emulator.world.complaints, body[:200]
            assert exchange.status is not None
            assert exchange.status < 500
        emulator.advance("1m")
        assert not emulator.world.complaints


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_numbers_without_end_in_a_target_break_nothing(emulate, name: str) -> None:
    provider = registry.load(name).provider
    with emulate.fresh(name) as emulator:
        for route in provider.routes:
            path = "/".join("9" * 7000 if part.startswith("{") else part for part in route.path.split("/"))
            query = tuple(
                (field, "9" * 7000) for field in ("limit", "offset", "maxrows", "page", "id", "list")
            )
            call = Call(route.method, path, query, tuple(headers_of(provider, emulator, route)), b"")
            status = emulator.answer(call).status
            assert status is not None
            assert status < 500
        assert not emulator.world.complaints


def called(body: bytes, content_type: str = "application/json") -> Call:
    return Call("POST", "/", (), (("content-type", content_type),), body)


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"[" + b"0," * 1_000_000 + b"0]", "application/json", "more than 1000000 values"),
        (b"[" + b"{}," * 600_000 + b"0]", "application/json", "more than 1000000 values"),
        (b"a=1&" * 200_001, "application/x-www-form-urlencoded", "more than 200000 fields"),
        (b"--x\r\n\r\na\r\n" * 10_002, "multipart/form-data; boundary=x", "more than 10000 parts"),
    ],
)
def test_more_values_than_memory_is_for_are_not_read(body: bytes, content_type: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(called(body, content_type))


def test_a_long_text_full_of_commas_is_read() -> None:
    assert len(read(called(json.dumps({"html": "a, b " * 400_000}).encode()))["html"]) == 2_000_000
