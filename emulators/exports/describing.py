"""What a document says of itself: what it is, how well each part is known, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from emulators.engine.profile import BASES, Profile
from emulators.exports.material import Json, Material

WORDS = {
    "documented": "the vendor's own text, table or sample says so",
    "observed": "seen in recorded traffic",
    "inferred": "follows from something of the vendor's",
    "assumed": "nobody says; somebody had to choose",
}


class Known(Protocol):
    """Anything with a basis."""

    @property
    def basis(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def note(self) -> str: ...


class Stated(Known, Protocol):
    """Anything with a basis and a name."""

    @property
    def name(self) -> str: ...


def info(material: Material, of: str, schemas: Mapping[str, Any]) -> Json:
    """The `info` of a document about the `of` ("calls", ...) of a revision, made of these component schemas."""
    profile = material.profile
    kinds = [kind for feed in profile.feeds.values() for kind in feed.kinds.values()]
    parts = [
        f"{of} of {profile.title} as its documents of {profile.revision} describe them, as far as provider-emulators "
        "imitates them. The vendor did not write this file.",
        "How well a thing is known stands beside it as `x-basis`, its source as `x-source` (a key of `x-sources`): "
        + "; ".join(f"{basis}: {words}" for basis, words in WORDS.items())
        + ".",
        _by_basis("Calls", profile.routes.values()),
        _by_basis("Kinds of webhook events", kinds),
        _counted(schemas),
        "\n".join(["Not imitated:", *(f"- {text}" for text in profile.not_imitated)])
        if profile.not_imitated
        else "",
    ]
    return {
        "title": profile.title,
        "version": profile.revision,
        "description": "\n\n".join(part for part in parts if part),
    }


def sources(profile: Profile) -> Json:
    """What the sources are that `x-source` names."""
    return {key: asdict(source) for key, source in profile.sources.items()}


def stated(fact: Known) -> Json:
    """Basis, source and note in the words that the schemas use."""
    said = {"x-basis": fact.basis, "x-source": fact.source}
    return {**said, "x-note": fact.note} if fact.note else said


def _by_basis(what: str, things: Iterable[Stated]) -> str:
    names: dict[str, list[str]] = {}
    for thing in things:
        names.setdefault(thing.basis, []).append(thing.name)
    lines = [f"- {basis}: {', '.join(names[basis])}" for basis in BASES if basis in names]
    return "\n".join([f"{what}:", *lines]) if lines else ""


def _counted(schemas: Mapping[str, Any]) -> str:
    found: Counter[str] = Counter(_bases(schemas))
    told = ", ".join(f"{found[basis]} {basis}" for basis in BASES if found[basis])
    return f"Rules of the schemas: {told}." if told else ""


def _bases(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        if isinstance(node.get("x-basis"), str):
            yield node["x-basis"]
        for inner in node.values():
            yield from _bases(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _bases(inner)
