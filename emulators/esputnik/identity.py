"""Ids in the shapes that the vendor's samples show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

LETTERS = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" * 5)[:256]
"""A letter or digit for every byte."""


def uuid4(random: Random) -> str:
    """A random UUID: `iid` of a campaign's message, key of an event."""
    digits = f"{random.getrandbits(120):030x}"
    variant = "89ab"[random.getrandbits(2)]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{variant}{digits[15:18]}-{digits[18:]}"


def uuid1(random: Random, when: datetime) -> str:
    """A UUID that carries its time: a run of a workflow and its messages."""
    ticks = (when - datetime(1582, 10, 15, tzinfo=UTC)) // timedelta(microseconds=1) * 10 + random.randrange(
        10
    )
    return str(
        UUID(
            fields=(
                ticks & 0xFFFFFFFF,
                ticks >> 32 & 0xFFFF,
                ticks >> 48 & 0x0FFF | 0x1000,
                0x80 | random.getrandbits(6),
                random.getrandbits(8),
                random.getrandbits(48),
            )
        )
    )


def link_code(random: Random, length: int) -> str:
    """The last part of a link to the web version of a message."""
    return random.randbytes(length).translate(LETTERS).decode()
