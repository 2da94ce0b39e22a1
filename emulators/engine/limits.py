"""How much, how long and how many a socket takes, and the answer to what goes beyond."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds, per connection unless it says otherwise.

    No vendor states such numbers. These are far above what its clients send, and low enough that nobody can make
    this process slow or large; a body that is too large for the vendor itself is the vendor's to refuse.
    """

    request_line: int = 8 * KIB
    header_line: int = 8 * KIB
    headers: int = 32 * KIB
    """All header lines of a request together."""
    header_count: int = 100
    header_timeout: float = 10.0
    """From the first byte of a request to the end of its headers."""

    body: int = 10 * MIB
    body_timeout: float = 10.0
    """How long a body may take; each `body_rate` bytes that came allow a second more."""
    body_rate: int = 16 * KIB
    bodies: int = 32 * MIB
    """Of all requests that are being read, on all connections of a socket. Beyond it the one that has been on its
    way longest is refused."""
    inflated: int = 10 * MIB
    """What a compressed body may unfold to."""
    inflated_ratio: int = 250
    """How many times larger than its compressed form, where it is larger than a mebibyte."""

    idle: float = 60.0
    """How long a connection may wait for its next request."""
    unread: float = 60.0
    """How long an answer may wait for a client that does not read it."""
    lingering: float = 2.0
    """How long what still comes is thrown away, so that the client gets to read why it was refused."""
    connections: int = 512
    """Of a socket. Beyond it the one that has been idle longest gives way; if none is, the newcomer is refused."""


class Refusal(Exception):
    """A request that goes beyond a limit: the answer to it, which is ours and not the vendor's.

    `limit` is the name of the limit, `str()` the reason in words.
    """

    def __init__(self, status: int, limit: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.limit = limit
