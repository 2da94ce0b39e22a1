"""What tests of several folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import emulators


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that is not ours: its pytest runs find the plugin and our scriptable receiver, and no more."""
    roots = [Path(emulators.__file__).parents[1], Path(__file__).parents[1]]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, roots)))
    # Only the plugins that a test names: what else is installed must not matter.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester
