"""The journal on disk: what was confirmed is there, whatever became of the process; what cannot be is refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import emulators
from emulators.engine.journal import Delivery, Departed, Effects, Entry, Happened, Opened, Restored, Turned
from emulators.engine.provider import Event
from emulators.engine.state import State, fold
from emulators.engine.store import Store, WorldRecord
from emulators.engine.store.committing import Committer
from emulators.engine.store.file import VERSION, StateFile
from emulators.errors import InvalidValue, StateRefused, UnknownName

ROOT = Path(emulators.__file__).parents[1]
TESTS = Path(__file__).parents[2]
RECORD = WorldRecord("main", 2**70, "virtual", 1_767_225_600_000_000, None)
OPENED = Opened(1, "acme", "acme", "2026-01", 0, Effects())


def happened(number: int, size: int = 10) -> Happened:
    event = Event(number, "news", "a", number, b'{"text":"%s"}' % (b"x" * size))
    return Happened(number, "acme", Effects(events=(event,), ordinals={"event": number}))


def append(store: Store, *entries: Entry, world: str = "main") -> None:
    """The next entries of a world."""
    last = store.recover(world).last
    for number, entry in enumerate(entries, last + 1):
        store.append(world, number, entry)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store.open(path)) as store:
        store.add_world(RECORD)
        yield store


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What somebody else sees in the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as outside:
        return outside.execute(query).fetchall()


# -- what was handed in comes back


def test_what_was_handed_in_is_there_when_the_file_is_opened_again(path: Path) -> None:
    second = WorldRecord("suite ☃ 'two'", -5, "wall", 0, 50)
    entries = [OPENED, *map(happened, range(2, 400))]
    with closing(Store.open(path)) as store:
        store.add_world(RECORD)
        store.add_world(second)
        append(store, *entries)
        append(store, OPENED, world=second.name)
    assert {p.name for p in path.parent.iterdir()} == {"state.db", "state.db.lock"}
    with closing(Store.open(path)) as store:
        assert store.worlds() == [RECORD, second]
        recovered = store.recover("main")
        assert recovered.state.snapshot() == fold(entries).snapshot()
        assert (recovered.last, recovered.opened) == (399, {"acme": 1})
        assert store.recover(second.name).state.memory == 50
        assert store.read("main", 0, 1000) == list(enumerate(entries, 1))
        append(store, happened(400))
        assert store.read("main", 399, 1000) == [(400, happened(400))]


def test_a_new_world_has_nothing_behind_it(store: Store) -> None:
    recovered = store.recover("main")
    assert recovered.state.snapshot() == State().snapshot()
    assert (recovered.last, recovered.opened) == (0, {})
    assert store.read("main", 0, 10) == []


def test_entries_are_found_by_number_kind_and_emulator(store: Store) -> None:
    other = Opened(2, "acme-2", "acme", "2026-01", 0, Effects())
    append(store, OPENED, other, happened(3), Turned(4, ""), happened(5), happened(6))
    assert [n for n, _ in store.read("main", 2, 3)] == [3, 4, 5]
    assert [n for n, _ in store.read("main", 0, 9, kinds=("Happened", "Turned"))] == [3, 4, 5, 6]
    assert [n for n, _ in store.read("main", 3, 1, kinds=["Happened"])] == [5]
    assert store.read("main", 0, 9, emulator="acme-2") == [(2, other)]
    assert store.read("main", 0, 9, kinds=("Exchange",)) == []


def test_a_reset_and_a_restored_world_begin_anew(store: Store) -> None:
    second = Opened(2, "acme-2", "acme", "2026-01", 0, Effects())
    kept = fold([OPENED])
    append(store, OPENED, second, OPENED)
    assert store.recover("main").opened == {"acme": 3, "acme-2": 2}
    append(store, Restored(1, "", "before", kept))
    assert store.recover("main").opened == {"acme": 4}
    append(store, second)
    recovered = store.recover("main")
    assert recovered.opened == {"acme": 4, "acme-2": 5}
    assert set(recovered.state.accounts) == {"acme", "acme-2"}


def test_a_batch_that_is_tried_34_times_is_kept_once(store: Store, path: Path) -> None:
    events = tuple(Event(n, "news", "a", n, b'{"text":"%0300d"}' % n) for n in range(1, 1001))
    attempts = [
        Delivery(
            n, "acme", 1, 1, "POST", "http://127.0.0.1:9/", events, n, 500, "rescheduled", n, "", 0, "array"
        )
        for n in range(1, 35)
    ]
    # In one group, and one after another.
    append(store, *attempts[:20])
    for attempt in attempts[20:]:
        append(store, attempt)
    assert [entry for _, entry in store.read("main", 0, 99)] == attempts
    (_, entry) = store.read("main", 0, 1)[0]
    assert isinstance(entry, Delivery)
    assert entry.body == attempts[0].body
    assert rows(path, "SELECT count(*) FROM bodies") == [(1,)]
    store.close()
    assert path.stat().st_size < 2 * len(entry.body)


def test_worlds_share_no_bodies_so_that_one_can_go(store: Store, path: Path) -> None:
    attempt = Delivery(
        1, "acme", 1, 1, "POST", "http://x/", (), 1, 200, "acknowledged", None, "", 0, "array", raw=b"{}"
    )
    store.add_world(WorldRecord("other", 0, "virtual", 0, None))
    for world in ("main", "other"):
        append(store, attempt, world=world)
        store.checkpoint(world, 1, State())
    store.drop_world("main")
    assert [record.name for record in store.worlds()] == ["other"]
    assert store.read("other", 0, 9) == [(1, attempt)]
    for table in ("worlds", "entries", "bodies", "checkpoints"):
        assert rows(path, f"SELECT count(*) FROM {table}") == [(1,)]
    store.add_world(RECORD)
    assert store.recover("main").last == 0


def test_a_checkpoint_stands_for_the_entries_before_it(path: Path) -> None:
    entries = [OPENED, *map(happened, range(2, 12))]
    with closing(Store.open(path)) as store:
        store.add_world(RECORD)
        append(store, *entries)
        store.checkpoint("main", 4, fold(entries[:4]))
        store.checkpoint("main", 8, fold(entries[:8]))
    with closing(sqlite3.connect(path)) as outside, outside:
        assert outside.execute("SELECT number FROM checkpoints").fetchall() == [(8,)]
        outside.execute("DELETE FROM entries WHERE number <= 8 AND kind <> 'Opened'")
    with closing(Store.open(path)) as store:
        recovered = store.recover("main")
        assert recovered.state.snapshot() == fold(entries).snapshot()
        assert (recovered.last, recovered.opened) == (11, {"acme": 1})


def test_a_state_too_large_for_a_row_is_folded_out_of_the_entries(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "largest_checkpoint", 10)
    append(store, OPENED)
    store.checkpoint("main", 1, fold([OPENED]))
    assert set(store.recover("main").state.accounts) == {"acme"}
    assert rows(path, "SELECT count(*) FROM checkpoints") == [(0,)]


def test_people_can_look_into_it(store: Store, path: Path) -> None:
    append(store, OPENED, happened(2))
    store.wait_stored()
    looked = rows(path, "SELECT kind, emulator, json_extract(data, '$.effects.ordinals.event') FROM entries")
    assert looked == [("Opened", "acme", None), ("Happened", "acme", 2)]


def test_nobody_else_may_read_it(store: Store, path: Path) -> None:
    append(store, OPENED)
    store.wait_stored()
    if sys.platform != "win32":
        modes = {p.name: oct(p.stat().st_mode & 0o777) for p in path.parent.iterdir()}
        assert modes == dict.fromkeys(["state.db", "state.db-wal", "state.db-shm", "state.db.lock"], "0o600")


# -- misuse


def test_numbers_have_no_gaps(store: Store) -> None:
    store.append("main", 1, OPENED)
    for number in (1, 3):
        with pytest.raises(InvalidValue, match=f"number: expected 2, got {number}"):
            store.append("main", number, OPENED)
    with pytest.raises(InvalidValue, match="number: expected 0 to 1, got 2"):
        store.checkpoint("main", 2, State())


def test_worlds_are_known_by_one_name(store: Store) -> None:
    with pytest.raises(InvalidValue, match="expected a new name, got 'main'"):
        store.add_world(RECORD)
    with pytest.raises(InvalidValue, match="a name that UTF-8 can carry"):
        store.add_world(WorldRecord("\udc80", 0, "virtual", 0, None))
    calls: list[Callable[[], object]] = [
        lambda: store.append("mian", 1, OPENED),
        lambda: store.read("mian", 0, 1),
        lambda: store.recover("mian"),
        lambda: store.drop_world("mian"),
        lambda: store.checkpoint("mian", 0, State()),
    ]
    for call in calls:
        with pytest.raises(UnknownName, match="unknown world 'mian'; did you mean 'main'"):
            call()


def test_after_it_was_closed_everything_is_refused(path: Path) -> None:
    store = Store.open(path)
    store.add_world(RECORD)
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [
        lambda: store.append("main", 1, OPENED),
        lambda: store.add_world(WorldRecord("other", 0, "virtual", 0, None)),
        lambda: store.read("main", 0, 1),
        lambda: store.recover("main"),
    ]
    for call in calls:
        with pytest.raises(StateRefused, match=r"state\.db: it was closed; open it again"):
            call()


# -- confirmed is confirmed


def test_what_is_confirmed_is_seen_by_everybody(store: Store, path: Path) -> None:
    async def confirm(numbers: Sequence[int]) -> None:
        for number in numbers:
            store.append("main", number, happened(number))
            await store.stored()
            assert rows(path, f"SELECT count(*) FROM entries WHERE number = {number}") == [(1,)]

    asyncio.run(confirm(range(1, 20)))
    store.append("main", 20, happened(20))
    store.wait_stored()
    assert rows(path, "SELECT max(number) FROM entries") == [(20,)]


class Disk:
    """Something to write to that stands still until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.busy, self.free = threading.Event(), threading.Event()

    def write(self, jobs: Sequence[int]) -> None:
        self.groups.append(list(jobs))
        self.busy.set()
        assert self.free.wait(30)


