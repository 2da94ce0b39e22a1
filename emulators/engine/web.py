"""A provider as an HTTP server: bytes to a `Call`, a `Reply` to bytes, and nothing in between."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web

from emulators.engine.journal import Exchange
from emulators.engine.provider import Call
from emulators.engine.spoiling import respond

LARGEST_BODY = 10 * 1024 * 1024


class Site:
    """A listening socket and the one who answers on it, who may be changed for another between two tests."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening
        self.answer: Callable[[Call], Exchange] | None = None
        host, port = listening.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Begins to answer."""
        self._handler = web.Server(self._respond, request_factory=_request, access_log=None)
        self._server = await asyncio.get_running_loop().create_server(self._handler, sock=self._socket)

    async def stop(self) -> None:
        """Ends at once, whoever is still waiting for an answer."""
        self._server.close()
        await self._handler.shutdown(timeout=0.1)

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.answer is None:
            return web.Response(status=503, headers={"x-emulator-error": "no emulator lives here now"})
        if request.headers.get("Expect", "").lower() == "100-continue":
            # cURL waits for this word before it sends a large body.
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        try:
            body = await request.read()
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400, text="the body broke off")
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text="Request Entity Too Large")
        exchange = self.answer(to_call(request.method, request.raw_path, request.raw_headers, body))
        return await respond(request, exchange.reply, exchange.fault)


def to_call(method: str, target: str, headers: Any, body: bytes) -> Call:
    """A request as providers see it.

    The target may be in absolute form, as through a proxy. Doubled slashes are rewritten here, because real
    clients send them and a redirect would change the exchange.
    """
    parts = urlsplit(target if "://" in target.split("?")[0] else "http://vendor" + target)
    path = "/" + "/".join(segment for segment in unquote(parts.path).split("/") if segment)
    query = tuple(
        (unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
        for name, _, value in (pair.partition("=") for pair in parts.query.split("&") if pair)
    )
    named = tuple(
        (name.decode("latin-1").lower(), value.decode("utf-8", "replace")) for name, value in headers
    )
    return Call(method, path, query, named, body)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)
