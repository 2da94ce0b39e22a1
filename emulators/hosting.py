"""Where an emulator runs: on your event loop (`in_loop`) or beside it in a thread (`in_thread`)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from emulators import registry
from emulators.engine.clock import VIRTUAL_START, Clock, RunningClock, VirtualClock, instant
from emulators.engine.crank import Crank
from emulators.engine.egress import Egress
from emulators.engine.emulator import Emulator
from emulators.engine.listening import listen
from emulators.engine.strictness import ANY, STRICTNESS
from emulators.engine.web import Site
from emulators.engine.world import World
from emulators.errors import EmulatorError, InvalidValue, TargetUnusable, UnknownName, WouldBlock, unknown
from emulators.people import pools

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """How an emulator is set up. `clock` is `virtual`, `wall`, a speed (60: an hour a minute) or a Clock."""

    spec: str
    seed: int = 0
    start: datetime | None = None
    clock: str | float | Clock = "virtual"
    world: World | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Mapping[str, Any] | None = None
    strictness: str = ANY
    allow: Iterable[str] = ()
    host: str = "127.0.0.1"
    port: int = 0

    def choices(self) -> dict[str, Any]:
        """All options; what becomes of messages is one of them."""
        return {**self.options, **({} if self.outcomes is None else {"outcomes": self.outcomes})}


class LoopHost:
    """Lets verbs run on the loop that the emulator lives on, from that loop or from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._process = os.getpid()

    def block(self, verb: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Waits for a verb; refused where the waiting itself would keep the receiver from answering.

        `verb` is the call to await instead.
        """
        __tracebackhide__ = True
        if _on_a_loop():
            raise WouldBlock(
                "this would block the running event loop, and with it a receiver that lives on it; "
                f"use: await {verb}"
            )
        try:
            return self.wait(work)
        except (EmulatorError, AssertionError) as error:
            # What is wrong stands in the message; the frames of two threads would only bury it.
            raise error.with_traceback(None) from error.__cause__

    def wait(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Waits for `work`, wherever it is called from; Ctrl-C is heard meanwhile."""
        self.check_process()
        future = asyncio.run_coroutine_threadsafe(work(), self.loop)
        try:
            while True:
                try:
                    return future.result(timeout=1)
                except concurrent.futures.TimeoutError:
                    if future.done():
                        raise
        except KeyboardInterrupt:
            future.cancel()
            raise

    @contextmanager
    def entered(self, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """A context that is entered and left on the loop, for a thread beside it."""
        stack = AsyncExitStack()
        entered = self.wait(lambda: stack.enter_async_context(context))
        try:
            yield entered
        finally:
            self.wait(stack.aclose)

    async def relay(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Awaits a verb, from whichever loop."""
        self.check_process()
        if not _on_a_loop():
            raise EmulatorError("awaited verbs need asyncio; under anyio let anyio_backend be 'asyncio'")
        if asyncio.get_running_loop() is self.loop:
            return await work()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self.loop))

    def check_process(self) -> None:
        """Refuses verbs in a forked child, which has no loop that could run them."""
        if os.getpid() != self._process:
            raise EmulatorError(
                "this emulator lives in another process: it was started before a fork; start one here"
            )


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


# Of several threads that need the host first, one starts it.
_STARTING = threading.Lock()


@cache
def _thread(process: int) -> LoopHost:
    """The one daemon thread, with a loop of its own, that serves every emulator of this process."""
    started: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()

    async def live() -> None:
        started.set_result(asyncio.get_running_loop())
        # Stopping a loop that is just starting gets lost; a daemon thread that waits needs no stopping.
        await asyncio.Event().wait()

    threading.Thread(target=lambda: asyncio.run(live()), name="emulators", daemon=True).start()
    return LoopHost(started.result())


def thread_host() -> LoopHost:
    """The host of everything that runs `in_thread`, started on first use."""
    with _STARTING:
        return _thread(os.getpid())


@asynccontextmanager
async def in_loop(spec: str, **setting: Any) -> AsyncIterator[Emulator]:
    """An emulator of `"sendpulse"` or `"sendpulse@2021-05"` on the running loop.

    `seed=`, `start=` (aware datetime), `clock=` (`"virtual"`, `"wall"` or a speed), `world=` (that of another
    emulator), `options=`, `outcomes=` (what becomes of the messages to an address), `strictness=` (`"documented"`: nothing
    that is assumed is sent or answered), `allow=` (hosts beyond this machine that may be delivered to), `host=`, `port=`.
    """
    async with _at_home(setting_of(spec, setting), LoopHost(asyncio.get_running_loop())) as emulator:
        yield emulator


@contextmanager
def in_thread(spec: str, **setting: Any) -> Iterator[Emulator]:
    """The same in a thread of its own: for plain tests and scripts."""
    host = thread_host()
    with host.entered(_at_home(setting_of(spec, setting), host)) as emulator:
        yield emulator


@asynccontextmanager
async def _at_home(setting: Setting, host: LoopHost) -> AsyncIterator[Emulator]:
    """An emulator behind a port of its own."""
    try:
        site = Site(listen(setting.host, setting.port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TargetUnusable(
            f"port {setting.port} of {setting.host} cannot be had: {why}; port=0 takes a free one"
        ) from None
    await site.start()
    try:
        async with inhabit(site, setting, host) as emulator:
            yield emulator
    finally:
        await site.stop()


@asynccontextmanager
async def inhabit(site: Site, setting: Setting, host: LoopHost) -> AsyncIterator[Emulator]:
    """A new emulator behind a port that is open already."""
    world = setting.world or make_world(setting)
    async with world_turning(world) as crank:
        emulator = awaken(setting, world, crank, host)
        emulator.url = site.url
        site.answer = emulator.answer
        try:
            yield emulator
        finally:
            site.answer = None
            world.leave(emulator.name)


def awaken(
    setting: Setting,
    world: World,
    crank: Crank,
    host: LoopHost,
    credentials: Mapping[str, str] | None = None,
    resume: bool = False,
) -> Emulator:
    """An emulator that lives in a world; nobody can call it yet. `resume`: with what the world remembers of it."""
    imitation = registry.load(setting.spec)
    return Emulator(
        imitation.provider,
        imitation.profile,
        imitation.contract,
        imitation.credentials if credentials is None else credentials,
        pools(imitation.provider.locale),
        world,
        crank,
        host,
        setting.choices(),
        setting.strictness,
        resume,
    )


def make_world(setting: Setting) -> World:
    """A world with the clock and rules that were asked for."""
    return World(setting.seed, make_clock(setting), Egress(setting.allow))


def make_clock(setting: Setting) -> Clock:
    if setting.clock == "virtual":
        return VirtualClock(instant(setting.start or VIRTUAL_START))
    if isinstance(setting.clock, str | float | int):
        if isinstance(setting.clock, str) and setting.clock != "wall":
            raise InvalidValue(f"clock: expected 'virtual', 'wall' or a speed, got {setting.clock!r}")
        speed = 1.0 if isinstance(setting.clock, str) else float(setting.clock)
        return RunningClock(instant(setting.start or datetime.now(UTC)), speed)
    return setting.clock


@asynccontextmanager
async def world_turning(world: World) -> AsyncIterator[Crank]:
    """The crank of a world: made by the first emulator in it, let go by the last."""
    if world.crank is None:
        world.crank = Crank(world, asyncio.get_running_loop())
        world.crank.start()
    crank = world.crank
    if crank.loop is not asyncio.get_running_loop():
        raise InvalidValue("world: all emulators of a world live on one loop, and that one turns on another")
    world.inhabitants += 1
    try:
        yield crank
    finally:
        world.inhabitants -= 1
        if not world.inhabitants:
            world.crank = None
            await crank.close()


def unknown_setting(what: str, spec: str, name: str, known: Iterable[str]) -> UnknownName:
    """The refusal of a setting; many a one is an option."""
    provider = spec.partition("@")[0]
    if provider in registry.names() and name in registry.load(provider).profile.options:
        return UnknownName(f"unknown {what} {name!r}; it is an option: options={{{name!r}: ...}}")
    return unknown(what, name, known)


def setting_of(spec: str, given: Mapping[str, Any]) -> Setting:
    """The setting that keyword arguments ask for; an unknown one is refused with the nearest."""
    known = [f.name for f in fields(Setting) if f.name != "spec"]
    for name in given:
        if name not in known:
            raise unknown_setting("setting", spec, name, known)
    setting = replace(Setting(spec), **given)
    types = {"spec": str, "seed": int, "start": datetime | None, "options": Mapping, "world": World | None}
    for name, wanted in types.items():
        if not isinstance(getattr(setting, name), wanted):
            shown = getattr(wanted, "__name__", str(wanted))
            raise InvalidValue(f"{name}: expected {shown}, got {getattr(setting, name)!r}")
    if setting.strictness not in STRICTNESS:
        raise InvalidValue(
            f"strictness: expected one of {', '.join(map(repr, STRICTNESS))}, got {setting.strictness!r}"
        )
    if setting.world is not None:
        for name in ("seed", "start", "clock", "allow"):
            if name in given:
                raise InvalidValue(f"{name}: belongs to a world, and this one is given: world=...")
    # A host alone is a list of one, not of its letters.
    return replace(setting, allow=[setting.allow]) if isinstance(setting.allow, str) else setting
