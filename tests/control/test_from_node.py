"""A suite in JavaScript drives the process with nothing but what Node brings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import Serving

PROGRAM = Path(__file__).with_name("drive.mjs")


def test_a_suite_in_javascript_drives_it(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node 20 or later")
    ready = tmp_path / "ready.json"
    with Serving("--port", "0", "--clock", "virtual", "--ready-file", str(ready), "--quiet"):
        done = subprocess.run(
            [node, str(PROGRAM), str(ready)], capture_output=True, encoding="utf-8", timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
