"""From a name to a provider: the four that ship, and those that other packages bring.

A package brings a vendor through an entry point of the group `emulators.providers` that leads to its
`Provider`; its schemas lie in the folder `schemas` of `Provider.package`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from emulators import catalog
from emulators.doors import SHIPPED, door
from emulators.engine.profile import Profile
from emulators.engine.provider import Contract, Provider
from emulators.errors import unknown

__all__ = ["GROUP", "SHIPPED", "Imitation", "load", "names", "provider", "shelf"]

GROUP = "emulators.providers"


@dataclass(frozen=True, slots=True)
class Imitation:
    """All that is needed to imitate one revision of one vendor."""

    provider: Provider
    profile: Profile
    contract: Contract
    credentials: Mapping[str, str]


def names() -> tuple[str, ...]:
    """Every provider that can be named, the shipped ones first."""
    return (*SHIPPED, *(name for name in _brought() if name not in SHIPPED))


@cache
def load(spec: str) -> Imitation:
    """What `"sendpulse"` or `"sendpulse@2021-05"` means; raises `UnknownName` with the nearest known name."""
    name, _, revision = spec.partition("@")
    found, documents = provider(name), shelf(name)
    profile = documents.profile(name, revision or None)
    return Imitation(found, profile, documents.contract(name, profile.revision), door(name).credentials())


def shelf(name: str) -> catalog.Catalog:
    """Where the schemas, samples and profiles of a provider lie: ours, or the folder that its package brings."""
    if name in SHIPPED:
        return catalog.default()
    package = provider(name).package
    return catalog.Catalog(_folder(package)) if package else catalog.default()


def provider(name: str) -> Provider:
    """A vendor's code; `UnknownName` with the nearest if there is none."""
    if name in SHIPPED:
        found = import_module(f"emulators.{name}.provider").PROVIDER
    else:
        brought = _brought()
        if name not in brought:
            raise unknown("provider", name, (*SHIPPED, *brought))
        found = brought[name]()
    if not isinstance(found, Provider):
        raise TypeError(f"the provider {name!r} must be an emulators.engine.provider.Provider, got {found!r}")
    return found


def _brought() -> dict[str, Callable[[], object]]:
    from importlib.metadata import entry_points

    return {point.name: point.load for point in entry_points(group=GROUP)}


def _folder(package: str) -> Path:
    return Path(str(files(package) / "schemas"))
