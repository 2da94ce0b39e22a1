"""What a receiver sends back may be anything, and endless: an attempt ends all the same, and keeps little of it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator

import pytest

from emulators.engine.courier import Courier

OK = b"HTTP/1.1 200 OK\r\n"


class Talker:
    """A receiver that reads a request and says `first`, then `again` until the other side hangs up.

    `pause`: seconds before each repetition.
    """

    def __init__(self, first: bytes, again: bytes = b"", pause: float = 0) -> None:
        self._first, self._again, self._pause = first, again, pause
        self._done = threading.Event()
        self.hung_up = threading.Event()

    def __enter__(self) -> Talker:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/hook"
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _talk(self) -> None:
        with contextlib.suppress(OSError), self._listening.accept()[0] as connection:
            connection.recv(65536)
            try:
                connection.sendall(self._first)
                while self._again and not self._done.wait(self._pause):
                    connection.sendall(self._again)
                while connection.recv(65536):
                    pass
            finally:
                self.hung_up.set()


@pytest.fixture
def attempt(pushwoosh) -> Iterator[object]:
    """One attempt at a talker: its delivery."""

    def tried(talker: Talker, patience: float = 20) -> object:
        pushwoosh.subscribe(talker.url, patience=patience)
        pushwoosh.emit("Email Sent")
        pushwoosh.advance(0)
        assert talker.hung_up.wait(20)
        return pushwoosh.deliveries()[0]

    yield tried


@pytest.mark.parametrize(
    ("first", "again", "reason"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", "no answer within 0.3 s"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, "no answer within 0.3 s"),
        (OK, b"x-a: b\r\n", "not HTTP: "),
        (OK + b"x-a: ", b"y" * 1000, "not HTTP: "),
        (OK + b"x", b"y" * 1000, "not HTTP: "),
        (b"HTTP/1.1 200 ", b"y" * 1000, "not HTTP: "),
        (b"", b"\0\xff" * 1000, "not HTTP: "),
        (OK + b"transfer-encoding: chunked\r\n\r\nzz", b"", "not HTTP: "),
    ],
)
def test_what_has_no_end_is_a_failure(attempt, first: bytes, again: bytes, reason: str) -> None:
    with Talker(first, again) as talker:
        delivery = attempt(talker, patience=0.3 if "within" in reason else 20)
    assert delivery.status is None
    assert reason in delivery.reason
    # It is read by people, in one line of a log.
    assert len(delivery.reason) < 300
    assert delivery.reason.isprintable()


@pytest.mark.parametrize("first", [OK + b"x-a: ", OK + b"content-length: 100000\r\n\r\n"])
def test_an_answer_that_comes_byte_by_byte_has_one_deadline(attempt, first: bytes) -> None:
    with Talker(first, b"1", pause=0.01) as talker:
        delivery = attempt(talker, patience=0.3)
    assert delivery.status is None
    assert "no answer within 0.3 s of real time" in delivery.reason


@pytest.mark.parametrize(
    "header",
    [b"x-a: \xff\xfe", b"x-a: \x01", "x-a: тест".encode(), b"set-cookie: a=b", b"content-encoding: br"],
)
def test_strange_bytes_in_headers_are_no_failure(attempt, header: bytes) -> None:
    with Talker(OK + header + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n") as talker:
        assert attempt(talker).status == 200


def test_hints_before_an_answer_are_no_answer(attempt) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20
    with Talker(hints + b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") as talker:
        assert attempt(talker).status == 202


def test_of_a_bomb_as_little_is_kept_as_of_anything(attempt, monkeypatch) -> None:
    kept = []
    whole = Courier.send

    async def noting(self: Courier, request: object) -> object:
        kept.append(await whole(self, request))
        return kept[-1]

    monkeypatch.setattr(Courier, "send", noting)
    packed = gzip.compress(bytes(200_000_000), 1)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    with Talker(head + packed) as talker:
        assert attempt(talker).status == 200
    assert kept[-1].body == packed[: Courier.most_read]
