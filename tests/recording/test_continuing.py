"""A recording goes on where it ended, spares what is none, and belongs to one process at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from emulators import in_thread
from emulators.errors import InvalidValue
from emulators.recording.recorder import Recorder
from emulators.redaction import Veil
from tests.cli.running import Serving, environment, run
from tests.support.receiver import Receiver

FORMS = ("traffic.ndjson", "traffic.har")


def record(path: Path, *names: str) -> None:
    """Deliveries of these bodies, in a recorder and a world of their own."""
    with Receiver() as receiver, in_thread("pushwoosh") as pushwoosh, Recorder(path, Veil()) as recorder:
        recorder.attach(pushwoosh.world)
        pushwoosh.subscribe(receiver.url)
        for name in names:
            pushwoosh.send({"name": name})
            pushwoosh.flush()


def recorded(path: Path) -> list[str]:
    """The names in the file, which can be read as a whole."""
    if path.suffix == ".har":
        entries = json.loads(path.read_bytes())["log"]["entries"]
        return [json.loads(entry["request"]["postData"]["text"])["name"] for entry in entries]
    return [json.loads(line)["json"]["name"] for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("name", FORMS)
def test_a_second_process_adds_to_what_the_first_recorded(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    record(path)
    record(path, "one", "two")
    record(path)
    record(path, "three")
    assert recorded(path) == ["one", "two", "three"]


@pytest.mark.parametrize("name", FORMS)
def test_whatever_a_torn_write_left_is_cut(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    record(path, "one")
    one = path.read_bytes()
    record(path, "two")
    both = path.read_bytes()
    pairs = enumerate(zip(one, both, strict=False))
    first = next((n for n, (before, after) in pairs if before != after), len(one))
    for cut in (*range(first, first + 12), *range(first + 12, len(both), 11)):
        # What was written covers the old end of the file, of which a short write leaves something.
        path.write_bytes(both[:cut] + one[cut:])
        Recorder(path, Veil()).close()
        assert recorded(path) in (["one"], ["one", "two"]), cut
    record(path, "three")
    assert recorded(path)[-1] == "three"


def test_a_file_with_nothing_but_a_torn_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "traffic.ndjson"
    record(path, "one")
    path.write_bytes(path.read_bytes()[:200])
    record(path, "two")
    assert recorded(path) == ["two"]


def test_an_archive_that_another_release_began_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    record(path, "one")
    from emulators import __version__

    path.write_bytes(path.read_bytes().replace(__version__.encode(), b"0.0.1-other", 1))
    record(path, "two")
    assert recorded(path) == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("emulators.db", b"SQLite format 3\x00" + bytes(4080)),
        ("notes.txt", b"older and longer\n"),
        ("traffic.ndjson", b'{"direction": "request", "json": {}}\n'),
        ("traffic.ndjson", b'{\n"log":{"version":"1.2","creator":{"name":"provider-emulators","version":"1"},"entries":[\n\n]}}\n'),
        ("traffic.har", b'{"log":{"version":"1.2","creator":{"name":"WebInspector"},"entries":[]}}'),
        ("traffic.har", b'{\n"log":{"version":"1.2","creator":{"name":"provider-emulators","version":"1"}}'),
        ("traffic.har", b"\n"),
    ],
)  # fmt: skip
def test_what_is_no_recording_of_ours_is_left_alone(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(
        InvalidValue, match=rf"--record: .*{name} is no recording of the emulators \((HAR|NDJSON)\)"
    ):
        Recorder(path, Veil())
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [name]


def test_the_command_refuses_it_before_anything_is_served(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(b"SQLite format 3\x00")
    done = run("serve", "hellotext", "--port", "0", "--record", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"emulators: --record: {path} is no recording" in done.stderr
    assert path.read_bytes() == b"SQLite format 3\x00"


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "traffic.ndjson"
    other = tmp_path / "other.ndjson"
    other.symlink_to(path)
    words = ["hellotext", "--port", "0", "--quiet", "--record"]
    with Serving(*words, str(path)) as serving:
        for name in (path, other):
            done = run("serve", *words, str(name))
            assert (done.returncode, done.stdout) == (2, "")
            assert f"--record: {path}: another process ({serving.process.pid}) has it open" in done.stderr
    with Serving(*words, str(path)):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes there")
def test_a_pipe_is_written_to_and_not_read_first(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    record(path, "one")
    reader.join(10)
    assert [json.loads(line)["json"]["name"] for line in read[0].splitlines()] == ["one"]
    assert os.listdir(tmp_path) == ["pipe"]


CHILD = """
import os, signal, sys
from pathlib import Path
from emulators.recording.recorder import Recorder
from emulators.redaction import Veil
Recorder(Path(sys.argv[1]), Veil())
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there")
@pytest.mark.parametrize("name", FORMS)
def test_a_killed_process_keeps_nobody_out(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    record(path, "one")
    subprocess.run([sys.executable, "-c", CHILD, str(path)], env=environment(), check=False, timeout=60)
    record(path, "two")
    assert recorded(path) == ["one", "two"]