@contextmanager
def committer(disk: Disk) -> Iterator[Committer[int]]:
    made: Committer[int] = Committer(disk.write, str)
    try:
        yield made
    finally:
        disk.free.set()
        made.close("closed")


def test_what_comes_while_the_disk_is_busy_is_written_at_once_and_in_order() -> None:
    disk = Disk()
    with committer(disk) as writing:
        writing.put(0, 1)
        assert disk.busy.wait(30)
        for job in range(1, 150):
            writing.put(job, 1)
        disk.free.set()
        writing.wait_done()
    assert disk.groups == [[0], list(range(1, 150))]


def test_of_many_who_wait_one_gives_up_and_the_others_are_told() -> None:
    disk = Disk()

    async def wait() -> list[BaseException | None]:
        tasks = []
        for job in range(300):
            writing.put(job, 1)
            tasks.append(asyncio.create_task(writing.done()))
        await asyncio.sleep(0)
        tasks[7].cancel()
        disk.free.set()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)

    async def leave() -> None:
        writing.put(300, 1)
        left.append(asyncio.create_task(writing.done()))
        await asyncio.sleep(0)

    left: list[asyncio.Task[None]] = []
    with committer(disk) as writing:
        ended = asyncio.run(wait())
        # A loop that ended while somebody waited on it keeps nobody from writing.
        disk.free.clear()
        asyncio.run(leave())
        disk.free.set()
        writing.wait_done()
    assert left[0].cancelled()
    assert isinstance(ended.pop(7), asyncio.CancelledError)
    assert ended == [None] * 299


