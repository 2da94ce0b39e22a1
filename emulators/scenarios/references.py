"""What a file leaves to its surroundings: addresses and secrets by reference, and how they stay out of what is told."""

from __future__ import annotations

import difflib
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from emulators.errors import InvalidValue, unknown
from emulators.scenarios.story import Reference

TELLING = re.compile(
    r"auth|cookie|token|secret|signature|passw|credential|session|(^|[-_.])(api)?[-_]?key|sig$", re.I
)
"""Names of header fields and of query values that hold secrets."""

SHORTEST = 4
"""Letters of a secret: a shorter one could not be kept out of a report without taking it apart."""


class References:
    """The values of references. `given` comes from the command line and may be addresses alone: everybody on the
    machine can read a command line. Unless they are `needed`, something stands in for those that are not set."""

    def __init__(self, environ: Mapping[str, str], given: Mapping[str, str], needed: bool = True) -> None:
        self._environ = environ
        self._given = given
        self._needed = needed
        self.missing: list[str] = []
        """Names that are not set, where they are not needed."""
        self._used: set[str] = set()
        self._places: dict[str, str] = {}
        self._hidden: dict[str, str] = {}

    def address(self, reference: Reference) -> str:
        """The URL that a reference means."""
        value = self._value(reference, "http://localhost").rstrip("/" if reference.path else "")
        whole = value + reference.path
        # What was typed is no secret; what stands in the environment may be one that got under a wrong name.
        parts = split(
            whole, repr(whole) if reference.name in self._given else "something else", reference.name
        )
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._places.setdefault(reference.name, origin)
        behind = whole.partition(parts.netloc)[2]
        near = [f":{parts.port}{parts.path}"] if parts.port else []
        if behind.strip("/"):
            self._hide(str(reference), [whole, parts.netloc + behind, parts.netloc + parts.path, *near])
            self._hide(str(reference), _secrets(parts.path, parts.query))
        return whole

    def secret(self, reference: Reference) -> str:
        """The secret that a reference means."""
        if reference.name in self._given:
            raise InvalidValue(
                f"{reference.name} is a secret, and everybody on this machine can read a command line: "
                "give it in the environment, not with --set"
            )
        value = self._value(reference, f"${reference.name:_>{SHORTEST}}")
        if len(value) < SHORTEST:
            raise InvalidValue(
                f"{reference.name}: expected {SHORTEST} characters or more, got {len(value)}; "
                "a shorter secret could not be kept out of the report"
            )
        self._hide(f"${reference.name}", [value])
        return value

    def text(self, value: str | Reference) -> str:
        """What is text already, or the secret that a reference means."""
        return self.secret(value) if isinstance(value, Reference) else value

    def pair(self, login: str | Reference, password: str | Reference) -> None:
        """Notes what credentials look like on the wire."""
        whole = f"{self.text(login)}:{self.text(password)}"
        self._hide(str(password), [b64encode(whole.encode()).decode()])

    def check_given(self) -> None:
        """Refuses what was given for nothing, once every file was read."""
        for name in self._given:
            if name not in self._used:
                raise unknown("reference for --set", name, self._used)

    def hide(self, text: str) -> str:
        """A text in which each value that came by reference is that reference."""
        for form in sorted(self._hidden, key=len, reverse=True):
            text = text.replace(form, self._hidden[form])
        return text

    def places(self) -> dict[str, str]:
        """Scheme, host and port of every address, by the name of its reference."""
        return dict(self._places)

    def _value(self, reference: Reference, instead: str) -> str:
        name = reference.name
        self._used.add(name)
        value = self._given.get(name) or self._environ.get(name)
        if value:
            return value
        near = difflib.get_close_matches(name, self._given.keys() - {name}, n=1, cutoff=0.7)
        if self._needed or near:
            typed = f"; --set gives {near[0]!r}: did you mean that?" if near else ""
            raise InvalidValue(
                f"{name} is not in the environment; set it there, or an address with --set {name}=URL{typed}"
            )
        if name not in self.missing:
            self.missing.append(name)
        return instead

    def _hide(self, shown: str, values: Iterable[str]) -> None:
        for value in values:
            for form in (
                value,
                repr(value)[1:-1],
                json.dumps(value)[1:-1],
                json.dumps(value, ensure_ascii=False)[1:-1],
                quote(value, safe=""),
                quote(value),
            ):
                # The first name stays: what is hidden must not depend on the order of steps.
                self._hidden.setdefault(form, shown)


def split(url: str, shown: str, name: str = "") -> SplitResult:
    """The parts of an address; `shown` is what a refusal says that came, `name` where."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    place = f" in {name}" if name else ""
    raise InvalidValue(f"url: expected http://host[:port]/path or https://..., got {shown}{place}")


def _secrets(path: str, query: str) -> list[str]:
    """The parts of an address that are secrets by their names or looks, wherever they turn up alone."""
    pairs = parse_qsl(query)
    named = [value for name, value in pairs if len(value) >= SHORTEST and TELLING.search(name)]
    parts = [*path.split("/"), *(value for _, value in pairs)]
    return named + [
        part for part in parts if len(part) >= 20 or (len(part) >= 8 and re.search(r"[0-9]", part))
    ]
