"""From the text of a file to scenarios: keys, forms and steps. All that is wrong with it is told at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from emulators import registry
from emulators.engine.clock import VIRTUAL_START
from emulators.engine.egress import Egress
from emulators.errors import InvalidValue, unknown
from emulators.scenarios.checking import Checker
from emulators.scenarios.forms import (
    FIELDS,
    FLAG,
    LINE,
    TABLE,
    TEXT,
    Form,
    Problems,
    check,
    noting,
    shown,
    whole,
)
from emulators.scenarios.references import References
from emulators.scenarios.story import Part, Scenario, Step
from emulators.scenarios.vendors import Vendor, options_of
from emulators.scenarios.verbs import VERBS

TABLES = Form("tables, each written as [[step]]", lambda v: isinstance(v, list) and all(map(TABLE.fits, v)))
TIME = Form(
    "a date and time with its zone, such as 2026-01-01T00:00:00Z",
    lambda v: isinstance(v, datetime) and v.tzinfo is not None,
)
SHARED: Mapping[str, Form] = {
    "title": LINE,
    "seed": whole(0),
    "start": TIME,
    "tolerate": FLAG,
    "emulators": Form("tables such as [emulators.esputnik]", TABLE.fits),
}
TOP: Mapping[str, Form] = {
    **SHARED,
    "step": TABLES,
    "scenario": Form("tables, each written as [[scenario]]", TABLES.fits),
}
PART: Mapping[str, Form] = {
    "revision": TEXT,
    "options": FIELDS,
    "outcomes": Form("a story's name or a table of stories", lambda v: TEXT.fits(v) or FIELDS.fits(v)),
    "strictness": TEXT,
    "port": whole(0, 65_535),
}


def read(text: bytes, file: str, references: References, allow: Iterable[str] = ()) -> list[Scenario]:
    """The scenarios of a file; `allow` are hosts that may be sent to. Raises `InvalidValue` that says, a line each,
    what is wrong and where: file, step, key, what was expected and what came."""
    try:
        whole_file = tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidValue(
            f"{file}: expected UTF-8, got byte {text[error.start]:#x} at {error.start}"
        ) from None
    except RecursionError:
        raise InvalidValue(f"{file}: nested too deeply") from None
    except ValueError as error:
        raise InvalidValue(f"{file}: not TOML: {error}") from None
    problems = Problems()
    reader = Reader(file, references, Egress(allow), problems)
    scenarios = reader.scenarios(whole_file)
    if problems.found:
        raise InvalidValue(references.hide("\n".join(problems.found)))
    return scenarios


class Reader:
    """Reads one file; what is wrong goes to `problems`, and what is read then is nothing to go by."""

    def __init__(self, file: str, references: References, egress: Egress, problems: Problems) -> None:
        self._file = file
        self._references = references
        self._egress = egress
        self._problems = problems

    def scenarios(self, given: Mapping[str, Any]) -> list[Scenario]:
        """All scenarios of the file."""
        file, problems = self._file, self._problems
        top = check(file, given, TOP, (), problems)
        if "step" in given and "scenario" in given:
            problems.add(file, "expected either [[step]] or [[scenario]] with [[scenario.step]], got both")
        elif given.get("scenario") == []:
            problems.add(file, "expected scenarios, each written as [[scenario]], got none")
        if "scenario" not in given:
            return [self._scenario(top, {}, file, file)]
        shared = {name: top[name] for name in SHARED if name in top}
        found = []
        for number, own in enumerate(top.get("scenario", ()), 1):
            where = f"{file}: scenario {number}"
            good = check(where, own, {**SHARED, "step": TABLES}, ("step",), problems)
            found.append(self._scenario(good, shared, where, f"{shared.get('title', file)}, {number}"))
        return found

    def _scenario(
        self, own: Mapping[str, Any], shared: Mapping[str, Any], where: str, title: str
    ) -> Scenario:
        """One scenario; what it does not say itself, the file says for all of them."""
        said = {**shared, **own}
        start = said.get("start", VIRTUAL_START)
        tables = {**shared.get("emulators", {}), **own.get("emulators", {})}
        cast = {name: part for name, table in tables.items() if (part := self._part(where, name, table))}
        vendors = {name: self._vendor(f"{where}: emulators.{name}", cast.get(name)) for name in tables}
        before = len(self._problems.found)
        checker = Checker(vendors, self._references, self._egress, self._problems, start)
        steps = [
            _step(f"{where}: step {number}", number, table, checker, self._problems)
            for number, table in enumerate(own.get("step", ()), 1)
        ]
        if not own.get("step"):
            self._problems.add(where, "expected steps, each written as [[step]], got none")
        elif not checker.vendors and len(self._problems.found) == before:
            self._problems.add(where, "no step names a vendor, so there is nothing to play")
        return Scenario(
            self._file,
            own.get("title", title),
            said.get("seed", 0),
            start,
            said.get("tolerate", False),
            {name: cast.get(name, Part(name, {})) for name in checker.vendors},
            tuple(step for step in steps if step),
        )

    def _part(self, where: str, name: str, table: Any) -> Part | None:
        """What `[emulators.NAME]` says."""
        where, problems = f"{where}: emulators.{name}", self._problems
        if name not in registry.names():
            problems.add(where, unknown("provider", name, registry.names()))
            return None
        if not isinstance(table, dict):
            problems.add(where, f"expected {TABLE.expected}, got {shown(table)}")
            return None
        before = len(problems.found)
        good = check(where, table, PART, (), problems)
        revision = good.pop("revision", "")
        spec = f"{name}@{revision}" if revision else name
        if len(problems.found) > before or not noting(problems, where, lambda: registry.load(spec)):
            return None
        if "options" in good:
            good["options"] = options_of(spec, good["options"])
        return Part(spec, good)

    def _vendor(self, where: str, part: Part | None) -> Vendor | None:
        found: list[Vendor] = []
        if part is not None:
            noting(self._problems, where, lambda: found.append(Vendor(part)))
        return found[0] if found else None


def _step(
    where: str, number: int, table: Mapping[str, Any], checker: Checker, problems: Problems
) -> Step | None:
    """One step, or None and what is wrong with it."""
    verbs = [name for name in table if name in VERBS]
    if "fault" in verbs:
        # `pause` is how long SlowWrite waits, too.
        verbs = [name for name in verbs if name != "pause"]
    if len(verbs) > 1:
        problems.add(where, f"expected one verb, got {' and '.join(verbs)}; each has a [[step]] of its own")
        return None
    if not verbs:
        strange = next((name for name in table if name != "title"), "")
        problems.add(where, unknown("verb", strange, VERBS) if strange else "it has no verb")
        return None
    verb = verbs[0]
    where = f"{where} ({verb})"
    subject, known = table[verb], VERBS[verb]
    if not known.subject.fits(subject):
        problems.add(where, f"{verb}: expected {known.subject.expected}, got {shown(subject)}")
        return None
    more = {name: value for name, value in table.items() if name != verb}
    if "title" in more and not LINE.fits(more["title"]):
        problems.add(where, f"title: expected {LINE.expected}, got {shown(more['title'])}")
    title = str(more.pop("title", ""))
    return checker.step(where, number, verb, subject, more, title)
