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
from random import Random

from emulators import catalog
from emulators.engine.profile import Profile
from emulators.engine.provider import Contract, Provider
from emulators.errors import unknown

GROUP = "emulators.providers"
SHIPPED = ("sendpulse", "esputnik", "pushwoosh", "hellotext")


@dataclass(frozen=True, slots=True)
class Door:
    """What an app must know of a vendor to call it, without the vendor being loaded."""

    env: Callable[[str, Mapping[str, str]], dict[str, str]]
    make_credentials: Callable[[Random], dict[str, str]]
    name: str

    def credentials(self, tenant: str = "") -> dict[str, str]:
        """Of an account. They follow from these names alone, so that a fresh emulator has those of the last."""
        return self.make_credentials(Random(f"credentials of {self.name}" + (tenant and f" for {tenant}")))


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
    provider, documents = _provider(name), shelf(name)
    profile = documents.profile(name, revision or None)
    return Imitation(provider, profile, documents.contract(name, profile.revision), door(name).credentials())


@cache
def door(name: str) -> Door:
    """How an app comes to a provider; those that ship are not loaded for it, which would take a while."""
    if name in SHIPPED:
        package = import_module(f"emulators.{name}")
        return Door(package.env, package.credentials, name)
    provider = _provider(name)
    return Door(provider.env, provider.credentials, name)


def revision_of(spec: str) -> str:
    """The revision that `"sendpulse"` or `"sendpulse@2021-05"` means; `UnknownName` if there is none."""
    name, _, revision = spec.partition("@")
    return shelf(name).resolve(name, revision or None)[1]


def shelf(name: str) -> catalog.Catalog:
    """Where the schemas, samples and profiles of a provider lie: ours, or the folder that its package brings."""
    if name in SHIPPED:
        return catalog.default()
    package = _provider(name).package
    return catalog.Catalog(_folder(package)) if package else catalog.default()


def _provider(name: str) -> Provider:
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
