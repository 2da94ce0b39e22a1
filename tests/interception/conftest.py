"""An interception that leads the real hosts of two vendors to the emulators of the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interception.support import ESPUTNIK, SENDPULSE, Intercepting, interception, place


@pytest.fixture
def hosts(sendpulse: Any, esputnik: Any) -> dict[str, tuple[str, int]]:
    return {SENDPULSE: place(sendpulse.url), ESPUTNIK: place(esputnik.url)}


@pytest.fixture
def intercepted(hosts: dict[str, tuple[str, int]]) -> Iterator[Intercepting]:
    with interception(hosts) as started:
        yield started
