"""What a check is told: by a file (`emulators.toml`, or `[tool.emulators.check]` of pyproject.toml) and by the command line over it."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from emulators.check.vocabulary import Finding, Pairs, Severity, Target
from emulators.errors import InvalidValue, unknown
from emulators.redaction import Veil


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that is put up with, for a reason, until a day (None: for good). `key` empty: all of the check."""

    check: str
    reason: str
    key: str = ""
    until: date | None = None

    def fits(self, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        return self.check == finding.check and self.key in ("", finding.key)

    def covers(self, finding: Finding, today: date) -> bool:
        """Whether this finding is put up with, today."""
        return self.fits(finding) and not self.expired(today)

    def expired(self, today: date) -> bool:
        """Whether its day is over."""
        return self.until is not None and today > self.until


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds. `headers` and `basic` hold references (`env:NAME`) where they are secrets; commands are lists of words,
    or one text that is split as a shell would and never given to one."""

    provider: str = ""
    url: str = ""
    feed: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    basic: str = ""
    timeout: float | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: str = "high"
    requests: int | None = None
    seconds: float | None = None
    idle: float = 0.0
    """How long a kept connection is left alone before it is used again (C25); 0: that is not tried."""
    fuzz: bool = True
    oracle_url: str = ""
    oracle_cmd: tuple[str, ...] = ()
    oracle_file: str = ""
    oracle_py: str = ""
    oracle_key: str = ""
    oracle_status: str = ""
    oracle_headers: Mapping[str, str] = field(default_factory=dict)
    count_pointer: str = ""
    reset_cmd: tuple[str, ...] = ()
    restart_cmd: tuple[str, ...] = ()
    ready_url: str = ""
    allow: tuple[str, ...] = ()
    cases: str = "check-cases"
    accept: tuple[Accepted, ...] = ()

    @property
    def least(self) -> Severity:
        """The least severity that counts."""
        return Severity[self.fail_on.upper()]

    def target(self, environment: Mapping[str, str]) -> Target:
        """Whom is checked, with secrets in place of the references to them."""
        headers = tuple(
            (name, secret(f"headers.{name}", value, environment, name))
            for name, value in self.headers.items()
        )
        basic = None
        if self.basic:
            login, _, password = secret("basic", self.basic, environment, "password").partition(":")
            basic = (login, password)
        return Target(self.url, headers, basic, self.timeout)

    def oracle_pairs(self, environment: Mapping[str, str]) -> Pairs:
        """Headers for the oracle."""
        return tuple(
            (n, secret(f"oracle_headers.{n}", v, environment, n)) for n, v in self.oracle_headers.items()
        )


TUPLES = ("only", "skip", "oracle_cmd", "reset_cmd", "restart_cmd", "allow")
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "feed": str,
    "headers": dict,
    "policy": dict,
    "oracle_headers": dict,
    "timeout": (int, float),
    "seed": int,
    "requests": int,
    "seconds": (int, float),
    "idle": (int, float),
    "fuzz": bool,
    "accept": list,
}
LEAST: Mapping[str, tuple[Callable[[float], bool], str]] = {
    "timeout": (lambda value: value > 0, "seconds, more than 0"),
    "seconds": (lambda value: value > 0, "seconds, more than 0"),
    "requests": (lambda value: value >= 1, "a whole number, at least 1"),
    "idle": (lambda value: value >= 0, "seconds, 0 or more"),
}
"""What a number must be, and in words."""


def secret(field: str, value: str, environment: Mapping[str, str], name: str) -> str:
    """What a reference stands for. A credential may come in no other way: a file is shared, and a command line is public."""
    if value.startswith("env:"):
        variable = value.removeprefix("env:")
        if not environment.get(variable):
            raise InvalidValue(f"{field}: the environment has no {variable}")
        return environment[variable]
    if Veil().telling(name) or Veil().headers([(name, value)])[0][1] != value:
        raise InvalidValue(f"{field}: a credential is given by reference: env:NAME")
    return value


def read(path: Path | None) -> dict[str, Any]:
    """The settings of a file (None: of `emulators.toml` or pyproject.toml in this folder, if there is one). A file that is named
    must have some."""
    if path is None:
        own, project = Path("emulators.toml"), Path("pyproject.toml")
        here = own if own.is_file() else project
        return (_table(here, _parsed(here)) or {}) if here.is_file() else {}
    found = _table(path, _parsed(path))
    if found is None:
        raise InvalidValue(f"--config: {path}: expected a table [{'.'.join(_keys(path))}], got none")
    return found


def _keys(path: Path) -> tuple[str, ...]:
    """Where the settings stand in a file. A pyproject.toml is shared with other tools, all others are ours alone."""
    return ("tool", "emulators", "check") if path.name == "pyproject.toml" else ("check",)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidValue(f"--config: {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidValue(f"{path}: {error}") from None


def _table(path: Path, found: Any) -> dict[str, Any] | None:
    """The settings; None: there is no table of them."""
    *above, last = keys = _keys(path)
    for key in above:
        found = found.get(key, {}) if isinstance(found, dict) else {}
    if not isinstance(found, dict):
        raise InvalidValue(f"{path}: {'.'.join(above)}: expected a table, got {found!r:.80}")
    for name in found:
        if name != last:
            raise unknown(f"table of {path}", name, [last])
    if last not in found:
        return None
    if not isinstance(found[last], dict):
        raise InvalidValue(f"{path}: {'.'.join(keys)}: expected a table, got {found[last]!r:.80}")
    return dict(found[last])


def made(given: Mapping[str, Any]) -> Settings:
    """Settings of plain values; what does not exist or does not fit is refused, with the nearest name."""
    known = {f.name for f in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        plain = name.replace("-", "_")
        if plain not in known:
            raise unknown("setting of check", name, known)
        values[plain] = _value(plain, value)
    settings = replace(Settings(), **values)
    if settings.fail_on.upper() not in Severity.__members__:
        raise unknown(
            "severity for fail_on", settings.fail_on, [name.lower() for name in Severity.__members__]
        )
    return settings


def _value(name: str, value: Any) -> Any:
    if name in TUPLES:
        return _words(name, value)
    if name == "accept" and isinstance(value, list):
        return tuple(_accepted(number, each) for number, each in enumerate(value, 1))
    wanted = KINDS.get(name, str)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        raise InvalidValue(f"{name}: expected {' or '.join(kind.__name__ for kind in kinds)}, got {value!r}")
    if isinstance(value, dict) and name != "policy" and any(not isinstance(t, str) for t in value.values()):
        raise InvalidValue(f"{name}: expected texts, got {value!r}")
    if name in LEAST and isinstance(value, int | float) and not _fits(name, value):
        raise InvalidValue(f"{name}: expected {LEAST[name][1]}, got {value!r}")
    return value


def _fits(name: str, number: float) -> bool:
    fits, _ = LEAST[name]
    return fits(number) and math.isfinite(number)


def _words(name: str, value: Any) -> tuple[str, ...]:
    import shlex

    if isinstance(value, str):
        try:
            value = shlex.split(value) if name.endswith("_cmd") else value.split(",")
        except ValueError as error:
            raise InvalidValue(f"{name}: {error}") from None
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise InvalidValue(f"{name}: expected a list of texts, got {value!r}")
    words = tuple(word.strip() for word in value)
    return tuple(map(check_id, words)) if name in ("only", "skip") else words


def check_id(name: str) -> str:
    """The id that people mean who write `c1` for C01; what looks like none stays as it is."""
    return re.sub(r"\A([A-Z])([0-9])\Z", r"\g<1>0\2", name.upper())


def _accepted(number: int, given: Any) -> Accepted:
    where = f"accept {number}"
    if not isinstance(given, dict):
        raise InvalidValue(f"{where}: expected a table, got {given!r}")
    for key in given:
        if key not in ("check", "reason", "key", "until"):
            raise unknown(f"key of {where}", key, ("check", "reason", "key", "until"))
    for key in ("check", "reason"):
        if not isinstance(given.get(key), str) or not given[key]:
            raise InvalidValue(f"{where}: {key}: expected a text; a deviation is accepted for a reason")
    until = _day(f"{where}: until", given.get("until"))
    return Accepted(check_id(given["check"]), given["reason"], str(given.get("key", "")), until)


def _day(where: str, given: Any) -> date | None:
    """A day as TOML, Python or a text has it."""
    if given is None:
        return None
    if isinstance(given, datetime):
        return given.astimezone(UTC).date()
    if isinstance(given, date):
        return given
    # No other form of ISO 8601: 20270131 and 2027-W04-7 are rather mistakes than dates.
    if isinstance(given, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        with suppress(ValueError):  # there is no 2027-02-30: told below, as all that is none
            return date.fromisoformat(given)
    raise InvalidValue(f'{where}: expected a date, 2027-01-31 or as a text "2027-01-31", got {given!r}')
