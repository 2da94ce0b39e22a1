"""What verbs hand out: a subscription to pause or cancel, an injection to take back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from emulators.engine.journal import Changed
from emulators.engine.lane import Registration
from emulators.errors import InvalidValue

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator


class Subscription:
    """A receiver that was registered."""

    def __init__(self, emulator: Emulator, number: int) -> None:
        self._emulator = emulator
        self.id = number

    @property
    def _registration(self) -> Registration:
        return self._emulator.account.registrations[self.id]

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
        return f"<Subscription {self.id} {self.feed} -> {self.url}, {self.state}>"


class Injection:
    """Faults that were injected; leaving the `with` block takes them back."""

    def __init__(self, emulator: Emulator, ids: tuple[int, ...]) -> None:
        self._emulator = emulator
        self.ids = ids

    def __enter__(self) -> Injection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._emulator.clear_faults(self.ids)
