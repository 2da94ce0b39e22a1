"""Where an oracle's answer is read: a URL, a command, a file, a Python function. The only part of it that touches the world."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from emulators.check.oracle.answer import OracleUnusable, Reader, plain
from emulators.check.spawning import ran
from emulators.check.vocabulary import Pairs
from emulators.check.wire.silence import why
from emulators.engine.egress import Egress
from emulators.engine.resolver import GuardedResolver
from emulators.errors import EgressRefused, InvalidValue
from emulators.redaction import Veil

MOST = 64 * 2**20
"""Bytes of an answer; more cannot be an oracle."""
PATIENCE = 30.0
"""Seconds for one answer."""
WORDS = 200
"""Bytes of an error that are told."""
TORN = 5
"""How often a JSON file that is being written is read again."""


class Source(Protocol):
    """Tells what is stored. `remark`: what is to be said of an answer in which nothing is; empty: nothing."""

    async def read(self) -> Any:
        """JSON, the same object only if nothing changed; `OracleUnusable` if that cannot be told."""

    @property
    def remark(self) -> str: ...


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A GET; redirects are not followed. `headers` are secrets."""

    url: str
    headers: Pairs
    egress: Egress
    reader: Reader = field(default_factory=Reader, repr=False, compare=False)
    remark: str = ""

    async def read(self) -> Any:
        """What it answers."""
        try:
            async with asyncio.timeout(PATIENCE):
                kind, body = await self._asked()
        except TimeoutError:
            raise self._unusable(f"no answer within {PATIENCE:g} s") from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, EgressRefused):
                raise error.os_error from None
            raise self._unusable(why(error, self.url)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._unusable(why(error, self.url)) from None
        if kind == "text/html":
            raise self._unusable("answered with a page for people (HTML); is a login missing?")
        try:
            return self.reader.understood(body, strictly="json" in kind and "ndjson" not in kind)
        except ValueError as error:
            raise self._unusable(str(error)) from None

    async def _asked(self) -> tuple[str, bytes]:
        self.egress.check_url(self.url)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self.egress), force_close=True, use_dns_cache=False
        )
        # A session for each answer: after a restart no connection of before is left.
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout()
            ) as session,
            session.get(self.url, headers=self.headers, allow_redirects=False) as response,
        ):
            if response.status // 100 != 2:
                raise self._unusable(f"answered {response.status}{await self._meant(response)}")
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > MOST:
                    raise self._unusable(f"said more than {MOST // 2**20} MiB")
            return response.content_type, bytes(body)

    async def _meant(self, response: aiohttp.ClientResponse) -> str:
        """What to do about an answer that is no success, in words."""
        if response.status in (401, 403):
            return "; give credentials by --oracle-header"
        if response.status == 404:
            return "; is the path right?"
        if "Location" in response.headers:
            return f": it leads to {response.headers['Location']}, and redirects are not followed"
        said = (await response.content.read(WORDS)).decode("utf-8", "replace")
        return f" and says: {' '.join(said.split())}" if said.strip() else " and says nothing"

    def _unusable(self, why: str) -> OracleUnusable:
        veil = Veil(secrets=[value for _, value in self.headers])
        return OracleUnusable(f"the oracle {veil.url(self.url)}: {veil.text(why)}")


