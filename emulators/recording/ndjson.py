"""Traffic as NDJSON, in the form that `emulators drift` reads: a line for each request and each answer that was kept."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from emulators.engine import codec
from emulators.recording.traffic import Pairs, Traffic

Json = dict[str, Any]

START = b'{"direction":"request","at":"'
"""How every file begins that was made here."""


def lines(traffic: Traffic) -> bytes:
    """One line, two for a call that was answered."""
    about: Json = {
        "at": traffic.at,
        "world": traffic.world,
        "provider": traffic.provider,
        "revision": traffic.revision,
        "feed": traffic.feed,
        "route": traffic.route,
        "method": traffic.method,
        "url": traffic.url,
        "status": traffic.status,
        "attempt": traffic.attempt,
        "outcome": traffic.outcome,
        "reason": traffic.reason,
    }
    told = {name: value for name, value in about.items() if value not in ("", 0, None)}
    found = [_line("request", told, traffic.headers, traffic.body)]
    if traffic.inward and traffic.status is not None:
        found.append(_line("response", told, traffic.answer_headers, traffic.answer_body))
    return b"".join(found)


def _line(direction: str, told: Json, headers: Pairs, body: bytes | None) -> bytes:
    return codec.encode({"direction": direction, **told, "headers": headers, **_body(body)}) + b"\n"


def _body(body: bytes | None) -> Json:
    """JSON where it reads the same from its value, text where it is text; the bytes can be had back from each."""
    if body is None:
        return {"body": None}
    try:
        value = codec.decode(body)
        if value is not None and codec.encode(value) == body:
            return {"json": value}
    except ValueError:
        pass
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}
