"""Reads captured traffic: NDJSON line by line, or a HAR file. What cannot be read is told by its line, never by its text."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from emulators.engine import codec

Json = dict[str, Any]

DIRECTIONS = ("", "request", "response")
_BODIES = ("json", "body", "base64")
_ABOUT = ("feed", "route", "direction", "method", "path", "url", "status")


@dataclass(frozen=True, slots=True)
class Record:
    """One body on its way. `direction` empty: with a status it is an answer, else what was sent."""

    value: Any = None
    """The body as JSON where it came so."""
    raw: bytes | None = None
    """The bytes of the body where it came so. Neither: it was not captured."""
    content_type: str = ""
    feed: str = ""
    route: str = ""
    direction: str = ""
    method: str = ""
    address: str = ""
    status: int | None = None
    provider: str = ""
    """Whose traffic it is, and of which revision; empty: it does not say."""
    revision: str = ""
    attempt: int = 0
    """Which attempt to bring it to a receiver, from 1; 0: it does not say."""

    @property
    def answers(self) -> bool:
        """Whether it is the body of an answer."""
        return self.direction == "response" or (self.direction == "" and self.status is not None)


class Unread(NamedTuple):
    """Something that is no record, and why."""

    why: str


class Captured(NamedTuple):
    """What stands in a line of the file, counted from 1; in a HAR, at an entry of the log."""

    number: int
    content: Record | Unread


def read(path: Path) -> Iterator[Captured]:
    """Everything in a file; `OSError` if it cannot be read at all."""
    with path.open("rb") as file:
        first = file.readline().removeprefix(b"\xef\xbb\xbf")
        # A document that is laid out over many lines begins with a bracket alone; a HAR may also be one line.
        if first.strip() in (b"{", b"[") or path.suffix.lower() == ".har":
            yield from _document(first + file.read())
            return
        number = 1
        for number, line in enumerate(_with(first, file), 1):
            if not line.strip():
                continue
            try:
                value = codec.decode(line)
            except ValueError:
                yield Captured(number, Unread("not JSON"))
                continue
            yield from _har(value) if _is_har(value) else [Captured(number, record(value))]


def _with(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _document(text: bytes) -> Iterator[Captured]:
    try:
        value = codec.decode(text)
    except ValueError:
        yield Captured(1, Unread("not JSON"))
        return
    yield from _har(value) if _is_har(value) else [Captured(1, record(value))]


def record(value: Any) -> Record | Unread:
    """A line: a record if it says of what, else a bare body of a webhook."""
    if not isinstance(value, dict):
        return Record(value) if isinstance(value, list) else Unread("neither an object nor an array")
    has_body = any(name in value for name in _BODIES)
    if not (has_body and any(name in value for name in _ABOUT)) and not {"method", "path"} <= value.keys():
        return Record(value)
    about = {name: value.get(name) for name in _ABOUT}
    status = about.pop("status")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
        return Unread("status: no integer")
    if any(text is not None and not isinstance(text, str) for text in about.values()):
        return Unread("feed, route, direction, method, path or url: no text")
    if (about["direction"] or "") not in DIRECTIONS:
        return Unread("direction: neither request nor response")
    try:
        body, raw = _body(value)
    except (ValueError, binascii.Error):
        return Unread("base64: not that")
    return Record(
        body,
        raw,
        _content_type(value.get("headers")),
        about["feed"] or "",
        about["route"] or "",
        about["direction"] or "",
        (about["method"] or "").upper(),
        about["path"] or about["url"] or "",
        status,
        **_origin(value, ""),
    )


def _origin(value: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """What only a recording of ours says; `mark` stands before the names."""
    texts = {name: value.get(mark + name) for name in ("provider", "revision")}
    attempt = value.get(f"{mark}attempt")
    counted = isinstance(attempt, int) and not isinstance(attempt, bool)
    return {
        **{name: text for name, text in texts.items() if isinstance(text, str)},
        **({"attempt": attempt} if counted else {}),
    }


def _body(value: Mapping[str, Any]) -> tuple[Any, bytes | None]:
    if isinstance(value.get("base64"), str):
        return None, b64decode(value["base64"], validate=True)
    if "json" in value:
        return value["json"], None
    body = value.get("body")
    return (None, body.encode("utf-8", "surrogatepass")) if isinstance(body, str) else (body, None)


def _content_type(headers: Any) -> str:
    """The only header that is read; all others, with the credentials in them, go no further."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    for pair in pairs if isinstance(pairs, Iterable) else ():
        if isinstance(pair, dict):
            pair = (pair.get("name"), pair.get("value"))
        if isinstance(pair, list | tuple) and len(pair) == 2 and str(pair[0]).lower() == "content-type":
            return str(pair[1])
    return ""


def _is_har(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("log"), dict) and "entries" in value["log"]


def _har(value: Any) -> Iterator[Captured]:
    """Request and response of each entry."""
    entries = value["log"]["entries"]
    for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
        request = entry.get("request") if isinstance(entry, dict) else None
        response = entry.get("response") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or not isinstance(response, dict):
            yield Captured(number, Unread("an entry without request or response"))
            continue
        at = (str(request.get("method", "")).upper(), str(request.get("url", "")))
        origin = _origin(entry, "_")
        feed, route = (str(entry.get(name) or "") for name in ("_feed", "_route"))
        sent = _sent(request, response, feed, route, *at)
        # What a receiver says is of no form.
        answered = None if feed else _answered(response, route, *at)
        for one in (sent, answered):
            if one is not None:
                yield Captured(number, replace(one, **origin) if isinstance(one, Record) else one)


def _sent(request: Json, response: Json, feed: str, route: str, method: str, address: str) -> Record | Unread:
    status = response.get("status")
    status = status if isinstance(status, int) and not isinstance(status, bool) else None
    posted = request.get("postData")
    posted = posted if isinstance(posted, dict) else {}
    text, params = posted.get("text"), posted.get("params")
    if not text and isinstance(params, list):
        text = urlencode(
            [(str(p.get("name", "")), str(p.get("value", ""))) for p in params if isinstance(p, dict)]
        )
    try:
        encoded = posted.get("_encoding") == "base64"
        raw = (
            b64decode(str(text)) if encoded else str(text).encode("utf-8", "surrogatepass") if text else None
        )
    except (ValueError, binascii.Error):
        return Unread("base64: not that")
    kind = str(posted.get("mimeType") or "")
    return Record(None, raw, kind, feed, route, "request", method, address, status)


def _answered(response: Json, route: str, method: str, address: str) -> Record | Unread | None:
    content, status = response.get("content"), response.get("status")
    content = content if isinstance(content, dict) else {}
    if not isinstance(status, int) or isinstance(status, bool) or status == 0:
        return None  # The browser blocked it, or nobody answered.
    text, raw = content.get("text"), None
    try:
        if content.get("encoding") == "base64":
            raw = b64decode(str(text))
        elif text is not None or content.get("size") == 0:
            raw = str(text or "").encode("utf-8", "surrogatepass")
    except (ValueError, binascii.Error):
        return Unread("base64: not that")
    kind = str(content.get("mimeType") or "")
    return Record(None, raw, kind, "", route, "response", method, address, status)
