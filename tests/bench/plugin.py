"""What the plugin adds to the start of every run of pytest, whoever uses it or not.

In processor time, which other processes disturb less than the clock on the wall.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

from tests.bench.measure import Aim, Result, alternate

ROOT = Path(__file__).resolve().parents[2]


def run(quick: bool) -> list[Result]:
    """One row."""
    with TemporaryDirectory() as folder:
        ours, theirs = alternate(
            5 if quick else 21,
            lambda: _collect(Path(folder), "-p", "emulators.pytest_plugin"),
            lambda: _collect(Path(folder)),
        )
    aim = Aim("difference", "<=", 25, "ms")
    return [Result("plugin", "ms", ours, "pytest without it", theirs, aim, f"adds {ours - theirs:.1f} ms")]


def _collect(folder: Path, *options: str) -> float:
    """Milliseconds of processor time of a `pytest --collect-only` in an empty folder."""
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
    }
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    after = getrusage(RUSAGE_CHILDREN)
    if done.returncode != 5:  # nothing collected
        raise RuntimeError(f"pytest did not start:\n{done.stdout}{done.stderr}")
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000
