"""Values as JSON and back, by the types that their fields are declared with. Pure.

Dataclasses become objects, named tuples and tuples arrays, and what a field holds by default and is empty is
left out: a default that says something could change from one release to the next, an empty one means nothing.
"""

from __future__ import annotations

import base64
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from itertools import repeat
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from emulators.engine import call_faults, faulting
from emulators.engine.faulting import Fault
from emulators.engine.provider import Event
from emulators.errors import unknown

Convert = Callable[[Any], Any]
EMPTY = (None, False, 0, 0.0, "", b"", ())


class Form(NamedTuple):
    """How values of one type become JSON, and JSON those values."""

    freeze: Convert
    thaw: Convert


class Member(NamedTuple):
    """A field of a dataclass and what it is when nothing is said of it."""

    name: str
    default: Any
    form: Form


def same(value: Any) -> Any:
    """What is JSON already."""
    return value


def freeze_bytes(data: bytes) -> Any:
    """Text where it is UTF-8, so that people can read it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def thaw_bytes(value: Any) -> bytes:
    """The bytes that `freeze_bytes` was given."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


PLAIN = Form(same, same)
BYTES = Form(freeze_bytes, thaw_bytes)


def form(hint: Any) -> Form:
    """The form of a type. Raises `TypeError` for one that nothing here knows how to write down."""
    return _form(hint)


@cache
def _form(hint: Any) -> Form:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (Any, str, int, float, bool, None, NoneType):
        return PLAIN
    if hint is bytes:
        return BYTES
    if origin in (UnionType, Union) and len(arguments) == 2 and NoneType in arguments:
        return _optional(form(next(a for a in arguments if a is not NoneType)))
    if origin in (tuple, list, deque, frozenset):
        return _sequence(origin, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(OrderedDict if origin is OrderedDict else dict, *arguments)
    if hint is Fault:
        return Form(_freeze_fault, _thaw_fault)
    if hasattr(hint, "pack") and hasattr(hint, "unpack"):
        inner = form(get_type_hints(hint.pack)["return"])
        return Form(lambda v: inner.freeze(v.pack()), lambda d: hint.unpack(inner.thaw(d)))
    if is_dataclass(hint) and isinstance(hint, type):
        return _record(hint)
    if hasattr(hint, "_fields"):
        return _named_tuple(hint)
    raise TypeError(f"no form for values of {hint!r}")


def _optional(inner: Form) -> Form:
    if inner is PLAIN:
        return PLAIN
    return Form(
        lambda v: None if v is None else inner.freeze(v),
        lambda d: None if d is None else inner.thaw(d),
    )


def _sequence(kind: Callable[[Iterable[Any]], Any], arguments: tuple[Any, ...]) -> Form:
    if kind is tuple and arguments[-1] is not Ellipsis:
        inner = [form(argument) for argument in arguments]
        if all(item is PLAIN for item in inner):
            return Form(same, tuple)
        freezers, thawers = [f.freeze for f in inner], [f.thaw for f in inner]
        return Form(
            lambda v: [freeze(item) for freeze, item in zip(freezers, v, strict=True)],
            lambda d: tuple([thaw(item) for thaw, item in zip(thawers, d, strict=True)]),
        )
    if arguments[0] is Event:
        return Form(freeze_events, lambda d: kind(thaw_events(d)))
    freeze, thaw = form(arguments[0])
    if kind is frozenset:
        return Form(sorted, frozenset)
    if thaw is same:
        return Form(list, kind)
    if freeze is same:
        return Form(list, lambda d: kind(map(thaw, d)))
    return Form(lambda v: list(map(freeze, v)), lambda d: kind(map(thaw, d)))


def _mapping(kind: Callable[..., Any], key: Any, value: Any) -> Form:
    """Keys are text in JSON; numbers are read back as such."""
    freeze, thaw = form(value)
    if key is int:
        return Form(
            lambda v: {str(name): freeze(item) for name, item in v.items()},
            lambda d: kind((int(name), thaw(item)) for name, item in d.items()),
        )
    if freeze is same:
        return Form(dict, same if kind is dict else kind)
    return Form(
        lambda v: {name: freeze(item) for name, item in v.items()},
        lambda d: kind((name, thaw(item)) for name, item in d.items()),
    )


def _named_tuple(made: Any) -> Form:
    inner = form(tuple[tuple(get_type_hints(made).values())])  # type: ignore[misc]
    return Form(inner.freeze, lambda d: made(*inner.thaw(d)))


def _empty_default(member: Field[Any]) -> Any:
    """What stands for a field that was left out; MISSING: it never is."""
    made = member.default
    if member.default_factory is not MISSING:
        made = member.default_factory()
    blank = any(made is nothing or (type(made) is type(nothing) and made == nothing) for nothing in EMPTY)
    if blank or (isinstance(made, list | dict | deque) and not made):
        return made
    # An object of nothing but empty fields, such as `Effects()`.
    if made is not MISSING and is_dataclass(made) and not form(type(made)).freeze(made):
        return made
    return MISSING


def _record(made: Any) -> Form:
    hints = get_type_hints(made)
    members = [Member(f.name, _empty_default(f), form(hints[f.name])) for f in fields(made)]
    freezing = [(name, default, None if f is PLAIN else f.freeze) for name, default, f in members]
    thawing = {name: None if f.thaw is same else f.thaw for name, _, f in members}

    def freeze(value: Any) -> dict[str, Any]:
        frozen = {}
        for name, default, convert in freezing:
            item = getattr(value, name)
            if item is default or (default is not MISSING and item == default):
                continue
            frozen[name] = item if convert is None else convert(item)
        return frozen

    def thaw(data: dict[str, Any]) -> Any:
        given = {}
        for name, item in data.items():
            convert = thawing[name]
            given[name] = item if convert is None else convert(item)
        return made(**given)

    return Form(freeze, thaw)


# -- faults: by the name of their class


@cache
def _fault_types() -> dict[str, type[Fault]]:
    named = {**vars(faulting), **vars(call_faults)}.items()
    return {name: made for name, made in named if isinstance(made, type) and issubclass(made, Fault)}


def _freeze_fault(fault: Fault) -> dict[str, Any]:
    name = type(fault).__name__
    if _fault_types().get(name) is not type(fault):
        raise unknown("fault", name, _fault_types())
    frozen: dict[str, Any] = {"fault": name, **form(type(fault)).freeze(fault)}
    # The body of an `Answer` is bytes or JSON, and text is JSON.
    if isinstance(frozen.get("body"), bytes):
        frozen["bytes"] = freeze_bytes(frozen.pop("body"))
    return frozen


def _thaw_fault(data: dict[str, Any]) -> Any:
    given = dict(data)
    made = _fault_types()[given.pop("fault")]
    if "bytes" in given:
        given["body"] = thaw_bytes(given.pop("bytes"))
    return form(made).thaw(given)


# -- events: runs of them share feed, kind and instant, and are numbered on


def freeze_events(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events by runs: the bodies of those that are alike in all but their number, which counts up."""
    return [{**head, "bodies": _texts(bodies)} for head, bodies in runs(events)]


def runs(events: Iterable[Event]) -> list[tuple[dict[str, Any], list[bytes]]]:
    """What a run of events has in common, and their bodies."""
    found: list[tuple[dict[str, Any], list[bytes]]] = []
    bodies: list[bytes] = []
    awaited: tuple[Any, ...] = ()
    for ordinal, feed, kind, instant, body in events:
        if (ordinal, instant, kind, feed) != awaited:
            bodies = []
            found.append(({"first": ordinal, "feed": feed, "kind": kind, "instant": instant}, bodies))
        bodies.append(body)
        awaited = (ordinal + 1, instant, kind, feed)
    return found


def _texts(bodies: list[bytes]) -> list[Any]:
    try:
        return [body.decode() for body in bodies]
    except UnicodeDecodeError:
        return [freeze_bytes(body) for body in bodies]


def thaw_events(frozen: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events that `freeze_events` was given."""
    events: list[Event] = []
    for run in frozen:
        events += numbered(run, [thaw_bytes(body) for body in run["bodies"]])
    return events


def numbered(run: Mapping[str, Any], bodies: list[bytes]) -> Iterable[Event]:
    """The events of one run."""
    first, common = run["first"], (run["feed"], run["kind"], run["instant"])
    ordinals = range(first, first + len(bodies))
    return map(Event, ordinals, *map(repeat, common), bodies)
