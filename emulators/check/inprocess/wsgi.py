"""A WSGI application, asked over HTTP: each request in a thread of its own."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

from aiohttp import web

from emulators.check.inprocess.asgi import MOST_SAID, UNFINISHED, response

Headers = list[tuple[str, str]]
Tell = Callable[[web.Response | Exception | None], None]
"""An answer, an error, or None: it is over."""


class Wsgi:
    """An application. Its threads end with the process, whether they are done or not: one that hangs holds up nobody."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._running: set[asyncio.Future[None]] = set()

    async def finished(self) -> None:
        """What the application still does after its answers has a moment left."""
        if self._running:
            await asyncio.wait(self._running, timeout=UNFINISHED)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer, as soon as it is complete; the application closes it afterwards."""
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        try:
            body = await request.content.read()
        except (OSError, web.RequestPayloadError):
            # Nobody is there to read it.
            return web.Response(status=400)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[web.Response] = loop.create_future()
        over: asyncio.Future[None] = loop.create_future()
        self._running.add(over)
        over.add_done_callback(self._running.discard)

        def tell(said: web.Response | Exception | None) -> None:
            # A loop that is closed has nobody left who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, answer, over, said)

        threading.Thread(target=_called, args=(self._app, environ(request, body), tell), daemon=True).start()
        return await answer


def _settle(
    answer: asyncio.Future[web.Response], over: asyncio.Future[None], said: web.Response | Exception | None
) -> None:
    if said is None:
        over.set_result(None)
    if isinstance(said, Exception):
        answer.get_loop().call_exception_handler(
            {"message": "the application under check raised", "exception": said}
        )
    if not answer.done():
        answer.set_result(said if isinstance(said, web.Response) else web.Response(status=500))


def _called(app: Any, given: dict[str, Any], tell: Tell) -> None:
    try:
        _answered(app, given, tell)
    except Exception as error:  # noqa: BLE001 - the application's own, told as a server tells it
        tell(error)
    finally:
        tell(None)


def _answered(app: Any, given: dict[str, Any], tell: Tell) -> None:
    told: dict[str, Any] = {}
    said = bytearray()

    def start(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        told.update(status=int(status.split()[0]), headers=headers)
        return said.extend

    parts: Iterable[bytes] = app(given, start)
    try:
        for part in parts:
            said += part
            if len(said) > MOST_SAID:
                break
        if not told:
            raise RuntimeError("the application answered and never called start_response")
        tell(response(told["status"], told["headers"], bytes(said)))
    finally:
        if close := getattr(parts, "close", None):
            close()


def environ(request: web.BaseRequest, body: bytes) -> dict[str, Any]:
    """A request as PEP 3333 has it."""
    path, _, query = request.raw_path.partition("?")
    host, port = ("127.0.0.1", 80)
    if request.transport is not None:
        host, port = request.transport.get_extra_info("sockname")[:2]
    found: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("utf-8", "surrogateescape")).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{request.version.major}.{request.version.minor}",
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
            found[key] = value
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            before = found.get(f"HTTP_{key}")
            found[f"HTTP_{key}"] = value if before is None else f"{before},{value}"
    return found
