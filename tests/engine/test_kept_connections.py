"""Connections are kept within a burst, and that is nobody's business but ours."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import BinaryIO

import pytest


@pytest.fixture
def closing() -> Iterator[tuple[str, list[bytes], list[bytes]]]:
    """A receiver on bare sockets that says it keeps connections and does as the script says; what it got."""
    script: list[bytes] = []
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, connection.makefile("rb") as stream:
                        while length := _length_of_body(stream):
                            got.append(stream.read(length))
                            answer = script.pop(0) if script else b"200 close"
                            if answer.startswith(b"200"):
                                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                            if answer != b"200 keep":
                                break

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook", script, got
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _length_of_body(stream: BinaryIO) -> int:
    length = 0
    while (line := stream.readline().strip().lower()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name == b"content-length" else length
    return length


def test_a_receiver_that_closes_after_each_answer_without_a_word_causes_no_retry(esputnik, closing) -> None:
    url, _, got = closing
    esputnik.subscribe(url, batch_size=1, probe=None)
    emitted = esputnik.emit("READ", count=40)
    esputnik.advance("1m")
    assert [d.outcome for d in esputnik.deliveries()] == ["acknowledged"] * 40
    assert got == [b"[" + event.body + b"]" for event in emitted]


def test_a_connection_closed_instead_of_an_answer_is_a_failure_and_a_second_try_is_on_record(
    esputnik, closing
) -> None:
    url, script, got = closing
    script += [b"200 keep", b"close", b"close", b"200 close"]
    esputnik.subscribe(url, batch_size=1, probe=None)
    esputnik.emit("READ", count=2)
    esputnik.advance(0)
    assert [d.outcome for d in esputnik.deliveries()] == ["acknowledged", "rescheduled"]
    reason = esputnik.deliveries()[1].reason
    assert reason.startswith("connection closed without an answer")
    assert "sent on a fresh one" in reason
    assert len(got) == 3
    esputnik.advance("1m")
    assert esputnik.deliveries()[2].outcome == "acknowledged"
