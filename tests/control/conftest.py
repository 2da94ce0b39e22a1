"""A process that is asked, one for each module, and put back before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.running import Serving
from tests.control.asking import Asking


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with Serving("--port", "0", "--clock", "virtual", "--quiet") as serving:
        yield serving


@pytest.fixture
def ask(serving: Serving) -> Iterator[Asking]:
    """Asks a process in which nothing has happened yet. What broke inside it fails the test."""
    asking = Asking(serving.ready)
    for tenant in asking.get("/tenants")["tenants"][1:]:
        assert asking("DELETE", f"/tenants/{tenant['name']}").status == 200
    for kept in asking.get("/snapshots")["snapshots"]:
        assert asking("DELETE", f"/snapshots/{kept['name']}").status == 200
    for vendor in ("sendpulse", "esputnik", "hellotext"):
        # Awake from the first test on, so that each one sees the same.
        asking.get(f"/{vendor}/subscriptions")
    asking.post("/reset")
    before = len(asking.get("/complaints")["complaints"])
    yield asking
    assert not [text for text in asking.get("/complaints")["complaints"][before:] if "broke" in text]
