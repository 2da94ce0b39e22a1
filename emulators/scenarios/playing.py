"""Plays a scenario with the real engine, on the running loop: one world, one virtual clock, the verbs of `Emulator`."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime

from emulators.engine.clock import instant, moment
from emulators.engine.emulator import Emulator
from emulators.engine.timeline import elapsed, tell
from emulators.engine.world import World
from emulators.errors import (
    EgressRefused,
    EmulatorError,
    InvalidValue,
    NobodyListens,
    Runaway,
    StillOwed,
    TargetUnusable,
    UnknownName,
    VerificationFailed,
)
from emulators.hosting import in_loop, make_world, setting_of
from emulators.scenarios.acting import Actor
from emulators.scenarios.references import References
from emulators.scenarios.results import Ending, Outcome, Result, not_tried
from emulators.scenarios.story import Scenario, Step

Told = Callable[[Result], None]
ENDINGS: Mapping[type[EmulatorError], Ending] = {
    VerificationFailed: Ending.REFUSED,
    UnknownName: Ending.WRONG,
    InvalidValue: Ending.WRONG,
    EgressRefused: Ending.WRONG,
    NobodyListens: Ending.FAILED,
    StillOwed: Ending.FAILED,
    Runaway: Ending.FAILED,
}
"""What a verb's refusal means; every other one is ours."""
START = Step(0, "start", "")


async def play(outcome: Outcome, references: References, allow: Iterable[str], told: Told) -> None:
    """Plays a scenario; what comes of each step goes into `outcome` and to `told` as soon as it is known.

    An expectation that fails stops nothing, a verb that fails ends the scenario. Never raises for anything that a
    vendor, a receiver or the file does; when it is cancelled, what is known stays.
    """
    began = time.monotonic()
    player = Player(outcome, references, told)
    why = "interrupted"
    try:
        why = await player.play(list(allow))
    finally:
        outcome.seconds = time.monotonic() - began
        player.skip_rest(why)


class Player:
    """One scenario while it is played."""

    def __init__(self, outcome: Outcome, references: References, told: Told) -> None:
        self._outcome = outcome
        self._scenario = outcome.scenario
        self._references = references
        self._told = told
        self._start = instant(self._scenario.start)
        self._emulators: dict[str, Emulator] = {}
        self._actor = Actor(self._emulators, references, self._start)

    async def play(self, allow: list[str]) -> str:
        """Plays all steps; returns why the rest was not tried, if there is one."""
        setting = {"seed": self._scenario.seed, "start": self._scenario.start, "allow": allow}
        world = make_world(setting_of("", setting))
        async with AsyncExitStack() as stack:
            try:
                return await self._enter(world, stack) or await self._steps()
            finally:
                self._look_back(world)

    async def _enter(self, world: World, stack: AsyncExitStack) -> str:
        """Lets the vendors begin; returns who could not."""
        for name, part in self._scenario.cast.items():
            opened = in_loop(part.spec, world=world, **part.setting)
            try:
                emulator = await stack.enter_async_context(opened)
            except TargetUnusable as error:
                self._note(START, f"{name} starts", Ending.REFUSED, str(error))
                return f"{name} could not start"
            self._emulators[name] = emulator
            self._outcome.emulators[name] = {"url": emulator.url, "revision": emulator.revision}
            if self._scenario.tolerate:
                emulator.tolerate()
        return ""

    async def _steps(self) -> str:
        for step in self._scenario.steps:
            if not await self._step(step):
                return f"step {step.number} failed"
        return ""

    def _look_back(self, world: World) -> None:
        """Keeps the story, and complains of what would fail a test under pytest, too."""
        only = next(iter(self._scenario.cast)) if len(self._scenario.cast) == 1 else None
        self._outcome.timeline = self._references.hide(tell(world.journal.entries, only))
        if world.complaints and not world.tolerant:
            told = [*dict.fromkeys(world.complaints), "(if that is meant: tolerate = true)"]
            end = Step(len(self._scenario.steps) + 1, "end", "")
            self._note(end, "nothing happens that must not go unseen", Ending.FAILED, "\n".join(told))

    def skip_rest(self, why: str) -> None:
        """Notes the steps that were not tried."""
        tried = {result.number for result in self._outcome.results}
        for step in self._scenario.steps:
            if step.number not in tried:
                last = self._outcome.results[-1] if self._outcome.results else None
                hide = self._references.hide
                result = not_tried(step, why, last, hide(str(step)), hide(step.title), self._scenario.start)
                self._outcome.results.append(result)

    async def _step(self, step: Step) -> bool:
        """Plays one step; whether the story can go on."""
        began, goes_on, message = time.monotonic(), True, ""
        try:
            message = await self._actor.act(step)
            ending = Ending.FAILED if message else Ending.HELD
            if wanted := step.args.get("error"):
                ending, message = Ending.FAILED, f"expected {wanted}, but nothing was wrong"
        except EmulatorError as error:
            ending, message = self._judge(error), str(error)
            wanted = step.args.get("error", "")
            goes_on = bool(wanted)
            if wanted == type(error).__name__:
                ending, message = Ending.HELD, ""
            elif wanted:
                ending, message = Ending.FAILED, f"expected {wanted}, got {type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001 - told, not swallowed
            ending, message, goes_on = Ending.BROKEN, f"please report it:\n{traceback.format_exc()}", False
        self._note(step, str(step), ending, message, time.monotonic() - began)
        return goes_on

    @staticmethod
    def _judge(error: EmulatorError) -> Ending:
        return next((end for kind, end in ENDINGS.items() if isinstance(error, kind)), Ending.BROKEN)

    def _note(self, step: Step, text: str, ending: Ending, message: str, seconds: float = 0.0) -> None:
        """Takes down how a step ended. Everything that is told goes through here, and loses its secrets."""
        hide, now = self._references.hide, self._now()
        since = elapsed(now - self._start)
        result = Result(
            step.number,
            step.verb,
            hide(text),
            since,
            moment(now),
            ending,
            hide(message),
            seconds,
            hide(step.title),
        )
        self._outcome.results.append(result)
        self._told(result)

    def _now(self) -> int:
        first = next(iter(self._emulators.values()), None)
        return first.world.now() if first else self._start


def opened(scenario: Scenario, references: References, now: datetime) -> Outcome:
    """An outcome of which nothing is known yet."""
    return Outcome(scenario, now, references.hide(scenario.title))


def untried(scenario: Scenario, references: References, now: datetime, why: str) -> Outcome:
    """The outcome of a scenario that nobody began."""
    outcome = opened(scenario, references, now)
    Player(outcome, references, lambda result: None).skip_rest(why)
    return outcome
