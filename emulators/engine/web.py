"""A provider as an HTTP server: bytes to a `Call`, a `Reply` to bytes, and nothing in between."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web

from emulators.engine.doorway import Doorway
from emulators.engine.journal import Exchange
from emulators.engine.limits import Limits
from emulators.engine.provider import Call
from emulators.engine.spoiling import respond
from emulators.errors import StateRefused, UnknownName


class Site:
    """A listening socket and the one who answers on it, who may be changed for another between two tests.

    `listening`: a socket, or a doorway that stands open already. `settled` is awaited after `answer`, before a byte of the reply is written: what a call changed is kept first.
    """

    def __init__(
        self,
        listening: socket.socket | Doorway,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        ssl: SSLContext | None = None,
    ) -> None:
        if isinstance(listening, Doorway):
            self.doorway = listening
            self.doorway.respond = self._respond
        else:
            self.doorway = Doorway(listening, self._respond, limits, ssl)
        self.url = self.doorway.url
        self.answer: Callable[[Call], Exchange] | None = None
        self.settled: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Begins to answer."""
        await self.doorway.start()

    async def stop(self) -> None:
        """Ends at once, whoever is still waiting for an answer."""
        await self.doorway.stop()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.answer is None:
            return _unavailable("no emulator lives here now")
        body = await request.read()
        try:
            exchange = self.answer(to_call(request.method, request.raw_path, request.raw_headers, body))
            if self.settled is not None:
                await self.settled()
        except StateRefused as error:
            return _unavailable(str(error))
        except UnknownName as error:
            return _unavailable(str(error), 404)
        return await respond(request, exchange.reply, exchange.fault)


def _unavailable(reason: str, status: int = 503) -> web.Response:
    header = " ".join(reason.split()).encode("ascii", "replace").decode()
    return web.Response(status=status, headers={"x-emulator-error": header[:500]})


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
