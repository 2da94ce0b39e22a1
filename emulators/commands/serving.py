"""The running process: vendors and the control API on ports of their own, until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit
from emulators.commands.log import Log
from emulators.commands.worlds import Worlds
from emulators.control.operations import Plane
from emulators.control.server import Control
from emulators.control.tenants import DEFAULT, Cast, Tenants
from emulators.control.world_operations import told_providers
from emulators.engine.emulator import Emulator
from emulators.engine.web import Site
from emulators.engine.world import World
from emulators.errors import StateRefused, VerificationFailed
from emulators.hosting import LoopHost
from emulators.redaction import Veil

if TYPE_CHECKING:
    from emulators.engine.store import Store
    from emulators.recording.recorder import Recorder

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
    quiet: bool = False
    """Whether nothing is told on standard error but what must not go unseen."""
    record: Path | None = None
    """Keeps all traffic there."""


class Server:
    """Runs what was asked for."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._stop: asyncio.Future[Exit]
        self.ready: dict[str, Any] = {}

    def run(self) -> Exit:
        """Serves until a signal; the code says which one it was."""
        return asyncio.run(self._until_told())

    async def _until_told(self) -> Exit:
        async with self.running():
            print(json.dumps(self.ready), flush=True)
            return await self._stop

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
        self._stop = asyncio.get_running_loop().create_future()
        _listen_to_signals(self._stop)
        token = os.environ.get("EMULATORS_TOKEN") or secrets.token_urlsafe(24)
        host = LoopHost(asyncio.get_running_loop())
        sites = {name: Site(listening) for name, listening in order.sockets.items()}
        urls = {name: _seen(site.url, order.public_url) for name, site in sites.items()}
        cast = Cast(order.specs, urls, order.options, order.strictness)
        harmless = [value for name in order.specs for value in cast.credentials(name, DEFAULT).values()]
        veil = Veil(harmless, [token])
        ports = [order.control.getsockname()[1]]
        worlds = Worlds(order.seed, order.clock, order.start, order.allow, ports, order.store, self._broken)
        async with AsyncExitStack() as stack:
            log = Log(veil.text, order.quiet)
            stack.callback(log.close)
            tenants = Tenants(cast, host)
            recorder = self._recorder(veil, log)
            if recorder:
                stack.callback(recorder.close)

            def make_world(name: str, seed: int | None) -> World:
                world = worlds.make(name, seed)
                log.follow(world, "" if name == DEFAULT else name)
                if recorder:
                    recorder.attach(world, "" if name == DEFAULT else name)
                return world

            plane = Plane(secrets.token_hex(8), tenants, make_world, worlds.forget, veil, self._end)
            if order.store:
                stack.callback(order.store.close)
            stack.push_async_callback(tenants.close)
            for name in worlds.names():
                tenants.add(name, make_world(name, None))
            control = Control(order.control, plane, token, order.hosts)
            for name, site in sites.items():
                site.answer = tenants.answerer(name)
                site.settled = tenants.default.world.stored
                site.doorway.on_refused = _telling(tenants.default.world, name)
            doors: list[Control | Site] = [control, *sites.values()]
            for door in doors:
                await door.start()
            self.ready = {
                "ready": True,
                "id": plane.id,
                "control": control.url,
                "token": token,
                "providers": told_providers(tenants.default),
            }
            if order.ready_file:
                _write_whole(order.ready_file, json.dumps(self.ready) + "\n")
                # Gone when nobody is ready any more.
                stack.callback(order.ready_file.unlink, missing_ok=True)
            tasks = [
                asyncio.create_task(_subscribe(tenants.default.emulator(name), feed, url, self._stop))
                for name, feed, url in order.subscriptions
            ]
            try:
                yield self._stop
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.gather(*(door.stop() for door in doors))

    def _recorder(self, veil: Veil, log: Log) -> Recorder | None:
        if self._order.record is None:
            return None
        from emulators.recording.recorder import Recorder

        return Recorder(self._order.record, veil, lambda text: log.say("", f"emulators: {text}"))

    def _end(self) -> None:
        if not self._stop.done():
            self._stop.set_result(Exit.GOOD)

    def _broken(self, error: StateRefused) -> None:
        """Ends the process: what it took from now on would not survive it."""
        if not self._stop.done():
            self._stop.set_exception(error)


def _seen(url: str, public_url: str | None) -> str:
    """A vendor's URL as apps see it: behind another name, the port stays."""
    return url if public_url is None else f"{public_url.rstrip('/')}:{url.rpartition(':')[2]}"


def _telling(world: World, name: str) -> Callable[[str], None]:
    return lambda text: world.complain(f"{name}: a request was refused before the vendor saw it: {text}")


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file must never find half of it, and nobody else may read the token in it."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    with open(
        os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    unfinished.replace(path)


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


async def _subscribe(emulator: Emulator, feed: str | None, url: str, stop: asyncio.Future[Exit]) -> None:
    """Registers a receiver, as soon as it is up; any other failure ends the process."""
    wanted = feed or next(iter(emulator.profile.feeds))
    known = emulator.account.registrations.values()
    if any((each.url, each.feed, each.state) == (url, wanted, "active") for each in known):
        return
    told = ""
    while True:
        try:
            await emulator.aio.subscribe(url, feed=feed)
        except VerificationFailed:
            reason = next(probe.reason for probe in reversed(emulator.probes()) if probe.url == url)
            if reason != told:
                told = reason
                with contextlib.suppress(OSError):
                    print(
                        f"emulators: {emulator.name} asks {url} until it answers well: {reason}",
                        file=sys.stderr,
                        flush=True,
                    )
            await asyncio.sleep(0.5)
        except Exception as error:  # noqa: BLE001 - handed on to the one who waits for the end
            if not stop.done():
                stop.set_exception(error)
            return
        else:
            return
