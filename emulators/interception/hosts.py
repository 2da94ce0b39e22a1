"""Which host names the vendors answer to, and what becomes of a connection to any host."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from emulators.engine.profile import Profile
from emulators.errors import InvalidValue

# Facts of a profile that hold host names, the documented ones first.
FACTS = ("hosts", "client_hosts")
NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Vendor:
    """The emulator that answers for a host listens at `address`."""

    address: Address


@dataclass(frozen=True, slots=True)
class Real:
    """The host itself is to be reached."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody answers; `reason` says which host it was and how it could be reached."""

    reason: str


def vendor_hosts(profile: Profile) -> tuple[str, ...]:
    """The names that the real API has by this revision; `*.` stands for one label. Empty: none are known."""
    return tuple(name for fact in FACTS if fact in profile.facts for name in profile.facts[fact].value)


def normal(host: str) -> str:
    """A host name, or an address without brackets, as it is compared; `ValueError` if it is neither."""
    host = host.lower()
    if host.startswith("[") and host.endswith("]"):
        return str(ip_address(host[1:-1]))
    host = host.removesuffix(".")
    if len(host) > 253 or not NAME.fullmatch(host):
        raise ValueError(f"no host name: {host[:80]!r}")
    return host


@dataclass(frozen=True, slots=True)
class Rules:
    """Who answers for which host: the vendors' emulators, the real hosts that may be reached, or nobody.

    This machine's own names and addresses are always let through: some clients do not heed NO_PROXY.
    """

    vendors: Mapping[str, Address]
    passed: frozenset[tuple[str, int | None]] = field(default_factory=frozenset)

    @classmethod
    def of(cls, hosts: Mapping[str, Address], pass_through: Collection[str]) -> Rules:
        """Raises `InvalidValue` for what is no host, and for a host that is to be answered for and let through."""
        vendors = {_named("hosts", name): address for name, address in hosts.items()}
        passed = set()
        for word in [pass_through] if isinstance(pass_through, str) else pass_through:
            host, port = _host_and_port(word)
            if host in vendors:
                raise InvalidValue(
                    f"pass-through: an emulator answers for {host} here; leave out one of the two"
                )
            passed.add((host, port))
        return cls(vendors, frozenset(passed))

    def judge(self, host: str, port: int) -> Vendor | Real | Refused:
        """What becomes of a connection; `host` as `normal` gives it. A vendor's host counts on every port."""
        names = (host, "*." + host.partition(".")[2])
        for name in names:
            if name in self.vendors:
                return Vendor(self.vendors[name])
        if is_loopback(host) or any((name, p) in self.passed for name in names for p in (port, None)):
            return Real()
        place = f"[{host}]" if ":" in host else host
        return Refused(
            f"{place}:{port} is refused: no emulator here answers for it; "
            f"to reach the real host: --pass-through {place}"
        )


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host_and_port(word: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?", word)
    port = int(found[2]) if found and found[2] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise InvalidValue(f"pass-through: expected HOST or HOST:PORT, got {word!r}")
    return _named("pass-through", found[1]), port


def _named(what: str, host: str) -> str:
    try:
        return normal(host)
    except ValueError:
        raise InvalidValue(f"{what}: expected a host name such as api.example.com, got {host!r}") from None
