"""The words of an event: which actions there are, and under which names its parts come.

The vendor renamed the parts of an event twice. What a revision takes is a fact of its profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from emulators.engine.provider import Account
from emulators.hellotext.reading import Record

ACTIONS = "actions"
PARTS = ("profile", "session", "object", "object_parameters")


class Part(NamedTuple):
    """A part of an event: the name under which it came, or should have, and its value."""

    name: str
    value: Any


class Spelling(NamedTuple):
    """The names of the parts, `{object}` in them being the kind of object, and what `*_id` leads to."""

    names: Mapping[str, list[str]]
    ids: str

    def of(self, part: str, kind: str = "") -> Iterator[str]:
        """Every name of a part, the present one first."""
        for name in self.names[part]:
            if kind or "{" not in name:
                yield name.replace("{object}", kind)
        if self.ids == "accept" and part in ("profile", "session"):
            yield f"{part}_id"
        if self.ids == "accept" and part == "object" and kind:
            yield f"{kind}_id"

    def read(self, body: Record, part: str, kind: str = "") -> Part:
        """The part as it came; value None: it did not."""
        names = list(self.of(part, kind))
        return next((Part(name, body[name]) for name in names if body.get(name)), Part(names[0], None))

    def forbidden(self, body: Record, kinds: Iterable[str]) -> str:
        """The first name in a body that the guides say not to use; empty: none."""
        if self.ids != "refuse":
            return ""
        names = (f"{name}_id" for name in ("profile", "session", *kinds))
        return next((name for name in names if name in body), "")


def private(account: Account) -> Spelling:
    """What a backend may write."""
    return Spelling(account.facts["spellings"].value, account.options["events.id_spellings"])


def public(account: Account) -> Spelling:
    """What pages, plugins and telephones may write: the vendor's own clients are of several ages."""
    return Spelling(account.facts["browser_spellings"].value, "ignore")


def built_in(account: Account) -> dict[str, str | None]:
    """The actions that every business has, with the object that each needs."""
    known: dict[str, str | None] = dict(account.facts["actions"].value)
    known.update(account.facts["former_actions"].value)
    if account.options["events.later_actions"]:
        known.update(account.facts["later_actions"].value)
    return known


def custom(account: Account, name: str) -> Record | None:
    """An action that the business created."""
    table = account.table(ACTIONS)
    return next((row for key in table if (row := table.get(key) or {}).get("name") == name), None)
