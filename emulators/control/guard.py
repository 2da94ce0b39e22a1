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
    method: str, headers: Mapping[str, str], hosts: Collection[str], port: int, token: str | None
) -> Refusal | None:
    """What is wrong with a request; None: nothing. `token` None: it is asked for none.

    A page that rebinds a name of its own to this machine is told by `Host`, one that calls across origins by
    `Origin` and `Sec-Fetch-Site`, and a form by its content type, which without a preflight cannot be JSON. Nothing
    is ever granted to another origin.
    """
    if not _is_here(headers.get("host", ""), hosts, port):
        return Refusal(403, f"the Host header names {headers.get('host', '')!r}, which this is not")
    origin = headers.get("origin")
    if origin is not None and not _is_here(urlsplit(origin).netloc, hosts, port):
        return Refusal(403, "web pages of other origins may not ask")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return Refusal(403, "web pages of other sites may not ask")
    if token is not None and not _holds(headers.get("authorization", ""), token):
        return Refusal(
            401, "expected the header Authorization: Bearer TOKEN, with the token of the ready line"
        )
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method in ("POST", "PUT", "PATCH") and kind != "application/json":
        return Refusal(415, f"expected the header Content-Type: application/json, got {kind or 'none'!r}")
    return None


def _is_here(netloc: str, hosts: Collection[str], port: int) -> bool:
    try:
        parts = urlsplit(f"//{netloc}")
        return (parts.hostname or "") in hosts and parts.port in (port, None)
    except ValueError:
        return False


def _holds(header: str, token: str) -> bool:
    scheme, _, given = header.partition(" ")
    return scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode())
