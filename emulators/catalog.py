"""What the vendors' documents say, as shipped in `schemas/`: find it, load it, check payloads against it.

`profile`, `samples`, `schema` and `validate` work on the shipped folder; a `Catalog` reads any other
folder laid out in the same way (`schemas/README.md` says how). Importing this module loads no validator.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from emulators import errors
from emulators.contract import SUFFIX, Contract
from emulators.doors import root as root
from emulators.engine import codec
from emulators.engine.profile import (
    ErrorProfile,
    Fact,
    FeedProfile,
    Kind,
    Option,
    Profile,
    RouteProfile,
    Sample,
    Source,
)
from emulators.engine.strictness import assumed_places
from emulators.references import files_referred_to

ORIGIN = "https://provider-emulators.example/schemas"

Json = dict[str, Any]


class Catalog:
    """The folder `root`: `<provider>/<revision>/profile.json`, schemas and samples."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._documents: dict[tuple[str, str], Json] = {}
        self._profiles: dict[tuple[str, str], Profile] = {}
        self._contracts: dict[tuple[str, str], Contract] = {}

    def providers(self) -> tuple[str, ...]:
        """The vendors that this folder describes."""
        return tuple(self._layout)

    def revisions(self, provider: str) -> tuple[str, ...]:
        """The described states of one vendor's documents, oldest first."""
        if provider not in self._layout:
            raise errors.unknown("provider", provider, self._layout)
        return tuple(self._layout[provider])

    def default_revision(self, provider: str) -> str:
        """The revision whose profile says `"default": true`; `BrokenContract` unless exactly one does."""
        names = [name for name in self.revisions(provider) if self._document(provider, name).get("default")]
        if len(names) != 1:
            raise errors.BrokenContract(f"{self.root / provider}: one default revision wanted, found {names}")
        return names[0]

    def profile(self, provider: str, revision: str | None = None) -> Profile:
        """Every fact of a revision (of the default one unless named), `extends` resolved."""
        key = self.resolve(provider, revision)
        if key not in self._profiles:
            self._profiles[key] = self._read_profile(*key)
        return self._profiles[key]

    def samples(self, provider: str, revision: str | None = None) -> Mapping[str, Sample]:
        """The payloads that the documents print, by name."""
        return self.profile(provider, revision).samples

    def schema(self, name: str) -> Json:
        """A schema such as `esputnik/activity.event` or `esputnik@2023-09/activity`, complete in itself.

        Files it refers to are embedded under `$defs` with their own `$id`. The dict is yours to change.
        """
        provider, revision, stem = self._split(name)
        return self._bundle(provider, revision, stem)

    def files(self, provider: str, revision: str | None, pattern: str) -> dict[str, Path]:
        """The files of a revision that match `"*.schema.json"`, `"samples/*.json"`, ..., by their place in it.

        What it inherits counts where it has no file of that name itself.
        """
        key = self.resolve(provider, revision)
        found: dict[str, Path] = {}
        for step in reversed(self._lineage(*key)):
            folder = self.root / provider / step
            found |= {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob(pattern))}
        return found

    def contract(self, provider: str, revision: str | None = None) -> Contract:
        """What checks payloads of a revision; schemas are compiled when first asked for."""
        key = self.resolve(provider, revision)
        if key not in self._contracts:
            self._contracts[key] = Contract(
                lambda stem: self._bundle(*key, stem),
                self.profile(*key).sources,
                lambda stem: self._example(*key, stem),
            )
        return self._contracts[key]

    def validate(self, instance: Any, name: str) -> None:
        """Nothing if `instance` keeps to the schema `name`; `InvalidValue` listing the problems if not.

        Bytes are read as JSON first.
        """
        if isinstance(instance, bytes):
            try:
                instance = codec.decode(instance)
            except ValueError as error:
                raise errors.InvalidValue(f"not valid as {name}: not JSON: {error}") from None
        provider, revision, stem = self._split(name)
        contract = self.contract(provider, revision)
        if not contract.valid(stem, instance):
            problems = "\n".join(f"  {problem}" for problem in contract.explain(stem, instance))
            raise errors.InvalidValue(f"not valid as {name}:\n{problems}")

    @cached_property
    def _layout(self) -> dict[str, list[str]]:
        layout: dict[str, list[str]] = {}
        for path in sorted(self.root.glob("*/*/profile.json")):
            layout.setdefault(path.parent.parent.name, []).append(path.parent.name)
        return layout

    def resolve(self, provider: str, revision: str | None) -> tuple[str, str]:
        """A provider and a revision of his, the default one unless named; `UnknownName` if there is none."""
        known = self.revisions(provider)
        if revision is not None and revision not in known:
            raise errors.unknown(f"revision of {provider}", revision, known)
        return provider, revision or self.default_revision(provider)

    def _split(self, name: str) -> tuple[str, str, str]:
        head, _, stem = name.partition("/")
        provider, _, revision = head.partition("@")
        return *self.resolve(provider, revision or None), stem

    def _document(self, provider: str, revision: str) -> Json:
        key = (provider, revision)
        if key not in self._documents:
            path = self.root / provider / revision / "profile.json"
            self._documents[key] = codec.decode(path.read_bytes())
        return self._documents[key]

    def _lineage(self, provider: str, revision: str) -> list[str]:
        lineage = [revision]
        while base := self._document(provider, lineage[-1]).get("extends"):
            if base in lineage:
                raise errors.BrokenContract(f"{provider}: revisions extend each other: {[*lineage, base]}")
            lineage.append(self.resolve(provider, base)[1])
        return lineage

    def _find(self, provider: str, revision: str, name: str) -> Path | None:
        paths = (self.root / provider / step / name for step in self._lineage(provider, revision))
        return next((path for path in paths if path.is_file()), None)

    def _stems(self, provider: str, revision: str) -> set[str]:
        folders = (self.root / provider / step for step in self._lineage(provider, revision))
        return {path.name.removesuffix(SUFFIX) for folder in folders for path in folder.glob(f"*{SUFFIX}")}

    def _bundle(self, provider: str, revision: str, stem: str) -> Json:
        def load(name: str) -> Json:
            path = self._find(provider, revision, name + SUFFIX)
            if path is None:
                known = self._stems(provider, revision)
                raise errors.unknown(f"schema of {provider}@{revision}", name, known)
            # A file inherited from an older revision refers to its neighbours in the newer one.
            home = f"{ORIGIN}/{provider}/{revision}/{name}{SUFFIX}"
            return {**codec.decode(path.read_bytes()), "$id": home}

        whole = load(stem)
        embedded: Json = {}
        waiting = files_referred_to(whole)
        while waiting:
            file = waiting.pop()
            if file not in embedded and file != stem + SUFFIX:
                embedded[file] = load(file.removesuffix(SUFFIX))
                # With `$schema` of its own, jsonschema would check this part by its stock rules.
                embedded[file].pop("$schema", None)
                waiting |= files_referred_to(embedded[file])
        return {**whole, "$defs": {**whole.get("$defs", {}), **embedded}} if embedded else whole

    def _example(self, provider: str, revision: str, stem: str) -> Any | None:
        """What the vendor printed for a schema in the newest revision that has any, else an example of ours."""
        for step in self._lineage(provider, revision):
            for folder in ("samples", "examples"):
                for path in sorted((self.root / provider / step / folder).glob(f"{stem}.*.json")):
                    return codec.decode(path.read_bytes())
        return None

    def _read_profile(self, provider: str, revision: str) -> Profile:
        data: Json = {}
        for step in reversed(self._lineage(provider, revision)):
            data = _merge(data, self._document(provider, step))
        return Profile(
            provider=provider,
            revision=revision,
            title=data["title"],
            sources={key: Source(**value) for key, value in data["sources"].items()},
            feeds={
                name: self._feed(provider, revision, name, value)
                for name, value in data.get("feeds", {}).items()
            },
            options={name: _option(name, value) for name, value in data.get("options", {}).items()},
            routes={name: _route(name, value) for name, value in data.get("routes", {}).items()},
            samples={
                name: self._sample(provider, revision, name, v) for name, v in data.get("samples", {}).items()
            },
            facts={name: Fact(**value) for name, value in data.get("facts", {}).items()},
            errors={name: ErrorProfile(name=name, **v) for name, v in data.get("errors", {}).items()},
            not_imitated=tuple(data.get("not_imitated", ())),
        )

    def _feed(self, provider: str, revision: str, name: str, data: Json) -> FeedProfile:
        path = self._find(provider, revision, f"{name}.event{SUFFIX}")
        event: Json = codec.decode(path.read_bytes()) if path else {}
        kinds = {
            kind: Kind(
                name=kind,
                fields=_fields(event, kind),
                open=_definition(event, kind).get("additionalProperties") is not False,
                assumed=assumed_places(_definition(event, kind)),
                **value,
            )
            for kind, value in data["kinds"].items()
        }
        policy = {field: Fact(**value) for field, value in data["policy"].items()}
        identities = {pointer: Fact(**value) for pointer, value in data.get("identities", {}).items()}
        return FeedProfile(name=name, title=data["title"], kinds=kinds, policy=policy, identities=identities)

    def _sample(self, provider: str, revision: str, name: str, data: Json) -> Sample:
        path = self._find(provider, revision, f"samples/{name}.json")
        fitting = [s for s in self._stems(provider, revision) if name == s or name.startswith(f"{s}.")]
        if path is None or not fitting:
            raise errors.BrokenContract(f"{provider}@{revision}: sample {name!r} has no file or no schema")
        repairs = tuple(data.get("repairs", ()))
        return Sample(
            **{**data, "repairs": repairs}, name=name, schema=max(fitting, key=len), body=path.read_bytes()
        )


