"""A body in two TCP segments, as networks may cut any: parted inside a character where it has one that can be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


def cut(body: bytes) -> int:
    """Where the second half begins: after the first byte of the first character of several bytes in UTF-8, else in the middle."""
    several = (at + 1 for at, byte in enumerate(body) if byte >= 0xC0)
    return next(several, len(body) // 2)


async def halves(body: bytes, pause: float) -> AsyncIterator[bytes]:
    """Both, `pause` seconds apart: else they may arrive as one."""
    at = cut(body)
    yield body[:at]
    await asyncio.sleep(pause)
    yield body[at:]
