"""Posts what the outbox says is due, and reports what really came back."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from emulators.engine.egress import Egress
from emulators.engine.faulting import ResetAfterBody, SlowWrite
from emulators.engine.message import Answer, Request
from emulators.errors import EgressRefused


class Courier:
    """One per world. Connections live for one uninterrupted burst at most: a receiver that closed an idle
    connection meanwhile would otherwise look like a failure and invent a retry."""

    most_read = 64 * 1024

    def __init__(self, egress: Egress, keep_alive: bool) -> None:
        self._egress = egress
        self._keep_alive = keep_alive
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request) -> Answer:
        """Makes one attempt. Never raises for anything that a receiver or the network does."""
        try:
            self._egress.check_url(request.url)
            async with asyncio.timeout(request.patience) as deadline:
                if isinstance(request.fault, ResetAfterBody):
                    return await self._reset_after_body(request)
                return await self._exchange(request, deadline)
        except TimeoutError:
            return Answer(None, f"no answer within {request.patience:g} s of real time")
        except EgressRefused as error:
            return Answer(None, f"refused by the egress guard: {error}")
        except aiohttp.ClientConnectorError as error:
            refused = isinstance(error.os_error, EgressRefused)
            return Answer(None, str(error.os_error) if refused else f"no connection: {_said(error.os_error)}")
        except aiohttp.ServerDisconnectedError:
            return Answer(None, "connection closed without an answer")
        except aiohttp.ClientResponseError as error:
            return Answer(None, f"the answer is not HTTP: {error.message}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, f"connection broken: {_said(error)}")

    async def _exchange(self, request: Request, deadline: asyncio.Timeout) -> Answer:
        data: Any = request.body
        headers = list(request.headers)
        if isinstance(request.fault, SlowWrite) and request.body is not None:
            headers.append(("Content-Length", str(len(request.body))))
            data = _trickle(request, request.fault, deadline)
        secure = urlsplit(request.url).scheme == "https"
        async with self._open().request(
            request.method,
            request.url,
            data=data,
            headers=headers,
            allow_redirects=False,
            ssl=self._trust if secure else True,
        ) as response:
            read = 0
            while chunk := await response.content.read(self.most_read - read):
                read += len(chunk)
                if read >= self.most_read:
                    # The status is known and the rest may be endless.
                    response.close()
                    break
            return Answer(response.status)

    async def _reset_after_body(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = (await _Guarded(self._egress).resolve(host, port))[0]["host"]
        _, writer = await asyncio.open_connection(
            address, port, ssl=parts.scheme == "https" or None, server_hostname=None
        )
        body = request.body or b""
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{request.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [
            f"{name}: {value}" for name, value in (*request.headers, ("Content-Length", str(len(body))))
        ]
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

    async def look_up(self, url: str) -> None:
        """Refuses a URL whose host is known to lie where nothing may go; a host unknown today may be up later."""
        parts = urlsplit(url)
        try:
            await _Guarded(self._egress).resolve(parts.hostname or "", parts.port or 0)
        except EgressRefused:
            raise
        except OSError:
            return

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Verifies receivers. aiohttp's own is made at its import, which `serve` lets happen without certificates."""
        return ssl.create_default_context()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_Guarded(self._egress),
                force_close=not self._keep_alive,
                limit=0,
                use_dns_cache=False,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type"),
            )
        return self._session

    async def rest(self) -> None:
        """Ends a burst: closes every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


class _Guarded(AbstractResolver):
    """Looks names up and lets the guard see the very addresses that are connected to."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await ThreadedResolver().resolve(host, port, family)
        for result in found:
            self._egress.check(host, port, result["host"])
        return found

    async def close(self) -> None:
        """Nothing is held."""


async def _trickle(request: Request, fault: SlowWrite, deadline: asyncio.Timeout) -> AsyncIterator[bytes]:
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


def _said(error: BaseException) -> str:
    if isinstance(error, ConnectionError) and error.errno:
        # asyncio's own words are "Connect call failed" and the address, which is known.
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
