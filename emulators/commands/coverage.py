"""A table of every call that is answered: where it is known from, and which real client proved it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.engine.profile import Profile


def table(profiles: Iterable[Profile]) -> str:
    """The table for people, one line for each route."""
    lines = [("", "CALL", "NAME", "BASIS", "SOURCE", "PROVED BY")]
    for profile in profiles:
        for route in profile.routes.values():
            lines.append(
                (
                    f"{profile.provider}@{profile.revision}",
                    f"{route.method} {route.path}",
                    route.name,
                    route.basis,
                    route.source,
                    ", ".join(route.clients) or "-",
                )
            )
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[5]])
        for line in lines
    )


def data(profiles: Iterable[Profile]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {"provider": profile.provider, "revision": profile.revision, **asdict(route)}
        for profile in profiles
        for route in profile.routes.values()
    ]
