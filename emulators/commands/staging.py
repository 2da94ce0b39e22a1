"""What stands behind the open doors: worlds, vendors, the control API, the log, a recording. Loaded when it is needed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from emulators.commands.log import Log
from emulators.commands.worlds import Worlds
from emulators.control.operations import Plane
from emulators.control.server import Control
from emulators.control.tenants import DEFAULT, Cast, Tenants
from emulators.engine.emulator import Emulator
from emulators.engine.ending import end
from emulators.engine.web import Site
from emulators.engine.world import World
from emulators.errors import StateRefused, VerificationFailed
from emulators.hosting import LoopHost
from emulators.redaction import Veil

if TYPE_CHECKING:
    from emulators.commands.exits import Exit
    from emulators.commands.opening import Front, Order
    from emulators.recording.recorder import Recorder


@asynccontextmanager
async def staged(order: Order, front: Front, stop: asyncio.Future[Exit]) -> AsyncIterator[None]:
    """Everybody in his place behind the doors of `front`, until the context is left."""
    cast = Cast(order.specs, front.urls, order.options, order.strictness)
    harmless = [value for name in order.specs for value in cast.credentials(name, DEFAULT).values()]
    veil = Veil(harmless, [front.token])

    if order.store:
        order.store.on_failure(_ending(stop))
    worlds = Worlds(
        order.specs, order.seed, order.clock, order.start, order.allow, [front.control_port], order.store
    )
    async with AsyncExitStack() as stack:
        log = Log(veil, order.quiet)
        stack.callback(log.close)
        tenants = Tenants(cast, LoopHost(asyncio.get_running_loop()))
        recorder = _recorder(order, veil, log)
        if recorder:
            stack.callback(recorder.close)

        def make_world(name: str, seed: int | None) -> World:
            world = worlds.make(name, seed)
            shown = "" if name == DEFAULT else name
            log.follow(world, shown)
            if recorder:
                recorder.attach(world, shown)
            return world

        stack.push_async_callback(tenants.close)
        for name in worlds.names():
            tenants.add(name, make_world(name, None))
        world = tenants.default.world
        plane = Plane(front.id, tenants, make_world, worlds.forget, veil)
        control = Control(front.control, front.control_port, plane, front.token, order.hosts)
        stack.push_async_callback(control.stop)
        for name, doorway in front.doorways.items():
            site = Site(doorway)
            site.settled = world.stored
            site.answer = tenants.answerer(name)
            doorway.on_refused = _telling(world, name)
        tasks = [
            asyncio.create_task(_subscribe(tenants.default.emulator(name), feed, url, stop))
            for name, feed, url in order.subscriptions
        ]
        try:
            yield
        finally:
            await end(tasks)


def _ending(stop: asyncio.Future[Exit]) -> Callable[[StateRefused], None]:
    """Ends the process, from any thread, when its file cannot be written: what it took from then on would be lost."""
    loop = asyncio.get_running_loop()

    def end(error: StateRefused) -> None:
        if not stop.done():
            stop.set_exception(error)

    def told(error: StateRefused) -> None:
        loop.call_soon_threadsafe(end, error)

    return told


def _recorder(order: Order, veil: Veil, log: Log) -> Recorder | None:
    if order.record is None:
        return None
    from emulators.recording.recorder import Recorder

    return Recorder(order.record, veil, lambda text: log.say("", f"emulators: {text}"))


def _telling(world: World, name: str) -> Callable[[str], None]:
    return lambda text: world.complain(f"{name}: a request was refused before the vendor saw it: {text}")


async def _subscribe(emulator: Emulator, feed: str | None, url: str, stop: asyncio.Future[Exit]) -> None:
    """Registers a receiver, as soon as it is up; any other failure ends the process."""
    wanted = feed or next(iter(emulator.profile.feeds))
    known = emulator.account.registrations.values()
    if any((each.url, each.feed) == (url, wanted) and each.state in ("active", "paused") for each in known):
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
