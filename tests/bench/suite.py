"""A suite of 500 tests with one request each: a fresh emulator for every test against one shared server.

What counts is the time from the start of pytest until the last test has passed: imports belong to it, the
final stop of the shared server, which at times waits half a second for itself, does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

from tests.bench.measure import Aim, Result, alternate

ROOT = Path(__file__).resolve().parents[2]

OURS = """
    import http.client
    import json
    from urllib.parse import urlsplit

    import pytest

    BODY = json.dumps({"first_name": "Ann", "phone": "+34600000001"})

    def post(url, token):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        connection.request("POST", urlsplit(url).path + "/profiles", BODY, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        assert answer.status in (200, 201) and told["id"]
"""

TESTS = {
    "emulators.pytest_plugin": """
    @pytest.mark.parametrize("number", range(500))
    def test_profile(hellotext, number):
        post(hellotext.env["HELLOTEXT_URL"], hellotext.env["HELLOTEXT_TOKEN"])
    """,
    "pytest_httpserver.pytest_plugin": """
    @pytest.mark.parametrize("number", range(500))
    def test_profile(httpserver, number):
        found = {"id": "12345678"}
        httpserver.expect_request("/v1/profiles", method="POST").respond_with_json(found, status=201)
        post(httpserver.url_for("/v1"), "token")
    """,
}


CLOCK = """
    import time
    from pathlib import Path

    ended = []

    def pytest_runtest_logreport(report):
        if report.when == "call":
            ended.append(time.time())

    def pytest_sessionfinish():
        Path("ended").write_text(repr(ended[-1]))
"""


def run(quick: bool) -> list[Result]:
    """One row."""
    with TemporaryDirectory() as folder:
        ours, theirs = alternate(
            1 if quick else 5,
            lambda: _suite(Path(folder), "emulators.pytest_plugin"),
            lambda: _suite(Path(folder), "pytest_httpserver.pytest_plugin"),
        )
    reference = "one pytest-httpserver for all tests"
    return [Result("suite", "s", ours, reference, theirs, Aim("ratio", "<=", 1.5))]


def _suite(folder: Path, plugin: str) -> float:
    """Seconds that 500 tests take with this one plugin."""
    (folder / "conftest.py").write_text(dedent(CLOCK))
    (folder / "test_suite.py").write_text(dedent(OURS) + dedent(TESTS[plugin]))
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", plugin, "test_suite.py"]
    started = time.time()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or "500 passed" not in done.stdout:
        raise RuntimeError(f"the suite did not pass:\n{done.stdout}{done.stderr}")
    return float((folder / "ended").read_text()) - started
