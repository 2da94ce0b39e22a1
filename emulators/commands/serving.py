"""The running process of `emulators serve`: one world on a clock that moves by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.commands.exits import Exit
from emulators.engine.emulator import Emulator
from emulators.engine.journal import Entry, Probe
from emulators.engine.timeline import aligned, beginning, rows
from emulators.engine.web import Site
from emulators.engine.world import World
from emulators.errors import VerificationFailed
from emulators.hosting import LoopHost, Setting, inhabit


@dataclass(frozen=True, slots=True)
class Server:
    """Emulators behind sockets that are open already; all but the world and the file by provider name."""

    world: World
    specs: Mapping[str, str]
    sockets: Mapping[str, socket.socket]
    options: Mapping[str, Mapping[str, Any]]
    subscriptions: Sequence[tuple[str, str | None, str]]
    ready_file: Path | None

    def run(self) -> Exit:
        """Serves until a signal; the code says which one it was. The file is gone then: nobody is ready."""
        try:
            return asyncio.run(self._serve())
        finally:
            if self.ready_file:
                self.ready_file.unlink(missing_ok=True)

    async def _serve(self) -> Exit:
        stop: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        _listen_to_signals(stop)
        async with AsyncExitStack() as stack:
            host = LoopHost(asyncio.get_running_loop())
            emulators: dict[str, Emulator] = {}
            sites: list[Site] = []
            for name, spec in self.specs.items():
                site = Site(self.sockets[name])
                setting = Setting(spec, world=self.world, options=self.options[name])
                emulators[name] = await stack.enter_async_context(inhabit(site, setting, host))
                sites.append(site)
            for site in sites:
                await site.start()
            self._announce(emulators)
            log = Log(self.world)
            stack.callback(log.close)
            self.world.journal.listeners.append(log.tell)
            tasks = [
                asyncio.create_task(_subscribe(emulators[name], feed, url, stop))
                for name, feed, url in self.subscriptions
            ]
            try:
                return await stop
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.gather(*(site.stop() for site in sites))

    def _announce(self, emulators: Mapping[str, Emulator]) -> None:
        """Says that everything answers from now on."""
        providers = {
            name: {"url": emulator.url, "revision": emulator.revision, "env": emulator.env}
            for name, emulator in emulators.items()
        }
        line = json.dumps({"ready": True, "id": os.urandom(8).hex(), "providers": providers})
        if self.ready_file:
            # Whoever waits for the file must never find half of it.
            unfinished = self.ready_file.with_name(f"{self.ready_file.name}.{os.getpid()}")
            unfinished.write_text(line + "\n", "utf-8")
            unfinished.replace(self.ready_file)
        print(line, flush=True)


class Log:
    """What happens, on standard error while it happens: written by a thread of its own, for nobody who calls an
    emulator may have to wait for somebody who does not read."""

    most_waiting = 10_000

    def __init__(self, world: World) -> None:
        self._world = world
        self._start = beginning(world.journal.entries)
        self._complaints = 0
        self._lines: queue.Queue[str | None] = queue.Queue(self.most_waiting)
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)
        self._writer.start()

    def tell(self, entry: Entry) -> None:
        """A line for an entry that means something to people."""
        # A receiver that is not up yet is asked again and again, which is told once elsewhere.
        if not isinstance(entry, Probe) or entry.accepted:
            self._put(aligned(rows([entry], self._start), named=True, wide=44))
        for complaint in self._world.complaints[self._complaints :]:
            self._put(f"emulators: {complaint}")
            self._complaints += 1

    def close(self) -> None:
        """Writes what is left, unless nobody reads it."""
        self._put(None)
        self._writer.join(timeout=0.2)

    def _put(self, line: str | None) -> None:
        if line != "":
            # Nobody has read for 10,000 lines: a journal is kept, a log may have gaps.
            with contextlib.suppress(queue.Full):
                self._lines.put_nowait(line)

    def _write(self) -> None:
        # A closed standard error ends the log, not the process.
        with contextlib.suppress(OSError, ValueError):
            while (line := self._lines.get()) is not None:
                print(line, file=sys.stderr, flush=True)


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
    told = ""
    while True:
        try:
            await emulator.aio.subscribe(url, feed=feed)
        except VerificationFailed:
            reason = next(probe.reason for probe in reversed(emulator.probes()) if probe.url == url)
            if reason != told:
                told = reason
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
