"""The README's examples for CI do what they say: every step is run, but for what the hosting itself does.

`pip install` is not: what is tested is installed already, and `.ci/run` installs the built wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from tests.cli.running import environment
from tests.support.receiver import free_port_url
from tests.test_readme import blocks

CI = "Quick start: a process in CI, for any language"
APP = """
import http.server, sys

class Hook(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
"""


def needs(*tools: str) -> pytest.MarkDecorator:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"there is no {', '.join(missing)} here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with what the examples take for granted."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, words in (("emulators", "-P -m emulators"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (tools / name).chmod(0o755)
    (tmp_path / "webhooks.test.mjs").write_text(blocks("js", CI)[0])
    (tmp_path / "package.json").write_text('{"scripts": {"test": "node --test"}}')
    (tmp_path / "outage.toml").write_text(blocks("toml", "Scenarios: no Python needed")[0])
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A script as a runner runs it; what it left in the background ends with it."""
    path = f"{folder / 'tools'}{os.pathsep}{os.environ['PATH']}"
    script = f"set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{script}"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment(PATH=path),
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


@needs("bash", "node", "npm")
def test_the_steps_for_github_actions(folder: Path) -> None:
    workflow = yaml.safe_load(blocks("yaml", CI)[0])
    steps = [step["run"] for step in workflow["jobs"]["webhooks"]["steps"] if "run" in step]
    assert steps.pop(0) == "pip install provider-emulators"
    for step in steps:
        done = run(step, folder)
        assert done.returncode == 0, done.stdout + done.stderr
    [upload] = [s["with"] for s in workflow["jobs"]["webhooks"]["steps"] if "upload" in s.get("uses", "")]
    assert "ann@example.com" in (folder / upload["path"]).read_text("utf-8")


@needs("bash")
def test_the_script_for_gitlab(folder: Path) -> None:
    job = yaml.safe_load(blocks("yaml", CI)[1])["webhooks"]
    assert job["script"].pop(0) == "pip install provider-emulators"
    port = free_port_url().rsplit(":", 1)[1].split("/")[0]
    script = "\n".join(job["script"]).replace(":3000", f":{port}").replace("app.py", f"app.py {port}")
    done = run(script, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    report = ElementTree.parse(folder / job["artifacts"]["reports"]["junit"])
    assert report.findall(".//testcase")
    assert not report.findall(".//failure")


@needs("bash", "curl")
def test_the_example_for_a_shell(folder: Path) -> None:
    [script] = blocks("sh", CI)
    script = script.replace("--clock virtual", "--clock virtual --port 0").replace("python3 -c", "python -c")
    done = run(script, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1000 x opened" in done.stdout
