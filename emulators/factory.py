"""The `emulate` fixture: makes emulators, and fresh ones behind a port that stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from emulators.engine.emulator import Emulator
from emulators.engine.listening import listen
from emulators.engine.web import Site
from emulators.engine.world import World
from emulators.errors import InvalidValue
from emulators.hosting import in_loop, in_thread, inhabit, setting_of, thread_host

if TYPE_CHECKING:
    from emulators.remote.emulator import RemoteEmulator


class Emulate:
    """Session-scoped, so that it may be used under `@given`."""

    def __init__(self) -> None:
        self._sites: dict[str, Site] = {}
        self.worlds: list[World] = []
        """The worlds made for the running test, but for those that came to a clean end."""

    def _note(self, world: World) -> None:
        living = [known for known in self.worlds if known.inhabitants or known.complaints]
        self.worlds = [known for known in living if known is not world] + [world]

    @asynccontextmanager
    async def in_loop(self, spec: str, **setting: Any) -> AsyncIterator[Emulator]:
        """See `emulators.in_loop`."""
        async with in_loop(spec, **setting) as emulator:
            self._note(emulator.world)
            yield emulator

    @contextmanager
    def in_thread(self, spec: str, **setting: Any) -> Iterator[Emulator]:
        """See `emulators.in_thread`."""
        with in_thread(spec, **setting) as emulator:
            self._note(emulator.world)
            yield emulator

    @contextmanager
    def in_process(self, spec: str, **setting: Any) -> Iterator[RemoteEmulator]:
        """See `emulators.in_process`."""
        from emulators.remote.process import in_process

        with in_process(spec, **setting) as emulator:
            self._note(emulator.world)
            yield emulator

    @contextmanager
    def fresh(self, spec: str, **setting: Any) -> Iterator[Emulator]:
        """An emulator with the URL, port and credentials of the one before it and all else new."""
        host = thread_host()
        site = self._sites.get(spec)
        if site is None:
            site = self._sites[spec] = Site(listen("127.0.0.1", 0))
            host.wait(site.start)
        if site.answer is not None:
            raise InvalidValue(f"a fresh {spec} is in use already; end its with block first")
        with host.entered(inhabit(site, setting_of(spec, setting), host)) as emulator:
            self._note(emulator.world)
            yield emulator

    def close(self) -> None:
        """Gives the ports back."""
        for site in self._sites.values():
            thread_host().wait(site.stop)
        self._sites.clear()
