"""Process start until the ready line of four vendors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from tests.bench.measure import Aim, Result, alternate, stopwatch

BARE = """
from aiohttp import web

async def hello(request):
    return web.json_response({"hello": "world"})

application = web.Application()
application.router.add_get("/", hello)
web.run_app(application, host="127.0.0.1", port=0, print=lambda text: print(text, flush=True))
"""


def run(quick: bool) -> list[Result]:
    """One row."""
    aim, reference = Aim("ratio", "<=", 1.2), "a bare aiohttp application"
    if find_spec("emulators.commands") is None or find_spec("emulators.commands.serve") is None:
        return [Result("start", "ms", None, reference, None, aim, "there is no `serve` yet")]
    ours, theirs = alternate(
        3 if quick else 15,
        lambda: _until_ready([sys.executable, "-m", "emulators", "serve", "--port", "0"]),
        lambda: _until_ready([sys.executable, "-c", BARE]),
    )
    return [Result("start", "ms", ours, reference, theirs, aim)]


def _until_ready(command: Sequence[str]) -> float:
    """Milliseconds until a process prints its first line."""
    with stopwatch() as watch:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert process.stdout
        line = process.stdout.readline()
    process.terminate()
    _, told = process.communicate(timeout=30)
    if not line:
        raise RuntimeError(f"{command[1:4]} ended without a ready line:\n{told}")
    return watch.seconds * 1000
