"""The worlds of a process and the file behind them, seen from inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from emulators.commands import worlds as module
from emulators.commands.worlds import MEMORY, Worlds
from emulators.engine.clock import SECOND
from emulators.engine.journal import Turned
from emulators.engine.store import Store
from emulators.engine.world import World
from emulators.errors import EgressRefused


@contextmanager
def opened(path: Path | None) -> Iterator[Worlds]:
    """The worlds of one process; with `path` None nothing is kept."""
    if path is None:
        yield Worlds({}, 3, "virtual", None, (), [8800], None)
        return
    with closing(Store.open(path)) as store:
        yield Worlds({}, 3, "virtual", None, (), [8800], store)


@pytest.fixture(params=["kept", "in memory"])
def some(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Worlds]:
    with opened(tmp_path / "state.db" if request.param == "kept" else None) as worlds:
        yield worlds


def drawn(world: World) -> float:
    return world.draw("hellotext", "event", 1).random()


def test_worlds_of_one_seed_make_values_of_their_own(some: Worlds) -> None:
    first, suite, other = (some.make(name) for name in ("default", "suite", "other"))
    assert first.seed == suite.seed == other.seed == 3
    assert len({drawn(first), drawn(suite), drawn(other)}) == 3


def test_nothing_is_delivered_to_the_control_port(some: Worlds) -> None:
    for name in ("default", "suite"):
        with pytest.raises(EgressRefused, match="the control port"):
            some.make(name).egress.check_url("http://127.0.0.1:8800/")


def test_a_vendor_remembers_so_many_events(some: Worlds) -> None:
    assert some.make("default").state.memory == MEMORY


def test_the_whole_state_is_written_down_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT", 10)
    path = tmp_path / "state.db"
    with opened(path) as worlds:
        world = worlds.make("default")
        begun = world.now()
        for _ in range(27):
            world.turn(world.now() + SECOND)
    with closing(sqlite3.connect(path)) as outside:
        [(number, data)] = outside.execute("SELECT number, data FROM checkpoints").fetchall()
    assert number == 20
    assert str(begun + 20 * SECOND) in data
    with opened(path) as worlds:
        world = worlds.make("default")
        assert (world.now(), world.journal.last) == (begun + 27 * SECOND, 27)
        world.turn(world.now() + SECOND)
        assert world.journal.last == 28


def test_each_world_reads_its_own_journal(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path) as worlds:
        for seconds, name in enumerate(("default", "suite"), 1):
            world = worlds.make(name)
            world.turn(world.now() + seconds * SECOND)
    with opened(path) as worlds:
        for seconds, name in enumerate(worlds.names(), 1):
            world = worlds.make(name)
            assert world.journal.page(0, 9) == [(1, Turned(world.now(), ""))]
            assert world.now() == worlds.make(f"new {name}").now() + seconds * SECOND


def test_a_world_that_was_forgotten_is_not_there_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path) as worlds:
        for name in ("default", "suite", "other"):
            world = worlds.make(name)
            world.turn(world.now() + SECOND)
        worlds.forget("suite")
    with opened(path) as worlds:
        assert worlds.names() == ["default", "other"]
        assert worlds.make("suite").journal.last == 0
        assert worlds.make("other").journal.last == 1
