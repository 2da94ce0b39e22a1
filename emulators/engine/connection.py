"""One connection of a client: aiohttp's, with time-outs, a bound on headers, and an end that lets an answer be read.

It relies on names of aiohttp's `RequestHandler` that are not public (`_waiter`, `_messages`, `_parser`, ...): nothing
public tells how far a request has come in. tests/engine/test_limits.py fails when one of them changes its meaning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from emulators.engine.limits import Limits, Refusal


class Door(Protocol):
    """What a connection needs of the doorway that it came through."""

    limits: Limits
    connections: set[Connection]

    def admit(self, newcomer: Connection) -> None: ...
    def note(self, refusal: Refusal) -> None: ...
    def refused(self, refusal: Refusal) -> web.Response: ...


class Connection(web.RequestHandler):
    """Watches over what aiohttp leaves to others; costs nothing where a request comes in one piece."""

    __slots__ = ("_arriving", "_door", "_head", "_over", "_rest", "_stuck", "_timer", "half_closed", "long")

    def __init__(self, manager: web.Server, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        limits = door.limits
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=limits.idle,
            lingering_time=limits.lingering,
            # What is not the target or the header itself: `GET  HTTP/1.1` and `: `, each with a line end.
            max_line_size=limits.request_line - 15,
            max_field_size=limits.header_line - 4,
            max_headers=limits.header_count,
            read_bufsize=64 * 1024,
            auto_decompress=False,
        )
        self._door = door
        self._arriving: Any = None
        """The body of the request that came last."""
        self._head = 0
        """Bytes of headers that have no end yet."""
        self._over = False
        """Whether everything that still comes is thrown away."""
        self._timer: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._rest: asyncio.Future[None] | None = None
        self.half_closed = False
        """Whether the client says no more, and waits for an answer."""
        self.long = False
        """Whether there was a request whose headers may be longer than they must be."""

    @property
    def idle_since(self) -> float | None:
        """When it began to wait for a request; None: it has one, or is at its end."""
        waiter = self._waiter
        # Where many come at once, none of them has begun to wait when the last is seen.
        waits = self._request_count == 0 if waiter is None else not waiter.done()
        return self._next_keepalive_close_time if waits and not self._over else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._door.connections.add(self)
        super().connection_made(transport)
        self._door.admit(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._door.connections.discard(self)
        for timer in (self._timer, self._stuck):
            if timer is not None:
                timer.cancel()
        self.end_lingering()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        before, count = self._arriving, self._request_count
        in_body = before is not None and not before.is_eof()
        super().data_received(data)
        if self._request_count != count and self._messages:
            last, self._arriving = self._messages[-1]
            if self._head + len(data) > self._door.limits.headers:
                self.long = True
            self._head = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if isinstance(getattr(last, "exc", None), Exception):
                self._over = True
                if in_body:
                    _break_off(before, last.exc)  # type: ignore[union-attr]
        elif data and not in_body:
            self._count_head(len(data))

    def _count_head(self, size: int) -> None:
        limits = self._door.limits
        self._head += size
        if self._head > limits.headers:
            self.refuse(too_long(limits))
        elif self._timer is None:
            self._timer = self._loop.call_later(limits.header_timeout, self._late)

    def _late(self) -> None:
        self._timer = None
        if self.idle_since is None:
            # We are slow ourselves, with the request before.
            self._timer = self._loop.call_later(self._door.limits.header_timeout, self._late)
        else:
            seconds = self._door.limits.header_timeout
            self.refuse(Refusal(408, "header_timeout", f"the headers had no end after {seconds:g} s"))

    def refuse(self, refusal: Refusal) -> None:
        """Answers with a refusal once all is answered that came before, and ends."""
        # The way that an error of the parser takes.
        self._parser = _Refusing(refusal)  # type: ignore[assignment]
        super().data_received(b"")
        self._over = True

    def _make_error_handler(
        self, err_info: Any
    ) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            response = self._door.refused(_refusal(err_info.exc, self._door.limits))
            await self.part(request, response)
            return response

        return handler

    async def part(self, request: web.BaseRequest, response: web.Response) -> None:
        """Sends the last answer of a connection so that the client can read it.

        A connection that is closed while more comes is reset, and the answer is lost on its way.
        """
        self._over = True
        if not request.content.is_eof():
            request.content.feed_eof()
        response.force_close()
        await response.prepare(request)
        await response.write_eof()
        transport = self.transport
        if transport is None or self.half_closed:
            return
        if transport.can_write_eof():
            transport.write_eof()
        self._rest = self._loop.create_future()
        timer = self._loop.call_later(self._door.limits.lingering, self.end_lingering)
        try:
            await self._rest
        finally:
            timer.cancel()

    def end_lingering(self) -> None:
        """Waits no longer for a client to read a last answer."""
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client may have said all and wait for its answer; True keeps the connection for that."""
        self.end_lingering()
        whole = self._arriving is not None and self._arriving.is_eof()
        answering = self._current_request is not None and self._current_request.writer.output_size > 0
        # TLS knows no half of a connection.
        if self.ssl_context is not None or not whole or answering or self.idle_since is not None:
            return False
        self.half_closed = True
        return True

    @property
    def last(self) -> bool:
        """Whether no request follows the one that is answered now."""
        return self.half_closed and not self._messages

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self._loop.call_later(self._door.limits.unread, self._unread)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _unread(self) -> None:
        seconds = self._door.limits.unread
        self._door.note(Refusal(0, "unread", f"an answer was not read for {seconds:g} s"))
        if self.transport is not None:
            self.transport.abort()


class _Refusing:
    """Stands in for a parser that has had enough."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    def feed_data(self, data: bytes) -> NoReturn:
        raise _Refused(self._refusal)

    def message_consumed(self) -> None:
        """There is no queue."""

    def pause_reading(self) -> None:
        """There is nothing to read."""


class _Refused(HttpProcessingError):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(code=refusal.status, message=str(refusal))
        self.refusal = refusal


def _break_off(body: Any, error: BaseException) -> None:
    """Lets the one who reads a body know that it is broken; aiohttp lets them wait."""
    body.set_exception(web.RequestPayloadError(_first_line(error)))
    body.feed_eof()


def too_long(limits: Limits) -> Refusal:
    """For headers that are too long together."""
    return Refusal(431, "headers", f"the headers are longer than {limits.headers} bytes")


def _refusal(error: BaseException, limits: Limits) -> Refusal:
    """What an error of the parser means."""
    if isinstance(error, _Refused):
        return error.refusal
    if isinstance(error, LineTooLong):
        if error.args[1] == limits.request_line - 15:
            text = f"the request line is longer than {limits.request_line} bytes"
            return Refusal(414, "request_line", text)
        return Refusal(431, "header_line", f"a header is longer than {limits.header_line} bytes")
    text = _first_line(error)
    if text.startswith("Too many headers"):
        return Refusal(431, "header_count", f"there are more than {limits.header_count} headers")
    return Refusal(400, "syntax", f"not a request that can be read: {text}")


def _first_line(error: BaseException) -> str:
    said = getattr(error, "message", "") or str(error) or type(error).__name__
    return said.partition("\n")[0].strip().rstrip(":")
