"""The body of a call as the vendor reads it: JSON, or a form whose names may hold PHP's brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from emulators.engine.codec import decode
from emulators.engine.provider import Call

# PHP's own limit of nesting in the names of a form's fields, and ours for JSON: no vendor states one, and what is
# deeper no app means.
DEEPEST = 64
# What a body of the largest size could hold would be a gigabyte of objects.
MOST_VALUES = 1_000_000
MOST_FIELDS = 200_000
MOST_PARTS = 10_000


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
        if call.body.count(b"&") >= MOST_FIELDS:
            raise Unreadable(f"more than {MOST_FIELDS} fields")
        return expand(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        return expand(_parts(content_type, call.body))
    check_count(call.body)
    try:
        data = decode(call.body)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    check_depth(call.body, data)
    return data


def check_count(body: bytes) -> None:
    """Raises `Unreadable` if JSON holds more values than anybody means; commas in texts count as well."""
    # Each value but the first has one of these before it.
    if len(body) > MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) >= MOST_VALUES:
        raise Unreadable(f"more than {MOST_VALUES} values")


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
    # Imported here: most processes never see such a form.
    from email import message_from_bytes
    from email.errors import MessageError

    if body.count(b"\n--") > MOST_PARTS:
        raise Unreadable(f"more than {MOST_PARTS} parts")
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
    except (MessageError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"not a multipart form: {error}") from None
    return found


def expand(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The fields of a form as PHP reads them: `a[b][]=1` is `{"a": {"b": ["1"]}}`.

    Of double names the last wins. What is numbered from 0 on, or not at all, is a list.
    """
    root = _Node()
    for name, value in pairs:
        first, *keys = _keys(name)
        node: _Node = root
        key: str | None = first
        for inner in keys:
            node, key = node.below(key), inner or None
        node.put(key, value)
    return {name: value.plain() if isinstance(value, _Node) else value for name, value in root.items.items()}


class _Node:
    """An array of PHP while it is filled."""

    def __init__(self) -> None:
        self.items: dict[str, str | _Node] = {}
        self._next = 0

    def put(self, key: str | None, value: str | _Node) -> None:
        """Stores under a key; None: under the next number."""
        name = str(self._next) if key is None else key
        if re.fullmatch(r"[0-9]{1,9}", name, re.ASCII):
            self._next = max(self._next, int(name) + 1)
        self.items[name] = value

    def below(self, key: str | None) -> _Node:
        """The array under a key, made if there is none."""
        known = None if key is None else self.items.get(key)
        if isinstance(known, _Node):
            return known
        node = _Node()
        self.put(key, node)
        return node

    def plain(self) -> Any:
        """A list where the keys are the numbers from 0 on, else an object."""
        inner = {key: item.plain() if isinstance(item, _Node) else item for key, item in self.items.items()}
        return list(inner.values()) if list(inner) == [str(n) for n in range(len(inner))] else inner


def _keys(name: str) -> list[str]:
    """`a[b][]` -> a, b and an empty one, which means the next number."""
    head = re.match(r"([^\[]+)((?:\[[^\]]*\])+)", name)
    if head is None:
        return [name]
    inner = re.findall(r"\[([^\]]*)\]", head[2])
    return [head[1], *inner] if len(inner) < DEEPEST else [name]
