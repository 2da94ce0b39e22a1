"""The law of good receivers: whatever goes wrong on the way, they end in the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from textwrap import indent
from typing import Any, Protocol

from emulators.strategies.plans import DeliveryPlan

DIFFERENCES = 10


class Receiver(Protocol):
    """An app under test that can say what it has stored."""

    @property
    def url(self) -> str: ...
    def state(self) -> Any: ...


@dataclass(frozen=True)
class App:
    """A receiver that is already running: its URL, how it forgets everything, and what it has stored (anything that
    can be compared by `==`)."""

    url: str
    reset: Callable[[], object]
    state: Callable[[], Any]


class Emulates(Protocol):
    """The fixture `emulate`, or the module `emulators`."""

    def in_thread(self, spec: str, **setting: Any) -> AbstractContextManager[Any]: ...


def assert_same_outcome(
    emulate: Emulates,
    plan: DeliveryPlan,
    receiver: App | Callable[[], AbstractContextManager[Receiver]],
    *,
    subscription: Mapping[str, Any] | None = None,
    **setting: Any,
) -> None:
    """The receiver's final state after `plan` equals its state after the same events with nothing gone wrong.

    `emulate` is the fixture (or the module `emulators`). `receiver` is an `App(url, reset, state)` that is running, or
    a callable that starts a new one in a `with` statement and gives an object with `.url` and `.state()`.
    `subscription` goes to `subscribe` (`auth=`, `headers=`, ...), `setting` to `emulators.in_thread` (`options=`, ...).
    Raises `AssertionError` with the difference, the story in numbered steps and a test to paste; also if the
    receiver refuses events until the vendor gives up.
    """
    __tracebackhide__ = True

    def outcome(plan: DeliveryPlan) -> tuple[Any, str]:
        with _fresh(receiver) as app, emulate.in_thread(plan.provider, **setting) as emulator:
            plan.run(emulator, app.url, **(subscription or {}))
            lost = [d for d in emulator.deliveries(outcome="abandoned") if d.fault is None]
            if lost:
                # Two runs in which nothing is taken would be the same as well.
                raise AssertionError(_refused(plan, lost[0], emulator.timeline()))
            return app.state(), emulator.timeline()

    clean, _ = outcome(plan.clean())
    faulty, timeline = outcome(plan)
    if clean != faulty:
        raise AssertionError(_told(plan, clean, faulty, timeline))


@contextmanager
def _fresh(receiver: Any) -> Iterator[Receiver]:
    if isinstance(receiver, App):
        receiver.reset()
        yield receiver
    else:
        with receiver() as app:
            yield app


def _refused(plan: DeliveryPlan, lost: Any, timeline: str) -> str:
    first = f"the receiver lets the vendor give up, and loses {len(lost.events)} event(s): {lost.reason}"
    return "\n".join((first, *_story(plan, timeline)))


def _told(plan: DeliveryPlan, clean: Any, faulty: Any, timeline: str) -> str:
    differences = list(_differing("state", clean, faulty))
    shown = [f"  {line}" for line in differences[:DIFFERENCES]]
    if len(differences) > DIFFERENCES:
        shown.append(f"  ... and {len(differences) - DIFFERENCES} more")
    return "\n".join(
        (
            "the receiver does not end in the same state as when nothing goes wrong:",
            *shown,
            *_story(plan, timeline),
        )
    )


def _story(plan: DeliveryPlan, timeline: str) -> tuple[str, ...]:
    return (
        "",
        "What happened:",
        indent(str(plan), "  "),
        "",
        "What was delivered:",
        indent(timeline, "  "),
        "",
        "A test to paste:",
        "",
        indent(as_test(plan), "  "),
    )


def as_test(plan: DeliveryPlan) -> str:
    """A test that plays this plan, as Python to paste; `app` is the receiver as a fixture of yours."""
    faults = sorted({type(fault).__name__ for fault in plan.faults})
    steps = sorted({type(step).__name__ for step in plan.steps})
    names = ", ".join([*steps, "DeliveryPlan", "assert_same_outcome"])
    imports = [f"from emulators.faults import {', '.join(faults)}"] if faults else []
    imports.append(f"from emulators.strategies import {names}")
    body = indent(f"plan = {plan!r}\nassert_same_outcome(emulate, plan, app)", "    ")
    return "\n".join([*imports, "", "", "def test_the_same_outcome(emulate, app):", body])


def _differing(where: str, clean: Any, faulty: Any) -> Iterator[str]:
    if isinstance(clean, dict) and isinstance(faulty, dict):
        for key in dict.fromkeys((*clean, *faulty)):
            place = f"{where}[{key!r}]"
            if key not in clean:
                yield f"{place}: nothing, but {faulty[key]!r} after the plan"
            elif key not in faulty:
                yield f"{place}: {clean[key]!r}, but nothing after the plan"
            else:
                yield from _differing(place, clean[key], faulty[key])
    elif isinstance(clean, list) and isinstance(faulty, list) and len(clean) == len(faulty):
        for index, pair in enumerate(zip(clean, faulty, strict=True)):
            yield from _differing(f"{where}[{index}]", *pair)
    elif clean != faulty:
        yield f"{where}: {clean!r}, but {faulty!r} after the plan"
