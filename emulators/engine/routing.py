"""Which route a call goes to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from emulators.engine.provider import Call, Route


def find(routes: Sequence[Route], call: Call) -> tuple[Route, dict[str, str]] | None:
    """The route of a call, and the segments of its path that have names."""
    for route in routes:
        if route.method == call.method:
            params = match(route.path, call.path)
            if params is not None:
                return route, params
    return None


def match(pattern: str, path: str) -> dict[str, str] | None:
    """The named segments of a path that fits a pattern; None: it does not fit."""
    wanted, segments = _segments(pattern), path.strip("/").split("/")
    if len(wanted) != len(segments):
        return None
    params = {}
    for name, got in zip(wanted, segments, strict=True):
        if name.startswith("{") and got:
            params[name[1:-1]] = got
        elif name != got:
            return None
    return params


@cache
def _segments(pattern: str) -> list[str]:
    return pattern.strip("/").split("/")


def methods_at(routes: Sequence[Route], call: Call) -> list[str]:
    """The methods that the path of a call takes."""
    return list(dict.fromkeys(r.method for r in routes if match(r.path, call.path) is not None))
