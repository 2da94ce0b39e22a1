"""An application of this process behind a socket of its own, so that it is checked as any other: ASGI, WSGI or aiohttp."""

from __future__ import annotations

import asyncio
import inspect
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from emulators.engine.doorway import Doorway
from emulators.engine.limits import Limits
from emulators.engine.listening import listen
from emulators.errors import InvalidValue
from emulators.hosting import thread_host

Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
LARGEST = Limits(body=64 * 1024 * 1024)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The base URL of an application that runs in a thread beside the caller."""
    host = thread_host()
    with host.entered(_behind(app)) as url:
        yield url


@asynccontextmanager
async def _behind(app: Any) -> AsyncIterator[str]:
    if isinstance(app, web.Application):
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        listening = listen("127.0.0.1", 0)
        await web.SockSite(runner, listening).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            await runner.cleanup()
        return
    asgi = _is_asgi(app)
    doorway = Doorway(listen("127.0.0.1", 0), _asgi(app) if asgi else _wsgi(app), LARGEST)
    await doorway.start()
    try:
        if asgi:
            async with _alive(app):
                yield doorway.url
        else:
            yield doorway.url
    finally:
        await doorway.stop()


def _is_asgi(app: Any) -> bool:
    if not callable(app):
        raise InvalidValue(f"app: expected an ASGI, WSGI or aiohttp application, got {app!r}")
    call = app if inspect.isroutine(app) or inspect.isclass(app) else type(app).__call__
    if inspect.iscoroutinefunction(call):
        return True
    wanted = [p for p in inspect.signature(app).parameters.values() if p.default is p.empty]
    return len(wanted) == 3


@asynccontextmanager
async def _alive(app: Any) -> AsyncIterator[None]:
    """The lifespan of an ASGI application, as far as it has one."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    answered: asyncio.Queue[str] = asyncio.Queue()

    async def send(message: dict[str, Any]) -> None:
        await answered.put(message["type"])

    async def live() -> None:
        try:
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, send)
        except Exception:  # noqa: BLE001 - that is how an application says that it has none
            pass
        finally:
            await answered.put("over")

    life = asyncio.create_task(live())
    try:
        await inbox.put({"type": "lifespan.startup"})
        if await answered.get() == "lifespan.startup.failed":
            raise InvalidValue("app: it refused to start")
        try:
            yield
        finally:
            await inbox.put({"type": "lifespan.shutdown"})
            if not life.done():
                await answered.get()
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


def _asgi(app: Any) -> Respond:
    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        status, headers, said = 500, list[tuple[bytes, bytes]](), b""
        answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            # Whoever streams an answer stops at a disconnect: none may come before the end of it.
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status, headers, said
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", ()))
            elif message["type"] == "http.response.body":
                said += message.get("body", b"")
                if not message.get("more_body", False):
                    answered.set()

        path, _, query = request.raw_path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        await app(scope, receive, send)
        return _response(status, [(n.decode("latin-1"), v.decode("latin-1")) for n, v in headers], said)

    return respond


def _wsgi(app: Any) -> Respond:
    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        return await asyncio.get_running_loop().run_in_executor(None, _called, app, request, body)

    return respond


def _called(app: Any, request: web.BaseRequest, body: bytes) -> web.Response:
    path, _, query = request.raw_path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            environ[f"HTTP_{key}"] = value
    told: dict[str, Any] = {}
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        told.update(status=int(status.split()[0]), headers=headers)
        return written.append

    parts = app(environ, start)
    try:
        said = b"".join([*written, *parts])
    finally:
        if close := getattr(parts, "close", None):
            close()
    return _response(told["status"], told["headers"], said)


def _response(status: int, headers: list[tuple[str, str]], body: bytes) -> web.Response:
    from multidict import CIMultiDict

    named = CIMultiDict(
        (n, v) for n, v in headers if n.lower() not in ("content-length", "transfer-encoding")
    )
    return web.Response(status=status, headers=named, body=body)
