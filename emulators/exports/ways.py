"""How calls travel, which no schema says: the vendor's address, who may call, what is a query and what also a form.

It lies in `calls.json` of a revision. Without that file nothing is known of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NONE = "none"
"""Among the schemes of a route: it also goes without."""
BODY = "body"
"""The type of a scheme whose credential stands in the body, for which OpenAPI has no word."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the vendor himself is reached."""

    url: str
    basis: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to say who calls. `words` are OpenAPI's own (`scheme`, `in`, `name`), or the `pointer` into a body."""

    type: str
    basis: str
    source: str
    note: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Way:
    """How one route is called: any one of the `security` schemes will do."""

    security: tuple[str, ...] = ()
    query: bool = False
    """A DELETE whose arguments stand in the query, not in a body."""
    forms: bool = False
    """Whether a form is documented beside JSON."""


@dataclass(frozen=True, slots=True)
class Ways:
    """`calls.json` of one revision."""

    server: Server | None = None
    schemes: Mapping[str, Scheme] = field(default_factory=dict)
    routes: Mapping[str, Way] = field(default_factory=dict)
    default: Way = Way()

    def of(self, route: str) -> Way:
        """How a route is called, by its name."""
        return self.routes.get(route, self.default)


def read(data: Mapping[str, Any]) -> Ways:
    """`calls.json` as values; `TypeError` or `KeyError` for what does not belong there."""
    usual = tuple(data.get("default", ()))
    return Ways(
        server=Server(**data["server"]) if "server" in data else None,
        schemes={name: _scheme(dict(value)) for name, value in data.get("schemes", {}).items()},
        routes={name: _way(value, usual) for name, value in data.get("routes", {}).items()},
        default=Way(usual),
    )


def _scheme(data: dict[str, str]) -> Scheme:
    said = {name: data.pop(name) for name in ("type", "basis", "source", "note")}
    return Scheme(**said, words=data)


def _way(data: Mapping[str, Any], usual: tuple[str, ...]) -> Way:
    return Way(**{**data, "security": tuple(data.get("security", usual))})
