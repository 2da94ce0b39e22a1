"""Receivers as people really write them: ten lines each, with what a framework does by default.

    with Framework("flask") as receiver:
        receiver.url, receiver.store  # a file of JSON lines, one for each event

They run as processes of their own. `missing` says why one cannot run here.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
MODULES = HERE.parents[2] / "node" / "node_modules"
PATHS = {
    "flask": "/hook",
    "fastapi": "/hook",
    "django": "/hook/",
    "express": "/hook",
    "cgi": "/cgi-bin/hook.sh",
}
PACKAGES = {"flask": ("flask",), "fastapi": ("fastapi", "uvicorn"), "django": ("django",)}


def express() -> Path | None:
    """The folder with the package `express`, which `npm install --prefix tests/node` makes."""
    return MODULES if (MODULES / "express").is_dir() else None


def missing(name: str) -> str:
    """Why this one cannot run here; empty: it can."""
    lacking = [package for package in PACKAGES.get(name, ()) if importlib.util.find_spec(package) is None]
    if lacking:
        return f"not installed: {' '.join(lacking)}"
    if name == "express" and (shutil.which("node") is None or express() is None):
        return "needs node, and express: npm install --prefix tests/node"
    if name == "cgi" and (sys.version_info >= (3, 15) or os.name != "posix"):
        return "http.server runs no CGI programs here"
    return ""


class Framework:
    """One of `flask`, `fastapi`, `django`, `express`, `cgi`, from its ready line to the end of the block."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Framework:
        self._folder = tempfile.TemporaryDirectory()
        self.store = Path(self._folder.name) / "events.jsonl"
        self.store.touch()
        environment = {**os.environ, "STORE": str(self.store), "PYTHONUNBUFFERED": "1"}
        if folder := express():
            environment["NODE_PATH"] = str(folder)
        self.process = subprocess.Popen(
            self._command(),
            cwd=self._folder.name,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        self.said: list[str] = []
        found = next(
            (match for line in self._lines() if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None
        )
        guard.cancel()
        if found is None:
            self.__exit__(None, None, None)
            raise AssertionError(f"{self.name} did not start: {''.join(self.said)}")
        # What it goes on to say must be read, or it would wait for us.
        self._reader = threading.Thread(target=lambda: list(self._lines()), daemon=True)
        self._reader.start()
        self.url = found[0] + PATHS[self.name]
        return self

    def _lines(self):
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            yield line

    def _command(self) -> list[str]:
        if self.name == "express":
            return ["node", str(HERE / "express_app.cjs")]
        if self.name == "cgi":
            programs = Path(self._folder.name) / "cgi-bin"
            programs.mkdir()
            shutil.copy(HERE / "hook.sh", programs)
            # Started by root, http.server runs programs as nobody; one that cannot start is answered 200 all the same.
            for path, mode in ((programs.parent, 0o755), (programs / "hook.sh", 0o755), (self.store, 0o666)):
                path.chmod(mode)
            return [sys.executable, "-W", "ignore", "-m", "http.server", "--cgi", "--bind", "127.0.0.1", "0"]
        return [sys.executable, str(HERE / f"{self.name}_app.py")]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        if hasattr(self, "_reader"):
            self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._folder.cleanup()
