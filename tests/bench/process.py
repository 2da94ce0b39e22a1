"""A running process: how much memory it takes, how soon it ends, and what a million journalled events do to it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emulators.remote.client import Client
from tests.bench.measure import Aim, Result, progress, stopwatch
from tests.bench.sink import sink

BATCH = 1000


def run(quick: bool) -> list[Result]:
    """Where there is no /proc, memory cannot be told."""
    return [_resident(), _end(3 if quick else 7), *_many(100_000 if quick else 1_000_000)]


@contextmanager
def _serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    command = [sys.executable, "-m", "emulators", "serve", "--port", "0", "--quiet", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        ready: dict[str, Any] = json.loads(process.stdout.readline())
        yield process, Client(ready["control"], ready["token"])
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _memory(process: subprocess.Popen[str]) -> float | None:
    """Resident, in MB."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.is_file():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _resident() -> Result:
    """All four vendors loaded, each asked once."""
    with _serving("--clock", "virtual") as (process, client):
        for name in client.get("/providers")["providers"]:
            client.get(f"/{name}/subscriptions")
        return Result("process, memory of four vendors", "MB", _memory(process), aim=Aim("ours", "<=", 80))


def _end(rounds: int) -> Result:
    """SIGTERM until it is gone, while four receivers hang."""
    seconds = []
    for _ in range(rounds):
        with socket.create_server(("127.0.0.1", 0)) as silent, _serving() as (process, client):
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/hook"
            for _ in range(4):
                client.post("/sendpulse/subscriptions", url=url, policy={"batch_window": 0})
            client.post("/sendpulse/events", kind="opened")
            accepted = [silent.accept()[0] for _ in range(4)]
            with stopwatch() as watch:
                process.terminate()
                process.wait(60)
            for connection in accepted:
                connection.close()
            seconds.append(watch.seconds)
    worst = max(seconds)
    return Result("process, SIGTERM with deliveries in flight, worst", "s", worst, aim=Aim("ours", "<=", 0.3))


def _many(events: int) -> list[Result]:
    """Journalled with --state; what is measured is the second half against the first tenth."""
    with TemporaryDirectory() as folder, sink() as url:
        state = Path(folder) / "state.db"
        early = None
        with _serving("--clock", "virtual", "--state", str(state)) as (process, client):
            client.post("/sendpulse/subscriptions", url=url)
            with stopwatch() as watch:
                for number in range(events // BATCH):
                    client.post("/sendpulse/events", kind="opened", count=BATCH)
                    client.post("/clock/advance", by="1m")
                    if number == events // BATCH // 10:
                        early = _memory(process)
                    if number % 100 == 0:
                        progress(f"  {number * BATCH} events, {_memory(process)} MB")
            late = _memory(process)
        size = state.stat().st_size / 2**20
        with stopwatch() as again, _serving("--clock", "virtual", "--state", str(state)):
            pass
    note = f"{events} events, {size:.0f} MB on disk"
    return [
        Result("process, memory after so many against a tenth", "MB", late, "after a tenth", early, Aim("ratio", "<=", 1.15), note),
        Result("process, events stored and delivered a second", "1/s", events / watch.seconds),
        Result("process, start on that file and end", "s", again.seconds),
    ]  # fmt: skip
