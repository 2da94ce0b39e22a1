"""The verbs that make things go wrong."""

from __future__ import annotations

from dataclasses import replace

from emulators.engine.faulting import Fault
from emulators.engine.journal import Departed, FaultArmed, FaultsCleared
from emulators.engine.world import World
from emulators.engine.writer import Writer
from emulators.errors import InvalidValue


class Injecting:
    """Faults of an emulator."""

    name: str
    world: World
    writer: Writer

    def inject(self, *faults: Fault) -> Injection:
        """Lets faults of `emulators.faults` happen; in a `with` statement, until its end."""
        with self.world.lock:
            numbers = []
            for fault in faults:
                if not isinstance(fault, Fault):
                    raise InvalidValue(f"inject: expected faults such as LostAck(), got {fault!r}")
                if fault.kind is not None:
                    fault = replace(fault, kind=self.writer.resolve(fault.kind)[1].name)
                number = self.world.state.accounts[self.name].ordinals.get("fault", 0) + 1
                self.world.commit(FaultArmed(self.world.now(), self.name, number, fault))
                numbers.append(number)
        return Injection(self, tuple(numbers))

    def clear_faults(self, ids: tuple[int, ...] | None = None) -> None:
        """Takes faults back, all of them unless `ids` are named."""
        self.world.commit(FaultsCleared(self.world.now(), self.name, ids))


class Injection:
    """Faults that were injected; leaving the `with` block takes them back."""

    def __init__(self, emulator: Injecting, ids: tuple[int, ...]) -> None:
        self._emulator = emulator
        self.ids = ids

    @property
    def struck(self) -> int:
        """How many attempts these faults have hit so far: 0 says that a test tested nothing."""
        departed = self._emulator.world.journal.of(Departed, self._emulator.name)
        return sum(entry.fault_id in self.ids for entry in departed)

    def __enter__(self) -> Injection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._emulator.clear_faults(self.ids)