@dataclass(frozen=True, slots=True)
class CommandSource:
    """What a command writes to its standard output. `environment`: what it is told (RUN, SINCE)."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    reader: Reader = field(default_factory=Reader, repr=False, compare=False)
    remark: str = ""

    async def read(self) -> Any:
        """Runs it."""
        done = await ran(self.command, PATIENCE, self.environment, MOST)
        if done.trouble:
            last = done.tail.splitlines()[-1] if done.tail else ""
            said = f"the last that it said: {last}" if last else "it said nothing on its standard error"
            raise OracleUnusable(f"the oracle {done.command}: {done.trouble}; {said}")
        try:
            return self.reader.understood(done.output)
        except ValueError as error:
            raise OracleUnusable(f"the oracle {done.command}: {error}") from None


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file that the receiver writes. One that is not there yet says that nothing is stored."""

    path: Path
    reader: Reader = field(default_factory=Reader, repr=False, compare=False)

    async def read(self) -> Any:
        """What stands in it now."""
        for _ in range(TORN - 1):
            try:
                return self.reader.understood(
                    await asyncio.to_thread(self._bytes), strictly=self._promised, kept=True
                )
            except ValueError:
                # Somebody may be in the middle of writing it.
                await asyncio.sleep(0.02)
        try:
            return self.reader.understood(
                await asyncio.to_thread(self._bytes), strictly=self._promised, kept=True
            )
        except ValueError as error:
            raise OracleUnusable(f"the oracle {self.path}: {error}") from None

    @property
    def remark(self) -> str:
        """That there is no such file."""
        return "" if self.path.exists() else f"the file {self.path} does not exist"

    @property
    def _promised(self) -> bool:
        return self.path.suffix == ".json"

    def _bytes(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                data = file.read(MOST + 1)
        except FileNotFoundError:
            if self.path.parent.is_dir():
                return b""
            raise OracleUnusable(f"the oracle {self.path}: there is no such folder") from None
        except OSError as error:
            raise OracleUnusable(f"the oracle {self.path}: {error.strerror}") from None
        if len(data) > MOST:
            raise OracleUnusable(f"the oracle {self.path}: more than {MOST // 2**20} MiB")
        return data


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """A Python function, which may be async; one that is not runs in a thread. It is given `run` and `since` if it has
    parameters of these names."""

    function: Callable[..., Any]
    given: Mapping[str, str]
    reader: Reader = field(default_factory=Reader, repr=False, compare=False)
    remark: str = ""

    async def read(self) -> Any:
        """Calls it."""
        name = getattr(self.function, "__qualname__", repr(self.function))
        try:
            async with asyncio.timeout(PATIENCE):
                if inspect.iscoroutinefunction(self.function):
                    found = _readable(await self.function(**self.given))
                else:
                    found = await asyncio.to_thread(self._called)
                    found = _readable(await found) if inspect.isawaitable(found) else found
            if isinstance(found, bytes | str):
                data = found.encode("utf-8", "surrogatepass") if isinstance(found, str) else found
                return self.reader.understood(data, kept=isinstance(found, str))
            value = self.reader.known(found)
        except TimeoutError:
            raise OracleUnusable(f"the oracle function {name}: no answer within {PATIENCE:g} s") from None
        except Exception as error:
            said = Veil().text(f"{type(error).__name__}: {error}")
            raise OracleUnusable(f"the oracle function {name}: {said}") from error
        if value is None:
            raise OracleUnusable(f"the oracle function {name} returned nothing; expected what is stored")
        return value

    def _called(self) -> Any:
        found = self.function(**self.given)
        # Rows of a cursor or a generator are read in the thread that made them.
        return found if inspect.isawaitable(found) else _readable(found)


def _readable(found: Any) -> Any:
    return found if isinstance(found, bytes | str) else plain(found)


def function_source(function: str | Callable[..., Any], known: Mapping[str, str]) -> FunctionSource:
    """The function itself, or `module:function`, imported from the current folder if it is not installed."""
    called = _imported(function) if isinstance(function, str) else function
    try:
        parameters = inspect.signature(called).parameters
    except (TypeError, ValueError):
        return FunctionSource(called, {})
    return FunctionSource(called, {name: value for name, value in known.items() if name in parameters})


def _imported(name: str) -> Callable[..., Any]:
    module, colon, attributes = name.partition(":")
    if not (module and colon and attributes):
        raise InvalidValue(f"oracle function: expected module:function, got {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
    except Exception as error:
        raise OracleUnusable(f"the oracle function {name}: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise InvalidValue(f"oracle function: {name} cannot be called, it is {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def command_source(command: Sequence[str], known: Mapping[str, str]) -> CommandSource:
    """The command, told what is known in capitals."""
    return CommandSource(tuple(command), {name.upper(): value for name, value in known.items()})
