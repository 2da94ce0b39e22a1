"""The verbs that make things go wrong."""

from __future__ import annotations

from dataclasses import replace

from emulators.engine.call_faults import VendorError
from emulators.engine.faulting import CallFault, DeliveryFault, Fault
from emulators.engine.journal import Departed, Exchange, FaultArmed, FaultsCleared
from emulators.engine.profile import Profile
from emulators.engine.provider import Provider
from emulators.engine.strictness import ANY, ASSUMED
from emulators.engine.world import World
from emulators.engine.writer import Writer
from emulators.errors import InvalidValue, unknown


class Injecting:
    """Faults of an emulator."""

    name: str
    world: World
    writer: Writer
    provider: Provider
    profile: Profile
    strictness: str

    def inject(self, *faults: Fault) -> Injection:
        """Lets faults of `emulators.faults` happen; in a `with` statement, until its end."""
        with self.world.lock:
            numbers = []
            for fault in faults:
                fault = self._named(checked(fault))
                number = self.world.state.faults + 1
                self.world.commit(FaultArmed(self.world.now(), self.name, number, fault))
                numbers.append(number)
        return Injection(self, tuple(numbers))

    def _named(self, fault: Fault) -> Fault:
        """The fault, with what it names checked."""
        if isinstance(fault, DeliveryFault) and fault.kind is not None:
            return replace(fault, kind=self.writer.resolve(fault.kind)[1].name)
        routes = [route.name for route in self.provider.routes]
        if isinstance(fault, CallFault) and fault.route not in (None, *routes):
            raise unknown(f"route of {self.provider.name}", str(fault.route), routes)
        if isinstance(fault, VendorError) and fault.name not in self.provider.errors:
            raise unknown(f"error of {self.provider.name}", str(fault.name), self.provider.errors)
        if isinstance(fault, VendorError) and self.strictness != ANY:
            known = self.profile.errors.get(fault.name)
            if known is not None and known.basis == ASSUMED:
                raise InvalidValue(
                    f"the error {fault.name!r} is assumed, and strictness is 'documented': {known.note}"
                )
        return fault

    def clear_faults(self, ids: tuple[int, ...] | None = None) -> None:
        """Takes faults back, all of them unless `ids` are named."""
        self.world.commit(FaultsCleared(self.world.now(), self.name, ids))


def checked(fault: object) -> Fault:
    """A fault, or a refusal of anything else, such as its name."""
    if not isinstance(fault, Fault):
        raise InvalidValue(f"inject: expected faults such as LostAck(), got {fault!r}")
    return fault


class Injection:
    """Faults that were injected; leaving the `with` block takes them back."""

    def __init__(self, emulator: Injecting, ids: tuple[int, ...]) -> None:
        self._emulator = emulator
        self.ids = ids

    @property
    def struck(self) -> int:
        """How many attempts and calls these faults have hit so far: 0 says that a test tested nothing."""
        journal, name = self._emulator.world.journal, self._emulator.name
        hit = [entry.fault_id for entry in journal.of(Departed, name)]
        hit += [entry.fault_id for entry in journal.of(Exchange, name)]
        return sum(number in self.ids for number in hit)

    def __enter__(self) -> Injection:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._emulator.clear_faults(self.ids)