def _merge(base: Json, over: Json) -> Json:
    """`over` laid on `base`; null deletes. A fact is replaced whole: no new value may keep an old note."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict) and "basis" not in value:
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _route(name: str, data: Json) -> RouteProfile:
    return RouteProfile(**{**data, "name": name, "clients": tuple(data.get("clients", ()))})


def _option(name: str, data: Json) -> Option:
    default = Fact(data["default"], data["basis"], data["source"], data.get("note", ""))
    return Option(name, default, tuple(data.get("choices", ())))


def _fields(event: Json, kind: str) -> tuple[str, ...]:
    """The fields of a kind in the vendor's order: its own definition counts, else the event's."""
    return tuple(_definition(event, kind).get("properties", ()))


def _definition(event: Json, kind: str) -> Json:
    definition: Json = event.get("$defs", {}).get(kind, event)
    return definition


@cache
def default() -> Catalog:
    """The catalog of the shipped folder, one per process."""
    return Catalog(root())


def schema(name: str) -> Json:
    """`Catalog.schema` of the shipped folder."""
    return default().schema(name)


def validate(instance: Any, name: str) -> None:
    """`Catalog.validate` on the shipped folder."""
    default().validate(instance, name)


def samples(provider: str, revision: str | None = None) -> Mapping[str, Sample]:
    """`Catalog.samples` of the shipped folder."""
    return default().samples(provider, revision)


def profile(provider: str, revision: str | None = None) -> Profile:
    """`Catalog.profile` of the shipped folder."""
    return default().profile(provider, revision)
