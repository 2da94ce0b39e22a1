"""Every feed of the vendors that send webhooks, and how a test is spared most of them in the test command."""

from __future__ import annotations

from typing import Any

import pytest

from emulators import registry
from emulators.strategies.vendor import vendor

FEEDS = [(name, feed) for name in registry.SHIPPED for feed in vendor(name).profile.feeds]
NAMED = [f"{name}/{feed}" for name, feed in FEEDS]


def spared(values: Any, now: Any) -> list[Any]:
    """All of the values as parameters: the test command takes those of `now`, `.ci/run` the others too."""
    return [pytest.param(value, marks=() if value in now else pytest.mark.thorough) for value in values]
