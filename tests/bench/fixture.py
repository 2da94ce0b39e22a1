"""Start and stop of an emulator in its thread: what a fixture costs a test."""

from __future__ import annotations

from pytest_httpserver import HTTPServer

from emulators import in_thread
from tests.bench.measure import Aim, Result, alternate, stopwatch


def run(quick: bool) -> list[Result]:
    """One row."""
    ours, theirs = alternate(2 if quick else 5, _emulator, _httpserver)
    aim = Aim("ours", "<=", 3, "ms")
    return [Result("fixture", "ms", ours, "pytest-httpserver, start and stop", theirs, aim)]


def _emulator(times: int = 50) -> float:
    with stopwatch() as watch:
        for _ in range(times):
            with in_thread("esputnik"):
                pass
    return watch.seconds / times * 1000


def _httpserver() -> float:
    with stopwatch() as watch:
        server = HTTPServer()
        server.start()
        server.stop()
    return watch.seconds * 1000
