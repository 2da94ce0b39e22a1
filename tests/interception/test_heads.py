"""The head of a request to a forward proxy, read and sent on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.interception.heads import BadHead, Head, read_head


def test_a_tunnel_has_a_host_and_a_port() -> None:
    assert read_head(b"CONNECT API.x.example:443 HTTP/1.1\r\nHost: y\r\n\r\n") == Head("api.x.example", 443)
    assert read_head(b"CONNECT [::1]:8443 HTTP/1.0\r\n\r\n") == Head("::1", 8443)


@pytest.mark.parametrize(
    ("target", "place", "path"),
    [
        (b"http://x.example", ("x.example", 80), b"/"),
        (b"HTTP://X.example:8080/a?b=//c#d", ("x.example", 8080), b"/a?b=//c"),
        (b"https://x.example?q", ("x.example", 443), b"/?q"),
        (b"http://x.example//a/../b%2F", ("x.example", 80), b"//a/../b%2F"),
    ],
)
def test_a_url_becomes_a_path_and_nothing_else_of_it_changes(
    target: bytes, place: tuple[str, int], path: bytes
) -> None:
    head = read_head(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert (head.host, head.port) == place
    assert head.onward.startswith(b"GET " + path + b" HTTP/1.1\r\nHost: ")


def test_fields_go_on_in_order_but_for_those_about_the_connection() -> None:
    head = read_head(
        b"POST http://x.example/ HTTP/1.1\r\nB: 1\r\nHOST: y\r\nConnection: keep-alive\r\nproxy-connection: close\r\n"
        b"Proxy-Authorization: Basic eDp5\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\nA: \xe9\r\n\r\n"
    )
    assert head.onward == (
        b"POST / HTTP/1.1\r\nHost: x.example\r\nB: 1\r\nTransfer-Encoding: chunked\r\nA: \xe9\r\nConnection: close\r\n\r\n"
    )


@given(st.binary())
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        read_head(data + b"\r\n\r\n")
    except BadHead as error:
        assert "expected" in str(error)


@given(st.text("CONET htp:/@[]*.#?%x1 \t\r\n\x00", max_size=40))
def test_what_resembles_a_target_is_read_or_refused(target: str) -> None:
    for method in ("CONNECT", "GET"):
        try:
            head = read_head(f"{method} {target} HTTP/1.1\r\n\r\n".encode())
        except BadHead:
            continue
        assert head.onward.count(b"\r\n") == (0 if method == "CONNECT" else 4)
