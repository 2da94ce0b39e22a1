"""The doors of a running process: what was asked for, and what stands open before anybody is behind it."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from emulators import doors
from emulators.engine.doorway import Doorway

if TYPE_CHECKING:
    from ssl import SSLContext

    from emulators.engine.store import Store

Subscribing = tuple[str, str | None, str]
"""Provider, feed (None: its first) and URL."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `sockets` listen already: of each vendor by name, and the one of the control API."""

    specs: Mapping[str, str]
    sockets: Mapping[str, socket.socket]
    control: socket.socket
    hosts: Sequence[str]
    """Names under which the control API may be asked."""
    options: Mapping[str, Mapping[str, Any]]
    strictness: str
    subscriptions: Sequence[Subscribing]
    seed: int | None
    clock: str | float
    start: datetime | None
    allow: Sequence[str]
    public_url: str | None
    ready_file: Path | None
    store: Store | None = None
    record: Path | None = None
    """Keeps all traffic there."""
    quiet: bool = False
    """Whether nothing is told on standard error but what must not go unseen."""
    tls: tuple[SSLContext, Path] | None = None
    """Of the vendors' ports, and the certificate that clients must trust."""

    @property
    def may_fail(self) -> bool:
        """Whether setting it up can still be refused, or has something to do before anybody asks."""
        return self.store is not None or self.record is not None or bool(self.subscriptions)


@dataclass(frozen=True, slots=True)
class Front:
    """Open doors, and what is written on them."""

    id: str
    token: str
    control: Doorway
    control_port: int
    doorways: Mapping[str, Doorway]
    urls: Mapping[str, str]
    """Of each vendor, as apps see it."""
    ca: str = ""
    """The file with the certificate that apps must trust; empty: there is no TLS."""

    def ready(self, specs: Mapping[str, str]) -> dict[str, Any]:
        """The ready line."""
        told = {"ready": True, "id": self.id, "control": self.control.url, "token": self.token}
        return {**told, **({"ca": self.ca} if self.ca else {}), "providers": doors.told(specs, self.urls)}


def opened(order: Order, staged: asyncio.Event) -> Front:
    """Doors in which a request waits until everybody is in his place."""

    def behind(listening: socket.socket, ssl: SSLContext | None = None) -> Doorway:
        async def soon(request: web.BaseRequest) -> web.StreamResponse:
            await staged.wait()
            return await doorway.respond(request)

        doorway = Doorway(listening, soon, ssl=ssl)
        return doorway

    context, ca = order.tls or (None, "")
    doorways = {name: behind(listening, context) for name, listening in order.sockets.items()}
    return Front(
        secrets.token_hex(8),
        os.environ.get("EMULATORS_TOKEN") or secrets.token_urlsafe(24),
        behind(order.control),
        order.control.getsockname()[1],
        doorways,
        {name: _seen(doorway.url, order.public_url) for name, doorway in doorways.items()},
        str(ca),
    )


def _seen(url: str, public_url: str | None) -> str:
    """A vendor's URL as apps see it: behind another name, the port stays."""
    return url if public_url is None else f"{public_url.rstrip('/')}:{url.rpartition(':')[2]}"
