"""Lets a bare checkout, not installed, find the plugin; installed, it is found by its entry point."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["emulators.pytest_plugin", "pytester"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a third of the time the suite waits for sockets and processes."""
    return (os.cpu_count() or 1) + 1
