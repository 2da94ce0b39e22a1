"""An application of this process behind a socket of its own, so that it is checked as any other: ASGI, WSGI or aiohttp."""

from __future__ import annotations

import asyncio
import inspect
import threading
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any

from aiohttp import web

from emulators.check.inprocess.asgi import Asgi
from emulators.check.inprocess.wsgi import Wsgi
from emulators.engine.listening import BACKLOG, listen
from emulators.errors import InvalidValue

Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
STARTED, ENDED = 30.0, 5.0
"""Seconds that an application may take to start, and to end."""
BROKEN_OFF = 0.1


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The base URL of an application that runs on a loop of its own, in a thread beside the caller.

    Raises `InvalidValue` for what is no application or does not start. What goes wrong at its end is a warning: all was told by then.
    """
    home = _Home(_kind(app))
    try:
        yield home.url()
    finally:
        if trouble := home.leave():
            warnings.warn(f"app: {trouble}", RuntimeWarning, stacklevel=3)


class _Home:
    """A thread with a loop, in which a context is entered and left. Whoever hangs there holds up nobody for long."""

    def __init__(self, inside: AbstractAsyncContextManager[str]) -> None:
        self._inside = inside
        self._ready: Future[str] = Future()
        self._trouble = ""
        self._loop = asyncio.new_event_loop()
        self._leaving = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="app under check", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._live())
            except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - told to whoever started it
                self._failed(error)

    def _failed(self, error: BaseException) -> None:
        said = str(error) if isinstance(error, InvalidValue) else f"{type(error).__name__}: {error}"
        if self._ready.done():
            self._trouble = f"it failed at its end: {said}"
            return
        refusal = InvalidValue(f"app: it refused to start: {said}")
        refusal.__cause__ = error
        self._ready.set_exception(refusal)

    async def _live(self) -> None:
        task = asyncio.current_task()
        self._cancel = task.cancel if task else self._leaving.set
        async with self._inside as url:
            self._ready.set_result(url)
            await self._leaving.wait()

    def url(self) -> str:
        """Where it is served, once it is."""
        try:
            return self._ready.result(STARTED)
        except TimeoutError:
            self._loop.call_soon_threadsafe(self._cancel)
            raise InvalidValue(f"app: it had not started after {STARTED:g} s") from None

    def leave(self) -> str:
        """Ends it; what went wrong in words."""
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join(ENDED)
        return f"it had not ended after {ENDED:g} s" if self._thread.is_alive() else self._trouble


def _kind(app: Any) -> AbstractAsyncContextManager[str]:
    if isinstance(app, web.Application):
        return _aiohttp(app)
    return _asgi(app) if _is_asgi(app) else _wsgi(app)


@asynccontextmanager
async def _aiohttp(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=BROKEN_OFF, access_log=None)
    try:
        await runner.setup()
        await web.SockSite(runner, listen("127.0.0.1", 0)).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _asgi(app: Any) -> AsyncIterator[str]:
    served = Asgi(app)
    async with served.alive(), _listening(served.respond) as url:
        yield url


@asynccontextmanager
async def _wsgi(app: Any) -> AsyncIterator[str]:
    served = Wsgi(app)
    async with _listening(served.respond) as url:
        yield url
    await served.finished()


@asynccontextmanager
async def _listening(respond: Respond) -> AsyncIterator[str]:
    """A bare server: a request reaches the application as it came, packed or not, as soon as its head is there."""
    loop = asyncio.get_running_loop()

    def arrived(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=0)

    handler = web.Server(respond, request_factory=arrived, auto_decompress=False, access_log=None)
    listening = listen("127.0.0.1", 0)
    server = await loop.create_server(handler, sock=listening, backlog=BACKLOG)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()
        await handler.shutdown(BROKEN_OFF)


def _is_asgi(app: Any) -> bool:
    if not callable(app):
        raise InvalidValue(f"app: expected an ASGI, WSGI or aiohttp application, got {app!r}")
    call = app if inspect.isroutine(app) or inspect.isclass(app) else type(app).__call__
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        return True
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        raise InvalidValue(
            f"app: expected an ASGI, WSGI or aiohttp application, got {app!r}, whose parameters are not known"
        ) from None
    return len([p for p in parameters if p.default is p.empty]) == 3
