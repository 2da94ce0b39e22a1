"""Ids as the vendor's samples have them, and his way to write a time."""

from __future__ import annotations

from emulators.engine.provider import Account
from emulators.hellotext import LETTERS


def fresh(account: Account, what: str) -> str:
    """An id of a new object: eight letters and digits."""
    return "".join(account.random(what).choices(LETTERS, k=8))


def session_token(account: Account) -> str:
    """A session that the vendor mints: 32 letters and digits. Browsers make UUIDs of their own since 2025."""
    return "".join(account.random("session token").choices(LETTERS, k=32))


def now(account: Account) -> int:
    """Bodies have times in Unix seconds."""
    return int(account.now.timestamp())
