"""Which route a call goes to."""

from __future__ import annotations

from collections.abc import Sequence

from emulators.engine.provider import Call, Route


class Table:
    """The routes of a provider, by method and by how many segments their paths have."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self._shelves: dict[tuple[str, int], list[tuple[Route, list[str]]]] = {}
        for route in routes:
            pattern = _segments(route.path)
            self._shelves.setdefault((route.method, len(pattern)), []).append((route, pattern))

    def find(self, call: Call) -> tuple[Route, dict[str, str]] | None:
        """The route of a call, and the segments of its path that have names."""
        segments = _segments(call.path)
        for route, pattern in self._shelves.get((call.method, len(segments)), ()):
            params = _match(pattern, segments)
            if params is not None:
                return route, params
        return None

    def methods(self, call: Call) -> list[str]:
        """The methods that the path of a call takes."""
        fitting = (route.method for route in self._routes if fits(route.path, call.path))
        return list(dict.fromkeys(fitting))


def fits(pattern: str, path: str) -> bool:
    """Whether a path is one of a pattern's."""
    wanted, segments = _segments(pattern), _segments(path)
    return len(wanted) == len(segments) and _match(wanted, segments) is not None


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    """The named segments; None: it does not fit."""
    params = {}
    for name, got in zip(pattern, segments, strict=True):
        if name[:1] == "{" and got:
            params[name[1:-1]] = got
        elif name != got:
            return None
    return params
