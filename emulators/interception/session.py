"""Interception from start to end: the proxy, its authority, and the folder with what programs must trust."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from emulators.interception.authority import Authority
from emulators.interception.environment import variables
from emulators.interception.hosts import Address, Rules
from emulators.interception.proxy import Dial, Limits, Proxy, Streams


@dataclass(frozen=True, slots=True)
class Interception:
    """A forward proxy at `url`; `folder` holds `ca.pem`, the certificate of its authority, while it runs."""

    url: str
    folder: Path

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with all that leads programs through the proxy and lets them trust it."""
        return variables(base, self.url, self.folder)


def _to_standard_error(text: str) -> None:
    print(f"emulators: {text}", file=sys.stderr, flush=True)


async def _dial(host: str, port: int) -> Streams:
    return await asyncio.open_connection(host, port)


@asynccontextmanager
async def intercepting(
    hosts: Mapping[str, Address],
    pass_through: Collection[str] = (),
    tell: Callable[[str], None] = _to_standard_error,
    *,
    dial: Dial | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[Interception]:
    """Answers for `hosts` on the running loop until the context is left.

    `hosts` says where the emulator of each vendor's host listens (address and port, plain HTTP); a name may begin with
    `*.`, which stands for one label. `pass_through` has hosts (`HOST` or `HOST:PORT`) that are tunnelled to as they are;
    this machine is always. All others are answered 403, in words that `tell` gets too. `dial` opens connections.

    Raises `InvalidValue` for what is no host name, `NotInstalled` where trustme is not installed.
    """
    rules = Rules.of(hosts, pass_through)
    authority = Authority()
    with TemporaryDirectory(prefix="emulators-") as name:
        folder = Path(name)
        (folder / "ca.pem").write_text(authority.certificate, "ascii")
        proxy = Proxy(rules, authority, tell, dial or _dial, limits or Limits())
        await proxy.start()
        try:
            yield Interception(proxy.url, folder)
        finally:
            await proxy.stop()
