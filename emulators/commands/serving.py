"""The running process: vendors and the control API on ports of their own, until somebody ends it.

It opens the doors first and says that it is ready; who stands behind them is loaded right after that, while the one
who waited reads the line. A request that comes in between waits the few milliseconds, and gets its answer.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit, Unusable
from emulators.commands.opening import Front, Order, opened
from emulators.commands.signals import listen_to_signals, lived

if TYPE_CHECKING:
    from emulators.engine.doorway import Doorway


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
        listen_to_signals(stop)
        async with AsyncExitStack() as stack:
            if order.store:
                stack.callback(order.store.close)
            staged = asyncio.Event()
            front = opened(order, staged)
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
