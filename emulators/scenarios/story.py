"""A scenario as values: what was read from a file and holds together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that the file does not hold: that of an environment variable, or of `--set`, with `path` behind it."""

    name: str
    path: str = ""

    def __str__(self) -> str:
        return f"${self.name}{self.path}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done or expected: `emit = "esputnik.READ"` is verb, vendor and rest, `args` are the other
    keys. `vendor` is empty where all of them are meant."""

    number: int
    verb: str
    subject: str
    vendor: str = ""
    rest: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""

    def __str__(self) -> str:
        """The step in one line, as it is written in the file; what is given by reference stays a reference."""
        words = [self.verb, self.subject, *(f"{name}={_shown(value)}" for name, value in self.args.items())]
        line = " ".join(words)
        return line if len(line) <= 120 else f"{line[:119]}…"


@dataclass(frozen=True, slots=True)
class Part:
    """A vendor that takes part: `setting` is what `in_loop` is told besides the world."""

    spec: str
    setting: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: who takes part, and what is done and expected one after another, on one virtual clock."""

    file: str
    title: str
    seed: int
    start: datetime
    tolerate: bool
    cast: Mapping[str, Part]
    steps: tuple[Step, ...]


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
