"""The one guard that every outgoing connection passes: this machine, and hosts that were allowed by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from yarl import URL

from emulators.errors import EgressRefused, InvalidValue

# Where clouds tell a machine its credentials; all others do that at a link-local address.
METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200")))
NAT64 = ip_network("64:ff9b::/96")
_HOST = re.compile(r"[^\s\[\]/@?#*:]+")


class Egress:
    """Lets loopback addresses pass, and the hosts in `allow` (`host` or `host:port`).

    Some places are never delivered to, whatever is allowed: link-local and metadata addresses, the unspecified
    address, multicast, and the ports of this machine that `forbid` names.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.allowed = frozenset(map(allowable, allow))
        self._forbidden: dict[int, str] = {}

    def forbid(self, port: int, what: str = "the control port of this process") -> None:
        """Lets nothing be delivered to a port of this machine; `what` says whose it is."""
        self._forbidden[port] = what

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
        literal = _literal(address)
        shown = host if host == address else f"{host} ({address})"
        if literal is not None and (reason := self._never(literal, port)):
            at = f"{host}:{port}" if port in self._forbidden and literal.is_loopback else shown
            raise EgressRefused(f"{at} is {reason}; nothing is ever delivered there")
        if self._is_allowed(host, port):
            return
        if literal is None or not literal.is_loopback:
            raise EgressRefused(
                f"{shown} is not on this machine, and nothing leaves it unasked; "
                f"to allow it: --allow {host} on the command line, allow=[{host!r}] in Python and pytest"
            )

    def check_unknown(self, host: str, port: int, why: str) -> None:
        """Refuses a name that could not be looked up, unless it was allowed or can mean nothing but this machine."""
        named = host.lower().rstrip(".")
        if not self._is_allowed(host, port) and named != "localhost" and not named.endswith(".localhost"):
            raise EgressRefused(
                f"{host} could not be looked up ({why}), and a host beyond this machine has to be allowed: "
                f"--allow {host} on the command line, allow=[{host!r}] in Python and pytest"
            )

    def _is_allowed(self, host: str, port: int) -> bool:
        name = host.lower()
        return bool({name, f"{name}:{port}", f"[{name}]", f"[{name}]:{port}"} & self.allowed)

    def _never(self, literal: IPv4Address | IPv6Address, port: int) -> str:
        """Why not even a host that was allowed may stand for an address; empty: it may."""
        if literal.is_loopback:
            return self._forbidden.get(port, "")
        for address in (literal, *_carried(literal)):
            if address.is_link_local or address in METADATA:
                return "a link-local or metadata address"
            if address.is_unspecified:
                return "the unspecified address"
            if address.is_multicast:
                return "a multicast address"
            if address is not literal and address.is_loopback:
                return "an address of this machine in other clothes"
        return ""


def allowable(entry: str) -> str:
    """An entry of `allow`, in lower case. Raises `InvalidValue` for what no host could ever match."""
    host, _, port = entry.rpartition(":")
    if _literal(entry) is not None or _HOST.fullmatch(entry):
        return entry.lower()
    if port.isascii() and port.isdigit() and (_literal(host) is not None or _HOST.fullmatch(host)):
        if len(port) < 6 and 0 < int(port) < 65_536:
            return entry.lower()
        raise InvalidValue(f"allow: expected a port from 1 to 65535, got {entry!r}")
    raise InvalidValue(f"allow: expected HOST or HOST:PORT, such as shop.example.com, got {entry!r}")


def _literal(address: str) -> IPv4Address | IPv6Address | None:
    try:
        literal = ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    # ::ffff:10.0.0.1 is 10.0.0.1 in other clothes.
    mapped = literal.ipv4_mapped if isinstance(literal, IPv6Address) else None
    return mapped or literal


def _carried(literal: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The addresses that translators on the way would make of one: 6to4, NAT64."""
    if isinstance(literal, IPv6Address):
        if literal.sixtofour is not None:
            yield literal.sixtofour
        if literal in NAT64:
            yield IPv4Address(int(literal) & 0xFFFFFFFF)
