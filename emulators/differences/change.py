"""One difference, and what it is told from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulators.engine.profile import Profile

Json = dict[str, Any]

BREAKING, NUMBER, NEW, WORDING = "breaking", "changed number", "new", "wording"
EFFECTS = (BREAKING, NUMBER, NEW, WORDING)
"""What a difference can do to a program that fits the old state: break it; let something come sooner, later or
in other amounts; nothing unless the program wants it; nothing at all."""

RECEIVER, CLIENT, BOTH = "receiver", "client", "both"
AUDIENCES = (RECEIVER, CLIENT, BOTH)


@dataclass(frozen=True, slots=True)
class Change:
    """`where` is a webhook, a call, or a part of the profile; `what` the thing in it that differs."""

    audience: str
    where: str
    effect: str
    what: str
    text: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Documents:
    """One state of a vendor's documents: its facts, and its schemas by their stem."""

    profile: Profile
    stems: frozenset[str]
    schema: Callable[[str], Json]


def ordered(changes: Iterable[Change]) -> list[Change]:
    """Grouped by whom they concern and where they are, the worst first."""
    found = list(changes)
    places = list(dict.fromkeys((c.audience, c.where) for c in found))
    return sorted(
        found,
        key=lambda c: (
            AUDIENCES.index(c.audience),
            places.index((c.audience, c.where)),
            EFFECTS.index(c.effect),
        ),
    )
