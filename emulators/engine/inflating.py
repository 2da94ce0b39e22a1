"""Compressed bodies unfolded, as far as anybody means it."""

from __future__ import annotations

import zlib

from emulators.engine.limits import MIB, Limits, Refusal

# A body may be compressed in pieces that follow each other; each piece costs a copy of the rest.
MOST_PIECES = 16


def inflate(data: bytes, coding: str, limits: Limits) -> bytes:
    """The body that `coding`, a Content-Encoding, stands for; as it is, where that is unknown or none.

    Raises `Refusal`, as soon as a limit is reached.
    """
    if coding in ("br", "zstd"):
        raise Refusal(415, "content-encoding", f"a body in {coding} is not read here; gzip and deflate are")
    if coding not in ("gzip", "x-gzip", "deflate") or not data:
        return data
    wbits = _window(data, coding)
    most = min(limits.inflated, max(MIB, len(data) * limits.inflated_ratio))
    found: list[bytes] = []
    size, rest = 0, data
    for _ in range(MOST_PIECES):
        piece = zlib.decompressobj(wbits)
        try:
            found.append(piece.decompress(rest, most + 1 - size))
        except zlib.error as error:
            raise Refusal(400, "content-encoding", f"the body is not {coding}: {error}") from None
        size += len(found[-1])
        if size > most:
            found.clear()
            raise _too_large(len(data), limits)
        if not piece.eof:
            raise Refusal(400, "content-encoding", f"the body is not {coding}: it breaks off")
        rest = piece.unused_data
        if not rest or coding == "deflate":
            return b"".join(found)
    raise Refusal(400, "content-encoding", f"the body is {coding} in more than {MOST_PIECES} pieces")


def _window(data: bytes, coding: str) -> int:
    """How zlib is told what to expect."""
    if coding != "deflate":
        return 16 + zlib.MAX_WBITS
    # Many clients leave out the header that RFC 9110 means; one there begins with compression method 8.
    return zlib.MAX_WBITS if data[0] & 0xF == 8 else -zlib.MAX_WBITS


def _too_large(size: int, limits: Limits) -> Refusal:
    if size * limits.inflated_ratio < limits.inflated:
        text = f"the body unfolds to more than {limits.inflated_ratio} times its {size} bytes"
        return Refusal(413, "inflated_ratio", text)
    return Refusal(413, "inflated", f"the body unfolds to more than {limits.inflated} bytes")
