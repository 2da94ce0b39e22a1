"""What other languages say: small programs in `tests/node`, which Node runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1] / "node"


def program(name: str, needs: str) -> list[str]:
    """The command of a program in `tests/node`; skips where Node or the package it needs is not there."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / needs).is_dir():
        pytest.skip(f"needs node, and {needs}: npm install --prefix tests/node")
    return [node, str(HERE / name)]
