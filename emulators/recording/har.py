"""Traffic as an HTTP Archive (HAR 1.2), which browsers and many tools show. What that form has no name for stands
under names with an underscore before them, as the form allows."""

from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from emulators import __version__
from emulators.engine import codec
from emulators.recording.traffic import Pairs, Traffic, content_type

Json = dict[str, Any]

START = b'{\n"log":{"version":"1.2","creator":{"name":"provider-emulators",'
"""How every file begins that was made here."""
OPENING = b',"entries":[\n'
TAIL = b"\n]}}\n"


def head() -> bytes:
    """The beginning of a file; entries follow, parted by commas, and then `TAIL`."""
    return START + b'"version":' + codec.encode(__version__) + b"}" + OPENING


def entry(traffic: Traffic) -> bytes:
    """One entry of the log. Times are those of the world; how long something took is not known."""
    about: Json = {
        "_direction": "inward" if traffic.inward else "outward",
        "_world": traffic.world,
        "_provider": traffic.provider,
        "_revision": traffic.revision,
        "_feed": traffic.feed,
        "_route": traffic.route,
        "_attempt": traffic.attempt,
        "_outcome": traffic.outcome,
        "_reason": traffic.reason,
    }
    told: Json = {
        "startedDateTime": traffic.at,
        "time": 0,
        "request": _request(traffic),
        "response": _response(traffic),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        **{name: value for name, value in about.items() if value not in ("", 0)},
    }
    return codec.encode(told)


def _request(traffic: Traffic) -> Json:
    query = parse_qsl(urlsplit(traffic.url).query, keep_blank_values=True)
    told: Json = {
        "method": traffic.method,
        "url": traffic.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(traffic.headers),
        "queryString": _pairs(tuple(query)),
        "headersSize": -1,
        "bodySize": len(traffic.body or b""),
    }
    if traffic.body is not None:
        text, encoding = _text(traffic.body)
        told["postData"] = {
            "mimeType": traffic.content_type,
            "text": text,
            # Only answers have a word for that.
            **({"_encoding": encoding} if encoding else {}),
        }
    return told


def _response(traffic: Traffic) -> Json:
    body = traffic.answer_body or b""
    text, encoding = _text(body)
    content: Json = {"size": len(body), "mimeType": content_type(traffic.answer_headers)}
    if traffic.answer_body is not None:
        content |= {"text": text, **({"encoding": encoding} if encoding else {})}
    status = traffic.status or 0
    location = next((value for name, value in traffic.answer_headers if name.lower() == "location"), "")
    return {
        "status": status,
        "statusText": HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(traffic.answer_headers),
        "content": content,
        "redirectURL": location,
        "headersSize": -1,
        "bodySize": len(body) if traffic.answer_body is not None else -1,
    }


def _pairs(pairs: Pairs) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _text(body: bytes) -> tuple[str, str]:
    try:
        return body.decode("utf-8"), ""
    except UnicodeDecodeError:
        return b64encode(body).decode(), "base64"
