"""Names to addresses, each seen by the egress guard before anything connects to it."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from emulators.engine.egress import Egress


class GuardedResolver(AbstractResolver):
    """Looks names up and lets the guard see the very addresses that are connected to.

    A name that stands for several addresses is refused whole if one of them may not be connected to: which of them
    an attempt would take is chance. A name that was not allowed is looked up all the same, for it may stand for this machine;
    if nothing is found, it is refused as any host is that was not allowed.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await ThreadedResolver().resolve(host, port, family)
        except OSError as error:
            self._egress.check_unknown(host, port, error.strerror or str(error))
            raise
        for result in found:
            self._egress.check(host, port, result["host"])
        return found

    async def close(self) -> None:
        """Nothing is held."""