def test_what_nobody_waits_for_waits_for_company() -> None:
    disk = Disk()
    disk.free.set()
    with committer(disk) as writing:
        writing.linger = 600
        for job in range(100):
            writing.put(job, 1)
            # The writer gets its turn, and does not take it.
            time.sleep(0)
        writing.wait_done()
    assert disk.groups == [list(range(100))]


def test_who_brings_more_than_the_disk_takes_has_to_wait() -> None:
    disk = Disk()
    with committer(disk) as writing:
        writing.linger = 600
        part = writing.room // 4
        bringing = threading.Thread(target=lambda: [writing.put(job, part) for job in range(50)])
        bringing.start()
        assert disk.busy.wait(30)
        disk.free.set()
        bringing.join(30)
        # One that is larger than all the room there is finds its way too.
        writing.put(50, 9 * writing.room)
        writing.wait_done()
    assert max(map(len, disk.groups)) <= 4
    assert [job for group in disk.groups for job in group] == list(range(51))


def test_a_lone_entry_does_not_wait_for_company_when_somebody_waits_for_it() -> None:
    disk = Disk()
    disk.free.set()
    with committer(disk) as writing:
        # Longer than any test: only who waits can make it go on.
        writing.linger = 600
        writing.put(1, 1)
        writing.wait_done()
        writing.put(2, 1)
        asyncio.run(writing.done())
        for job in range(3, 3 + writing.group):
            writing.put(job, 1)
    assert disk.groups[:2] == [[1], [2]]


