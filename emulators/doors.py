"""What an app must know of a vendor to call it, without the vendor being loaded: that would take a while."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from emulators.errors import unknown

SHIPPED = ("sendpulse", "esputnik", "pushwoosh", "hellotext")


@dataclass(frozen=True, slots=True)
class Door:
    """`env` makes settings of a base URL and credentials."""

    name: str
    env: Callable[[str, Mapping[str, str]], dict[str, str]]
    make_credentials: Callable[[Random], dict[str, str]]

    def credentials(self, tenant: str = "") -> dict[str, str]:
        """Of an account. They follow from these names alone, so that a fresh emulator has those of the last."""
        return self.make_credentials(Random(f"credentials of {self.name}" + (tenant and f" for {tenant}")))


@cache
def door(name: str) -> Door:
    """How an app comes to a provider."""
    if name in SHIPPED:
        package = import_module(f"emulators.{name}")
        return Door(name, package.env, package.credentials)
    from emulators import registry

    provider = registry.provider(name)
    return Door(name, provider.env, provider.credentials)


def revision_of(spec: str) -> str:
    """The revision that `"sendpulse"` or `"sendpulse@2021-05"` means; `UnknownName` if there is none."""
    name, _, revision = spec.partition("@")
    if name not in SHIPPED:
        from emulators import registry

        return registry.shelf(name).resolve(name, revision or None)[1]
    profiles = sorted((root() / name).glob("*/profile.json"))
    known = [path.parent.name for path in profiles]
    if revision:
        if revision not in known:
            raise unknown(f"revision of {name}", revision, known)
        return revision
    return next(p.parent.name for p in profiles if json.loads(p.read_bytes()).get("default"))


def told(specs: Mapping[str, str], urls: Mapping[str, str], tenant: str = "") -> dict[str, Any]:
    """What an app and its tests must know of each vendor: where he is, as of when, and the settings that lead there."""
    found = {}
    for name, spec in specs.items():
        env = door(name).env(urls[name], door(name).credentials(tenant))
        found[name] = {"url": urls[name], "revision": revision_of(spec), "env": env}
    return found


def root() -> Path:
    """The shipped folder of schemas: inside the installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "schemas"
    return inside if inside.is_dir() else package.parent / "schemas"
