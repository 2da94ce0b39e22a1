"""A receiver that fails as often as it likes, and remembers everything that it was sent and what it said to it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from aiohttp import web

from emulators.engine.listening import listen


@dataclass(frozen=True)
class Received:
    """A POST to `/PROVIDER` and the answer it got."""

    provider: str
    events: tuple[dict[str, Any], ...]
    status: int


class Failing:
    """In a thread of its own. `on_request` is called with the number of each request before it is answered."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.received: list[Received] = []
        self.failing = True
        self.on_request: Callable[[], None] = lambda: None

    def __enter__(self) -> Failing:
        self._loop = asyncio.new_event_loop()
        started: threading.Event = threading.Event()

        async def serve() -> None:
            self._ending = asyncio.Event()
            runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)
            await runner.setup()
            socket = listen("127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{socket.getsockname()[1]}"
            await web.SockSite(runner, socket).start()
            started.set()
            await self._ending.wait()
            await runner.cleanup()

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()))
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()
        self._loop.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.method == "GET":
            return web.Response()
        before, after = self._random.random() < 0.5, self.on_request
        if before:
            after()
        status = self._random.choice([500, 200, 200]) if self.failing else 200
        self.received.append(Received(request.path.strip("/"), tuple(json.loads(body)), status))
        if not before:
            after()
        return web.Response(status=status)
