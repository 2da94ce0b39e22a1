"""The two sides of the delivery benchmarks: a bare aiohttp client, and events as an emulator writes them."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp

from emulators import in_thread
from emulators.engine.lane import join
from emulators.engine.provider import Event

HEADERS = {"content-type": "application/json"}


async def post_each(url: str, bodies: Iterable[bytes], keep_alive: bool = True) -> None:
    """Posts one body after another with nothing around it; without `keep_alive` on a connection each."""
    connector = aiohttp.TCPConnector(force_close=not keep_alive)
    async with aiohttp.ClientSession(connector=connector) as session:
        for body in bodies:
            async with session.post(url, data=body, headers=HEADERS) as response:
                await response.read()
                assert response.status == 200


def written(vendor: str, kind: str, count: int, url: str) -> list[Event]:
    """Two or more events as the emulator of a vendor writes them; `url` gets its verification only."""
    with in_thread(vendor) as emulator:
        emulator.subscribe(url)
        return list(emulator.emit(kind, count=count))


def batch(events: Iterable[Event]) -> bytes:
    """The body of one request."""
    return join(list(events), "array")
