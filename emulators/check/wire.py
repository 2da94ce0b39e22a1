"""Really sends requests, as odd as they may be, and tells what came back."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import time
from typing import Any

import aiohttp
from yarl import URL

from emulators.check.vocabulary import Heard, Pairs
from emulators.engine.codec import encode
from emulators.engine.egress import Egress
from emulators.engine.message import Request
from emulators.engine.mischief import reset_after_body
from emulators.engine.resolver import GuardedResolver
from emulators.errors import EgressRefused, InvalidValue

MOST_READ = 256 * 1024


def written(value: Any, style: str) -> bytes:
    """A JSON value as bytes, in one of the ways that mean the same."""
    if style == "spaced":
        return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")
    if style == "escaped":
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    if style == "reordered":
        return encode(_backwards(value))
    return encode(value)


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _backwards(value[name]) for name in reversed(value)}
    return [_backwards(item) for item in value] if isinstance(value, list) else value


def _data(body: bytes | None) -> Any:
    """aiohttp warns of bytes above a megabyte, and would rather read them."""
    return body if body is None or len(body) < 1 << 20 else io.BytesIO(body)


class Wire:
    """A connection for each request, as for each attempt of a vendor. Redirects are answers."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._session: aiohttp.ClientSession | None = None

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
            self._egress.check_url(url)
            async with asyncio.timeout(timeout):
                return await self._asked(method, url, headers, body, framing, started)
        except TimeoutError:
            reason = f"no answer within {timeout:g} s"
        except (EgressRefused, InvalidValue) as error:
            reason = str(error)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
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
        async with self._open().request(
            method, url, data=_data(body), headers=sent, allow_redirects=False, **more
        ) as response:
            said = b""
            while chunk := await response.content.read(MOST_READ - len(said)):
                said += chunk
                if len(said) >= MOST_READ:
                    response.close()
                    break
            pairs = tuple((str(name), value) for name, value in response.headers.items())
            return Heard(response.status, pairs, said, time.perf_counter() - started)

    async def reset(self, url: str, headers: Pairs, body: bytes, timeout: float) -> Heard:
        """Sends the whole request and resets the connection before any answer."""
        started = time.perf_counter()
        request = Request("POST", url, headers, body, timeout)
        parts = URL(url)
        try:
            self._egress.check_url(url)
            async with asyncio.timeout(timeout):
                found = await GuardedResolver(self._egress).resolve(parts.host or "", parts.port or 0)
                await reset_after_body(request, found[0]["host"])
        except (TimeoutError, OSError, EgressRefused) as error:
            return Heard(
                None, seconds=time.perf_counter() - started, reason=f"{type(error).__name__}: {error}"
            )
        return Heard(None, seconds=time.perf_counter() - started, reason="reset by us after the body")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._egress), force_close=True, limit=0, use_dns_cache=False
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type", "Accept"),
            )
        return self._session

    async def close(self) -> None:
        """Lets go of every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
