"""Posts what the outbox says is due, and reports what really came back."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from emulators.engine.egress import Egress
from emulators.engine.faulting import ResetAfterBody, SlowWrite
from emulators.engine.message import Answer, Request
from emulators.engine.mischief import reset_after_body, trickle
from emulators.engine.resolver import GuardedResolver
from emulators.errors import EgressRefused, InvalidValue


class Courier:
    """One per world. Connections live for one uninterrupted burst at most: a receiver that closed an idle
    connection meanwhile would otherwise look like a failure and invent a retry."""

    most_read = 64 * 1024

    def __init__(self, egress: Egress, keep_alive: bool) -> None:
        self._egress = egress
        self._keep_alive = keep_alive
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._unreliable: set[str] = set()
        """Receivers that close connections after they let us believe that these stay open."""

    async def send(self, request: Request) -> Answer:
        """Makes one attempt. Never raises for anything that a receiver or the network does."""
        receiver = urlsplit(request.url).netloc
        connection = _Connection()
        answer = await self._try(request, connection, self._keep_alive and receiver not in self._unreliable)
        if not (connection.reused and connection.closed):
            return answer
        # Closed before a byte of an answer, on a connection that had served another request: most likely the
        # receiver closed it just after that one. That is no failure of this attempt.
        self._unreliable.add(receiver)
        answer = await self._try(request, _Connection(), keep=False)
        again = "the receiver had closed a connection that was to be kept; sent on a fresh one"
        return replace(answer, reason=f"{answer.reason}; {again}" if answer.reason else again)

    async def _try(self, request: Request, connection: _Connection, keep: bool) -> Answer:
        try:
            self._egress.check_url(request.url)
            async with asyncio.timeout(request.patience) as deadline:
                if isinstance(request.fault, ResetAfterBody):
                    return await reset_after_body(request, await self._address(request.url))
                return await self._post(request, deadline, connection, keep)
        except TimeoutError:
            return Answer(None, f"no answer within {request.patience:g} s of real time", late=True)
        except (EgressRefused, InvalidValue) as error:
            return Answer(None, f"refused by the egress guard: {error}")
        except aiohttp.ClientConnectorError as error:
            refused = isinstance(error.os_error, EgressRefused)
            return Answer(None, str(error.os_error) if refused else f"no connection: {_said(error.os_error)}")
        except aiohttp.ServerDisconnectedError:
            connection.closed = True
            return Answer(None, "connection closed without an answer")
        except aiohttp.ClientResponseError as error:
            # What follows are the receiver's own bytes, drawn up in lines.
            said = error.message.partition("\n")[0].rstrip(":")
            return Answer(None, f"the answer is not HTTP: {said}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            connection.closed = isinstance(error, aiohttp.ClientOSError)
            return Answer(None, f"connection broken: {_said(error)}")

    async def _post(
        self, request: Request, deadline: asyncio.Timeout, connection: _Connection, keep: bool
    ) -> Answer:
        data: Any = request.body
        headers = list(request.headers)
        if isinstance(request.fault, SlowWrite) and request.body is not None:
            headers.append(("Content-Length", str(len(request.body))))
            data = trickle(request, request.fault, deadline)
        async with self._session(keep).request(
            request.method,
            request.url,
            data=data,
            headers=headers,
            allow_redirects=False,
            ssl=self._trust if urlsplit(request.url).scheme == "https" else True,
            trace_request_ctx=connection,
        ) as response:
            body = b""
            while chunk := await response.content.read(self.most_read - len(body)):
                body += chunk
                if len(body) >= self.most_read:
                    # The status is known and the rest may be endless.
                    response.close()
                    break
            return Answer(response.status, body=body)

    async def look_up(self, url: str) -> None:
        """Refuses a URL whose host lies where nothing may go; one that was allowed and is unknown today may be up later."""
        try:
            await self._address(url)
        except EgressRefused:
            raise
        except OSError:
            return

    async def _address(self, url: str) -> str:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = await GuardedResolver(self._egress).resolve(parts.hostname or "", port)
        return found[0]["host"]

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Verifies receivers. aiohttp's own is made at its import, which `serve` lets happen without certificates."""
        return ssl.create_default_context()

    def _session(self, keep: bool) -> aiohttp.ClientSession:
        if keep not in self._sessions:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._egress), force_close=not keep, limit=0, use_dns_cache=False
            )
            self._sessions[keep] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type"),
                trace_configs=[_noting_reuse()] if keep else None,
            )
        return self._sessions[keep]

    async def rest(self) -> None:
        """Ends a burst: closes every connection."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()


@dataclass(slots=True)
class _Connection:
    """The connection of one request: whether it had served another, and whether the receiver closed it."""

    reused: bool = False
    closed: bool = False


def _noting_reuse() -> aiohttp.TraceConfig:
    async def note(session: object, context: Any, params: object) -> None:
        context.trace_request_ctx.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note)
    return trace


def _said(error: BaseException) -> str:
    if isinstance(error, ConnectionError) and error.errno:
        # asyncio's own words are "Connect call failed" and the address, which is known.
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
