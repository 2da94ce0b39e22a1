"""HTTP/1.1 for a receiver, from the standard library alone, and the thread that it is served from.

What a receiver may do differently on the wire it says by attributes of its `Application` (`limit`, `early`, `expects`, `lingers`, `piece`).
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol
from urllib.parse import urlsplit

MOST = 16 * 2**20
"""Bytes of a body, also of one that is unpacked."""
HEAD = 64 * 1024
DRAINED = 4 * MOST


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request. `pairs` as they were written; `header` does not mind their case."""

    method: str
    target: str
    version: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.pairs if key.lower() == name), None)

    @property
    def chunked(self) -> bool:
        return (self.header("transfer-encoding") or "").lower() == "chunked"


@dataclass(frozen=True, slots=True)
class Answer:
    """`close`: the connection ends after it; the rest of the request is read and thrown away first."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False


class Refused(Exception):
    """A request that is not taken: why, in a status and in words that hold nothing of the request."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status, self.says = status, says


class Application(Protocol):
    limit: int
    expects: bool
    """Whether `Expect: 100-continue` is answered."""
    lingers: bool
    """Whether a connection is kept until somebody says `Connection: close`."""

    def early(self, head: Head) -> Answer | None: ...
    def piece(self, arrived: bytes) -> bytes:
        """What is kept of the next bytes of a body, as many as came at once."""
        ...

    async def answer(self, head: Head, body: bytes) -> Answer: ...
    def close(self) -> None: ...


def framing(head: Head, limit: int) -> Answer | None:
    """The refusal of a body that cannot be read, or is too long, before any of it is read."""
    lengths = {value for name, value in head.pairs if name.lower() == "content-length"}
    coded = head.header("transfer-encoding")
    if len(lengths) > 1 or (lengths and coded) or any(not (v.isascii() and v.isdigit()) for v in lengths):
        return Answer(400, b"bad framing", close=True)
    if coded is not None and not head.chunked:
        return Answer(501, b"unknown transfer coding", close=True)
    if any(len(value) > 12 or int(value) > limit for value in lengths):
        return Answer(413, b"too long", close=True)
    return None


def unpacked(body: bytes, coding: str, limit: int = MOST) -> bytes:
    """The body without its content coding."""
    if coding in ("", "identity"):
        return body
    if coding not in ("gzip", "x-gzip"):
        raise Refused(415, "unknown content coding")
    machine = zlib.decompressobj(31)
    try:
        plain = machine.decompress(body, limit + 1)
    except zlib.error:
        raise Refused(400, "broken gzip") from None
    if len(plain) > limit:
        raise Refused(413, "too long")
    if not machine.eof or machine.unused_data:
        raise Refused(400, "broken gzip")
    return plain


class Connection:
    """One connection, from its first request to its last."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer

    @property
    def _app(self) -> Application:
        return self._server.app

    async def live(self) -> None:
        while await self._one():
            pass

    async def _one(self) -> bool:
        try:
            raw = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return await self._last(Answer(431, b"head too long", close=True), None)
        head = _head(raw)
        if head is None:
            return await self._last(Answer(400, b"not HTTP", close=True), None)
        early = self._app.early(head)
        if early is not None:
            return await self._last(early, head) if early.close else await self._write(early, head)
        if self._app.expects and (head.header("expect") or "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            body = await self._body(head)
        except Refused as refusal:
            return await self._last(Answer(refusal.status, refusal.says.encode(), close=True), head)
        if (head.method, head.path) == ("POST", "/restart"):
            await self._server.restart()
            return await self._write(Answer(200), head)
        return await self._write(await self._app.answer(head, body), head)

    async def _body(self, head: Head) -> bytes:
        if not head.chunked:
            return await self._plain(int(head.header("content-length") or 0))
        whole = bytearray()
        while size := await self._size():
            if len(whole) + size > self._app.limit:
                raise Refused(413, "too long")
            whole += await self._reader.readexactly(size)
            if await self._reader.readexactly(2) != b"\r\n":
                raise Refused(400, "bad chunk")
        while await self._reader.readuntil(b"\n") not in (b"\r\n", b"\n"):
            pass
        return bytes(whole)

    async def _plain(self, left: int) -> bytes:
        whole = bytearray()
        while left:
            arrived = await self._reader.read(left)
            if not arrived:
                raise asyncio.IncompleteReadError(bytes(whole), left)
            whole += self._app.piece(arrived)
            left -= len(arrived)
        return bytes(whole)

    async def _size(self) -> int:
        digits = (await self._reader.readuntil(b"\n")).partition(b";")[0].strip()
        if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
            raise Refused(400, "bad chunk")
        return int(digits, 16)

    async def _write(self, answer: Answer, head: Head | None) -> bool:
        asked = head is not None and (head.header("connection") or "").lower() == "close"
        stays = not (answer.close or asked or head is None or head.version != "HTTP/1.1")
        bodiless = answer.status in (204, 304)
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, 'Other')}"]
        lines += [] if bodiless else [f"Content-Length: {len(answer.body)}"]
        lines += [] if stays else ["Connection: close"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        silent = bodiless or (head is not None and head.method == "HEAD")
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if silent else answer.body))
        await self._writer.drain()
        return stays and self._app.lingers

    async def _last(self, answer: Answer, head: Head | None) -> bool:
        await self._write(answer, head)
        # Closing with bytes unread resets the connection, and the sender might lose the answer with it.
        self._writer.write_eof()
        left = DRAINED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while left > 0 and (read := await self._reader.read(HEAD)):
                    left -= len(read)
        return False


def _head(raw: bytes) -> Head | None:
    first, *rest = raw[:-4].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        return None
    pairs = []
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            return None
        pairs.append((name, value.strip()))
    return Head(words[0], words[1], words[2], tuple(pairs))


class Server:
    """Serves the application that `make` makes, on the running loop; a restart makes it anew, on the same port."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self.port = 0

    async def start(self, port: int = 0) -> None:
        self.app = self._make()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[writer] = task
        try:
            await Connection(self, reader, writer).live()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            del self._open[writer]
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def restart(self) -> None:
        """As after a kill: open connections break, what was only in memory is gone."""
        await self._break()
        self.app.close()
        self.app = self._make()

    async def stop(self) -> None:
        self._server.close()
        await self._break()
        self.app.close()

    async def _break(self) -> None:
        tasks = [task for task in self._open.values() if task is not asyncio.current_task()]
        for writer, task in list(self._open.items()):
            if task in tasks:
                writer.transport.abort()
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Threaded:
    """`with ...:` serves from a thread of its own."""

    url: str

    def make(self) -> Application:
        raise NotImplementedError

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._server = Server(self.make)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._server.start())
        self.url = f"http://127.0.0.1:{self._server.port}/hook"
        return self

    def _do(self, what) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    def restart(self) -> None:
        """Kills the application and starts it again; its store and its address stay."""
        self._do(self._server.restart())

    def base(self, path: str) -> str:
        """The URL of another of its paths."""
        return f"http://{urlsplit(self.url).netloc}{path}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()
