"""What tests of several folders share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import emulators


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A shell starts what runs in the background deaf to Ctrl-C, and its children inherit that: tests interrupt them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that is not ours: its pytest runs find the plugin and our scriptable receiver, and no more."""
    roots = [Path(emulators.__file__).parents[1], Path(__file__).parents[1]]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, roots)))
    # Only the plugins that a test names: what else is installed must not matter.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester
