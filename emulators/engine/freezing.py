"""Entries of the journal and folded states as JSON text and back: what lies on disk. Pure.

Text and bytes come back exactly, and so do numbers of any size, NaN and lone surrogates.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping
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


class Packed(NamedTuple):
    """A delivery apart from what it carried: `body` is that of its request, and `row` says where its events lie
    in it, or in `source` where it was composed of something else."""

    row: bytes
    body: bytes
    source: bytes | None


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
    """A delivery's row, the body of its request, and its events where that was composed of something else."""
    events = delivery.events
    row = form(Delivery).freeze(replace(delivery, events=(), raw=None))
    row["events"] = [{**head, "sizes": list(map(len, bodies))} for head, bodies in runs(events)]
    if delivery.raw is None:
        body = join(events, "object" if _alone(row) else "array")
        return Packed(write(row), body, None)
    row["ready"] = True
    return Packed(write(row), delivery.raw, join(events, "array") if events else None)


def unpack(packed: Packed) -> Delivery:
    """The delivery that was packed."""
    row = read(packed.row)
    if row.pop("ready", False):
        events = _cut(row["events"], packed.source or b"", 1)
        return replace(_outcome(row), events=events, raw=packed.body)
    return replace(_outcome(row), events=_cut(row["events"], packed.body, 0 if _alone(row) else 1))


def unpack_outcome(row: bytes) -> Delivery:
    """A delivery without its events and its body, which the fold does not ask for."""
    known = read(row)
    known.pop("ready", None)
    return _outcome(known)


def _outcome(row: Mapping[str, Any]) -> Delivery:
    delivery: Delivery = form(Delivery).thaw({**row, "events": ()})
    return delivery


def _alone(row: Mapping[str, Any]) -> bool:
    """Whether the body of the request is that of its one event, as it is."""
    return row["envelope"] == "object" and [len(run["sizes"]) for run in row["events"]] == [1]


def _cut(frozen: Iterable[Mapping[str, Any]], source: bytes, start: int) -> tuple[Event, ...]:
    """The events of runs whose bodies lie in `source` one after another, a comma between two."""
    events: list[Event] = []
    for run in frozen:
        bodies = []
        for size in run["sizes"]:
            bodies.append(source[start : start + size])
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
