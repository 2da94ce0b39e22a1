"""What faults do to a connection."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from emulators.engine.faulting import SlowWrite
from emulators.engine.message import Answer, Request


async def reset_after_body(request: Request, address: str) -> Answer:
    """Writes the whole request to `address`, and resets the connection before any answer."""
    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    _, writer = await asyncio.open_connection(
        address, port, ssl=secure or None, server_hostname=parts.hostname if secure else None
    )
    body = request.body or b""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in (*request.headers, ("Content-Length", str(len(body))))]
    connection = writer.get_extra_info("socket")
    try:
        writer.transport.set_write_buffer_limits(high=0)
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        # A reset throws away what is still on its way, and the receiver is to get all of it.
        while _unsent(connection):  # noqa: ASYNC110 - the system tells, but calls nobody
            await asyncio.sleep(0.001)
    finally:
        # Lingering for zero seconds turns the close into a reset.
        form = "hh" if sys.platform == "win32" else "ii"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
        writer.close()
    return Answer(None, "connection reset after the body")


async def trickle(request: Request, fault: SlowWrite, deadline: asyncio.Timeout) -> AsyncIterator[bytes]:
    """The body in small pieces."""
    body, loop = request.body or b"", asyncio.get_running_loop()
    for start in range(0, len(body), fault.chunk):
        # Patience is for the receiver; the slowness is our own.
        with suppress(RuntimeError):  # the answer came before the whole request was written
            deadline.reschedule(loop.time() + fault.pause + request.patience)
        if start:
            await asyncio.sleep(fault.pause)
        yield body[start : start + fault.chunk]


def _unsent(connection: Any) -> int:
    """Bytes that the other side's machine has not taken in yet; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
