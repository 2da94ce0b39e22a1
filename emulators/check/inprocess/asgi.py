"""An ASGI application, asked over HTTP: its lifespan, a request's way in, and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from multidict import CIMultiDict

from emulators.errors import InvalidValue

MOST_SAID = 1024 * 1024
"""Bytes of an answer: of one without an end nobody reads more."""
UNFINISHED = 1.0
"""Seconds that what an application still does after its answers may take at the end."""
FRAMING = ("content-length", "transfer-encoding", "connection")


class Asgi:
    """An application and what its lifespan left in `state`."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._running: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """The lifespan of the application, as far as it has one. Raises `InvalidValue` where it refuses to start or to end."""
        inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        answered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        life = asyncio.create_task(self._called(scope, inbox.get, answered.put))
        try:
            await _said(life, inbox, answered, "startup")
            yield
            await self._finished()
            await _said(life, inbox, answered, "shutdown")
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)

    async def _finished(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=UNFINISHED)

    async def _called(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer, as soon as it is complete: the application may go on with something else."""
        talk = _Talk(request)
        task = asyncio.create_task(self._called(self._scope(request), talk.receive, talk.send))
        self._running.add(task)
        task.add_done_callback(self._over)
        complete = asyncio.create_task(talk.complete.wait())
        try:
            await asyncio.wait({task, complete}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            complete.cancel()
        if talk.complete.is_set() or talk.status is None:
            return talk.response()
        # It began to answer and failed: what the other side gets is the beginning of an answer, and the end of the connection.
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "the application under check raised", "exception": error, "task": task}
            )

    def _scope(self, request: web.BaseRequest) -> dict[str, Any]:
        path, _, query = request.raw_path.partition("?")
        host, port = ("127.0.0.1", 80)
        if request.transport is not None:
            host, port = request.transport.get_extra_info("sockname")[:2]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": f"{request.version.major}.{request.version.minor}",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("utf-8", "surrogateescape"),
            "query_string": query.encode("utf-8", "surrogateescape"),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": ("127.0.0.1", 0),
            "server": (host, port),
            "state": dict(self._state),
        }


async def _said(
    life: asyncio.Task[None],
    inbox: asyncio.Queue[dict[str, Any]],
    answered: asyncio.Queue[dict[str, Any]],
    word: str,
) -> None:
    """Tells an application to start or to end, and waits until it has. One that ends or raises instead of an answer has no lifespan."""
    if life.done():
        return
    inbox.put_nowait({"type": f"lifespan.{word}"})
    hearing = asyncio.create_task(answered.get())
    await asyncio.wait({life, hearing}, return_when=asyncio.FIRST_COMPLETED)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    if not hearing.cancelled():
        said = hearing.result()
    elif not answered.empty():
        # It ended with its answer.
        said = answered.get_nowait()
    elif word == "startup":
        return
    else:
        life.result()
        return
    if said["type"] == f"lifespan.{word}.failed":
        raise InvalidValue(str(said.get("message", "")).strip() or f"it answered {said['type']}")


class _Talk:
    """What an application hears of a request, and says."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._heard_all = False
        self._waited_for = request.headers.get("Expect", "").lower() == "100-continue"
        self._said = bytearray()
        self._headers: list[tuple[bytes, bytes]] = []
        self.status: int | None = None
        self.complete = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """The body piece by piece, then that the other side is gone."""
        if self._heard_all:
            # Whoever streams an answer stops at a disconnect: none may come before the end of it.
            await self.complete.wait()
            return {"type": "http.disconnect"}
        if self._waited_for:
            self._waited_for = False
            await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._request.writer.output_size = 0
        content = self._request.content
        try:
            chunk = await content.readany()
        except (OSError, web.RequestPayloadError):
            self.complete.set()
            self._heard_all = True
            return {"type": "http.disconnect"}
        self._heard_all = content.at_eof()
        return {"type": "http.request", "body": chunk, "more_body": not self._heard_all}

    async def send(self, message: dict[str, Any]) -> None:
        """A piece of the answer."""
        if self.complete.is_set():
            raise OSError("nobody reads any more of the answer")
        if message["type"] == "http.response.start":
            self.status, self._headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._said += message.get("body", b"")
            if not message.get("more_body", False) or len(self._said) > MOST_SAID:
                self.complete.set()

    def response(self) -> web.StreamResponse:
        """The answer; of one that never began, that of a server whose application fails."""
        if self.status is None:
            return web.Response(status=500)
        return response(self.status, [(n.decode("latin-1"), v.decode("latin-1")) for n, v in self._headers], bytes(self._said))  # fmt: skip


def response(status: int, headers: list[tuple[str, str]], body: bytes) -> web.Response:
    """An answer as an application gave it; how it is framed is the server's matter."""
    named = CIMultiDict((n, v) for n, v in headers if n.lower() not in FRAMING)
    answer = web.Response(status=status, headers=named, body=body)
    if any((n.lower(), v.lower()) == ("connection", "close") for n, v in headers):
        answer.force_close()
    return answer
