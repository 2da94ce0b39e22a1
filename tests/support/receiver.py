"""A scriptable receiver: the app under test of our own tests. Real sockets, on the test's loop or in a thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Received:
    """A request as it came in, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    names: tuple[str, ...] = ()
    """The names of all header fields, with those that came twice."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = int | Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Receiver:
    """Answers POSTs with the scripted statuses (or handlers) in turn, then with `then`; GETs with `get`.

    `with Receiver() as receiver` serves from a thread, `async with` on the running loop.
    """

    def __init__(self, *answers: Script, then: Script = 200, get: int = 200, location: str = "") -> None:
        self.answers: deque[Script] = deque(answers)
        self.then: Script = then
        self.get = get
        self.location = location
        self.received: list[Received] = []
        self.url = ""

    @property
    def posts(self) -> list[Received]:
        return [request for request in self.received if request.method == "POST"]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        fields = [(name.lower(), value) for name, value in request.headers.items()]
        names = tuple(name for name, _ in fields)
        self.received.append(Received(request.method, request.path, dict(fields), body, names))
        if request.method == "GET":
            return web.Response(status=self.get, headers={"Location": self.location} if self.location else {})
        script = self.answers.popleft() if self.answers else self.then
        return web.Response(status=script) if isinstance(script, int) else await script(request)

    async def _open(self) -> None:
        def factory(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
            loop = asyncio.get_running_loop()
            return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=64 * 2**20)

        self._web = web.Server(self._handle, request_factory=factory)
        self._server = await asyncio.get_running_loop().create_server(self._web, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    async def _close(self) -> None:
        self._server.close()
        await self._web.shutdown(timeout=0.1)

    async def __aenter__(self) -> Receiver:
        await self._open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._close()

    def __enter__(self) -> Receiver:
        opened, self._done = threading.Event(), None

        async def live() -> None:
            self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
            await self._open()
            opened.set()
            await self._done.wait()
            await self._close()

        self._thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
        self._thread.start()
        opened.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()


def free_port_url() -> str:
    """A URL on which nothing listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/hook"
