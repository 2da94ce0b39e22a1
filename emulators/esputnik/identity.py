"""Ids in the shapes that the vendor's samples show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from types import MappingProxyType
from uuid import UUID

# The contacts of the vendor's samples. Addresses are masked there: in the workflow sample 889891911 has test1, too.
DOCUMENTED = MappingProxyType(
    {
        "test1@yourdomain.com": (1967597908, "789456512"),
        "test2@yourdomain.com": (889891911, "262ac297-6ae1-11ec-a2ec-0050569bdf92"),
        "test3@yourdomain.com": (1026901517, None),
        "380956490955": (706515632, None),
    }
)

LETTERS = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" * 5)[:256]
"""A letter or digit for every byte."""


def contact_of(address: str) -> tuple[int, str | None]:
    """Whose address this is: the id of the contact, and often one in the system of the vendor's customer.

    The address alone decides, so that webhooks and the API agree.
    """
    if address.lower() in DOCUMENTED:
        return DOCUMENTED[address.lower()]
    digest = blake2b(address.lower().encode("utf-8", "surrogatepass"), digest_size=8).digest()
    known = int.from_bytes(digest)
    # Three contacts of four have an id of the customer's.
    external = str(100_000_000 + (known >> 30 & 0x1FFFFFFF)) if known >> 62 else None
    return 700_000_000 + (known & 0x3FFFFFFF), external


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
