"""What can be asked: an operation is a method, a path, the fields it takes and a function. Checked before it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.control.tenants import Tenant, Tenants
from emulators.engine.clock import RunningClock, moment
from emulators.engine.emulator import Emulator
from emulators.engine.world import World
from emulators.errors import InvalidValue, unknown
from emulators.redaction import Veil

Json = dict[str, Any]
NAMES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


@dataclass(frozen=True, slots=True)
class Plane:
    """What all operations work on."""

    id: str
    """Of this process; another one on the same port has another."""
    tenants: Tenants
    make_world: Callable[[str, int | None], World]
    """A world for a new tenant: its name and its seed (None: that of the process)."""
    forget_world: Callable[[str], None]
    veil: Veil


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked. `fields` are those of its body, `query` those of its URL."""

    plane: Plane
    tenant: Tenant
    params: Mapping[str, str]
    fields: Json
    query: Json

    @property
    def emulator(self) -> Emulator:
        """The vendor that the path names."""
        return self.tenant.emulator(self.params["provider"])


def time_of(asked: Asked) -> Json:
    """What every answer about the clock holds."""
    clock = asked.tenant.world.clock
    speed = clock.speed if isinstance(clock, RunningClock) else None
    due = asked.tenant.world.next_due()
    return {
        "now": moment(clock.now()).isoformat(),
        "clock": "virtual" if speed is None else "wall",
        "speed": speed,
        "next_due": None if due is None else moment(due).isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body or a query: a piece of JSON Schema."""

    type: str | tuple[str, ...]
    says: str
    required: bool = False
    default: Any = None

    @property
    def types(self) -> tuple[str, ...]:
        return (self.type,) if isinstance(self.type, str) else self.type

    def schema(self) -> Json:
        """As JSON Schema."""
        kind = list(self.types) if len(self.types) > 1 else self.types[0]
        given: Json = {} if kind == "any" else {"type": kind}
        return (
            given | {"description": self.says} | ({} if self.default is None else {"default": self.default})
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """`open_fields`: fields beside those named are taken too, and checked by whom they are for."""

    name: str
    method: str
    path: str
    says: str
    do: Callable[[Asked], Awaitable[Any]]
    body: Mapping[str, Field] = field(default_factory=dict)
    query: Mapping[str, Field] = field(default_factory=dict)
    status: int = 200
    open_fields: bool = False
    secret: bool = True
    """Whether the token is needed."""

    def match(self, method: str, segments: tuple[str, ...]) -> Mapping[str, str] | None:
        """The parameters of a path, if it is this operation's."""
        wanted = tuple(self.path.strip("/").split("/"))
        if method != self.method or len(segments) != len(wanted):
            return None
        params = {}
        for expected, got in zip(wanted, segments, strict=True):
            if expected.startswith("{"):
                params[expected.strip("{}")] = got
            elif expected != got:
                return None
        return params

    def checked(self, given: Any) -> Json:
        """The fields of a body; refuses those that do not exist or do not fit."""
        if not isinstance(given, dict):
            raise InvalidValue(f"the body: expected a JSON object, got {_shown(given)}")
        return _checked(given, self.body, "field of the body", self.open_fields)

    def asked(self, query: Sequence[tuple[str, str]]) -> Json:
        """The fields of a query, numbers as numbers."""
        values: Json = {}
        for name, text in query:
            if name in values:
                raise InvalidValue(f"{name}: given twice")
            wanted = self.query.get(name)
            if wanted is None or "integer" not in wanted.types:
                values[name] = text
                continue
            # Longer ones count nothing that there can be, and fit neither a list nor a file.
            if not (text.isascii() and text.isdigit() and len(text) < 19):
                raise InvalidValue(f"{name}: expected a whole number from 0, got {_shown(text)}")
            values[name] = int(text)
        return _checked(values, self.query, "field of the query", False)


def _checked(given: Json, known: Mapping[str, Field], what: str, more: bool) -> Json:
    for name, value in given.items():
        if name not in known:
            if more:
                continue
            raise unknown(what, name, known)
        if not _fits(value, known[name].types):
            raise InvalidValue(f"{name}: expected {' or '.join(known[name].types)}, got {_shown(value)}")
    missing = [name for name, wanted in known.items() if wanted.required and name not in given]
    if missing:
        raise InvalidValue(f"{missing[0]}: required, and not there")
    return {name: wanted.default for name, wanted in known.items() if wanted.default is not None} | given


def _fits(value: Any, types: tuple[str, ...]) -> bool:
    if "any" in types:
        return True
    if isinstance(value, bool):
        return "boolean" in types
    return any(isinstance(value, NAMES[kind]) for kind in types)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
