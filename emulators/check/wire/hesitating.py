"""A request whose body stops half-way: does an answer come before the rest of it does?"""

from __future__ import annotations

import asyncio
import time

import aiohttp
from yarl import URL

from emulators.check.vocabulary import Heard, Pairs
from emulators.check.wire import Wire

HEAD = 64 * 1024
FILLED = 200_000
"""Bytes of a body: more than what a framework happens to read with the head."""


class HesitantWire(Wire):
    """Fills the body up with spaces, sends the head and half of it, waits `pause` seconds for an answer, and sends the rest if none came.

    `early`: whether the last answer was there before the rest.
    """

    early = False
    pause = 1.0

    async def _asked(
        self, method: str, url: str, headers: Pairs, body: bytes | None, framing: str, started: float
    ) -> Heard:
        self.early = False
        try:
            status, pairs = await self._halved(method, URL(url), headers, body or b"")
        except asyncio.IncompleteReadError:
            raise aiohttp.ServerDisconnectedError from None
        except asyncio.LimitOverrunError as error:
            raise ValueError(str(error)) from None
        return Heard(status, pairs, b"", time.perf_counter() - started)

    async def _halved(self, method: str, url: URL, headers: Pairs, body: bytes) -> tuple[int, Pairs]:
        address, secure = await self._address(url), url.scheme == "https"
        reader, writer = await asyncio.open_connection(
            address,
            url.port,
            limit=HEAD,
            ssl=self._trust if secure else None,
            server_hostname=url.host if secure else None,
        )
        # Before the last bracket they belong to the JSON, and the first half cannot be read alone.
        body = body[:-1] + b" " * (FILLED - len(body)) + body[-1:]
        half = len(body) // 2
        lines = [
            f"{method} {url.raw_path_qs} HTTP/1.1",
            f"Host: {url.host_port_subcomponent}",
            "Connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in (*headers, ("Content-Length", str(len(body))))]
        answer = asyncio.ensure_future(_answer(reader))
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body[:half])
            await asyncio.wait({answer}, timeout=self.pause)
            self.early = answer.done() and answer.exception() is None
            if not answer.done():
                writer.write(body[half:])
            return await answer
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)
            writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Pairs]:
    """The status and the header fields of an answer; 1xx are none."""
    while True:
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, words = first.partition(" ")
        status = words.partition(" ")[0]
        if not version.startswith("HTTP/") or not (status.isascii() and status.isdigit()):
            raise ValueError("the answer is no HTTP")
        if int(status) >= 200:
            pairs = (line.partition(":") for line in rest if line)
            return int(status), tuple((name.strip(), value.strip()) for name, _, value in pairs)
