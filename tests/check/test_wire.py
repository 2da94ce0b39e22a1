"""What is told of a receiver that gives no answer, and connections that are kept: with real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from emulators.check.vocabulary import Heard
from emulators.check.wire import Wire
from emulators.check.wire.silence import why
from emulators.engine.egress import Egress
from tests.support.receiver import Receiver, free_port_url

pytestmark = pytest.mark.asyncio

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LARGE = b"x" * (1 << 22)


@asynccontextmanager
async def listening(talk: Talk, secure: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """`host:port` of somebody who talks like this to whoever connects."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=secure)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def heard(url: str, body: bytes = b"[]", allow: tuple[str, ...] = (), timeout: float = 20) -> Heard:
    wire = Wire(Egress(allow))
    try:
        return await wire.send("POST", url, (), body, timeout)
    finally:
        await wire.close()


def answering(said: bytes, reset: bool = False) -> Talk:
    """Reads a head, and says this."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        if reset:
            linger = b"\1\0\0\0\0\0\0\0"
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    return talk


async def test_nobody_listens() -> None:
    url = free_port_url()
    place = url.removeprefix("http://").removesuffix("/hook")
    assert (await heard(url)).reason == f"connection refused: nobody listens at {place}"


async def test_nobody_listens_at_any_address_of_a_name() -> None:
    url = free_port_url().replace("127.0.0.1", "localhost")
    reason = (await heard(url)).reason
    assert reason == "connection refused: nobody listens at " + url.removeprefix("http://").removesuffix(
        "/hook"
    )


async def test_a_name_that_nobody_knows() -> None:
    found = await heard("http://staging.example.invalid/hook", allow=("staging.example.invalid",))
    # Where no name server can be asked it cannot be told that there is none.
    assert found.reason in (
        "the name staging.example.invalid is not known",
        "the name staging.example.invalid could not be looked up: the name server does not answer",
    )


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (socket.EAI_NONAME, "the name shop.example is not known"),
        (socket.EAI_AGAIN, "the name shop.example could not be looked up: the name server does not answer"),
    ],
)
async def test_names_that_cannot_be_looked_up(code: int, says: str) -> None:
    assert why(socket.gaierror(code, "words of the system"), "http://shop.example/hook") == says


async def test_a_host_that_was_not_allowed_is_told_as_the_guard_tells_it() -> None:
    assert "nothing leaves it unasked" in (await heard("http://192.0.2.1/hook")).reason


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        (answering(b""), "the connection was closed before an answer"),
        (answering(b"", reset=True), "the connection was reset"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), "the answer broke off before its end"),
    ],
)
async def test_connections_that_end_too_early(talk: Talk, says: str) -> None:
    async with listening(talk) as place:
        assert (await heard(f"http://{place}/hook")).reason == says


async def test_what_is_no_http_is_told_without_the_bytes_that_differ_from_run_to_run() -> None:
    told = []
    for said in (b"SSH-2.0-OpenSSH_9.6\r\n", b"SSH-2.0-OpenSSH_9.7\r\n"):
        async with listening(answering(said)) as place:
            told.append((await heard(f"http://{place}/hook")).reason)
    assert told[0] == told[1]
    assert told[0].startswith("the answer is no HTTP: ")
    assert "SSH" not in told[0]


async def test_a_line_that_is_too_long_is_told_without_the_line() -> None:
    said = b"HTTP/1.1 200 OK\r\nX: " + b"secret" * 5000 + b"\r\n\r\n"
    async with listening(answering(said)) as place:
        reason = (await heard(f"http://{place}/hook")).reason
    assert reason.startswith("the answer is no HTTP: Got more than")
    assert "secret" not in reason


async def test_a_connection_that_breaks_under_a_large_body_has_one_name() -> None:
    """Whether the write or the read fails first is chance."""
    told = set()
    for _ in range(5):
        async with listening(answering(b"", reset=True)) as place:
            told.add((await heard(f"http://{place}/hook", LARGE)).reason)
    assert told == {"the connection was reset"}


async def test_who_never_answers_is_given_up() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(hang) as place:
        assert (await heard(f"http://{place}/hook", timeout=0.05)).reason == "no answer within 0.05 s"


async def test_a_header_that_cannot_be_sent_is_told_as_such() -> None:
    async with listening(answering(b"")) as place:
        wire = Wire(Egress())
        found = await wire.send("POST", f"http://{place}/", (("X-Key", "a\r\nb: c"),), b"", 20)
        await wire.close()
    assert found.reason.startswith("the request cannot be sent: ")


# -- TLS


class Names:
    """An authority of a test, and the certificates that it gives."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(str(self.file))

    def server(self, *names: str, **more: datetime) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names, **more).configure_cert(context)  # type: ignore[arg-type]
        return context

    def self_signed(self, folder: Path) -> ssl.SSLContext:
        key = folder / "key.pem"
        self.authority.private_key_pem.write_to_path(str(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.file), str(key))
        return context


