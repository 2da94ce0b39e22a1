"""The ends of a connection, in the clear or in TLS, and what passes bytes between two of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from typing import Protocol

PIECE = 64 * 1024
# How long an end may take to hear the last of us, in seconds.
LINGER = 2.0


class End(Protocol):
    """One end of a connection."""

    async def read(self) -> bytes:
        """The next bytes; none: it has ended."""

    async def write(self, data: bytes) -> None:
        """Sends them, no faster than they are taken."""

    async def finish(self) -> None:
        """Says that nothing more is sent."""


class Plain:
    """An end in the clear."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._returned = b""

    async def read(self) -> bytes:
        returned, self._returned = self._returned, b""
        return returned or await self.reader.read(PIECE)

    def unread(self, data: bytes) -> None:
        """Puts back what was read, for the next one who reads."""
        self._returned = data

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def finish(self) -> None:
        if self.writer.can_write_eof() and not self.writer.is_closing():
            self.writer.write_eof()

    async def close(self) -> None:
        """Ends it in order, but at once where that takes long or where this is cancelled.

        What the other side still sends is thrown away: left unread, it would make the system reset the
        connection, and what was written last would be lost.
        """
        try:
            async with asyncio.timeout(LINGER):
                await self.finish()
                while await self.reader.read(PIECE):
                    pass
                self.writer.close()
                await self.writer.wait_closed()
        except OSError:
            # It was reset, or hangs; there is nobody to tell.
            self.writer.transport.abort()
        except asyncio.CancelledError:
            self.writer.transport.abort()
            raise

    def reset(self) -> None:
        """Tears it down, so that the other side sees a reset."""
        connection = self.writer.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            form = "hh" if os.name == "nt" else "ii"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
        self.writer.transport.abort()


class Tls:
    """The server's end of TLS over another end whose first bytes have been read.

    Not `StreamWriter.start_tls`: it loses what a client sent before it was called, and in Python 3.11 its flow
    control holds the wrong transport.
    """

    def __init__(self, under: End, context: ssl.SSLContext, first: bytes) -> None:
        self._under = under
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._incoming.write(first)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> None:
        """Raises `ssl.SSLError` if the client does not want to, `ConnectionError` if it goes away."""
        while True:
            try:
                self._tls.do_handshake()
                return await self._flush()
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                await self._flush()
                raise
            if not await self._fill():
                raise ConnectionResetError("the client left in the middle of the TLS handshake")

    async def read(self) -> bytes:
        while True:
            try:
                data = self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                # New keys may have to be answered.
                await self._flush()
            except ssl.SSLZeroReturnError:
                return b""
            else:
                return data
            if not await self._fill():
                return b""

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def finish(self) -> None:
        # What unwrap waits for, the client's own last word, may never come.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        await self._flush()

    async def _fill(self) -> bool:
        data = await self._under.read()
        self._incoming.write(data)
        return bool(data)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._under.write(self._outgoing.read())


async def splice(near: End, far: End) -> None:
    """Passes bytes both ways until `far` has said its last; `near` is told so. Raises what breaks either."""
    passing = [asyncio.create_task(_pass(near, far)), asyncio.create_task(_pass(far, near))]
    outward, homeward = passing
    try:
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        if outward.done():
            outward.result()
        await homeward
    finally:
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


async def _pass(source: End, target: End) -> None:
    while data := await source.read():
        await target.write(data)
    await target.finish()
