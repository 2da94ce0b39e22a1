"""A listening socket, the limits in front of it, and who answers on it."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Any

from aiohttp import web

from emulators.engine.connection import Connection, too_long
from emulators.engine.inflating import inflate
from emulators.engine.limits import Limits, Refusal
from emulators.engine.listening import BACKLOG

Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Doorway:
    """Every request that `respond` gets is whole: its body is read, unfolded and within the limits.

    What is not is answered here. `struck` counts how often each limit did that, `on_refused` is told in words.
    """

    def __init__(
        self,
        listening: socket.socket,
        respond: Respond,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        ssl: SSLContext | None = None,
    ) -> None:
        self._socket = listening
        self.respond = respond
        self._ssl = ssl
        self._held = 0
        self._reading: dict[Any, int] = {}
        """Bodies that are being read, those that began first at the front: how many bytes of each are held."""
        self.limits = limits
        self.connections: set[Connection] = set()
        self.struck: Counter[str] = Counter()
        self.on_refused: Callable[[str], None] | None = None
        host, port = listening.getsockname()[:2]
        scheme = "https" if ssl else "http"
        self.url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def start(self) -> None:
        """Begins to answer."""
        loop = asyncio.get_running_loop()

        def arrived(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
            return Arrival(message, payload, protocol, writer, task, loop)

        self._handler = web.Server(self._respond, request_factory=arrived)

        def opened() -> Connection:
            return Connection(self._handler, self, loop)

        # It is told again how many may wait, and would take fewer than the socket was opened for.
        self._server = await loop.create_server(opened, sock=self._socket, ssl=self._ssl, backlog=BACKLOG)

    async def stop(self) -> None:
        """Ends at once, whoever is still waiting for an answer."""
        self._server.close()
        for connection in self.connections:
            connection.end_lingering()
        await self._handler.shutdown(timeout=0.1)

    def admit(self, newcomer: Connection) -> None:
        """Makes room for a connection; refuses it where there is none."""
        most = self.limits.connections
        if len(self.connections) <= most:
            return
        refusal = Refusal(503, "connections", f"more than {most} connections at once")
        idle = [(since, c) for c in self.connections - {newcomer} if (since := c.idle_since) is not None]
        if idle:
            self.note(refusal)
            min(idle, key=lambda pair: pair[0])[1].force_close()
        elif len(self.connections) <= most + most // 4 + 1:
            newcomer.refuse(refusal)
        else:
            # There are as many already that are told why they are refused.
            self.note(refusal)
            newcomer.force_close()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        connection: Any = request.protocol
        try:
            await self._receive(request)
        except Refusal as error:
            # The error itself holds the frames that it came through, and they the body.
            refusal = Refusal(error.status, error.limit, str(error))
        except ConnectionError:
            # Nobody is there to read it.
            return web.Response(status=400)
        else:
            return await self._answered(request, connection)
        response = self.refused(refusal)
        await connection.part(request, response)
        return response

    async def _answered(self, request: web.BaseRequest, connection: Any) -> web.StreamResponse:
        answer = await self.respond(request)
        if connection.last:
            answer.force_close()
        return answer

    async def _receive(self, request: Any) -> None:
        """Reads the body. Raises `Refusal`."""
        limits = self.limits
        if (
            request.protocol.long
            and sum(len(name) + len(value) + 4 for name, value in request.raw_headers) > limits.headers
        ):
            raise too_long(limits)
        content = request.content
        whole = content.is_eof() and content.exception() is None
        body = content.read_nowait() if whole else await self._read(request, content)
        if coding := request.headers.get("Content-Encoding"):
            body = inflate(body, coding.strip().lower(), limits)
        request.body = body

    async def _read(self, request: web.BaseRequest, content: Any) -> bytes:
        """A body that is still on its way."""
        limits = self.limits
        too_large = Refusal(413, "body", f"the body is larger than {limits.body} bytes")
        if (request.content_length or 0) > limits.body:
            raise too_large
        if request.headers.get("Expect", "").lower() == "100-continue":
            # cURL waits for this word before it sends a large body.
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        found: list[bytes] = []
        size, begun = 0, asyncio.get_running_loop().time()
        self._reading[content] = 0
        try:
            async with asyncio.timeout(limits.body_timeout) as deadline:
                while chunk := await content.readany():
                    found.append(chunk)
                    size += len(chunk)
                    if size > limits.body:
                        raise too_large
                    self._reading[content] = size
                    self._hold(len(chunk))
                    deadline.reschedule(begun + limits.body_timeout + size / limits.body_rate)
        except TimeoutError:
            allowed = limits.body_timeout + size / limits.body_rate
            text = f"{size} bytes of the body came in {allowed:g} s, and no end"
            raise Refusal(408, "body_timeout", text) from None
        except web.RequestPayloadError as error:
            raise Refusal(400, "syntax", f"the body broke off: {error}") from None
        else:
            return b"".join(found)
        finally:
            self._held -= self._reading.pop(content, 0)
            # An error keeps this frame for a while.
            found.clear()

    def _hold(self, size: int) -> None:
        """Makes room for more bytes: the body gives way that has been on its way longest."""
        self._held += size
        while self._held > self.limits.bodies:
            slowest = next(iter(self._reading))
            self._held -= self._reading.pop(slowest)
            text = f"more than {self.limits.bodies} bytes of bodies were being read at once, this one for longest"
            slowest.set_exception(Refusal(503, "bodies", text))

    def note(self, refusal: Refusal) -> None:
        """Counts and tells of a limit that struck."""
        self.struck[refusal.limit] += 1
        if self.on_refused:
            self.on_refused(f"{refusal.status}: {refusal}" if refusal.status else str(refusal))

    def refused(self, refusal: Refusal) -> web.Response:
        """The answer to what goes beyond a limit, which is counted and told."""
        self.note(refusal)
        text = str(refusal)
        header = " ".join(text.split()).encode("ascii", "replace").decode()
        headers = {"x-emulator-error": header[:500], "connection": "close"}
        return web.Response(status=refusal.status, text=text, headers=headers)


class Arrival(web.BaseRequest):
    """A request whose body is here already."""

    body = b""

    async def read(self) -> bytes:
        """The body, unfolded."""
        return self.body
