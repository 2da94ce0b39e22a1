"""Which identities can be found again among what is stored. Pure."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{7,}", re.ASCII)
"""A shorter id stands in too many numbers and texts by chance; one with other characters may be stored in another form."""


def tellable(key: str) -> bool:
    """Whether an identity is found in the records of its event and in no others."""
    return _PLAIN.fullmatch(key) is not None
