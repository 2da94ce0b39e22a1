"""A receiver in another process that costs next to nothing: reads requests, answers 200, decodes nothing.

Run as a script it prints its URL and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
FAREWELL = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Sink(asyncio.BufferedProtocol):
    """One connection: waits for the end of each body by its `content-length`."""

    def __init__(self) -> None:
        self._buffer = bytearray(256 * 1024)
        self._head = b""
        self._left = 0
        self._farewell = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        if self._left >= count:
            # The middle of a body is counted, not copied.
            self._took(count)
            return
        data = bytes(memoryview(self._buffer)[:count])
        while data:
            if self._left:
                taken = min(self._left, len(data))
                data = data[taken:]
                self._took(taken)
                continue
            head, found, data = (self._head + data).partition(b"\r\n\r\n")
            self._head = b"" if found else head
            if found:
                self._begin(head.lower())

    def _begin(self, head: bytes) -> None:
        self._farewell = b"connection: close" in head
        _, found, rest = head.partition(b"content-length:")
        self._left = int(rest.split(b"\r\n")[0]) if found else 0
        if not self._left:
            self._answer()

    def _took(self, count: int) -> None:
        self._left -= count
        if not self._left:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(FAREWELL if self._farewell else ANSWER)
        if self._farewell:
            self._transport.close()


async def serve() -> None:
    """Serves until whoever started this process closes its standard input."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def sink() -> Iterator[str]:
    """The URL of a sink in a process of its own, on a processor of its own where there are two."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        with _apart(process.pid):
            try:
                yield process.stdout.readline().strip()
            finally:
                process.stdin.close()


@contextmanager
def _apart(other: int) -> Iterator[None]:
    """Keeps another process on the last processor and this one on the rest."""
    if not hasattr(os, "sched_setaffinity") or len(mine := os.sched_getaffinity(0)) < 2:
        yield
        return
    os.sched_setaffinity(other, {max(mine)})
    os.sched_setaffinity(0, mine - {max(mine)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


if __name__ == "__main__":
    asyncio.run(serve())
