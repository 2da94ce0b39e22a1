"""Entries of the journal and folded states as JSON text and back: what lies on disk. Pure.

Text and bytes come back exactly, and so do numbers of any size, NaN and lone surrogates.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from emulators.engine import journal
from emulators.engine.codec import decode, encode
from emulators.engine.forms import form, numbered, runs
from emulators.engine.journal import Delivery, Entry, Restored
from emulators.engine.lane import join
from emulators.engine.provider import Event
from emulators.engine.state import State

# Two lone surrogates side by side: their escapes would be read as one character.
PAIR = re.compile(rb"\\ud[89ab]..\\ud[c-f]")
EXACTLY = "exactly"


class Body(NamedTuple):
    """Bytes that many attempts may have carried; `events` says, in JSON, which events lie where in them."""

    data: bytes
    events: bytes | None


class Packed(NamedTuple):
    """A delivery apart from what it carried: the body of its request, which holds its events, unless that was
    composed of something else and `source` holds them."""

    row: bytes
    body: Body
    source: Body | None


def freeze(entry: Entry) -> bytes:
    """The JSON text of an entry, without the name of its class."""
    if isinstance(entry, Restored):
        kept = form(State).freeze(entry.state)
        return write({**form(Restored).freeze(replace(entry, state=None)), "state": kept})
    return write(form(type(entry)).freeze(entry))


def thaw(kind: str, data: bytes) -> Entry:
    """The entry of class `kind` that was frozen. Raises `KeyError` for a kind that there is not."""
    frozen = read(data)
    if kind == Restored.__name__:
        frozen["state"] = _state(frozen["state"])
    entry: Entry = form(entry_types()[kind]).thaw(frozen)
    return entry


@cache
def entry_types() -> Mapping[str, type[Entry]]:
    """Every kind of entry by its name."""
    named = vars(journal).items()
    return {name: made for name, made in named if isinstance(made, type) and issubclass(made, Entry)}


def freeze_state(state: State) -> bytes:
    """The JSON text of a state, with all that decides what it does next."""
    return write(form(State).freeze(state))


def thaw_state(data: bytes) -> State:
    """The state that was frozen."""
    return _state(read(data))


def _state(frozen: Mapping[str, Any]) -> State:
    state: State = form(State).thaw(frozen)
    for account in state.accounts.values():
        account.history = {feed: deque(events, state.memory) for feed, events in account.history.items()}
    return state


# -- deliveries: many attempts carry the same body, which is kept once


def pack(delivery: Delivery) -> Packed:
    """A delivery in parts, of which other attempts may have some as well."""
    row = write(form(Delivery).freeze(replace(delivery, events=(), raw=None)))
    events = delivery.events
    placed = [{**head, "sizes": list(map(len, bodies))} for head, bodies in runs(events)]
    if delivery.raw is None:
        # Of what is no array there is one event; should there ever be more, none is lost.
        alone = delivery.envelope == "object" and len(events) == 1
        layout = write({"start": 0 if alone else 1, "runs": placed})
        return Packed(row, Body(join(events, "object" if alone else "array"), layout), None)
    layout = write({"start": 1, "runs": placed})
    return Packed(row, Body(delivery.raw, None), Body(join(events, "array"), layout) if events else None)


def unpack(packed: Packed) -> Delivery:
    """The delivery that was packed."""
    row, body, source = packed
    delivery = unpack_outcome(row)
    carrying = body if source is None else source
    events = _cut(carrying.data, carrying.events) if carrying.events else ()
    return replace(delivery, events=events, raw=None if body.events else body.data)


def unpack_outcome(row: bytes) -> Delivery:
    """A delivery without what it carried, which the fold does not ask for."""
    delivery: Delivery = form(Delivery).thaw(read(row))
    return delivery


def _cut(data: bytes, layout: bytes) -> tuple[Event, ...]:
    """The events that lie in `data` one after another, a comma between two."""
    placed = read(layout)
    start = placed["start"]
    events: list[Event] = []
    for run in placed["runs"]:
        bodies = []
        for size in run["sizes"]:
            bodies.append(data[start : start + size])
            start += size + 1
        events += numbered(run, bodies)
    return tuple(events)


# -- text


def write(value: Any) -> bytes:
    """JSON that is read back as exactly the same value."""
    data = encode(value)
    if PAIR.search(data):
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return encode({EXACTLY: base64.b64encode(text).decode()})
    return data


def read(data: bytes) -> Any:
    """The value that was written."""
    value = decode(data)
    if isinstance(value, dict) and value.keys() == {EXACTLY}:
        return json.loads(base64.b64decode(value[EXACTLY]).decode("utf-8", "surrogatepass"))
    return value
