"""Listens to the journal of a process, as any client of server-sent events does."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.control.asking import Asking

PATIENCE = 20.0


@dataclass(frozen=True)
class Heard:
    """One event of the stream."""

    id: int | None
    kind: str
    data: Any


class Listener:
    """A connection in a `with` statement; iterating gives events, and ends when the stream does."""

    def __init__(
        self, ask: Asking, after: int | None = None, query: str = "", buffer: int | None = None
    ) -> None:
        host, _, port = ask.netloc.rpartition(":")
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        if buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.connect((host, int(port)))
        lines = [f"GET /v1/journal/stream{query} HTTP/1.0", f"host: {ask.netloc}"]
        lines += [f"authorization: Bearer {ask.ready['token']}"]
        lines += [f"{name}: {value}" for name, value in ask._tenant.items()]
        lines += [] if after is None else [f"last-event-id: {after}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._stream = self._socket.makefile("rb")

    def head(self) -> tuple[int, dict[str, str]]:
        """Status and header fields, names in lower case."""
        status = int(self._stream.readline().split()[1])
        headers = {}
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def __iter__(self) -> Iterator[Heard]:
        assert self.head()[0] == 200
        yield from self._events()

    def _events(self) -> Iterator[Heard]:
        fields: dict[str, str] = {}
        for raw in self._stream:
            line = raw.decode().rstrip("\n")
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                number = int(fields["id"]) if "id" in fields else None
                yield Heard(number, fields["event"], json.loads(fields["data"]))
                fields = {}

    def until(self, number: int) -> list[Heard]:
        """Everything up to the entry of this number."""
        heard = []
        for each in self:
            heard.append(each)
            if each.id == number:
                return heard
        raise AssertionError(f"the stream ended before entry {number}")
