"""Turns the clock: walks from due time to due time and really sends. The running clock turns the same crank."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from emulators.engine.clock import LATEST, Duration, Instant, RunningClock, duration, moment, span
from emulators.engine.courier import Courier
from emulators.engine.departing import Departure
from emulators.engine.ending import end
from emulators.engine.faulting import Drop
from emulators.engine.message import Answer
from emulators.engine.policy import Policy
from emulators.engine.world import World
from emulators.errors import ClockBusy, InvalidValue, Runaway, StillOwed


class Crank:
    """One per world, on the loop that the world lives on."""

    most_per_instant = 10_000
    side_by_side = 64
    patience = 5.0
    """Real seconds that a receiver may take, unless its subscription or the clock says otherwise."""
    broken_off = Answer(None, "the attempt was broken off on our side")
    """Cancelled, or an error of ours: whatever it is, nothing may stay on its way for ever in this process."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self._world = world
        self.loop = loop
        self._courier = Courier(world.egress, keep_alive=not world.clock.running)
        self._busy = False
        self._wake = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._pump: asyncio.Task[None] | None = None
        self._places = asyncio.Semaphore(self.side_by_side)
        self._lines: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def claimed(self) -> AsyncIterator[None]:
        """Holds the crank; a second hand on it is refused."""
        if self._busy:
            raise ClockBusy("the clock is being turned already; await that call before the next one")
        self._busy = True
        try:
            # On a running clock attempts may be on their way: what follows must not overtake them.
            while self._flying:
                await asyncio.wait(self._flying)
            yield
        finally:
            self._busy = False
            self._wake.set()

    async def turn_by(self, micros: int) -> None:
        """Lets `micros` microseconds pass, and everything in them happen."""
        async with self.claimed():
            until = self._world.now() + micros
            await self.walk(until)
            self._world.turn(until)

    def ahead(self, by: Duration) -> int:
        """A duration in microseconds that the clock can still go."""
        micros = duration(by)
        if self._world.now() + micros > LATEST:
            raise InvalidValue(f"duration: the clock ends with the year 9999, got {by!r}")
        return micros

    async def drain(self, micros: int) -> None:
        """Lets everything happen that is due within `micros` microseconds; `StillOwed` if that is not all."""
        async with self.claimed():
            await self.walk(self._world.now() + micros)
        owed = self._world.owed()
        if owed:
            name, lane, shipment = owed[0]
            raise StillOwed(
                f"after {span(micros)} of emulator time {len(owed)} request(s) are still owed; the first: "
                f"{name} -> {lane.registration.url}, {max(1, len(shipment.events))} event(s), "
                f"{shipment.attempts} attempt(s) made, next at {moment(shipment.due).isoformat()}. "
                "timeline() shows why; does the receiver answer as the vendor wants?"
            )

    async def walk(self, until: Instant) -> None:
        """Lets everything happen that is due up to `until`; the clock stays at the last of it.

        The caller holds the crank.
        """
        while (due := self._world.next_due()) is not None and due <= max(until, self._world.now()):
            self._world.turn(due)
            await self._instant()

    async def _instant(self) -> None:
        """Everything that is due now, and what follows from it without any time passing."""
        # What already waits may be any number; only what one instant itself causes can be endless.
        left = self.most_per_instant + self._world.waiting()
        try:
            while True:
                reacted = self._world.react()
                departures = self._world.depart()
                if not reacted and not departures:
                    return
                left -= reacted + len(departures)
                if left < 0:
                    self._conclude(departures, {})
                    raise Runaway(
                        f"more than {self.most_per_instant} deliveries and reactions at one instant "
                        f"({moment(self._world.now()).isoformat()}): does each delivery cause another one?"
                    )
                await self._post(departures)
        finally:
            await self._courier.rest()

    async def _intended(self) -> None:
        """Waits until what departs is on record for good: after a crash it must be known that it may have left."""
        if self._world.stored:
            await self._world.stored()

    async def _post(self, departures: list[Departure]) -> None:
        """Posts side by side, concludes in the order taken: the journal does not depend on who answers first."""
        lines: dict[tuple[str, int], list[Departure]] = {}
        for departure in departures:
            lines.setdefault((departure.emulator, departure.registration.id), []).append(departure)
        answers: dict[tuple[str, int], Answer] = {}
        unseen: Answer | None = self.broken_off
        try:
            await self._intended()
            if len(lines) == 1:
                await self._post_line(departures, answers)
            else:
                await asyncio.gather(*(self._post_line(line, answers) for line in lines.values()))
        except asyncio.CancelledError:
            unseen = self._cancelled
            raise
        finally:
            self._conclude(departures, answers, unseen)

    @property
    def _cancelled(self) -> Answer | None:
        """How an attempt ended that was cancelled; None: it goes on. That happens to a world that is kept only when
        its process is told to end, which is no failure of the receiver's and may cost no attempt of the schedule:
        the next process sends it again, as after a kill (`World.resume`)."""
        return None if self._world.stored else self.broken_off

    async def _post_line(self, line: list[Departure], answers: dict[tuple[str, int], Answer]) -> None:
        """The requests of one subscription go out one after another: what a receiver sees first must not be a
        matter of chance. Once it has let one wait for all our patience, the rest go out together."""

        async def post(departure: Departure) -> Answer:
            async with self._places:
                answer = answers[departure.emulator, departure.shipment] = await self._send(departure)
            return answer

        for number, departure in enumerate(line, 1):
            if (await post(departure)).late:
                await asyncio.gather(*(post(later) for later in line[number:]))
                return

    def _conclude(
        self,
        departures: list[Departure],
        answers: dict[tuple[str, int], Answer],
        unseen: Answer | None = broken_off,
    ) -> None:
        for departure in departures:
            if answer := answers.get((departure.emulator, departure.shipment), unseen):
                self._world.conclude(departure, answer)

    async def _send(self, departure: Departure) -> Answer:
        if isinstance(departure.fault, Drop):
            return Answer(None)
        return await self._courier.send(departure.request(self.patience_for(departure.registration.policy)))

    def patience_for(self, policy: Policy) -> float:
        """Real seconds to wait. Where vendor's and real time are the same it is the vendor's own time-out."""
        clock = self._world.clock
        if policy.patience is not None:
            return policy.patience
        return policy.timeout if isinstance(clock, RunningClock) and clock.speed == 1 else self.patience

    # -- the running clock

    def start(self) -> None:
        """Lets a running clock turn the crank from now on; a virtual one waits for a hand."""
        if isinstance(self._world.clock, RunningClock):
            self._pump = asyncio.create_task(self._run(self._world.clock), name="the running clock")
            self._pump.add_done_callback(self._told)

    async def _run(self, clock: RunningClock) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self._world.wake = wake
        while True:
            self._wake.clear()
            if not self._busy:
                self._world.react()
                for departure in self._world.depart():
                    task = asyncio.create_task(self._fly(departure), name="a delivery")
                    self._flying.add(task)
                    task.add_done_callback(self._landed)
            due = None if self._busy else self._world.next_due()
            try:
                # Not `wait_for`: before Python 3.12 it forgets a cancellation that comes together with what it waits for.
                async with asyncio.timeout(None if due is None else clock.seconds_until(due)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _fly(self, departure: Departure) -> None:
        answer: Answer | None = self.broken_off
        line = self._lines[departure.emulator, departure.registration.id]
        try:
            async with line, self._places:
                # It waited for its turn, and delays count from when it really starts.
                departure = replace(departure, started=self._world.now())
                await self._intended()
                answer = await self._send(departure)
        except asyncio.CancelledError:
            answer = self._cancelled
            raise
        finally:
            if answer:
                self._world.conclude(departure, answer)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._wake.set()
        self._told(task)

    def _told(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._world.complain(f"{task.get_name()} broke inside the emulator: {error!r}")

    async def close(self) -> None:
        """Stops by itself turning, and lets go of every connection."""
        self._world.wake = lambda: None
        # The clock first, or it would let more depart.
        await end([self._pump] if self._pump else [])
        await end(self._flying)
        await self._courier.rest()
