"""What the clients need around them: no proxy in between, somebody to tell webhooks to, a real memcached."""

from __future__ import annotations

import collections
import collections.abc
import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from tests.support.receiver import Receiver, free_port_url


@pytest.fixture(autouse=True)
def straight_to_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` and cURL would ask a proxy first, and take a login out of ~/.netrc."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def memcached() -> Iterator[str]:
    """`host:port` of a memcached of this test's own."""
    program = shutil.which("memcached")
    if program is None:
        pytest.skip("needs the program memcached (Debian and Ubuntu: apt-get install memcached)")
    process, address = _started(program)
    try:
        yield address
    finally:
        process.kill()
        process.communicate()
        # Its client leaves sockets open: what that warns of belongs to this test.
        gc.collect()


def _started(program: str) -> tuple[subprocess.Popen[bytes], str]:
    """A memcached that listens: it says so at its second level of verbosity. A port may be lost to somebody else."""
    for _ in range(5):
        port = urlsplit(free_port_url()).port
        # As root it wants to be told whom to run as; for others this has no meaning.
        command = [program, "-l", "127.0.0.1", "-p", str(port), "-m", "8", "-u", "nobody", "-vv"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if any(b"server listening" in line for line in process.stderr or ()):
            return process, f"127.0.0.1:{port}"
        process.communicate()
    raise RuntimeError(f"{program} does not listen")


@pytest.fixture(scope="session")
def ok_esputnik() -> ModuleType:
    """The module of ok-esputnik 0.3. It insists on a trafaret that looks for `collections.Mapping` while it is
    imported, which Python 3.10 took away: the name is lent for that long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collections, "Mapping", collections.abc.Mapping, raising=False)
        import esputnik.esputnik
    return esputnik.esputnik
