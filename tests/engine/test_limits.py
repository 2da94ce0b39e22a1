"""What a socket takes, and the answer to what goes beyond: each limit is defined, told, and no end of the others."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import socket
import zlib
from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from emulators.engine.doorway import Doorway
from emulators.engine.limits import Refusal
from tests.support.rawhttp import Echo, Wire, echo, exchange, post

GOOD = post(b"good")


@pytest.fixture
def open_door() -> Iterator[Echo]:
    """The usual limits."""
    with echo() as echoing:
        yield echoing


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What a client does is never an error in a log of ours."""
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def refused(echoing: Echo, sent: bytes, status: int, limit: str) -> str:
    """The words of a refusal, which is also counted, told, and the end of the connection."""
    with Wire(echoing.url) as wire:
        wire.send(sent)
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert wire.closed()
    assert echoing.doorway.struck == {limit: 1}
    assert echoing.told == [f"{status}: {answer.error}"]
    assert answer.body.decode() == answer.error
    assert echoing.bodies == []
    assert exchange(echoing.url, GOOD).body == b"good"
    return answer.error


def test_a_whole_request_is_answered_and_its_connection_kept(open_door) -> None:
    with Wire(open_door.url) as wire:
        for body in (b"one", b"", b"x" * 3_000_000):
            wire.send(post(body))
            assert wire.answer().body == body
        wire.send(post(b"piped") + post(b"lined"))
        assert [wire.answer().body for _ in range(2)] == [b"piped", b"lined"]
    assert not open_door.doorway.struck


def test_a_body_in_pieces_is_whole(open_door) -> None:
    with Wire(open_door.url) as wire:
        wire.send(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        wire.send(b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n")
        assert wire.answer().body == b"a" * 50_000
        wire.send(GOOD)
        assert wire.answer().body == b"good"


# --- Headers


def test_a_request_line_that_is_too_long(open_door) -> None:
    sent = b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nhost: x\r\n\r\n"
    assert refused(open_door, sent, 414, "request_line") == "the request line is longer than 8192 bytes"


def test_a_header_that_is_too_long(open_door) -> None:
    sent = post(b"", "x-a: /" + "a" * 9000)
    assert refused(open_door, sent, 431, "header_line") == "a header is longer than 8192 bytes"


@pytest.mark.parametrize("ending", ["\r\n\r\n", ""])
@pytest.mark.parametrize("count", [101, 100_000])
def test_too_many_headers_whether_they_end_or_not(open_door, count: int, ending: str) -> None:
    sent = "GET / HTTP/1.1\r\nhost: x\r\n" + "\r\n".join(f"x-{n}: y" for n in range(count)) + ending
    if count == 101 and not ending:
        sent += "\r\nx:"
    assert "more than 100 headers" in refused(open_door, sent.encode(), 431, "header_count")


@pytest.mark.parametrize("ending", ["\r\n\r\n", "\r\nx"])
def test_headers_that_are_too_long_together(open_door, ending: str) -> None:
    sent = "GET / HTTP/1.1\r\nhost: x\r\n" + "\r\n".join(f"x-{n}: {'y' * 4000}" for n in range(9)) + ending
    assert "longer than 32768 bytes" in refused(open_door, sent.encode(), 431, "headers")


def test_headers_just_within_the_limits_are_taken(open_door) -> None:
    fields = [f"x-{n}: {'y' * 8170}" for n in range(3)] + [f"y-{n}: z" for n in range(90)]
    assert exchange(open_door.url, post(b"good", *fields)).body == b"good"
    target = "/" + "a" * 8100
    assert exchange(open_door.url, post(b"", path=target)).headers["x-path"] == target


@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nhost: x\r\nx-a: b"])
def test_headers_that_have_no_end_in_time(sent: bytes) -> None:
    with echo(header_timeout=0.05) as echoing:
        assert "no end after 0.05 s" in refused(echoing, sent, 408, "header_timeout")


def test_slow_headers_behind_a_good_request_are_refused_after_its_answer() -> None:
    with echo(header_timeout=0.05) as echoing, Wire(echoing.url) as wire:
        wire.send(post(b"", path="/wait"))
        echoing.asked.acquire()
        wire.send(b"GET / HT")
        echoing.go.release()
        assert wire.answer().headers["x-path"] == "/wait"
        assert wire.answer().status == 408
        assert wire.closed()


def test_headers_behind_a_good_request_are_bounded_as_well(open_door) -> None:
    with Wire(open_door.url) as wire:
        wire.send(post(b"", path="/wait"))
        open_door.asked.acquire()
        for _ in range(6):
            wire.send(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: " + b"y" * 6000 + b"\r\n")
        open_door.go.release()
        assert wire.answer().status == 200
        assert wire.answer().status in (400, 431)
        assert wire.closed()


# --- Bodies


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(open_door) -> None:
    sent = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10485761\r\n\r\n"
    assert refused(open_door, sent, 413, "body") == "the body is larger than 10485760 bytes"


def test_a_client_that_waits_for_our_word_is_told_before_it_sends_too_much(open_door) -> None:
    sent = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n"
    refused(open_door, sent, 413, "body")


def test_a_client_that_waits_for_our_word_gets_it(open_door) -> None:
    with Wire(open_door.url) as wire:
        wire.send(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
        assert wire.answer().status == 100
        wire.send(b"good")
        assert wire.answer().body == b"good"


def test_a_client_that_sends_all_of_a_large_body_first_reads_why_it_was_refused(open_door) -> None:
    refused(open_door, post(b"x" * 15_000_000), 413, "body")


def test_a_body_of_unknown_length_is_bounded(open_door) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    sent = head + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 161
    refused(open_door, sent, 413, "body")


def test_a_body_of_exactly_the_largest_size_is_taken(open_door) -> None:
    assert len(exchange(open_door.url, post(b"x" * 10_485_760)).body) == 10_485_760


def test_a_body_that_has_no_end_in_time() -> None:
    with echo(body_timeout=0.05, body_rate=1000) as echoing:
        sent = post(b"x" * 100)[:-50]
        assert refused(echoing, sent, 408, "body_timeout") == "50 bytes of the body came in 0.1 s, and no end"


def test_of_bodies_that_are_too_much_together_the_one_on_its_way_longest_gives_way() -> None:
    with echo(bodies=100_000) as echoing, Wire(echoing.url) as slow:
        head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 90000\r\n\r\n"
        slow.send(head)
        assert slow.answer().status == 100
        slow.send(b"x" * 50_000)
        with Wire(echoing.url) as quick:
            quick.send(head)
            assert quick.answer().status == 100
            quick.send(b"x" * 40_000)
            quick.send(b"x" * 50_000)
            assert quick.answer().body == b"x" * 90_000
            answer = slow.answer()
            assert answer.status == 503
            assert answer.error.endswith("at once, this one for longest")
            assert slow.closed()
        assert echoing.doorway.struck == {"bodies": 1}
        assert exchange(echoing.url, post(b"x" * 90_000)).status == 200


# --- Compressed bodies


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"good", mtime=0)),
        ("GZIP", gzip.compress(b"good", mtime=0)),
        ("x-gzip", gzip.compress(b"go", mtime=0) + gzip.compress(b"od", mtime=0)),
        ("deflate", zlib.compress(b"good")),
        ("deflate", zlib.compress(b"good")[2:-4]),
        ("identity", b"good"),
    ],
)
def test_a_compressed_body_arrives_unfolded(open_door, coding: str, packed: bytes) -> None:
    assert exchange(open_door.url, post(packed, f"content-encoding: {coding}")).body == b"good"


