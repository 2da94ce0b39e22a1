"""Interception beside a test, in the thread where its emulators live, and clients that speak to it byte by byte."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulators.hosting import thread_host
from emulators.interception import Interception, intercepting

PROGRAMS = Path(__file__).parent / "programs"
SENDPULSE, ESPUTNIK = "api.sendpulse.com", "esputnik.com"


def place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port


class Intercepting:
    """What `intercepting` yields, and what it told."""

    def __init__(self, session: Interception, told: list[str]) -> None:
        self.session = session
        self.told = told
        self.place = place(session.url)

    def environment(self, **more: str) -> dict[str, str]:
        return self.session.environment({**os.environ, **more})

    def run(
        self, *command: str | Path, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """A program to its end, in the environment that the interception gives."""
        return subprocess.run(
            [str(word) for word in command],
            env=self.environment(**more),
            cwd=cwd,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def connect(self) -> socket.socket:
        return socket.create_connection(self.place, timeout=30)

    def ask(self, data: bytes) -> bytes:
        """What is answered until the end."""
        with self.connect() as client:
            client.sendall(data)
            return read_all(client)

    def tunnel(self, host: str, port: int = 443) -> socket.socket:
        """A connection through which `host` can be spoken to."""
        client = self.connect()
        client.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            piece = client.recv(1)
            assert piece, f"no tunnel: {answer!r}"
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return client

    def secure(self, host: str) -> ssl.SSLSocket:
        """The same with TLS in it, by a client that trusts our authority alone and wants a proper end."""
        context = ssl.create_default_context(cafile=str(self.session.folder / "ca.pem"))
        tunnel = self.tunnel(host)
        return context.wrap_socket(tunnel, server_hostname=host, suppress_ragged_eofs=False)


@contextmanager
def interception(
    hosts: Mapping[str, tuple[str, int]], pass_through: Collection[str] = (), **settings: Any
) -> Iterator[Intercepting]:
    told: list[str] = []
    with thread_host().entered(intercepting(hosts, pass_through, told.append, **settings)) as session:
        yield Intercepting(session, told)


def read_all(client: socket.socket) -> bytes:
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
