"""What a test says to a receiver, byte for byte if need be, and hears."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Said:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    url: str,
    body: Any = None,
    *,
    method: str = "POST",
    path: str = "",
    headers: dict[str, str] = JSON,
    chunked: bool = False,
) -> Said:
    """One request on a connection of its own; `body` is bytes, or a value that is sent as JSON."""
    parts = urlsplit(url)
    if method == "POST" and not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(
            method, path or parts.path, iter([body]) if chunked else body, headers, encode_chunked=chunked
        )
        answer = connection.getresponse()
        return Said(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        )
    finally:
        connection.close()


def together(url: str, body: Any, copies: int) -> list[int]:
    """The statuses of equal requests that leave at one moment."""
    barrier, heard = threading.Barrier(copies), list[int]()

    def send() -> None:
        barrier.wait()
        heard.append(ask(url, body).status)

    threads = [threading.Thread(target=send) for _ in range(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(heard)


def raw(url: str, sent: bytes) -> bytes:
    """All that comes back for some bytes, until the receiver closes, or says nothing more after our end."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        heard = b""
        while read := wire.recv(65536):
            heard += read
        return heard


def in_turn(url: str, first: bytes, rest: bytes) -> bytes:
    """All that comes back for bytes of which the rest only leaves when other requests, sent after the first, are answered."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(first)
        for _ in range(3):
            ask(url, method="GET")
        wire.sendall(rest)
        heard = b""
        while read := wire.recv(65536):
            heard += read
        return heard


def heard_meanwhile(url: str, sent: bytes, enough: bytes, others: int = 40) -> bool:
    """Whether `enough` comes back for some bytes before so many other requests, one after another, are answered."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as wire:
        wire.sendall(sent)
        wire.setblocking(False)
        heard = b""
        for _ in range(others):
            ask(url, method="GET")
            with contextlib.suppress(BlockingIOError):
                heard += wire.recv(65536)
            if enough in heard:
                return True
        return False
