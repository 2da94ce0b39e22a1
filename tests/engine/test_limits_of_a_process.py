"""`emulators serve` under attack from all sides at once: it stays small, and serves the others meanwhile."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.running import Serving
from tests.engine.test_limits import bomb
from tests.support.rawhttp import Wire, post

MOST = 200 * 1024 * 1024


@pytest.fixture
def serving() -> Iterator[Serving]:
    with Serving("hellotext", "--port", "0") as running:
        yield running


def largest(process: int) -> int:
    """The most memory that a process ever had, in bytes."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    if found is None:
        pytest.skip("this system does not tell how much memory a process had")
    return int(found[1]) * 1024


def served(url: str) -> bool:
    """Whether a plain client gets an answer of the vendor's."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=20)
    try:
        connection.request("GET", "/v1/profiles/x")
        return connection.getresponse().status == 401
    finally:
        connection.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.thorough
def test_an_attack_from_all_sides_costs_little_memory_and_keeps_nobody_out(serving) -> None:
    vendor = serving.ready["providers"]["hellotext"]
    url, token = vendor["url"], f"authorization: Bearer {vendor['env']['HELLOTEXT_TOKEN']}"
    as_json = ("content-type: application/json", token)
    head = b"POST /v1/profiles HTTP/1.1\r\nhost: x\r\n"
    gibibyte = post(bomb(1 << 30), "content-encoding: gzip", path="/v1/profiles")
    headers = (
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(100_000)) + b"\r\n"
    )
    deep = post(b"[" * 10_000_000, *as_json, path="/v1/profiles")
    wide = post(b"[" + b"{}," * 3_000_000 + b"0]", *as_json, path="/v1/profiles")
    number = post(b'{"a":' + b"9" * 100_000 + b"}", *as_json, path="/v1/profiles")
    with ExitStack() as stack:

        def opened(sent: bytes) -> Wire:
            wire = stack.enter_context(Wire(url))
            wire.send(sent)
            return wire

        # Headers and bodies that never end, as large as they may become.
        for _ in range(400):
            opened(head + b"x-a: " + b"y" * 8000 + b"\r\nx-b: " + b"y" * 8000)
        for _ in range(100):
            opened(head + b"content-length: 10485760\r\n\r\n" + b"x" * 1_000_000)
        assert served(url)
        for sent, status in [
            (gibibyte, 413),
            (headers, 431),
            (deep, 400),
            (wide, 400),
            (number, 400),
            (post(b"x" * 12_000_000, path="/v1/profiles"), 413),
        ]:
            # What reaches the vendor, refused or not, lies in the journal with its body.
            wires = [opened(sent) for _ in range(2 if status == 400 else 5)]
            assert served(url)
            statuses = {wire.answer().status for wire in wires}
            assert statuses == {status}, sent[:200]
        assert served(url)
        assert largest(serving.process.pid) < MOST
    assert served(url)
