"""A receiver with bad manners, spoken in bare sockets: it reads a whole request and then misbehaves."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading


class RudeReceiver:
    """`hang`, `close`, `reset`, `babble` (no HTTP), `flood` (an endless body) after each whole request."""

    def __init__(self, manner: str, buffer: int | None = None) -> None:
        self.manner = manner
        self._buffer = buffer
        self.bodies: list[bytes] = []
        self.read = threading.Semaphore(0)
        """Released for each request that was read to its end."""
        self.hung_up = threading.Event()
        """The other side ended the connection while we were flooding it."""
        self._kept: list[socket.socket] = []

    def __enter__(self) -> RudeReceiver:
        self._listening = socket.create_server(("127.0.0.1", 0))
        if self._buffer is not None:
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/hook"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for connection in self._kept:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._kept.append(connection)
            with contextlib.suppress(OSError):
                self.bodies.append(_request_body(connection))
                self.read.release()
                self._misbehave(connection)

    def _misbehave(self, connection: socket.socket) -> None:
        if self.manner == "close":
            connection.close()
        elif self.manner == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif self.manner == "babble":
            connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        elif self.manner == "flood":
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n")
            try:
                while True:
                    connection.sendall(b"x" * 65536)
            except OSError:
                self.hung_up.set()


def _request_body(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += _some(connection)
    return body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("ended in the middle of a request")
    return data
