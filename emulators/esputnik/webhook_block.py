"""The Webhook block of workflows: a request whose URL, headers and body hold values of the contact and the event.

What a person fills in at the vendor's is, here, the subscription: its URL, method, headers and template. A block may say
otherwise for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from emulators.engine.provider import Occasion, Payload, Target
from emulators.esputnik import identity, velocity

KIND = "Webhook"
BLOCK = "webhook"

CONTENT_TYPES = MappingProxyType(
    {"json": "application/json", "xml": "application/xml", "text": "text/plain; charset=utf-8"}
)


def webhook(occasion: Occasion) -> Payload:
    """Which block it is, and what it has at hand: the contact's fields and the event's parameters."""
    random, people = occasion.random, occasion.people
    payload: Payload = {BLOCK: {"name": "WH1"}}
    if "workflowInstanceId" not in occasion.given:
        payload["workflowInstanceId"] = identity.uuid1(random, occasion.now - timedelta(seconds=68))
    if "data" not in occasion.given:
        person = people.person(random)
        payload["data"] = {
            "contactId": 700_000_000 + random.getrandbits(30),
            "email": person.email,
            "sms": person.phone.lstrip("+"),
            "firstName": person.first_name,
            "lastName": person.last_name,
        }
    return payload


def compose(target: Target, payload: Payload) -> Target:
    """The request of one run of a block."""
    block = payload.get(BLOCK)
    own = block if isinstance(block, Mapping) else {}
    given = payload.get("data")
    beside = {name: value for name, value in payload.items() if name not in (BLOCK, "data")}
    # What was emitted by hand beside them counts as data too.
    data = {**(given if isinstance(given, Mapping) else {}), **beside}
    method = str(own["method"]) if own.get("method") in ("GET", "POST") else target.method
    url = (
        _url(str(own.get("url") or target.url), data, method) or _url(target.url, data, method) or target.url
    )
    template = own["body"] if isinstance(own.get("body"), str) else target.template
    body = b"" if method == "GET" else velocity.render(template, data).encode("utf-8", "replace")
    return Target(method, url, _headers(target, own, data, body), body, target.template)


def _url(url: str, data: Mapping[str, Any], method: str) -> str:
    """The URL with its variables filled in; empty if it is none.

    A GET carries name-value pairs behind the question mark. Where the URL names none, all that are at hand go.
    """
    if velocity.refers(url):
        url = velocity.render(url, data, lambda value: quote(value, safe="", errors="replace"))
    elif method == "GET" and "?" not in url:
        pairs = {name: velocity.printed(value) for name, value in data.items()}
        url += "?" + urlencode(pairs, errors="replace")
    try:
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else ""
    except ValueError:
        return ""


def _headers(
    target: Target, own: Mapping[str, Any], data: Mapping[str, Any], body: bytes
) -> tuple[tuple[str, str], ...]:
    """The subscription's headers and then the block's, with their variables; no content type without content."""
    headers = {name.lower(): (name, value) for name, value in target.headers}
    content_type = CONTENT_TYPES.get(str(own.get("format")))
    if content_type:
        headers["content-type"] = ("Content-Type", content_type)
    more = own.get("headers")
    for name, value in more.items() if isinstance(more, Mapping) else ():
        headers[str(name).lower()] = (str(name), str(value))
    if not body:
        headers.pop("content-type", None)
    return tuple((name, _on_one_line(velocity.render(value, data))) for name, value in headers.values())


def _on_one_line(value: str) -> str:
    return "".join(char if char.isprintable() else " " for char in value)
