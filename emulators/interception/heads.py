"""The head of a request to a forward proxy: which host it is for, and how it is sent on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulators.interception.hosts import normal

LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\s\x00-\x1f\x7f]+) (HTTP/1\.[01])")
FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
ABSOLUTE = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE)
AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@*]+)(?::([0-9]{1,5}))?")
# They are about the connection to the proxy. The one to the host is for this request alone.
OWN = frozenset({"connection", "proxy-connection", "keep-alive", "proxy-authorization", "upgrade"})


class BadHead(ValueError):
    """A head that no forward proxy can serve; says what was expected."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is asked for. `onward` is the head as the host gets it, and empty for a tunnel (CONNECT)."""

    host: str
    port: int
    onward: bytes = b""
    encrypted: bool = False
    """The request came in the clear, and its URL says https, as some clients (axios) send it."""


def read_head(data: bytes) -> Head:
    """A head with its empty line; raises `BadHead`."""
    start, *lines = data.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request = LINE.fullmatch(start)
    if request is None:
        raise BadHead("expected METHOD TARGET HTTP/1.1")
    fields = [FIELD.fullmatch(line) for line in lines]
    if not all(fields):
        raise BadHead("expected a header as NAME: VALUE in every line")
    method, target, version = request.groups()
    if method == "CONNECT":
        host, port = _place(target, None)
        return Head(host, port)
    url = ABSOLUTE.fullmatch(target)
    if url is None:
        raise BadHead("this is a forward proxy: expected CONNECT, or a URL as the target")
    scheme, authority, rest = url[1].lower(), url[2], url[3].partition("#")[0]
    host, port = _place(authority, 443 if scheme == "https" else 80)
    path = rest if rest.startswith("/") else "/" + rest
    kept = [line for line, found in zip(lines, fields, strict=True) if found and _kept(found[1])]
    onward = [f"{method} {path} {version}", f"Host: {authority}", *kept, "Connection: close", "", ""]
    return Head(host, port, "\r\n".join(onward).encode("latin-1"), scheme == "https")


def _kept(name: str) -> bool:
    # By RFC 9112 the URL's host counts, whatever the field says.
    return name.lower() not in OWN and name.lower() != "host"


def _place(authority: str, usual: int | None) -> tuple[str, int]:
    found = AUTHORITY.fullmatch(authority)
    port = (int(found[2]) if found[2] else usual) if found else None
    if found is None or port is None or not 0 < port < 65536:
        raise BadHead("expected HOST:PORT")
    try:
        return normal(found[1]), port
    except ValueError:
        raise BadHead("expected a host name or an address") from None
