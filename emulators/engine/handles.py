"""What `subscribe` hands out: a subscription to pause or to cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from emulators.engine.journal import Changed
from emulators.engine.lane import Registration
from emulators.errors import Closed, InvalidValue

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator


class Subscription:
    """A receiver that was registered."""

    def __init__(self, emulator: Emulator, number: int) -> None:
        self._emulator = emulator
        self.id = number

    @property
    def _registration(self) -> Registration:
        found = self._emulator.account.registrations.get(self.id)
        if found is None:
            raise Closed(f"subscription {self.id} is gone: the emulator was reset; subscribe again")
        return found

    @property
    def url(self) -> str:
        return self._registration.url

    @property
    def feed(self) -> str:
        return self._registration.feed

    @property
    def kinds(self) -> frozenset[str] | None:
        """The kinds it wants; None: all."""
        return self._registration.kinds

    @property
    def state(self) -> str:
        """`inactive` (verification failed), `active`, `paused`, `replaced` or `cancelled`."""
        return self._registration.state

    def pause(self) -> None:
        """Suspends sending. What waits is kept; what happens meanwhile is not recorded for it."""
        self._move("active", "paused")

    def resume(self) -> None:
        """Ends a pause; what waits is sent when the clock turns."""
        self._move("paused", "active")

    def cancel(self) -> None:
        """Ends the subscription; what waits is never sent."""
        self._move(self.state, "cancelled")

    def _move(self, expected: str, state: str) -> None:
        world = self._emulator.world
        with world.lock:
            if self.state != expected or self.state in ("cancelled", "replaced"):
                raise InvalidValue(f"subscription {self.id} is {self.state}; it cannot become {state}")
            registration = replace(self._registration, state=state)
            world.commit(Changed(world.now(), self._emulator.name, registration))
        world.wake()

    def __repr__(self) -> str:
        if self.id not in self._emulator.account.registrations:
            return f"<Subscription {self.id}, gone>"
        return f"<Subscription {self.id} {self.feed} -> {self.url}, {self.state}>"