@pytest.fixture
def names(tmp_path: Path) -> Names:
    return Names(tmp_path)


OK = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def over_tls(context: ssl.SSLContext, host: str = "127.0.0.1") -> str:
    """What is told of a receiver with this certificate, its place left out."""
    async with listening(OK, context) as place:
        place = place.replace("127.0.0.1", host)
        found = await heard(f"https://{place}/hook")
    return found.reason.replace(place, "PLACE") if found.status is None else str(found.status)


async def test_a_certificate_of_an_authority_that_was_made_known_is_trusted(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(names.file))
    assert await over_tls(names.server("127.0.0.1")) == "200"


async def test_an_unknown_authority_is_told_with_what_to_do(names: Names) -> None:
    said = await over_tls(names.server("127.0.0.1"))
    assert said.startswith(
        "the certificate of PLACE is signed by an authority that is unknown here: let SSL_CERT_FILE"
    )


async def test_a_self_signed_certificate_is_told_with_what_to_do(names: Names, tmp_path: Path) -> None:
    said = await over_tls(names.self_signed(tmp_path))
    assert said == "the certificate of PLACE is self-signed: let SSL_CERT_FILE name a file that holds it, too"


async def test_an_expired_certificate_is_told(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(names.file))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    context = names.server("127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday)
    assert await over_tls(context) == "the certificate of PLACE has expired: renew it"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_certificate_of_another_name_is_told(
    names: Names, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(names.file))
    said = await over_tls(names.server("shop.example.com"), host)
    assert said.startswith(f"the certificate of PLACE is made out to another name than {host}")


async def test_plain_http_behind_an_https_address_is_told() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with listening(plain) as place:
        reason = (await heard(f"https://{place}/hook")).reason
    assert reason == f"{place} does not speak TLS: is its address http://{place}?"


# -- resets


async def test_a_reset_of_ours_is_told_as_ours_and_one_that_finds_nobody_is_not() -> None:
    wire = Wire(Egress())
    async with Receiver() as receiver:
        assert (await wire.reset(receiver.url, (), b"[]", 20)).reason == "reset by us after the body"
    url = free_port_url()
    assert (await wire.reset(url, (), b"[]", 20)).reason.startswith("connection refused: nobody listens at ")
    assert "nothing leaves it unasked" in (await wire.reset("http://192.0.2.1/", (), b"[]", 20)).reason
    await wire.close()


# -- kept connections


async def requests_over_one(wire: Wire, url: str, count: int) -> list[Heard]:
    try:
        return [await wire.send("POST", url, (), b"[]", 20) for _ in range(count)]
    finally:
        await wire.close()


async def test_a_kept_connection_serves_all_requests() -> None:
    seen = set()

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        seen.add(request.transport.get_extra_info("peername"))
        return web.Response()

    async with Receiver(then=note) as receiver:
        wire = Wire(Egress(), kept=True)
        await requests_over_one(wire, receiver.url, 5)
        assert (len(seen), wire.surprises) == (1, 0)
        await requests_over_one(Wire(Egress()), receiver.url, 5)
        assert len(seen) == 6


@pytest.mark.parametrize(("header", "surprises"), [(b"", 2), (b"Connection: close\r\n", 0)])
async def test_a_connection_that_is_closed_without_a_word_is_a_surprise(
    header: bytes, surprises: int
) -> None:
    closed = asyncio.Semaphore(0)

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n[]")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + header + b"\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        closed.release()

    async with listening(once) as place:
        wire = Wire(Egress(), kept=True)
        for _ in range(3):
            await wire.send("POST", f"http://{place}/hook", (), b"[]", 20)
            await closed.acquire()
            # The client hears of it in the next turn of the loop.
            await asyncio.sleep(0)
        await wire.close()
    assert wire.surprises == surprises