# -- refusals


def refusal(path: Path) -> str:
    """Why the file is refused, with its name."""
    with pytest.raises(StateRefused) as refused:
        Store.open(path)
    assert f"state {path}" in str(refused.value)
    return str(refused.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no folder" in refusal(tmp_path / "none" / "state.db")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert "this is a folder; name a file in it" in refusal(tmp_path)


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder of root's, and somebody who is not root."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such permissions")
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.seteuid(65534 if user == 0 else user)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)
            os.chmod(folder, 0o755)


def test_a_folder_that_may_only_be_read() -> None:
    with nobody() as folder:
        if os.stat(folder).st_uid == os.geteuid():
            os.chmod(folder, 0o555)
        assert "in a folder that you may write" in refusal(folder / "state.db")
        assert list(folder.iterdir()) == []


def test_a_file_that_may_only_be_read() -> None:
    with nobody() as folder:
        me = os.geteuid()
        if os.stat(folder).st_uid != me:
            os.seteuid(0)
            os.chmod(folder, 0o777)
        (folder / "state.db").touch(0o444)
        os.seteuid(me)
        assert "use a file that you may write" in refusal(folder / "state.db")


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 4\0" + bytes(200), bytes(5000)])
def test_a_file_that_is_something_else(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "this is no state file" in refusal(path)
    assert path.read_bytes() == content


def test_a_database_of_another_application(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.executescript("PRAGMA journal_mode=WAL; CREATE TABLE theirs (x); PRAGMA user_version=1")
        before = {p.name: p.read_bytes() for p in path.parent.iterdir() if "shm" not in p.name}
        assert "belongs to another application" in refusal(path)
        # Not even tidied up.
        assert {name: path.with_name(name).read_bytes() for name in before} == before


def test_a_damaged_database(store: Store, path: Path) -> None:
    append(store, OPENED, *map(happened, range(2, 500)))
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 5000 + whole[5100:])
    assert "the file is damaged" in refusal(path)


@pytest.mark.parametrize("where", ["the file", "the WAL"])
def test_a_newer_version(path: Path, where: str) -> None:
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version={VERSION + 1}")
        if where == "the file":
            newer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        told = refusal(path)
    assert f"it has version {VERSION + 1}, and this release knows up to {VERSION}" in told


def test_an_empty_file_becomes_a_state_file(path: Path) -> None:
    path.touch()
    Store.open(path).close()
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]


