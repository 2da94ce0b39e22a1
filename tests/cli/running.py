"""Runs the command as people do: a process of its own, wherever the package under test lies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import emulators

# Not the folder that pytest runs in: an installed package must be found before a checkout is.
COMMAND = [sys.executable, "-P", "-m", "emulators"]


def environment(**more: str) -> dict[str, str]:
    """Lets a process import the very package that this one imported; lines are a hundred wide."""
    place = str(Path(emulators.__file__).parents[1])
    paths = [place, *filter(None, [os.environ.get("PYTHONPATH")])]
    plain = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return {**os.environ, **plain, **more}


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs `emulators ...` to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        env=environment(**environ),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


class Serving:
    """`emulators serve ...` in a `with` statement, from its ready line on."""

    def __init__(self, *words: str, python: tuple[str, ...] = (), **environ: str) -> None:
        self._command = [COMMAND[0], *python, *COMMAND[1:], "serve", *words]
        self._environment = environment(**environ)

    def __enter__(self) -> Serving:
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        # What is waited for below always ends, be it with the process.
        self._guard = threading.Timer(60, self.process.kill)
        self._guard.daemon = True
        self._guard.start()
        self.line = self.process.stdout.readline()
        if not self.line:
            raise AssertionError(f"no ready line: {self.process.stderr.read()}")
        self.ready: dict[str, Any] = json.loads(self.line)
        return self

    def said(self, text: str) -> str:
        """The first line on standard error that has `text`, once it is there."""
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"{text!r} was never said, but:\n{''.join(lines)}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal; the exit code."""
        self.process.send_signal(number)
        self.rest = self.process.communicate()
        return self.process.returncode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._guard.cancel()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
