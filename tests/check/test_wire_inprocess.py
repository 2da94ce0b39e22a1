"""Applications of this process: what they hear and how their answers arrive must be as behind a real server."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from emulators.check import inprocess
from emulators.check.inprocess import served
from emulators.check.vocabulary import Heard, Pairs
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from emulators.errors import InvalidValue

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Environ = dict[str, Any]
Start = Callable[..., Any]


def heard(base: str, body: bytes | None = b"[]", headers: Pairs = (), framing: str = "length") -> Heard:
    async def ask() -> Heard:
        wire = Wire(Egress())
        try:
            return await wire.send("POST", f"{base}/hook", headers, body, 30, framing)
        finally:
            await wire.close()

    return asyncio.run(ask())


async def no_lifespan(scope: Scope) -> None:
    if scope["type"] != "http":
        raise RuntimeError("none")


async def whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def answer(send: Send, body: bytes = b"{}", status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


# -- what is heard


def test_a_packed_body_reaches_an_application_packed() -> None:
    """Who does not unpack must fail, as he does behind a real server."""
    seen: list[bytes] = []

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        assert dict(scope["headers"])[b"content-encoding"] == b"gzip"
        seen.append(await whole(receive))
        await answer(send)

    def wsgi(environ: Environ, start: Start) -> list[bytes]:
        assert environ["HTTP_CONTENT_ENCODING"] == "gzip"
        seen.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start("200 OK", [])
        return []

    for app in (asgi, wsgi):
        with served(app) as base:
            assert heard(base, framing="gzip").status == 200
    assert [body[:2] for body in seen] == [b"\x1f\x8b", b"\x1f\x8b"]


@pytest.mark.parametrize("framing", ["length", "chunked", "expect"])
def test_a_large_body_arrives_whole_however_it_is_framed(framing: str) -> None:
    sizes: list[int] = []
    body = b"x" * 5_000_000

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        sizes.append(len(await whole(receive)))
        await answer(send)

    def wsgi(environ: Environ, start: Start) -> list[bytes]:
        sizes.append(len(environ["wsgi.input"].read()))
        start("200 OK", [])
        return []

    for app in (asgi, wsgi):
        with served(app) as base:
            assert heard(base, body, framing=framing).status == 200
    assert sizes == [len(body), len(body)]


def test_an_asgi_application_is_asked_as_soon_as_the_head_is_there() -> None:
    """Else a success before the body has arrived would show at no application of this process."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        await answer(send)

    with served(app) as base, socket.create_connection(tuple(_place(base)), timeout=30) as connection:
        connection.sendall(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n[")
        assert connection.recv(12) == b"HTTP/1.1 200"


def _place(base: str) -> tuple[str, int]:
    parts = urlsplit(base)
    return parts.hostname or "", parts.port or 0


def test_a_body_that_breaks_off_is_a_disconnect() -> None:
    messages: list[str] = []
    gone = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        while not messages or messages[-1] == "http.request":
            messages.append((await receive())["type"])
        gone.set()

    with served(app) as base:
        with socket.create_connection(_place(base), timeout=30) as connection:
            connection.sendall(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n[")
        assert gone.wait(30)
    assert messages[-1] == "http.disconnect"


def test_what_the_lifespan_leaves_is_in_the_state_of_each_request() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["store"] = "the store"
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        said, scope["state"]["store"] = scope["state"]["store"], "of this request alone"
        await answer(send, said.encode())

    with served(app) as base:
        assert [heard(base).body for _ in range(2)] == [b"the store"] * 2


def test_a_wsgi_application_gets_equal_header_fields_in_one() -> None:
    seen: list[str] = []

    def app(environ: Environ, start: Start) -> list[bytes]:
        seen.append(environ["HTTP_X_SHOP"])
        start("200 OK", [])
        return []

    with served(app) as base:
        heard(base, headers=(("X-Shop", "a"), ("X-Shop", "b")))
    assert seen == ["a,b"]


def test_an_application_is_told_the_port_that_it_is_served_at() -> None:
    ports: list[int] = []

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        ports.append(scope["server"][1])
        await answer(send)

    def wsgi(environ: Environ, start: Start) -> list[bytes]:
        ports.append(int(environ["SERVER_PORT"]))
        start("200 OK", [])
        return []

    wanted = []
    for app in (asgi, wsgi):
        with served(app) as base:
            heard(base)
            wanted.append(_place(base)[1])
    assert ports == wanted


# -- what is answered


def test_what_an_application_does_after_its_answer_delays_nobody() -> None:
    """Tasks in the background, and what a framework does when an answer is closed."""
    waits, after = threading.Event(), list[str]()

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        await answer(send)
        while not waits.is_set():
            await asyncio.sleep(0.001)
        after.append("asgi")

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter((b"{}",))

        def close(self) -> None:
            assert waits.wait(30)
            after.append("wsgi")

    def wsgi(environ: Environ, start: Start) -> Parts:
        start("200 OK", [])
        return Parts()

    for app in (asgi, wsgi):
        waits.clear()
        with served(app) as base:
            assert heard(base).status == 200
            waits.set()
    assert after == ["asgi", "wsgi"]


def test_what_fails_after_the_answer_does_not_change_it() -> None:
    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        await answer(send)
        raise RuntimeError("in the background")

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter((b"{}",))

        def close(self) -> None:
            raise RuntimeError("at the close")

    def wsgi(environ: Environ, start: Start) -> Parts:
        start("200 OK", [])
        return Parts()

    for app in (asgi, wsgi):
        with served(app) as base:
            assert [heard(base).status for _ in range(3)] == [200] * 3


def test_an_answer_that_breaks_off_breaks_the_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"[", "more_body": True})
        raise RuntimeError("in the middle")

    with served(app) as base:
        assert heard(base).status is None


def test_an_application_that_never_says_a_status_answers_500() -> None:
    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)

    for app in (asgi, lambda environ, start: [b"no status"]):
        with served(app) as base:
            assert heard(base).status == 500


def test_parts_of_an_answer_are_closed_when_they_fail() -> None:
    closed: list[bool] = []

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            yield b"["
            raise RuntimeError("in the middle")

        def close(self) -> None:
            closed.append(True)

    def app(environ: Environ, start: Start) -> Parts:
        start("200 OK", [])
        return Parts()

    with served(app) as base:
        assert heard(base).status == 500
    assert closed == [True]


def test_an_answer_without_an_end_is_read_as_far_as_anybody_would() -> None:
    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await no_lifespan(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})

    def wsgi(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        while True:
            yield b"x" * 65536

    for app in (asgi, wsgi):
        with served(app) as base:
            assert heard(base).status == 200


# -- beginnings and ends


def failing(word: str, **more: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await answer(send)
            return
        for each in ("startup", "shutdown"):
            await receive()
            if each == word:
                await send({"type": f"lifespan.{each}.failed", **more})
                raise RuntimeError(word)
            await send({"type": f"lifespan.{each}.complete"})

    return app


def test_why_an_application_does_not_start_is_told() -> None:
    with pytest.raises(InvalidValue, match="app: it refused to start: no database"), served(failing("startup", message="no database")):  # fmt: skip
        pass

    async def broken(app: web.Application) -> None:
        raise ConnectionRefusedError("no database")

    shop = web.Application()
    shop.on_startup.append(broken)
    with pytest.raises(InvalidValue, match="refused to start: ConnectionRefusedError: no database"), served(shop):  # fmt: skip
        pass


def test_an_application_that_does_not_start_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inprocess, "STARTED", 0.05)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    with pytest.raises(InvalidValue, match=r"had not started after 0.05 s"), served(app):
        pass


async def _cleans_up_badly(app: web.Application) -> None:
    raise RuntimeError("cannot be closed")


def test_what_goes_wrong_at_the_end_is_a_warning() -> None:
    no_way = failing("shutdown", message="no way")
    with pytest.warns(RuntimeWarning, match="app: it failed at its end: no way"), served(no_way) as base:
        assert heard(base).status == 200
    shop = web.Application()
    shop.on_cleanup.append(_cleans_up_badly)
    with pytest.warns(RuntimeWarning, match="it failed at its end: RuntimeError: cannot be closed"), served(shop):  # fmt: skip
        pass


def test_an_application_that_hangs_at_its_end_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inprocess, "ENDED", 0.05)
    let_go = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        # Blocks its whole loop, as careless code does.
        let_go.wait(30)
        await send({"type": "lifespan.shutdown.complete"})

    with pytest.warns(RuntimeWarning, match=r"app: it had not ended after 0.05 s"), served(app):
        pass
    let_go.set()
    for thread in threading.enumerate():
        if thread.name == "app under check":
            thread.join(30)


def test_a_wsgi_application_that_hangs_holds_up_neither_the_others_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulators.check.inprocess.wsgi.UNFINISHED", 0.05)
    let_go, hanging = threading.Event(), threading.Semaphore(0)

    def app(environ: Environ, start: Start) -> list[bytes]:
        if environ["PATH_INFO"] == "/hang":
            hanging.release()
            let_go.wait(30)
        start("200 OK", [])
        return []

    with served(app) as base:
        # More of them than any pool has threads.
        stuck = [socket.create_connection(_place(base), timeout=30) for _ in range(40)]
        for connection in stuck:
            connection.sendall(b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in stuck:
            assert hanging.acquire(timeout=30)
        assert heard(base).status == 200
    let_go.set()
    for connection in stuck:
        connection.close()


def test_nothing_is_left_of_an_application() -> None:
    def app(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [])
        return []

    before = {thread.name for thread in threading.enumerate()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with served(app) as base:
            heard(base)
        gc.collect()
    assert {thread.name for thread in threading.enumerate()} - before == set()
    with pytest.raises(OSError), socket.create_connection(_place(base), timeout=30):
        pass


def test_a_callable_whose_parameters_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidValue, match="whose parameters are not known"), served(dict):
        pass
