"""Everything an export is made of: the profile, the routes, the schemas, and all that is an example of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulators import registry
from emulators.engine import codec
from emulators.engine.profile import Profile
from emulators.engine.provider import Contract, Route
from emulators.exports import ways

SUFFIX = ".schema.json"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """A value that keeps to a schema: printed by the vendor, or ours (`basis` empty)."""

    name: str
    schema: str
    value: Any
    title: str = ""
    basis: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """One revision of one vendor, read."""

    profile: Profile
    contract: Contract
    routes: tuple[Route, ...]
    ways: ways.Ways
    schemas: Mapping[str, Json]
    """As they lie in their files, by stem."""
    examples: tuple[Example, ...]

    def examples_of(self, *stems: str) -> tuple[Example, ...]:
        """What there is for the first of these schemas that has any, the vendor's own first."""
        for stem in stems:
            found = tuple(example for example in self.examples if example.schema == stem)
            if found:
                return found
        return ()


def gather(spec: str) -> Material:
    """Reads what `"esputnik"` or `"esputnik@2023-09"` means; `UnknownName` with the nearest known name."""
    imitation = registry.load(spec)
    profile, shelf = imitation.profile, registry.shelf(imitation.provider.name)
    at = (profile.provider, profile.revision)
    schemas = {
        name.removesuffix(SUFFIX): codec.decode(path.read_bytes())
        for name, path in shelf.files(*at, f"*{SUFFIX}").items()
    }
    printed = (
        Example(s.name, s.schema, codec.decode(s.body), s.title, s.basis, s.source)
        for s in profile.samples.values()
    )
    ours = (
        _ours(name.removeprefix("examples/").removesuffix(".json"), codec.decode(path.read_bytes()), schemas)
        for name, path in sorted(shelf.files(*at, "examples/*.json").items())
    )
    found = shelf.files(*at, "calls.json").get("calls.json")
    return Material(
        profile=profile,
        contract=imitation.contract,
        routes=tuple(route for route in imitation.provider.routes if route.name in profile.routes),
        ways=ways.read(codec.decode(found.read_bytes())) if found else ways.Ways(),
        schemas=schemas,
        examples=tuple(_valid([*printed, *ours], imitation.contract)),
    )


def _ours(name: str, value: Any, schemas: Mapping[str, Json]) -> Example:
    fitting = [stem for stem in schemas if name == stem or name.startswith(f"{stem}.")]
    return Example(name, max(fitting, key=len, default=""), value)


def _valid(examples: Iterable[Example], contract: Contract) -> Iterable[Example]:
    """What a revision inherits need not keep to its own schemas any more."""
    return (one for one in examples if one.schema and contract.valid(one.schema, one.value))
