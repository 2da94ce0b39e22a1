"""The running process: vendors and the control API on ports of their own, until somebody ends it.

It opens the doors first and says that it is ready; who stands behind them is loaded right after that, while the one
who waited reads the line. A request that comes in between waits the few milliseconds, and gets its answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from emulators import doors
from emulators.commands.exits import Exit, Unusable
from emulators.engine.doorway import Doorway

if TYPE_CHECKING:
    from ssl import SSLContext

    from emulators.engine.store import Store

T = TypeVar("T")
Subscribing = tuple[str, str | None, str]
"""Provider, feed (None: its first) and URL."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `sockets` listen already: of each vendor by name, and the one of the control API."""

    specs: Mapping[str, str]
    sockets: Mapping[str, socket.socket]
    control: socket.socket
    hosts: Sequence[str]
    """Names under which the control API may be asked."""
    options: Mapping[str, Mapping[str, Any]]
    strictness: str
    subscriptions: Sequence[Subscribing]
    seed: int | None
    clock: str | float
    start: datetime | None
    allow: Sequence[str]
    public_url: str | None
    ready_file: Path | None
    store: Store | None = None
    record: Path | None = None
    """Keeps all traffic there."""
    quiet: bool = False
    """Whether nothing is told on standard error but what must not go unseen."""
    tls: tuple[SSLContext, Path] | None = None
    """Of the vendors' ports, and the certificate that clients must trust."""

    @property
    def may_fail(self) -> bool:
        """Whether setting it up can still be refused, or has something to do before anybody asks."""
        return self.store is not None or self.record is not None or bool(self.subscriptions)


@dataclass(frozen=True, slots=True)
class Front:
    """Open doors, and what is written on them."""

    id: str
    token: str
    control: Doorway
    control_port: int
    doorways: Mapping[str, Doorway]
    urls: Mapping[str, str]
    """Of each vendor, as apps see it."""
    ca: str = ""
    """The file with the certificate that apps must trust; empty: there is no TLS."""

    def ready(self, specs: Mapping[str, str]) -> dict[str, Any]:
        """The ready line."""
        told = {"ready": True, "id": self.id, "control": self.control.url, "token": self.token}
        return {**told, **({"ca": self.ca} if self.ca else {}), "providers": doors.told(specs, self.urls)}


class Server:
    """Runs what was asked for."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.ready: dict[str, Any] = {}

    def run(self) -> Exit:
        """Serves until a signal; the code says which one it was."""
        make_room()
        return lived(self._until_told())

    async def _until_told(self) -> Exit:
        async with self.running() as stop:
            print(json.dumps(self.ready), flush=True)
            return await stop

    @property
    def specs(self) -> Mapping[str, str]:
        """The vendors that are served, by name."""
        return self._order.specs

    def address_of(self, name: str) -> tuple[str, int]:
        """Where this machine reaches a vendor."""
        host, port = self._order.sockets[name].getsockname()[:2]
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port

    def environment(self) -> dict[str, str]:
        """What an app and its tests read."""
        settings = [told["env"] for told in self.ready["providers"].values()]
        return {
            **{name: value for each in settings for name, value in each.items()},
            "EMULATORS_CONTROL_URL": self.ready["control"],
            "EMULATORS_TOKEN": self.ready["token"],
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Future[Exit]]:
        """Serves; what is yielded comes true when a signal asks for the end, or something forces it."""
        order = self._order
        stop: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        _listen_to_signals(stop)
        async with AsyncExitStack() as stack:
            if order.store:
                stack.callback(order.store.close)
            staged = asyncio.Event()
            front = _front(order, staged)
            if order.may_fail:
                await self._begin(front, staged, stop, stack)
            doorways = [front.control, *front.doorways.values()]
            for doorway in doorways:
                await doorway.start()
            stack.push_async_callback(_closed, doorways)
            self.ready = front.ready(order.specs)
            if order.ready_file:
                _announce(order.ready_file, json.dumps(self.ready) + "\n")
                # Gone when nobody is ready any more.
                stack.callback(order.ready_file.unlink, missing_ok=True)
            if not order.may_fail:
                # Nothing is awaited between this and the line that says so.
                stage = asyncio.create_task(self._stage(front, staged, stop))
                stack.push_async_callback(_ended, stage)
            # From here on nobody listens to it any more.
            stack.callback(stop.cancel)
            yield stop

    async def _begin(
        self, front: Front, staged: asyncio.Event, stop: asyncio.Future[Exit], stack: AsyncExitStack
    ) -> None:
        """Waits until everybody is in his place; raises what keeps him from it."""
        stage = asyncio.create_task(self._stage(front, staged, stop))
        stack.push_async_callback(_ended, stage)
        waiting = asyncio.create_task(staged.wait())
        either: list[asyncio.Future[Any]] = [waiting, stop]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stop.done():
            stop.result()

    async def _stage(self, front: Front, ready: asyncio.Event, stop: asyncio.Future[Exit]) -> None:
        try:
            from emulators.commands.staging import staged

            async with staged(self._order, front, stop):
                ready.set()
                await asyncio.Event().wait()
        except Exception as error:
            if not stop.done():
                stop.set_exception(error)
            raise


def lived(life: Coroutine[Any, Any, T]) -> T:
    """Runs what a process is for, to its end. A signal that comes after that changes nothing, not even the exit
    code: whoever asks for the end twice gets it once."""
    try:
        return asyncio.run(life)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)


def make_room() -> None:
    """Lets this process hold as many connections as its doorways together admit, if the system allows it."""
    try:
        import resource
    except ImportError:  # on Windows, which has no such bound
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _ended(stage: asyncio.Task[None]) -> None:
    from emulators.engine.ending import end

    await end([stage])


async def _closed(doorways: Sequence[Doorway]) -> None:
    await asyncio.gather(*(doorway.stop() for doorway in doorways))


def _front(order: Order, staged: asyncio.Event) -> Front:
    def behind(listening: socket.socket, ssl: SSLContext | None = None) -> Doorway:
        async def soon(request: web.BaseRequest) -> web.StreamResponse:
            await staged.wait()
            return await doorway.respond(request)

        doorway = Doorway(listening, soon, ssl=ssl)
        return doorway

    context, ca = order.tls or (None, "")
    doorways = {name: behind(listening, context) for name, listening in order.sockets.items()}
    return Front(
        secrets.token_hex(8),
        os.environ.get("EMULATORS_TOKEN") or secrets.token_urlsafe(24),
        behind(order.control),
        order.control.getsockname()[1],
        doorways,
        {name: _seen(doorway.url, order.public_url) for name, doorway in doorways.items()},
        str(ca),
    )


def _seen(url: str, public_url: str | None) -> str:
    """A vendor's URL as apps see it: behind another name, the port stays."""
    return url if public_url is None else f"{public_url.rstrip('/')}:{url.rpartition(':')[2]}"


def _announce(path: Path, text: str) -> None:
    """Whoever waits for the file must never find half of it, and nobody else may read the token in it."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise Unusable(f"--ready-file: {path} cannot be written: {error.strerror}; name another") from None


def _listen_to_signals(stop: asyncio.Future[Exit]) -> None:
    """SIGTERM is a good end, Ctrl-C an interruption."""
    loop = asyncio.get_running_loop()

    def end(code: Exit) -> None:
        if not stop.done():
            stop.set_result(code)

    for number, code in ((signal.SIGTERM, Exit.GOOD), (signal.SIGINT, Exit.INTERRUPTED)):
        try:
            loop.add_signal_handler(number, end, code)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_, code=code: loop.call_soon_threadsafe(end, code))
