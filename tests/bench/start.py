"""Process start until the ready line of four vendors, and until the first call is answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from emulators.doors import SHIPPED
from tests.bench.measure import Aim, Result, alternate, stopwatch

NODE = Path(__file__).parents[1] / "node"
BARE = """
from aiohttp import web

async def hello(request):
    return web.json_response({"hello": "world"})

application = web.Application()
application.router.add_get("/", hello)
web.run_app(application, host="127.0.0.1", port=0, print=lambda text: print(text, flush=True))
"""


def run(quick: bool) -> list[Result]:
    """Against a bare application, and against the mock server that an exported document can be given to."""
    rounds, aim = 3 if quick else 15, Aim("ratio", "<=", 1.2)
    serve = [sys.executable, "-m", "emulators", "serve", "--port", "0", "--quiet"]
    bare = [sys.executable, "-c", BARE]
    ours, theirs = alternate(rounds, lambda: _until_ready(serve), lambda: _until_ready(bare))
    rows = [Result("start", "ms", ours, "a bare aiohttp application", theirs, aim)]
    ours, theirs = alternate(rounds, lambda: _until_answered(serve), lambda: _until_ready(bare))
    rows.append(Result("start, first answer", "ms", ours, "the same, until it is ready", theirs))
    return [*rows, _beside_prism(serve, min(rounds, 5))]


def _beside_prism(serve: list[str], rounds: int) -> Result:
    aim, reference = Aim("ratio", "<=", 0.3), "Prism, the same four vendors"
    script = NODE / "prism.mjs"
    if not (NODE / "node_modules").is_dir() or shutil.which("node") is None:
        return Result("start", "ms", None, reference, None, aim, "Prism is not installed in tests/node")
    with TemporaryDirectory() as folder:
        documents = []
        for name in SHIPPED:
            documents.append(str(Path(folder) / f"{name}.json"))
            export = [sys.executable, "-m", "emulators", "export", name, "--output", documents[-1]]
            subprocess.run(export, check=True, capture_output=True)
        prism = ["node", str(script), *documents]
        ours, theirs = alternate(rounds, lambda: _until_ready(serve), lambda: _until_ready(prism))
    return Result("start", "ms", ours, reference, theirs, aim)


def _until_answered(command: Sequence[str]) -> float:
    """Milliseconds until the first call is answered."""
    with stopwatch() as watch:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout
        told = json.loads(process.stdout.readline())
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(told["providers"]["esputnik"]["url"] + "/api/v1/version").close()
    process.terminate()
    process.communicate(timeout=30)
    return watch.seconds * 1000


def _until_ready(command: Sequence[str]) -> float:
    """Milliseconds until a process prints its first line."""
    with stopwatch() as watch:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        assert process.stdout
        line = process.stdout.readline()
    process.terminate()
    _, told = process.communicate(timeout=30)
    if not line:
        raise RuntimeError(f"{command[1:4]} ended without a ready line:\n{told}")
    return watch.seconds * 1000
