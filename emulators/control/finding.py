"""Whose call it is, by the credentials in it. Pure."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Collection

from emulators.engine.provider import Call


def mentions(call: Call, credentials: Collection[str], issued: Callable[[str], bool]) -> bool:
    """Whether a call carries one of `credentials`, wherever vendors want them: in headers, in the query, in the
    body; or a token of which `issued` says that it was handed out."""
    given = [value for name, value in call.headers if name not in ("host", "content-type", "user-agent")]
    told = [text for value in given for text in (value, _basic(value))] + [value for _, value in call.query]
    body = call.body
    if any(secret in text for secret in credentials for text in told):
        return True
    if any(secret.encode() in body for secret in credentials):
        return True
    tokens = (value.partition(" ")[2].strip() for value in given if value.lower().startswith("bearer "))
    return any(issued(token) for token in tokens)


def _basic(header: str) -> str:
    """Login and password of Basic authentication."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(coded.strip(), validate=True).decode("utf-8", "replace")
    except (Error, ValueError):
        return ""
