"""HTTP in bare bytes, for clients that no library would be, and a doorway for them to knock at."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from emulators.engine.doorway import Doorway
from emulators.engine.limits import Limits
from emulators.engine.listening import listen
from emulators.hosting import thread_host

# How long a test waits for what must come at once.
PATIENCE = 20.0


@dataclass(frozen=True)
class Answered:
    """An answer as it came, header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """What we say about it ourselves; empty: it is not ours."""
        return self.headers.get("x-emulator-error", "")


class Wire:
    """A connection in a `with` statement."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """All of it, or as much as the other side takes before it ends the connection."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def half_close(self) -> None:
        """Nothing more is sent; an answer is still read."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Breaks the connection off."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._stream.close()
        self.socket.close()

    def answer(self) -> Answered:
        """The next answer."""
        line = self._stream.readline()
        if not line:
            raise ConnectionError("closed without an answer")
        headers = {}
        while (field := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self._stream.read(int(headers.get("content-length", "0")))
        return Answered(int(line.split()[1]), headers, body)

    def closed(self) -> bool:
        """Whether the other side ended, after all that it had to say was read."""
        try:
            return self._stream.read(1) == b""
        except ConnectionResetError:
            return True


def exchange(url: str, sent: bytes) -> Answered:
    """One answer on a connection of its own."""
    with Wire(url) as wire:
        wire.send(sent)
        return wire.answer()


def post(body: bytes, *headers: str, path: str = "/", method: str = "POST") -> bytes:
    """A plain request with its length."""
    lines = [f"{method} {path} HTTP/1.1", "host: vendor", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Echo:
    """Answers with what it got; a request for `/wait` only once `go` is set, for `/break` with an error."""

    def __init__(self, limits: Limits) -> None:
        self.doorway = Doorway(listen("127.0.0.1", 0), self._respond, limits)
        self.told: list[str] = []
        self.refused = threading.Semaphore(0)
        """Released for each refusal."""
        self.doorway.on_refused = self._hear
        self.asked = threading.Semaphore(0)
        """Released for each request that came through."""
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return self.doorway.url

    def _hear(self, text: str) -> None:
        self.told.append(text)
        self.refused.release()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        import asyncio

        body = await request.read()
        self.bodies.append(body)
        self.asked.release()
        if request.path == "/wait":
            await asyncio.to_thread(self.go.acquire, timeout=PATIENCE)
        if request.path == "/large":
            return web.Response(body=b"x" * (32 * 1024 * 1024))
        if request.path == "/break":
            raise RuntimeError("broken on purpose")
        return web.Response(body=body, headers={"x-path": request.path})

    def settle(self) -> None:
        """Returns once the loop has dealt with all that it knew of, `doorway.connections` among it."""

        async def nothing() -> None:
            """One turn of the loop."""

        thread_host().wait(nothing)

    def __enter__(self) -> Echo:
        self.go = threading.Semaphore(0)
        thread_host().wait(self.doorway.start)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.go.release(1000)
        thread_host().wait(self.doorway.stop)


@contextlib.contextmanager
def echo(**limits: Any) -> Iterator[Echo]:
    """A doorway whose limits are the usual ones, but for these."""
    with Echo(Limits(**limits)) as echoing:
        yield echoing
