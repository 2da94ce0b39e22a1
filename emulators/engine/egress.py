"""The one guard that every outgoing connection passes: this machine, and hosts that were allowed by name."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from yarl import URL

from emulators.errors import EgressRefused, InvalidValue


class Egress:
    """Lets loopback addresses pass, and the hosts in `allow` (`host` or `host:port`)."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.allowed = frozenset(entry.lower() for entry in allow)

    def check_url(self, url: str) -> None:
        """Refuses a URL that no delivery could go to: before any name is looked up."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise InvalidValue(f"url: expected http://host[:port]/path or https://..., got {url!r}")
        if parts.username is not None or parts.password is not None:
            raise InvalidValue("url: credentials do not belong in a URL; use auth=('login', 'password')")
        try:
            # As the connection will read it: `１０。0.0.1` is 10.0.0.1.
            host = URL(url).raw_host or ""
        except ValueError as error:
            raise InvalidValue(f"url: {error}, got {url!r}") from None
        # Digits alone, such as `10.1`, are an address too, and no resolver would ever be asked about it.
        if _literal(host) is not None or host.replace(".", "").isdigit():
            self.check(host, port or (443 if parts.scheme == "https" else 80), host)

    def check(self, host: str, port: int, address: str) -> None:
        """Refuses a connection to `address`, which `host` stands for."""
        if {host.lower(), f"{host.lower()}:{port}"} & self.allowed:
            return
        literal = _literal(address)
        if literal is None or not literal.is_loopback:
            shown = host if host == address else f"{host} ({address})"
            raise EgressRefused(
                f"{shown} is not on this machine, and nothing leaves it unasked; "
                f"to allow it: allow=[{host!r}], on the command line --allow {host}"
            )


def _literal(address: str) -> IPv4Address | IPv6Address | None:
    try:
        literal = ip_address(address)
    except ValueError:
        return None
    # ::ffff:10.0.0.1 is 10.0.0.1 in other clothes.
    mapped = literal.ipv4_mapped if isinstance(literal, IPv6Address) else None
    return mapped or literal
