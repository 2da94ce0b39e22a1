"""Runs the benchmarks that are named, or all of them, and prints one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from emulators.errors import UnknownName, unknown
from tests.bench import report
from tests.bench.measure import Result, progress

NAMES = {
    "fixture": "start and stop of an emulator in its thread, against pytest-httpserver",
    "suite": "500 tests with a fresh emulator and one request each, against one shared pytest-httpserver",
    "ready": "ready bodies of 1000 events delivered, against a bare aiohttp client",
    "realistic": "100,000 events written, checked and delivered, against json.dumps and a bare POST",
    "outage": "a receiver that is down for 24 hours of emulator time",
    "subscriptions": "10,000 subscriptions with a timer each, against as many bare POSTs",
    "calls": "calls of an app with validation and journal, against a bare aiohttp echo and pytest-httpserver",
    "strategies": "Hypothesis: events, broken events and batches a second, against field by field",
    "start": "process start until the ready line of four vendors, against a bare aiohttp application",
    "process": "a running process: its memory, its end with deliveries in flight, a million events with --state",
    "plugin": "what the plugin adds to the start of pytest",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 also where an aim is missed, as a figure is no verdict on a busy machine."""
    listed = "\n".join(f"  {name:14} {what}" for name, what in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Compares this project with others in one run, in turn, by medians. Ratios count.",
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="which benchmarks to run (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller loads; noisier")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in NAMES:
            parser.error(str(_refusal(name)))
    results: list[Result] = []
    for name in given.names or NAMES:
        progress(f"{name}: {NAMES[name]}")
        results += import_module(f"tests.bench.{name}").run(given.quick)
    print(report.as_json(results) if given.json else report.table(results))
    return 0


def _refusal(name: str) -> UnknownName:
    return unknown("benchmark", name, NAMES)


if __name__ == "__main__":
    sys.exit(main())