def bomb(size: int) -> bytes:
    """Zeros, at the best ratio there is; made in pieces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join([*(packer.compress(zeros) for _ in range(size >> 20)), packer.flush()])


@pytest.mark.thorough
def test_a_body_that_unfolds_to_a_gibibyte_is_refused_when_the_limit_is_reached(open_door) -> None:
    sent = post(bomb(1 << 30), "content-encoding: gzip")
    assert "more than 10485760 bytes" in refused(open_door, sent, 413, "inflated")


def test_a_body_that_unfolds_too_many_times_its_size_is_refused(open_door) -> None:
    sent = post(bomb(8 << 20), "content-encoding: gzip")
    assert "more than 250 times" in refused(open_door, sent, 413, "inflated_ratio")


def test_a_small_body_may_unfold_as_far_as_it_likes(open_door) -> None:
    assert exchange(open_door.url, post(bomb(1 << 20), "content-encoding: gzip")).body == bytes(1 << 20)


@pytest.mark.parametrize(
    ("coding", "packed", "status"),
    [
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(b"good", mtime=0)[:-3], 400),
        ("gzip", gzip.compress(b"", mtime=0) * 17, 400),
        ("deflate", b"\xff\xff", 400),
        ("br", b"\x0b\x01\x80good\x03", 415),
        ("zstd", b"\x28\xb5\x2f\xfd", 415),
    ],
)
def test_a_body_that_is_not_what_its_coding_says(open_door, coding: str, packed: bytes, status: int) -> None:
    refused(open_door, post(packed, f"content-encoding: {coding}"), status, "content-encoding")


# --- What two readers would read in two ways


CHUNKED = "transfer-encoding: chunked"


@pytest.mark.parametrize(
    "sent",
    [
        post(b"0\r\n\r\n", CHUNKED),
        b"POST / HTTP/1.1\r\nhost: x\r\n" + CHUNKED.encode() + b"\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        post(b"good", "content-length: 3"),
        post(b"good", "content-length: 4"),
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4, 4\r\n\r\ngood",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\ngood",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\nhost: x\ncontent-length: 4\n\ngood",
        b"POST / HTTP/1.1\r\nhost: x\nx-a: b\r\n\r\n",
        post(b"good", "x-a: b\r\n folded"),
        post(b"good", "x-a : b"),
        post(b"good", "x-a: b\x00c"),
        b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, identity\r\n\r\n",
    ],
    ids=lambda sent: repr(sent[:60]),
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(open_door, sent: bytes) -> None:
    assert refused(open_door, sent, 400, "syntax").startswith("not a request that can be read: ")


@pytest.mark.parametrize("rest", [b"zz\r\n", b"4\r\ngoodness\r\n", b"ffffffffffffffffff\r\n"])
def test_a_body_whose_pieces_are_broken_is_refused_at_once(open_door, rest: bytes) -> None:
    with Wire(open_door.url) as wire:
        wire.send(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        wire.send(rest)
        answer = wire.answer()
        assert answer.status == 400
        assert wire.closed()
    assert (open_door.doorway.struck, open_door.bodies) == ({"syntax": 1}, [])


@pytest.mark.asyncio
async def test_a_body_that_broke_before_anybody_looked_at_it_is_refused_as_well() -> None:
    # By sockets it comes about once in thousands: both pieces arrive between the head and the first look.
    content = StreamReader(Mock(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())
    content.set_exception(web.RequestPayloadError("Invalid character in chunk size"))
    content.feed_eof()
    request = make_mocked_request("POST", "/", payload=content)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        doorway = Doorway(listening, Mock())
        with pytest.raises(Refusal, match="Invalid character in chunk size") as told:
            await doorway._receive(request)
    assert told.value.status == 400


# --- Connections that end in their own ways


def test_a_client_that_shuts_its_writing_side_gets_its_answers(open_door) -> None:
    with Wire(open_door.url) as wire:
        wire.send(post(b"", path="/wait") + post(b"last"))
        wire.half_close()
        open_door.asked.acquire()
        open_door.go.release()
        assert wire.answer().headers["x-path"] == "/wait"
        last = wire.answer()
        assert (last.body, last.headers["connection"]) == (b"last", "close")
        assert wire.closed()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", post(b"good")[:-2]])
def test_a_client_that_shuts_before_the_end_is_let_go(open_door, sent: bytes) -> None:
    with Wire(open_door.url) as wire:
        wire.send(sent)
        wire.half_close()
        assert wire.closed()
    open_door.settle()
    assert not open_door.doorway.connections
    assert open_door.bodies == []


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", post(b"good")[:-2], GOOD, post(b"", path="/wait"), b"\0\0"]
)
def test_a_client_may_reset_whenever_it_likes(open_door, sent: bytes) -> None:
    for _ in range(20):
        wire = Wire(open_door.url)
        wire.send(sent)
        wire.reset()
    open_door.go.release(20)
    assert exchange(open_door.url, GOOD).body == b"good"


def test_an_answer_that_nobody_reads_is_given_up() -> None:
    with echo(unread=0.05) as echoing, Wire(echoing.url) as wire:
        wire.send(post(b"", path="/large"))
        assert echoing.refused.acquire(timeout=20)
        # Only what had left by then is there.
        with contextlib.suppress(ConnectionResetError):
            assert len(wire.answer().body) < 32 * 1024 * 1024
        assert echoing.told == ["an answer was not read for 0.05 s"]


def test_an_idle_connection_is_closed_without_a_word() -> None:
    with echo(idle=0.05) as echoing, Wire(echoing.url) as fresh, Wire(echoing.url) as used:
        used.send(GOOD)
        assert used.answer().body == b"good"
        assert used.closed()
        assert fresh.closed()
        assert not echoing.doorway.struck


# --- Many connections


def test_the_connection_that_is_idle_longest_gives_way_to_a_new_one() -> None:
    with echo(connections=2) as echoing, Wire(echoing.url) as first, Wire(echoing.url) as second:
        for wire in (first, second, first):
            wire.send(GOOD)
            assert wire.answer().body == b"good"
        with Wire(echoing.url) as third:
            assert second.closed()
            for wire in (first, third):
                wire.send(GOOD)
                assert wire.answer().body == b"good"
        assert echoing.doorway.struck == {"connections": 1}


def test_beyond_as_many_as_are_busy_a_new_one_is_refused_and_the_others_are_served() -> None:
    with echo(connections=2) as echoing, Wire(echoing.url) as first, Wire(echoing.url) as second:
        for wire in (first, second):
            wire.send(post(b"", path="/wait"))
            echoing.asked.acquire()
        with Wire(echoing.url) as third:
            answer = third.answer()
            assert (answer.status, answer.error) == (503, "more than 2 connections at once")
            assert third.closed()
        echoing.go.release(2)
        assert [wire.answer().status for wire in (first, second)] == [200, 200]
        assert exchange(echoing.url, GOOD).body == b"good"


def test_slow_clients_by_the_hundred_keep_nobody_else_out() -> None:
    with echo(connections=50) as echoing:
        slow = [Wire(echoing.url) for _ in range(200)]
        try:
            for wire in slow:
                wire.send(b"GET / HTTP/1.1\r\nx-a: ")
            assert exchange(echoing.url, GOOD).body == b"good"
        finally:
            for wire in slow:
                wire.__exit__()


def test_an_error_of_ours_is_no_end_of_the_doorway(open_door, caplog) -> None:
    assert exchange(open_door.url, post(b"", path="/break")).status == 500
    assert "broken on purpose" in caplog.text
    caplog.clear()
    assert exchange(open_door.url, GOOD).body == b"good"
