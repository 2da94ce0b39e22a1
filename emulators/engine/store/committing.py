"""One thread that writes what others hand it, many at a time, and tells them when it is written."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Generic, NamedTuple, TypeVar

from emulators.errors import StateRefused

Job = TypeVar("Job")


class Waiter(NamedTuple):
    """Somebody on a loop who waits until so many jobs are written."""

    awaited: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[bool]


class Committer(Generic[Job]):
    """Takes jobs from any thread and hands them in order, in groups, to `write`, on a thread of its own.

    The first exception of `write` ends it: from then on everything is refused with the words of `explain`.
    """

    group = 200
    """So many jobs are written at once ..."""
    linger = 0.005
    """... or what came within so many seconds, or what there is as soon as somebody waits for it."""
    room = 16 << 20
    """Bytes that may wait; who brings more has to wait until the disk has taken some."""

    def __init__(self, write: Callable[[Sequence[Job]], None], explain: Callable[[Exception], str]) -> None:
        self._write = write
        self._explain = explain
        self._queue: deque[tuple[Job, int]] = deque()
        self._bytes = 0
        self._put = 0
        self._done = 0
        self._waiters: deque[Waiter] = deque()
        self._urgent = False
        self._closed = ""
        self._failure = ""
        self._told: Callable[[StateRefused], None] | None = None
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._progress = threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name="the writer of the state", daemon=True)
        self._thread.start()

    # -- from any thread

    def put(self, job: Job, size: int) -> None:
        """Queues a job of `size` bytes. Blocks only while more than `room` waits already."""
        with self._work:
            while self._bytes and self._bytes + size > self.room and not self._failure:
                self._hurry()
                # With an end, so that an interrupt from the keyboard gets through on every system.
                self._progress.wait(1)
            self._check()
            if self._closed:
                raise StateRefused(self._closed)
            self._queue.append((job, size))
            self._bytes += size
            self._put += 1
            if len(self._queue) in (1, self.group):
                self._work.notify()

    async def done(self) -> None:
        """Everything that was put before is written. Raises `StateRefused` if it could not be."""
        with self._work:
            if self._done == self._put and not self._failure:
                return
            self._check()
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            self._waiters.append(Waiter(self._put, loop, future))
            self._hurry()
        if not await future:
            raise StateRefused(self._failure)

    def wait_done(self) -> None:
        """The same for a thread."""
        with self._work:
            awaited = self._put
            self._hurry()
            while self._done < awaited and not self._failure:
                self._progress.wait(1)
            if self._done < awaited:
                raise StateRefused(self._failure)
            self._check()

    def close(self, words: str) -> None:
        """Writes what is left and ends; whoever comes later is refused with these words."""
        with self._work:
            self._closed = words
            self._hurry()
        self._thread.join()

    def tell(self, told: Callable[[StateRefused], None]) -> None:
        """Lets somebody know when something could not be written, be it that nobody waits for it. `told` is called
        once at most, on the thread that writes; here and now if it has happened already."""
        with self._work:
            self._told = told
            failed = self._failure
        if failed:
            told(StateRefused(failed))

    @property
    def behind(self) -> bool:
        """Whether something waits to be written."""
        return self._done < self._put

    def check(self) -> None:
        """Raises `StateRefused` if something could not be written."""
        with self._work:
            self._check()

    def _check(self) -> None:
        if self._failure:
            raise StateRefused(self._failure)

    def _hurry(self) -> None:
        self._urgent = True
        self._work.notify()

    # -- on the thread

    def _run(self) -> None:
        while jobs := self._next():
            try:
                self._write(jobs)
            except Exception as error:  # noqa: BLE001 - whatever it is, memory and disk have parted
                self._fail(self._explain(error))
                return
            self._finish(len(jobs))

    def _next(self) -> list[Job]:
        """What is to be written next; empty: it was the last."""
        with self._work:
            while not self._queue and not self._closed:
                self._work.wait()
            self._work.wait_for(self._pressing, self.linger)
            self._urgent = False
            jobs = [job for job, _ in self._queue]
            self._queue.clear()
            self._bytes = 0
            self._progress.notify_all()
            return jobs

    def _pressing(self) -> bool:
        return self._urgent or bool(self._closed) or len(self._queue) >= self.group

    def _finish(self, count: int) -> None:
        with self._work:
            self._done += count
            ready = list(takewhile(lambda waiter: waiter.awaited <= self._done, self._waiters))
            for _ in ready:
                self._waiters.popleft()
            self._progress.notify_all()
        _tell(ready, True)

    def _fail(self, words: str) -> None:
        with self._work:
            self._failure = words
            ready = list(self._waiters)
            self._waiters.clear()
            self._queue.clear()
            self._progress.notify_all()
            told = self._told
        _tell(ready, False)
        if told:
            told(StateRefused(words))


def _tell(waiters: Sequence[Waiter], good: bool) -> None:
    """Wakes those who wait, each loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[bool]]] = {}
    for _, loop, future in waiters:
        loops.setdefault(loop, []).append(future)
    for loop, futures in loops.items():
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_set, futures, good)


def _set(futures: Sequence[asyncio.Future[bool]], good: bool) -> None:
    for future in futures:
        if not future.done():
            future.set_result(good)
