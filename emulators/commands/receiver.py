"""A small receiver of webhooks on this machine: the app of the demo."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from emulators.engine.listening import listen


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in."""

    method: str
    body: bytes


class Receiver:
    """Keeps what it gets; answers POSTs with the statuses in `answers` in turn, and else with 200."""

    def __init__(self) -> None:
        self.answers: deque[int] = deque()
        self.received: list[Received] = []
        self.url = ""

    def will_answer(self, statuses: Iterable[int]) -> None:
        """What comes next is answered so."""
        self.answers.extend(statuses)

    async def respond(self, request: web.BaseRequest) -> web.Response:
        """Takes one request."""
        self.received.append(Received(request.method, await request.read()))
        failing = request.method == "POST" and self.answers
        return web.Response(status=self.answers.popleft() if failing else 200)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on the running loop, on a free port."""
    made = Receiver()
    handler = web.Server(made.respond, access_log=None)
    listening = listen("127.0.0.1", 0)
    server = await asyncio.get_running_loop().create_server(handler, sock=listening)
    made.url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
    try:
        yield made
    finally:
        server.close()
        await handler.shutdown(timeout=0.1)
