"""A run as it happens: a line of JSON an event, each written through at once, so that a killed run leaves what it knew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, BinaryIO

from emulators.check.reports.model import VERSION
from emulators.redaction import Veil


class Stream:
    """Events, one a line: `version`, `number` (from 1, without gaps), `at` (seconds since it began), `kind`, and what is told.

    The first is `start`, with the real time. Credentials are hidden by the names of their fields, as everywhere.
    """

    def __init__(
        self, out: BinaryIO, veil: Veil | None = None, now: Callable[[], float] = perf_counter
    ) -> None:
        self._out = out
        self._veil = veil or Veil()
        self._now = now
        self._began = now()
        self._number = 0

    def start(self, **data: Any) -> None:
        """The first line."""
        self.tell("start", time=datetime.now(UTC).isoformat(timespec="milliseconds"), **data)

    def tell(self, kind: str, **data: Any) -> None:
        """One event. Raises `OSError` if it cannot be written."""
        self._number += 1
        event = {
            **self._veil.value(data),
            # Behind what is told, which cannot stand in for them.
            "version": VERSION,
            "number": self._number,
            "at": round(self._now() - self._began, 4),
            "kind": kind,
        }
        order = ("version", "number", "at", "kind", *data)
        line = json.dumps({name: event[name] for name in order}, ensure_ascii=False, default=str)
        self._out.write(line.encode("utf-8", "backslashreplace") + b"\n")
        self._out.flush()
