"""Which records of an oracle's answer speak of which identities. Pure.

Nobody has to say what a record is: it is an item of the outermost array in which an identity stands. Where no array is, it is
the entry of an object that is keyed by the identity (of a list there, each item), or the object that holds it as a field of
its own. Where several arrays side by side speak of one identity, they add up if their records are alike (events by kind); else
(contacts and events) those count of which there are more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from emulators.engine.codec import encode
from emulators.engine.pointer import look_up
from emulators.strategies.rules import pointer

Found = dict[str, list[Any]]
Names = Callable[[Any], Iterable[str]]
"""The identities in a value, each once."""

_WORD = re.compile(r"[0-9a-z]+")
# What `planting` makes; it ends with its first z, and what an app writes behind that is not part of it.
_TOKEN = re.compile(r"chk[0-9a-f]{6}x[0-9a-y]+z")
_ESCAPES = re.compile(r"\\[bfnrt]")
_ALIKE = 0.5
"""Of all fields of two records, the share that both have from which they are of one sort."""
_LONG = 64
"""Characters; to search what is shorter costs less than to remember it."""
_FEW = 50
"""Ids that are looked for one by one."""
_MISSING = object()


class _Known(NamedTuple):
    """A value that was searched: all that it says, in small letters, and the planted identities in it. Kept with it, so that
    no other value gets its `id`."""

    value: Any
    text: str
    tokens: tuple[str, ...]


class Mentions:
    """One answer. `pointer`: where in a record its identity stands; empty: anywhere. `before`: the answer before; what stands
    there too, and is the same object, is not searched again (see `renewed`)."""

    def __init__(self, answer: Any, pointer: str = "", before: Mentions | None = None) -> None:
        self.answer = answer
        self._pointer = pointer
        self.records: list[Any] = list(_led(answer, pointer)) if pointer else []
        """With a pointer: the records that it leads somewhere in."""
        self._known: dict[int, _Known] = {}
        self._asked: tuple[set[str], Found] = (set(), {})
        # Not the answer itself: it would hold all that were before it.
        old = before._known if before else self._known
        self.tokens: Found = self._index(lambda value: self._searched(value, old).tokens)
        """The records of every planted identity, whoever planted it."""

    def of(self, keys: Collection[str]) -> Found:
        """The records that mention each of these identities; capitals do not matter, numbers are as they are written out."""
        known = {key: key.lower() for key in keys}
        others = {low for low in known.values() if low and not _TOKEN.fullmatch(low)}
        if others != self._asked[0]:
            find = _finder(others)
            self._asked = others, self._index(lambda value: find(self._searched(value, self._known).text))
        found = self._asked[1]
        return {
            key: found.get(low, []) if low in others else self.tokens.get(low, [])
            for key, low in known.items()
        }

    def _searched(self, value: Any, before: Mapping[int, _Known]) -> _Known:
        known = before.get(id(value))
        if known is None:
            text = _text(value)
            known = _Known(value, text, tuple(dict.fromkeys(_TOKEN.findall(text))))
        if isinstance(value, dict | list) or len(known.text) >= _LONG:
            self._known[id(value)] = known
        return known

    def count(self, keys: Collection[str]) -> dict[str, int]:
        """How many records mention each."""
        return {key: len(records) for key, records in self.of(keys).items()}

    def grown(self, before: Mentions, least: int = 1) -> frozenset[str]:
        """The lists and objects that have at least so many entries more than in an answer before, by their places."""
        sizes = before.sizes
        return frozenset(place for place, size in self.sizes.items() if size >= sizes.get(place, 0) + least)

    @property
    def sizes(self) -> dict[str, int]:
        """How many entries each list and each object has that stands in no list."""
        found, ahead = dict[str, int](), [("", self.answer)]
        while ahead:
            place, value = ahead.pop()
            if isinstance(value, list | dict):
                found[place] = len(value)
            if isinstance(value, dict):
                ahead += [(place + pointer((name,)), item) for name, item in value.items()]
        return found

    def astray(self, run: str = "") -> str:
        """Where in a record an identity (of this run) stands, if there is a pointer and it leads to none: a JSON pointer; empty:
        it leads to one, or no pointer would."""
        mine = f"chk{run}"
        if not self._pointer or any(token.startswith(mine) for token in self.tokens):
            return ""
        free = Mentions(self.answer).tokens
        known = {token: records for token, records in free.items() if token.startswith(mine)}
        return next((place for token, records in known.items() if (place := _place(records[0], token))), "")

    @property
    def misled(self) -> bool:
        """Whether there is a pointer, and something stored, and yet the pointer leads nowhere."""
        return bool(self._pointer) and bool(_holds(self.answer)) and not self.records

    def _index(self, names: Names) -> Found:
        if self._pointer:
            found: Found = {}
            for record in self.records:
                _add(found, names(look_up(record, self._pointer)), record)
            return found
        return _visited(self.answer, names)


def _place(record: Any, token: str) -> str:
    """The JSON pointer to the value that says an identity; empty: the record itself does, or the name of a field."""
    ahead: list[tuple[tuple[str | int, ...], Any]] = [((), record)]
    while ahead:
        path, value = ahead.pop(0)
        if isinstance(value, dict | list):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            ahead += [((*path, name), item) for name, item in inner]
        elif token in _TOKEN.findall(_text(value)):
            return pointer(path)
    return ""


def _holds(answer: Any) -> Any:
    """Whether anything may be stored: an envelope of empty lists is nothing."""
    if isinstance(answer, dict):
        return any(_holds(value) for value in answer.values() if isinstance(value, dict | list))
    return answer


def _led(node: Any, pointer: str) -> Iterator[Any]:
    """The outermost objects and items that a pointer leads somewhere in."""
    if isinstance(node, dict) and look_up(node, pointer, _MISSING) is not _MISSING:
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _led(value, pointer)
    elif isinstance(node, list):
        for item in node:
            # An array as an item is a row of a table, whose columns have numbers.
            if isinstance(item, list) and look_up(item, pointer, _MISSING) is not _MISSING:
                yield item
            else:
                yield from _led(item, pointer)


def _text(value: Any) -> str:
    """All that a value says, in small letters."""
    if isinstance(value, str):
        return value.lower()
    text = encode(value).decode().lower()
    # An escape such as `\n` would stick to the word behind it.
    return _ESCAPES.sub(" ", text) if "\\" in text else text


def _add(found: Found, names: Iterable[str], record: Any) -> None:
    for name in names:
        found.setdefault(name, []).append(record)


def _visited(node: Any, names: Names) -> Found:
    found: Found = {}
    if isinstance(node, list):
        for item in node:
            # A receiver that keeps whole bodies: the events in them are the records.
            inner = (
                item if isinstance(item, list) and all(isinstance(each, dict) for each in item) else [item]
            )
            for record in inner:
                _add(found, names(record), record)
    elif isinstance(node, dict):
        _object(node, names, found)
    elif node is not None:
        _add(found, names(node), node)
    return found


def _object(node: dict[str, Any], names: Names, found: Found) -> None:
    inner: Found = {}
    for name, value in node.items():
        keyed: Found = {}
        for identity in names(name):
            keyed[identity] = list(value) if isinstance(value, list) else [{name: value}]
        if isinstance(value, dict | list):
            _merge(inner, keyed | {key: r for key, r in _visited(value, names).items() if key not in keyed})
        else:
            _merge(inner, keyed)
            if value is not None and not isinstance(value, bool):
                for identity in names(value):
                    found.setdefault(identity, [node])
    # What an object says of itself is not said again further down in it.
    for identity, records in inner.items():
        found.setdefault(identity, records)


def _merge(found: Found, more: Found) -> None:
    for identity, records in more.items():
        known = found.get(identity)
        if not known:
            found[identity] = records
        elif not records or _alike(known, records):
            found[identity] = [*known, *records]
        else:
            found[identity] = max(known, records, key=len)


def _alike(some: list[Any], others: list[Any]) -> bool:
    ours, theirs = _names(some), _names(others)
    return len(ours & theirs) >= _ALIKE * len(ours | theirs)


def _names(records: list[Any]) -> set[str]:
    return {
        name
        for record in records
        for name in (record if isinstance(record, dict) else (type(record).__name__,))
    }


def _finder(ids: Collection[str]) -> Callable[[str], Iterable[str]]:
    """Finds ids in a text; many of them by the word of each that the fewest others have, so that their number does not matter."""
    if len(ids) <= _FEW:
        return lambda text: [name for name in ids if name in text and _stands(name, text)]
    known = Counter(word for name in ids for word in _WORD.findall(name))
    by_word: dict[str, list[str]] = {}
    wordless: list[str] = []
    for name in ids:
        words = _WORD.findall(name)
        if words:
            by_word.setdefault(min(words, key=known.__getitem__), []).append(name)
        else:
            wordless.append(name)

    def find(text: str) -> list[str]:
        found = [name for name in wordless if name in text]
        for word in by_word.keys() & set(_WORD.findall(text)):
            found += [name for name in by_word[word] if _stands(name, text)]
        return found

    return find


def _stands(name: str, text: str) -> bool:
    """Whether an id stands in a text, and not as a part of a longer word or number."""
    at = text.find(name)
    while at >= 0:
        before, after = text[max(0, at - 2) : at], text[at + len(name) : at + len(name) + 2]
        inside = before[-1:].isalnum() or after[:1].isalnum()
        fraction = before[-1:] == "." and before[:1].isdigit()
        fractional = name.isdigit() and after[:1] == "." and after[1:].isdigit() and after[1:] != "0"
        if not (inside or (name.isdigit() and fraction) or fractional):
            return True
        at = text.find(name, at + 1)
    return False
