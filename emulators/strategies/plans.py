"""A delivery plan: what happens at the vendor, when, and what goes wrong on the way; a value that can be run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pprint import pformat
from textwrap import indent
from typing import Any, Protocol

from emulators.engine.clock import SECOND, span
from emulators.engine.faulting import Fault
from emulators.engine.provider import Payload
from emulators.errors import InvalidValue, unknown

# Longer than any vendor's retries take for the few requests of a plan.
PATIENCE = "7d"


class Running(Protocol):
    """What a plan wants of an emulator."""

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def profile(self) -> Any: ...
    def subscribe(self, url: str, *, feed: str, **policy: Any) -> Any: ...
    def emit(self, kind: str, fields: Any, /) -> Any: ...
    def advance(self, by: float) -> None: ...
    def inject(self, *faults: Fault) -> Any: ...
    def drain(self, within: str) -> None: ...


@dataclass(frozen=True)
class Emit:
    """An event of a kind happens; all of its fields are in `payload`. An empty one is up to the emulator's seed."""

    kind: str
    payload: Payload

    def run(self, emulator: Running, feed: str) -> None:
        """Lets it happen."""
        known = emulator.profile.feeds[feed].kinds
        if self.kind not in known:
            raise unknown(f"kind of {emulator.name}'s feed {feed}", self.kind, known)
        emulator.emit(f"{feed}.{self.kind}", given(self.payload, known[self.kind].fields))

    def __str__(self) -> str:
        return f"{self.kind} happens: {self.payload or 'as the seed says'}"


@dataclass(frozen=True)
class Advance:
    """Time passes, in seconds, and all that is due in it is delivered."""

    seconds: float

    def run(self, emulator: Running, feed: str) -> None:
        """Turns the clock."""
        emulator.advance(self.seconds)

    def __str__(self) -> str:
        return f"{span(round(self.seconds * SECOND))} pass"


@dataclass(frozen=True)
class Inject:
    """Something will go wrong with the next request that it can happen to."""

    fault: Fault

    def run(self, emulator: Running, feed: str) -> None:
        """Injects the fault."""
        emulator.inject(self.fault)

    def __str__(self) -> str:
        means = (type(self.fault).__doc__ or "").split("\n")[0].rstrip(".")
        return f"{self.fault} is due: {means[:1].lower()}{means[1:]}"

    def __repr__(self) -> str:
        return f"Inject({self.fault})"


Step = Emit | Advance | Inject


@dataclass(frozen=True, repr=False)
class DeliveryPlan:
    """Events of one feed, the time between them, faults, and how many events travel together at most (None: as many
    as the vendor's documents say).

    Every plan is lawful: a receiver that keeps what it acknowledges, and counts nothing twice, ends in the same state
    as if nothing had gone wrong.
    """

    provider: str
    feed: str
    steps: tuple[Step, ...]
    batch_size: int | None = None

    def run(self, emulator: Running, url: str, **subscription: Any) -> None:
        """Plays the plan on a fresh emulator against the receiver at `url`, until nothing is owed any more.

        `subscription` goes to `subscribe` as it is (`auth=`, `headers=`, `template=`, ...).
        Raises `VerificationFailed`, `StillOwed` and the like if the receiver does not do its part.
        """
        if self.provider not in (emulator.name, f"{emulator.name}@{emulator.revision}"):
            raise InvalidValue(
                f"emulator: expected a fresh {self.provider}, got {emulator.name}@{emulator.revision}"
            )
        size = {} if self.batch_size is None else {"batch_size": self.batch_size}
        emulator.subscribe(url, feed=self.feed, **{**subscription, **size})
        for step in self.steps:
            step.run(emulator, self.feed)
        emulator.drain(PATIENCE)

    def clean(self) -> DeliveryPlan:
        """The same events at the same times; nothing goes wrong and batches are the vendor's own."""
        kept = tuple(step for step in self.steps if not isinstance(step, Inject))
        return replace(self, steps=kept, batch_size=None)

    @property
    def events(self) -> tuple[Payload, ...]:
        """The payloads in the order in which they happen."""
        return tuple(step.payload for step in self.steps if isinstance(step, Emit))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What goes wrong."""
        return tuple(step.fault for step in self.steps if isinstance(step, Inject))

    def __str__(self) -> str:
        return "\n".join(f"{number}. {line}" for number, line in enumerate(self._story(), 1))

    def _story(self) -> Iterator[str]:
        size = "" if self.batch_size is None else f", at most {self.batch_size} event(s) a request"
        yield f"the receiver subscribes to {self.provider}, feed {self.feed}{size}"
        yield from map(str, self.steps)
        yield "time passes until nothing is owed any more"

    def __repr__(self) -> str:
        """Python that makes the same plan."""
        steps = "".join(indent(f"{_code(step)},\n", " " * 8) for step in self.steps)
        size = "" if self.batch_size is None else f"    batch_size={self.batch_size},\n"
        return (
            f"DeliveryPlan(\n    {self.provider!r},\n    {self.feed!r},\n    steps=(\n{steps}    ),\n{size})"
        )


def given(payload: Payload, fields: tuple[str, ...]) -> Payload:
    """What to hand to `emit` so that this payload comes out: a field is left out where None is given."""
    if not payload:
        return {}
    absent = {name: None for name in fields if name not in payload}
    # A null of the vendor's own cannot be given; his builder writes it.
    return absent | {name: value for name, value in payload.items() if value is not None}


def _code(step: Step) -> str:
    if isinstance(step, Emit) and step.payload:
        return f"Emit(\n    {step.kind!r},\n{indent(pformat(step.payload, sort_dicts=False, width=100), '    ')},\n)"
    return repr(step)
