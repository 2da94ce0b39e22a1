"""Who may ask: the programs of this machine that hold the token, and no web page. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hmac import compare_digest
from typing import NamedTuple
from urllib.parse import urlsplit


class Refusal(NamedTuple):
    """Why a request goes no further."""

    status: int
    reason: str


def refusal(
    headers: Mapping[str, str], hosts: Collection[str], port: int, token: str | None
) -> Refusal | None:
    """What is wrong with a request; None: nothing. `token` None: it is asked for none; `hosts` are in lower case.

    A page that rebinds a name of its own to this machine is told by `Host`, one that calls across origins by
    `Origin` and `Sec-Fetch-Site`, and a form by its content type (`form_refusal`). Nothing is ever granted to another origin.
    """
    # Behind a mapped port, as containers have it, `Host` has another one; against rebinding the name is what counts.
    if not _is_here(headers.get("host", ""), hosts):
        named = headers.get("host", "").rpartition("@")[2]
        bare = named.partition(":")[0]
        hint = f"; to be asked under that name: --control-host {bare}" if bare else ""
        return Refusal(403, f"the Host header names {named!r}, which this is not{hint}")
    origin = headers.get("origin")
    if origin is not None and not _is_ours(origin, hosts, port):
        return Refusal(403, "web pages of other origins may not ask")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return Refusal(403, "web pages of other sites may not ask")
    if token is not None and not _holds(headers.get("authorization", ""), token):
        return Refusal(
            401,
            "expected the header Authorization: Bearer TOKEN, with the token of the ready line: that of the "
            "environment variable EMULATORS_TOKEN if it was set, else one that each start makes up",
        )
    return None


def form_refusal(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """What is wrong with a body that would be done something with: without a preflight no page can send JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method in ("POST", "PUT", "PATCH") and kind != "application/json":
        return Refusal(415, f"expected the header Content-Type: application/json, got {kind or 'none'!r}")
    return None


def _is_here(netloc: str, hosts: Collection[str], ports: Collection[int | None] = ()) -> bool:
    try:
        parts = urlsplit(f"//{netloc}")
        named = bool(parts.hostname) and parts.netloc == netloc and "@" not in netloc
        port = parts.port  # what is no number is refused
        return named and parts.hostname in hosts and (not ports or port in ports)
    except ValueError:
        return False


def _is_ours(origin: str, hosts: Collection[str], port: int) -> bool:
    """An origin without a port is that of its scheme's own port, which may be anybody's."""
    scheme, _, netloc = origin.partition("://")
    usual = {"http": 80, "https": 443}.get(scheme)
    return usual is not None and _is_here(netloc, hosts, (port, None) if port == usual else (port,))


def _holds(header: str, token: str) -> bool:
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode())
