"""A shell script drives the process with curl alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import Serving
from tests.support.receiver import Receiver

PROGRAM = Path(__file__).with_name("drive.sh")


def test_a_shell_script_drives_it(tmp_path: Path) -> None:
    shell = shutil.which("sh")
    if shell is None or shutil.which("curl") is None:
        pytest.skip("needs a shell and curl")
    ready = tmp_path / "ready.json"
    with (
        Receiver() as receiver,
        Serving("--port", "0", "--clock", "virtual", "--ready-file", str(ready), "--quiet"),
    ):
        command = [shell, str(PROGRAM), str(ready), receiver.url]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    [post] = receiver.posts
    assert post.json[0]["email"] == "ann@example.com"
