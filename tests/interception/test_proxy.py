"""The forward proxy on real sockets: who is answered for, who is let through, who is refused, and what breaks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from emulators.errors import InvalidValue
from emulators.faults import Hang, Reset
from emulators.interception import intercepting
from emulators.interception.proxy import Limits
from tests.interception.support import (
    ESPUTNIK,
    SENDPULSE,
    Intercepting,
    interception,
    place,
    read_all,
    status,
)
from tests.support.tls import CERTIFICATE, TlsFront

PARTNER = "api.partner.example"
IPS = b"GET /smtp/ips HTTP/1.1\r\nHost: api.sendpulse.com\r\nConnection: close\r\n\r\n"
VERSION = b"GET /api/v1/version HTTP/1.1\r\nHost: esputnik.com\r\nConnection: close\r\n\r\n"


def absolute(url: str, *fields: str) -> bytes:
    lines = [f"GET {url} HTTP/1.1", "Host: elsewhere.example", *fields, "", ""]
    return "\r\n".join(lines).encode()


def drop(client: socket.socket) -> None:
    """Resets a connection."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.fixture
def partner() -> Iterator[tuple[trustme.CA, Callable[[str, int], Any], list[tuple[str, int]]]]:
    """A real host that no emulator answers for: its authority, and how it is reached."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(PARTNER).configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as client:
            client.sendall(b"the real one heard " + client.recv(100))

    dialled: list[tuple[str, int]] = []

    async def dial(host: str, port: int) -> Any:
        dialled.append((host, port))
        return await asyncio.open_connection(*listening.getsockname())

    thread = threading.Thread(target=serve, daemon=True)
    with listening:
        thread.start()
        yield authority, dial, dialled
        thread.join(10)


def test_a_foreign_host_is_refused_in_words_and_told_of_once(intercepted: Intercepting) -> None:
    request = b"CONNECT Api.Partner.Example.:443 HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = intercepted.ask(request)
    assert status(answer) == 403
    text = answer.partition(b"\r\n\r\n")[2].decode()
    assert text == (
        "api.partner.example:443 is refused: no emulator here answers for it; "
        "to reach the real host: --pass-through api.partner.example\n"
    )
    assert intercepted.ask(request) == answer
    assert intercepted.told == [text.strip()]


def test_a_foreign_url_is_refused_even_with_a_body_that_nobody_reads(intercepted: Intercepting) -> None:
    head = b"POST http://partner.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
    answer = intercepted.ask(head + b"x" * 20_000_000)
    assert status(answer) == 403
    assert b"partner.example:80 is refused" in answer


def test_a_vendors_host_counts_on_every_port_and_in_any_case(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    with intercepted.tunnel("API.SendPulse.com", 80) as client:
        client.sendall(IPS)
        assert status(read_all(client)) == 401
    assert sendpulse.calls()[0].path == "/smtp/ips"


def test_hosts_of_a_pattern_have_certificates_of_their_own(pushwoosh: Any) -> None:
    with interception({"*.api.pushwoosh.com": place(pushwoosh.url)}) as intercepted:
        for host in ("3a1b2-c3d41.api.pushwoosh.com", "11111-22222.api.pushwoosh.com"):
            with intercepted.secure(host) as client:
                assert ("DNS", host) in client.getpeercert()["subjectAltName"]
        for host in (b"api.pushwoosh.com", b"a.b.api.pushwoosh.com"):
            assert status(intercepted.ask(b"CONNECT " + host + b":443 HTTP/1.1\r\n\r\n")) == 403


def test_a_url_in_the_clear_is_asked_at_its_own_host(intercepted: Intercepting, sendpulse: Any) -> None:
    own = ["Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eDp5", "X-Mine: 1"]
    answer = intercepted.ask(absolute("http://api.sendpulse.com/smtp/ips?limit=1", *own))
    assert status(answer) == 401
    [call] = sendpulse.calls()
    assert (call.path, call.call.query) == ("/smtp/ips", (("limit", "1"),))
    fields = {name: value for name, value in call.headers.items() if name != "accept-encoding"}
    assert fields == {"host": SENDPULSE, "x-mine": "1", "connection": "close"}


def test_an_https_url_in_the_clear_is_answered_for_as_axios_sends_it(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    assert status(intercepted.ask(absolute("https://api.sendpulse.com/smtp/ips"))) == 401
    answer = intercepted.ask(absolute("https://localhost/x"))
    assert status(answer) == 400
    assert b"CONNECT" in answer


def test_a_second_request_to_another_host_never_reaches_the_first(
    intercepted: Intercepting, sendpulse: Any, esputnik: Any
) -> None:
    both = [absolute(f"http://{host}/somewhere") for host in (SENDPULSE, ESPUTNIK)]
    sendpulse.tolerate()
    esputnik.tolerate()
    assert intercepted.ask(b"".join(both)).count(b"HTTP/1.") == 1
    assert {call.path for call in sendpulse.calls()} <= {"/somewhere"}
    assert not esputnik.calls()
    for data in both:
        assert b"x-emulator-error" in intercepted.ask(data).lower()


def test_a_host_that_is_passed_through_is_tunnelled_to_undecrypted(partner: Any, sendpulse: Any) -> None:
    authority, dial, dialled = partner
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    with (
        interception({SENDPULSE: place(sendpulse.url)}, [f"{PARTNER}:8443"], dial=dial) as intercepted,
        theirs.wrap_socket(intercepted.tunnel(PARTNER, 8443), server_hostname=PARTNER) as client,
    ):
        client.sendall(b"hello")
        assert read_all(client) == b"the real one heard hello"
        assert dialled == [(PARTNER, 8443)]
        assert status(intercepted.ask(f"CONNECT {PARTNER}:443 HTTP/1.1\r\n\r\n".encode())) == 403


def test_this_machine_is_let_through_for_clients_that_do_not_heed_no_proxy(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    with TlsFront(place(sendpulse.url)[1]) as front:
        context = ssl.create_default_context(cafile=CERTIFICATE)
        tunnel = intercepted.tunnel("localhost", front.port)
        with context.wrap_socket(tunnel, server_hostname="localhost") as client:
            client.sendall(IPS)
            with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
                assert status(client.recv(65536)) == 401
    assert status(intercepted.ask(absolute(f"{sendpulse.url}/smtp/ips"))) == 401
    assert len(sendpulse.calls()) == 2


def test_two_clients_are_served_side_by_side(
    intercepted: Intercepting, sendpulse: Any, esputnik: Any
) -> None:
    with intercepted.secure(SENDPULSE) as one:
        one.sendall(IPS[:20])
        with intercepted.secure(ESPUTNIK) as other:
            other.sendall(VERSION)
            assert status(read_all(other)) in (200, 401)
        one.sendall(IPS[20:])
        assert status(read_all(one)) == 401
    assert (len(sendpulse.calls()), len(esputnik.calls())) == (1, 1)


@pytest.mark.parametrize("leave", [drop, socket.socket.close])
def test_a_client_that_leaves_in_the_middle_of_the_handshake_disturbs_nobody(
    leave: Callable[[socket.socket], None], hosts: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hello, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    speaking = ssl.create_default_context().wrap_bio(hello, out, server_hostname=SENDPULSE)
    with pytest.raises(ssl.SSLWantReadError):
        speaking.do_handshake()
    with interception(hosts) as intercepted:
        for part in (out.read(), b""):
            client = intercepted.tunnel(SENDPULSE)
            client.sendall(part[: len(part) // 2])
            leave(client)
        with intercepted.secure(SENDPULSE) as client:
            client.sendall(IPS)
            assert status(read_all(client)) == 401
    assert (intercepted.told, caplog.records) == ([], [])


def test_what_is_no_tls_is_told_so_in_its_own_words(intercepted: Intercepting) -> None:
    with intercepted.tunnel(SENDPULSE) as client:
        client.sendall(b"\x16\x03\x01\x00\x05hello")
        alert = read_all(client)
    assert (alert[:1], alert[5:6]) == (b"\x15", b"\x02")
    assert intercepted.told == []


def test_a_client_that_sends_before_it_is_answered_loses_nothing(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    answer = intercepted.ask(b"CONNECT api.sendpulse.com:80 HTTP/1.1\r\n\r\n" + IPS)
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 401 ")


def test_a_connection_that_the_vendor_resets_is_reset_here_too(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    sendpulse.inject(Reset(times=2))
    with intercepted.tunnel(SENDPULSE, 80) as client, pytest.raises(ConnectionResetError):
        client.sendall(IPS)
        read_all(client)
    with intercepted.secure(SENDPULSE) as client, pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        client.sendall(IPS)
        read_all(client)
    assert [call.status for call in sendpulse.calls()] == [None, None]


def test_a_client_that_resets_its_connection_resets_that_of_the_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with interception({}) as intercepted:
            client = intercepted.tunnel("localhost", port)
            client.sendall(b"hello")
            with listening.accept()[0] as host:
                host.settimeout(30)
                assert host.recv(100) == b"hello"
                drop(client)
                with pytest.raises(ConnectionResetError):
                    host.recv(100)


def test_a_vendor_whose_emulator_is_gone_is_a_bad_gateway() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with interception({SENDPULSE: address}) as intercepted:
        answer = intercepted.ask(b"CONNECT api.sendpulse.com:443 HTTP/1.1\r\n\r\n")
    assert status(answer) == 502
    assert b"cannot be reached" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: api.sendpulse.com\r\n\r\n",
        b"CONNECT api.sendpulse.com HTTP/1.1\r\n\r\n",
        b"CONNECT api.sendpulse.com:0 HTTP/1.1\r\n\r\n",
        b"CONNECT *.pushwoosh.com:443 HTTP/1.1\r\n\r\n",
        b"CONNECT api.sendpulse.com:443 HTTP/2\r\n\r\n",
        b"CONNECT api.sendpulse.com:443 HTTP/1.1\r\nHost : x\r\n\r\n",
        b"CONNECT api.sendpulse.com:443 HTTP/1.1\r\nX: 1\r\n folded\r\n\r\n",
        b"GET http://api.sendpulse.com@evil.example/ HTTP/1.1\r\n\r\n",
        b"GET ftp://api.sendpulse.com/ HTTP/1.1\r\n\r\n",
        b"GET http://api.sendpulse.com/ HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
def test_what_no_proxy_can_serve_is_a_bad_request(request_: bytes, intercepted: Intercepting) -> None:
    answer = intercepted.ask(request_)
    assert status(answer) == 400
    assert b"expected" in answer


def test_limits_have_answers(hosts: Any) -> None:
    with interception(hosts, limits=Limits(head=1000, seconds=0.2, connections=2)) as intercepted:
        assert status(intercepted.ask(b"CONNECT x:443 HTTP/1.1\r\nX: " + b"x" * 2000)) == 431
        assert status(intercepted.ask(b"CONNECT api.sendpulse.com:443 HTTP/1.1\r\n")) == 408
        with intercepted.connect() as silent:
            assert status(read_all(silent)) == 408
        with intercepted.tunnel(SENDPULSE, 80) as quiet, pytest.raises(ConnectionResetError):
            # Nothing is said in the tunnel.
            read_all(quiet)
    with (
        interception(hosts, limits=Limits(connections=2)) as intercepted,
        intercepted.secure(SENDPULSE),
        intercepted.secure(ESPUTNIK),
        intercepted.connect() as third,
    ):
        assert status(read_all(third)) == 503


def test_stopping_ends_every_connection_and_leaves_no_task(sendpulse: Any) -> None:
    sendpulse.inject(Hang())
    opening = b"CONNECT api.sendpulse.com:443 HTTP/1.1\r\n\r\n"

    async def main() -> Path:
        before = asyncio.all_tasks()
        patient = Limits(seconds=3600)
        async with (
            asyncio.timeout(30),
            intercepting({SENDPULSE: place(sendpulse.url)}, limits=patient) as session,
        ):
            context = ssl.create_default_context(cafile=str(session.folder / "ca.pem"))
            opened = [await asyncio.open_connection(*place(session.url)) for _ in range(5)]
            # Nothing, half a head, a tunnel, half a handshake, and one that waits for its answer.
            heads = (b"", opening[:20], opening, opening + b"\x16\x03\x01", opening)
            for (_, writer), said in zip(opened, heads, strict=True):
                writer.write(said)
            reader, writer = opened[-1]
            await reader.readuntil(b"\r\n\r\n")
            await writer.start_tls(context, server_hostname=SENDPULSE)
            writer.write(IPS)
            await asyncio.to_thread(sendpulse.wait_for_call, "ips")
        assert asyncio.all_tasks() == before
        for reader, writer in opened:
            async with asyncio.timeout(30):
                await asyncio.gather(reader.read(), return_exceptions=True)
            writer.transport.abort()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        return session.folder

    assert not asyncio.run(main()).exists()


def test_a_host_cannot_be_answered_for_and_let_through(sendpulse: Any) -> None:
    with (
        pytest.raises(InvalidValue, match="leave out one of the two"),
        interception({SENDPULSE: place(sendpulse.url)}, [SENDPULSE]),
    ):
        pass