def test_the_same_process_twice_under_any_name(store: Store, path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    for name in (path, link):
        with pytest.raises(StateRefused, match=rf"another process \({os.getpid()}\) has it open"):
            Store.open(name)
    append(store, OPENED)
    store.wait_stored()


@contextmanager
def child(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another Python with the package."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        # What is waited for ends in any case, be it with the process.
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


WRITER = """
import asyncio, sys
from pathlib import Path
from emulators.engine.store import Store, WorldRecord
from tests.engine.test_store import OPENED, RECORD, happened

async def main():
    store = Store.open(Path(sys.argv[1]))
    if not store.worlds():
        store.add_world(RECORD)
    number = store.recover("main").last
    while True:
        for _ in range(int(sys.argv[2])):
            number += 1
            store.append("main", number, happened(number))
        if number % 7 == 0:
            store.checkpoint("main", number, store.recover("main").state)
        await store.stored()
        print(number, flush=True)

asyncio.run(main())
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")


def confirmed(process: subprocess.Popen[str], lines: int) -> int:
    """The number that a writer confirmed last, once it was killed in the middle of what it did next."""
    assert process.stdout
    said = [process.stdout.readline() for _ in range(lines)]
    process.kill()
    said += process.stdout.read().splitlines(keepends=True)
    return int([line for line in said if line.endswith("\n")][-1])


def test_a_second_process_is_told_who_was_first_and_a_killed_one_holds_nothing(path: Path) -> None:
    with child(WRITER, path, 1) as process:
        assert process.stdout
        process.stdout.readline()
        assert f"another process ({process.pid}) has it open" in refusal(path)
        process.kill()
        process.wait()
        Store.open(path).close()


@posix
def test_what_was_confirmed_survives_a_kill_at_any_moment(path: Path) -> None:
    for lines, at_once in ((1, 1), (20, 3), (7, 500), (60, 1), (3, 40)):
        with child(WRITER, path, at_once) as process:
            number = confirmed(process, lines)
        with closing(Store.open(path)) as store:
            recovered = store.recover("main")
            assert recovered.last >= number > 0
            assert store.read("main", 0, 100_000) == [(n, happened(n)) for n in range(1, recovered.last + 1)]


@posix
def test_a_torn_end_of_the_wal_costs_no_more_than_that(path: Path, tmp_path: Path) -> None:
    with child(WRITER, path, 3) as process:
        confirmed(process, 30)
    wal = path.with_name("state.db-wal").read_bytes()
    found = []
    for number, kept in enumerate([len(wal), len(wal) - 1, len(wal) * 2 // 3 + 17, len(wal) // 3 + 5, 33]):
        copy = tmp_path / f"copy{number}" / "state.db"
        copy.parent.mkdir()
        shutil.copy(path, copy)
        copy.with_name("state.db-wal").write_bytes(wal[:kept])
        with closing(Store.open(copy)) as store:
            last = store.recover("main").last if store.worlds() else 0
            found.append(last)
            if last:
                assert store.read("main", 0, 100_000) == [(n, happened(n)) for n in range(1, last + 1)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[2] > found[4]


# -- a disk that takes no more


FULL = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
from emulators.engine.store import Store
from emulators.errors import StateRefused
from tests.engine.test_store import RECORD, happened

confirmed = 0
try:
    store = Store.open(Path(sys.argv[1]))
    store.add_world(RECORD)
    for number in range(1, 10_000):
        store.append("main", number, happened(number, 1000))
        if number % 10 == 0:
            store.wait_stored()
            confirmed = number
except StateRefused as refused:
    print(confirmed, refused)
"""


@posix
def test_a_disk_that_is_full_from_the_start(path: Path) -> None:
    with child(FULL, path, 5000) as process:
        assert process.stdout
        told = process.stdout.read()
    assert f"0 state {path}: the disk does not take it" in told
    # With room it is as good as new.
    Store.open(path).close()


@posix
def test_a_disk_that_is_full_later_keeps_what_was_confirmed(path: Path) -> None:
    with child(FULL, path, 400_000) as process:
        assert process.stdout
        number, told = process.stdout.read().split(" ", 1)
    assert told.startswith(f"state {path}: the disk does not take it")
    with closing(Store.open(path)) as store:
        assert store.recover("main").last >= int(number) > 10


@pytest.mark.asyncio
async def test_after_a_write_that_failed_everything_is_refused(path: Path) -> None:
    file = StateFile.open(path)
    file.writer.execute("PRAGMA max_page_count=40")
    store = Store(file)
    store.add_world(RECORD)
    store.append("main", 1, happened(1))
    await store.stored()
    store.append("main", 2, happened(2, 1_000_000))
    calls: list[Callable[[], object]] = [
        store.wait_stored,
        lambda: store.append("main", 3, happened(3)),
        lambda: store.read("main", 0, 9),
        lambda: store.recover("main"),
        lambda: store.checkpoint("main", 1, State()),
        lambda: store.drop_world("main"),
        store.close,
    ]
    full = r"state .*state\.db: the disk is full; make room and start again, what was confirmed is kept"
    with pytest.raises(StateRefused, match=full):
        await asyncio.wait_for(store.stored(), 30)
    for call in calls:
        with pytest.raises(StateRefused, match=full):
            call()
    with closing(Store.open(path)) as again:
        assert again.read("main", 0, 9) == [(1, happened(1))]


# -- what cannot be read


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM entries WHERE number = 3", "entry 3 is missing"),
        ("UPDATE entries SET data = '{' WHERE number = 3", "behind entry 2 cannot be read"),
        ("UPDATE entries SET kind = 'Tuned' WHERE number = 3", "behind entry 2 cannot be read"),
        ("UPDATE entries SET data = '[]' WHERE number = 3", "behind entry 2 cannot be read"),
    ],
)
def test_an_entry_that_cannot_be_read_is_never_skipped(path: Path, damage: str, words: str) -> None:
    with closing(Store.open(path)) as store:
        store.add_world(RECORD)
        append(store, OPENED, *(Departed(n, "gone", 1, 1, None, None) for n in range(2, 6)))
    with closing(sqlite3.connect(path)) as outside, outside:
        outside.execute(damage)
    with (
        closing(Store.open(path)) as store,
        pytest.raises(StateRefused, match=words),
    ):
        store.recover("main")
