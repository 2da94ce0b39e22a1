"""The body of a call as the vendor reads it: JSON, or a form whose names may hold PHP's brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.errors import MessageError
from typing import Any
from urllib.parse import parse_qsl

from emulators.engine.codec import decode
from emulators.engine.provider import Call

# PHP's own limit of nesting in the names of a form's fields, and ours for JSON: no vendor states one, and what is
# deeper no app means.
DEEPEST = 64


class Unreadable(ValueError):
    """A body that is not what its content type says."""


def read(call: Call) -> Any:
    """The data of a call: its body, or its query where a body has no meaning; None: there is neither.

    Raises `Unreadable`. Clients send bodies with GET as well; there they are not read.
    """
    if call.method in ("GET", "HEAD") or (call.method == "DELETE" and not call.body.strip()):
        return _query(call)
    if not call.body.strip():
        return None
    content_type = call.header("content-type") or ""
    kind = content_type.partition(";")[0].strip().lower()
    # Some libraries call every body a form unless told otherwise; one that is JSON is read as that.
    if kind == "application/x-www-form-urlencoded" and not call.body.lstrip().startswith((b"{", b"[")):
        return expand(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        return expand(_parts(content_type, call.body))
    try:
        data = decode(call.body)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    check_depth(call.body, data)
    return data


def check_depth(body: bytes, data: Any) -> None:
    """Raises `Unreadable` if `data`, made of `body`, are nested deeper than anybody means."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    level = [data]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    if level:
        raise Unreadable(f"nested more than {DEEPEST} levels deep")


def reply_data(body: bytes) -> Any:
    """What a receiver said: JSON, else text; None: nothing."""
    if not body.strip():
        return None
    try:
        data = decode(body)
        check_depth(body, data)
    except ValueError:
        return body.decode("utf-8", "replace")
    return data


def _query(call: Call) -> dict[str, Any]:
    """The query as an object; a name that is repeated has a list of values."""
    data: dict[str, Any] = {}
    for name, value in call.query:
        if name not in data:
            data[name] = value
        elif isinstance(data[name], list):
            data[name].append(value)
        else:
            data[name] = [data[name], value]
    return data


def _parts(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The fields of a multipart form; a file counts as its text."""
    head = b"Content-Type: " + content_type.encode("utf-8", "replace") + b"\r\n\r\n"
    try:
        message = message_from_bytes(head + body)
        if not message.is_multipart():
            raise Unreadable("the parts of the form are not where its boundary says")
        found = []
        for part in message.get_payload():
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
            content = part.get_payload(decode=True)  # type: ignore[union-attr]
            if isinstance(name, str) and isinstance(content, bytes):
                found.append((name, content.decode("utf-8", "replace")))
    except (MessageError, LookupError, TypeError, AttributeError) as error:
        raise Unreadable(f"not a multipart form: {error}") from None
    return found


def expand(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The fields of a form as PHP reads them: `a[b][]=1` is `{"a": {"b": ["1"]}}`.

    Of double names the last wins. What is numbered from 0 on, or not at all, is a list.
    """
    data: dict[str, Any] = {}
    for name, value in pairs:
        keys = _keys(name)
        node = data
        for key in keys[:-1]:
            key = key or _next(node)
            if not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
        node[keys[-1] if keys[-1] or node is data else _next(node)] = value
    return {name: _lists(value) for name, value in data.items()}


def _keys(name: str) -> list[str]:
    """`a[b][]` -> a, b and an empty one, which means the next number."""
    head = re.match(r"([^\[]+)((?:\[[^\]]*\])+)", name)
    if head is None:
        return [name]
    inner = re.findall(r"\[([^\]]*)\]", head[2])
    return [head[1], *inner] if len(inner) < DEEPEST else [name]


def _next(node: dict[str, Any]) -> str:
    numbers = [int(key) for key in node if re.fullmatch(r"[0-9]{1,9}", key)]
    return str(max(numbers, default=-1) + 1)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(item) for key, item in value.items()}
    return list(inner.values()) if list(inner) == [str(n) for n in range(len(inner))] else inner
