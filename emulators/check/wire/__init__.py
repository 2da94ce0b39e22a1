"""Really sends requests, as odd as they may be, and tells what came back."""

from __future__ import annotations

import asyncio
import gzip
import io
import ssl
import time
from functools import cached_property
from typing import Any

import aiohttp
from yarl import URL

from emulators.check.vocabulary import Heard, Pairs
from emulators.check.wire.expecting import Expectant, patient
from emulators.check.wire.halving import halves
from emulators.check.wire.silence import why
from emulators.engine.egress import Egress
from emulators.engine.message import Request
from emulators.engine.mischief import reset_after_body
from emulators.engine.resolver import GuardedResolver
from emulators.errors import EgressRefused, InvalidValue

MOST_READ = 256 * 1024
IDLE = 1.0
"""Seconds after which whoever closes a connection that he kept owes no word: it had been idle."""
LONGEST_KEPT = 600.0


def _data(body: bytes | None) -> Any:
    """aiohttp warns of bytes above a megabyte, and would rather read them."""
    return body if body is None or len(body) < 1 << 20 else io.BytesIO(body)


class Wire:
    """A connection for each request, as for each attempt of a vendor; or `kept`: one for all, for as long as the receiver keeps
    it. Redirects are answers.

    `surprises`: how often a kept connection was closed after an answer that did not announce it. `patience`: seconds that it
    waits for `100 Continue` before it sends the body all the same. `gap`: seconds between the halves of a body.
    """

    patience = Expectant.patience
    gap = 0.05

    def __init__(self, egress: Egress, kept: bool = False) -> None:
        self.egress = egress
        self._kept = kept
        self._session: aiohttp.ClientSession | None = None
        self._made = self._announced = 0
        self._rested = 0.0

    async def send(
        self,
        method: str,
        url: str,
        headers: Pairs,
        body: bytes | None,
        timeout: float,
        framing: str = "length",
    ) -> Heard:
        """One request; never raises for anything that the receiver or the network does."""
        started = time.perf_counter()
        try:
            self.egress.check_url(url)
            async with asyncio.timeout(timeout):
                return await self._asked(method, url, headers, body, framing, started)
        except TimeoutError:
            reason = f"no answer within {timeout:g} s"
        except (aiohttp.ClientError, EgressRefused, InvalidValue, OSError, ValueError) as error:
            reason = why(error, url)
        return Heard(None, seconds=time.perf_counter() - started, reason=reason)

    async def _asked(
        self, method: str, url: str, headers: Pairs, body: bytes | None, framing: str, started: float
    ) -> Heard:
        named = {"lower": str.lower, "upper": str.upper}.get(framing)
        sent = [(named(name), value) if named else (name, value) for name, value in headers]
        if framing == "gzip" and body is not None:
            body = gzip.compress(body)
            sent.append(("Content-Encoding", "gzip"))
        more: dict[str, Any] = {}
        if framing == "chunked":
            more["chunked"] = True
        if framing == "expect":
            more["expect100"] = True
        data = _data(body)
        if framing == "halves" and body is not None:
            # Without it aiohttp would send what it is given bit by bit in chunks.
            sent.append(("Content-Length", str(len(body))))
            data = halves(body, self.gap)
        async with self._open().request(
            method,
            url,
            data=data,
            headers=sent,
            allow_redirects=False,
            ssl=self._trust if url.startswith("https:") else True,
            **more,
        ) as response:
            said = b""
            while chunk := await response.content.read(MOST_READ - len(said)):
                said += chunk
                if len(said) >= MOST_READ:
                    response.close()
                    break
            pairs = tuple((str(name), value) for name, value in response.headers.items())
            held = response.held if isinstance(response, Expectant) else 0.0
            return Heard(response.status, pairs, said, time.perf_counter() - started - held)

    async def reset(self, url: str, headers: Pairs, body: bytes, timeout: float) -> Heard:
        """Sends the whole request and resets the connection before any answer."""
        started = time.perf_counter()
        request = Request("POST", url, headers, body, timeout)
        try:
            async with asyncio.timeout(timeout):
                await reset_after_body(request, await self._address(URL(url)))
            reason = "reset by us after the body"
        except TimeoutError:
            reason = f"the request was not taken within {timeout:g} s"
        except (EgressRefused, InvalidValue, OSError, ValueError) as error:
            reason = why(error, url)
        return Heard(None, seconds=time.perf_counter() - started, reason=reason)

    async def _address(self, url: URL) -> str:
        """The address that a URL stands for, once the guard has seen both."""
        self.egress.check_url(str(url))
        return (await GuardedResolver(self.egress).resolve(url.host or "", url.port or 0))[0]["host"]

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Verifies receivers, by what SSL_CERT_FILE says when the first is asked; aiohttp's own is made at its import."""
        return ssl.create_default_context()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            watch = aiohttp.TraceConfig()
            watch.on_connection_create_start.append(self._connected)
            watch.on_request_end.append(self._answered)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=GuardedResolver(self.egress),
                    limit=1 if self._kept else 0,
                    force_close=not self._kept,
                    keepalive_timeout=LONGEST_KEPT if self._kept else None,
                    use_dns_cache=False,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                response_class=patient(self.patience),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type", "Accept"),
                trace_configs=[watch] if self._kept else None,
            )
        return self._session

    @property
    def surprises(self) -> int:
        """See the class."""
        return max(0, self._made - 1 - self._announced)

    async def _connected(self, *what: object) -> None:
        self._made += 1
        if self._rested and time.perf_counter() - self._rested > IDLE:
            self._announced += 1

    async def _answered(self, _: object, __: object, ended: aiohttp.TraceRequestEndParams) -> None:
        answer = ended.response
        closes = answer.headers.get("Connection", "").lower() == "close"
        if closes or answer.version != aiohttp.HttpVersion11:
            self._announced += 1
            self._rested = 0.0
        else:
            self._rested = time.perf_counter()

    async def close(self) -> None:
        """Lets go of every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
