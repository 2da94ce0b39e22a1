"""Which identities can be found again among what is stored. Pure."""

from __future__ import annotations

SHORTEST = 8
"""A shorter id stands in too many numbers and texts by chance."""


def tellable(key: str) -> bool:
    """Whether an identity is found in the records of its event and in no others."""
    return len(key) >= SHORTEST
