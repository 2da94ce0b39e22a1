"""Ids in the shapes that the vendor's samples show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID


def uuid4(random: Random) -> str:
    """A random UUID: `iid` of a campaign's message, key of an event."""
    bits = random.getrandbits(128)
    bits = bits & ~(0xF000 << 64) | (4 << 76)
    bits = bits & ~(0xC000 << 48) | (0x8000 << 48)
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


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
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(random.choices(letters, k=length))
