"""The one thread that writes: who waits for it is told when the last of what he handed in is written, or that it
could not be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

import pytest

from emulators.engine.journal import Turned
from emulators.engine.store import Store, WorldRecord
from emulators.engine.store.committing import Committer
from emulators.engine.store.file import StateFile
from emulators.errors import StateRefused


@pytest.mark.asyncio
async def test_nobody_is_told_before_the_last_of_what_he_handed_in_is_written() -> None:
    begun: SimpleQueue[list[str]] = SimpleQueue()
    go = threading.Semaphore(0)

    def write(jobs: Sequence[str]) -> None:
        begun.put(list(jobs))
        assert go.acquire(timeout=30)

    committer: Committer[str] = Committer(write, str)
    committer.put("first", 1)
    first = asyncio.create_task(committer.done())
    assert await asyncio.to_thread(begun.get, timeout=30) == ["first"]
    committer.put("second", 1)
    second = asyncio.create_task(committer.done())
    await asyncio.sleep(0)
    go.release()
    await first
    assert await asyncio.to_thread(begun.get, timeout=30) == ["second"]
    assert not second.done()
    go.release()
    await second
    committer.close("closed")


def test_a_write_that_failed_is_told_even_if_nobody_waits_for_it(tmp_path: Path) -> None:
    told: SimpleQueue[StateRefused] = SimpleQueue()
    file = StateFile.open(tmp_path / "state.db")
    store = Store(file)
    store.add_world(WorldRecord("main", 0, "virtual", 0, None))
    store.on_failure(told.put)
    file.writer.execute("PRAGMA query_only=ON")
    store.append("main", 1, Turned(1, ""))
    assert "cannot be used" in str(told.get(timeout=30))
    late: list[StateRefused] = []
    store.on_failure(late.append)
    assert "cannot be used" in str(late[0])
    with pytest.raises(StateRefused):
        store.close()
    assert told.empty()


def test_of_a_store_that_was_closed_in_good_order_no_failure_is_told(tmp_path: Path) -> None:
    told: list[StateRefused] = []
    with closing(Store.open(tmp_path / "state.db")) as store:
        store.on_failure(told.append)
        store.add_world(WorldRecord("main", 0, "virtual", 0, None))
        store.append("main", 1, Turned(1, ""))
    assert told == []
