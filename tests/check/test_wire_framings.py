"""How a body leaves: asked for first, and in two parts; with real sockets."""

from __future__ import annotations

import asyncio

import pytest

from emulators.check.vocabulary import Heard
from emulators.check.wire import Wire
from emulators.check.wire.halving import cut
from emulators.engine.egress import Egress
from tests.check.test_wire import Talk, listening

pytestmark = pytest.mark.asyncio

LETTERS = '["Привіт"]'.encode()


def length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def answer(writer: asyncio.StreamWriter, body: bytes, status: bytes = b"200 OK") -> None:
    writer.write(
        b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
    )
    await writer.drain()


async def framed(talk: Talk, framing: str, **times: float) -> Heard:
    """What is heard of a body in such a framing; `times`: what the wire is given in place of its own."""
    wire = Wire(Egress())
    for name, seconds in times.items():
        setattr(wire, name, seconds)
    async with listening(talk) as place:
        try:
            return await wire.send("POST", f"http://{place}/hook", (), LETTERS, 20, framing)
        finally:
            await wire.close()


async def test_a_body_is_sent_to_whoever_never_says_continue() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"expect: 100-continue" in head.lower()
        await answer(writer, await reader.readexactly(length(head)))

    found = await framed(silent, "expect", patience=0.01)
    assert (found.status, found.body, found.reason) == (200, LETTERS, "")


async def test_the_wait_for_continue_is_not_held_against_the_receiver() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await answer(writer, await reader.readexactly(length(head)))

    loop = asyncio.get_running_loop()
    before = loop.time()
    found = await framed(silent, "expect", patience=0.3)
    assert found.status == 200
    assert found.seconds <= loop.time() - before - 0.3


async def test_a_body_is_sent_at_once_to_whoever_says_continue() -> None:
    async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await answer(writer, await reader.readexactly(length(head)))

    # Its own patience would end after the request's.
    found = await framed(asked, "expect", patience=60)
    assert (found.status, found.body) == (200, LETTERS)


async def test_whoever_refuses_an_expectation_is_sent_no_body() -> None:
    left = asyncio.get_running_loop().create_future()

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, b"", b"417 Expectation Failed")
        left.set_result(await reader.read())

    assert (await framed(refusing, "expect", patience=60)).status == 417
    assert await asyncio.wait_for(left, 20) == b""


async def test_half_a_body_leaves_before_the_rest_and_ends_inside_a_letter() -> None:
    """The rest would only come in a minute: what was read is what had been sent."""

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert (length(head), b"chunked" in head.lower()) == (len(LETTERS), False)
        await answer(writer, await reader.read(length(head)))

    found = await framed(hasty, "halves", gap=60)
    assert (found.status, found.body) == (200, LETTERS[:3])
    assert found.body == b'["' + "П".encode()[:1]


async def test_both_halves_of_a_body_arrive() -> None:
    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await answer(writer, await reader.readexactly(length(head)))

    found = await framed(whole, "halves", gap=0.001)
    assert (found.status, found.body) == (200, LETTERS)


@pytest.mark.parametrize(("body", "at"), [(b"", 0), (b"[1]", 1), ("[Ї]".encode(), 2), ("a🖤".encode(), 2)])
async def test_a_body_is_parted_inside_its_first_letter_of_several_bytes(body: bytes, at: int) -> None:
    assert cut(body) == at
