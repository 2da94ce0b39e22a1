"""Case files: a finding that can be looked at, kept and played again. `case-7qd2.json` says all, the bytes that were sent lie
beside it, so that `curl --data-binary @case-7qd2.body` sends just these. No secrets: neither credentials nor the target's headers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from emulators.check.catalogue import Check
from emulators.check.judging import stored_alone
from emulators.check.pulse import GONE
from emulators.check.reports.filling import SHORTEST_SECRET
from emulators.check.reports.reproduction import body_file, case_file, case_id
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Finding, Severity, Shot, Verdict
from emulators.engine import codec
from emulators.errors import InvalidValue, unknown
from emulators.redaction import Veil

if TYPE_CHECKING:
    from emulators.check.running import Result

FORMAT = 1
MOST_BODIES = 20
WHOLE = ("L01",)
"""The checks that look at all that a run has sent: by themselves they would find nothing."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case file that was read. `spec` is the vendor's revision, `policy` what was changed of it; `target` the URL, without
    secrets, that failed then; `oracle`: the answers alone did not show it; `lenient`: another status that was taken for a success,
    having been complained of already; `confirmed`: in how many of how many executions it was seen (3/3)."""

    check: Check
    case: Case
    spec: str
    feed: str
    policy: Mapping[str, Any]
    seed: int
    target: str
    oracle: bool
    key: str
    verdict: Verdict
    severity: Severity
    says: str
    date: str
    lenient: int | None = None
    confirmed: str = ""

    def sender(self) -> Sender:
        """The vendor who sent it."""
        return Sender(self.spec, self.feed, self.policy)


# -- written


def write(folder: Path, finding: Finding, session: Session, check: Check | None = None) -> Path:
    """Writes the case of a finding and its bodies; the file's path. The same failure has the same name in each run. `check`, if
    it is known, tells whether the answers alone show it.

    Raises `InvalidValue` for a finding without a case; `OSError`.
    """
    if finding.case is None or not finding.case.shots:
        raise InvalidValue(f"{finding.check}: this finding has no case that could be played again")
    sender = session.sender
    name = case_id(sender.vendor.spec, sender.feed.name, finding.check, finding.key)
    folder.mkdir(parents=True, exist_ok=True)
    bodies = dict.fromkeys(e.body for e in (finding.outcome.exchanges if finding.outcome else ()) if e.body)
    for number, body in enumerate(list(bodies)[:MOST_BODIES], 1):
        (folder / body_file(name, number)).write_bytes(body)
    path = folder / case_file(name)
    # Escapes for what UTF-8 cannot carry; in JSON they mean the same.
    text = json.dumps(told(finding, finding.case, session, check), ensure_ascii=False, indent=2)
    path.write_bytes(text.encode("utf-8", "backslashreplace") + b"\n")
    return path


def write_all(folder: Path, results: Iterable[Result], session: Session) -> list[Path]:
    """The case files of all findings that can be played again, each once. Raises `OSError`."""
    written = [
        write(folder, found, session, result.check)
        for result in results
        for found in result.findings
        if playable(result.check, found)
    ]
    return list(dict.fromkeys(written))


def playable(check: Check, finding: Finding) -> bool:
    """Whether a finding has a case that shows it alone: what showed in many requests has none, nor what has no judge, nor what
    showed in the whole run and not in its case."""
    alone = finding.key == GONE or (check.judge is not None and not (check.id in WHOLE and finding.flaky))
    return alone and finding.case is not None and bool(finding.case.shots)


def told(finding: Finding, case: Case, session: Session, check: Check | None = None) -> dict[str, Any]:
    """The content of a case file, as JSON."""
    sender = session.sender
    return {
        "emulators-case": FORMAT,
        "check": finding.check,
        "verdict": str(finding.verdict),
        "severity": finding.severity.name.lower(),
        "says": _veil(session).text(finding.says),
        "key": finding.key,
        "confirmed": f"{finding.confirmed}/{finding.tried}",
        "minimal": finding.minimal,
        "provider": sender.vendor.spec,
        "feed": sender.feed.name,
        "policy": _changed(sender),
        "seed": session.seed,
        "target": bare(_veil(session).url(session.target.url)),
        # The preflight's case has no outcome, and says so itself.
        "oracle": stored_alone(session, check, finding, case) or case.data.get("stored") is True,
        "lenient": session.lenient,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "case": {
            "title": case.title,
            "legal": case.legal,
            "basis": case.basis,
            "data": dict(case.data),
            "shots": [_shot(shot) for shot in case.shots],
        },
    }


def _veil(session: Session) -> Veil:
    target = session.target
    headers = (value for _, value in target.headers if len(value) >= SHORTEST_SECRET)
    return Veil(secrets=[*(target.basic or ())[1:], *headers])


def bare(url: str) -> str:
    """Without credentials: where a vendor knows no other way, they are in the query, by any name."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _changed(sender: Sender) -> dict[str, Any]:
    """The fields of the policy that are not the vendor's own."""
    own, now = asdict(sender.vendor.policies[sender.feed.name]), asdict(sender.policy)
    return {name: value for name, value in now.items() if value != own[name]}


def _shot(shot: Shot) -> dict[str, Any]:
    """A shot as JSON, without what is as usual."""
    found: dict[str, Any] = {}
    for field in fields(Shot):
        value = getattr(shot, field.name)
        if value != field.default:
            found[field.name] = value
    if shot.raw is not None:
        try:
            found["raw"] = shot.raw.decode()
        except UnicodeDecodeError:
            found["raw"] = {"base64": base64.b64encode(shot.raw).decode()}
    return found


# -- read


def read(path: Path, checks: Sequence[Check]) -> Loaded:
    """Reads a case file; `checks` are those that are known.

    Raises `InvalidValue` for what is no case file, with field, expected and got; `UnknownName` with the nearest name for a
    check, vendor, revision or feed that is not known here; `OSError`.
    """
    try:
        found = codec.decode(path.read_bytes())
    except ValueError as error:
        raise InvalidValue(f"{path}: no case file: {error}") from None
    if not isinstance(found, dict) or "emulators-case" not in found:
        raise InvalidValue(f"{path}: no case file: expected an object with 'emulators-case'")
    if found["emulators-case"] != FORMAT:
        raise InvalidValue(
            f"{path}: emulators-case: expected {FORMAT}, got {found['emulators-case']!r}; "
            "it was written by another version of this package"
        )
    reader = _Reader(str(path), found)
    known = {check.id: check for check in checks}
    name = reader.text("check")
    if name not in known:
        raise unknown(f"check in {path}", name, known)
    loaded = Loaded(
        known[name],
        reader.case(name),
        reader.text("provider"),
        reader.text("feed"),
        reader.of("policy", dict, "an object"),
        reader.of("seed", int, "a whole number"),
        reader.text("target"),
        reader.of("oracle", bool, "true or false"),
        reader.text("key"),
        reader.verdict(),
        reader.severity(),
        reader.text("says"),
        reader.text("date"),
        reader.of("lenient", (int, NoneType), "a status or null"),
        reader.text("confirmed"),
    )
    # Names and numbers of the vendor are looked up now, not in the middle of a run.
    loaded.sender()
    return loaded


class _Reader:
    """One object of a file, field by field; whatever is wrong is said with its place."""

    def __init__(self, where: str, found: Mapping[str, Any]) -> None:
        self._where, self._found = where, found

    def of(self, name: str, kind: type | tuple[type, ...], expected: str) -> Any:
        if name not in self._found:
            raise InvalidValue(f"{self._where}: {name}: expected {expected}, got nothing")
        value = self._found[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise InvalidValue(f"{self._where}: {name}: expected {expected}, got {value!r:.80}")
        return value

    def text(self, name: str) -> str:
        return str(self.of(name, str, "text"))

    def verdict(self) -> Verdict:
        given = self.text("verdict")
        if given not in list(Verdict):
            raise unknown(f"verdict in {self._where}", given, [str(verdict) for verdict in Verdict])
        return Verdict(given)

    def severity(self) -> Severity:
        given = self.text("severity")
        names = {severity.name.lower(): severity for severity in Severity}
        if given not in names:
            raise unknown(f"severity in {self._where}", given, names)
        return names[given]

    def case(self, check: str) -> Case:
        inner = _Reader(f"{self._where}: case", self.of("case", dict, "an object"))
        shots = inner.of("shots", list, "a list of requests")
        if not shots:
            raise InvalidValue(f"{self._where}: case: shots: expected at least one request, got none")
        return Case(
            check,
            inner.text("title"),
            tuple(
                _Reader(f"{self._where}: case: shots: {n}", _object(shot)).shot()
                for n, shot in enumerate(shots)
            ),
            inner.of("legal", bool, "true or false"),
            inner.text("basis"),
            inner.of("data", dict, "an object"),
        )

    def shot(self) -> Shot:
        usual = {field.name: field.default for field in fields(Shot)}
        for name in self._found:
            if name not in usual:
                raise unknown(f"field of a request in {self._where}", name, usual)
        given: dict[str, Any] = {}
        for name in self._found:
            if name == "events":
                given[name] = tuple(self.of(name, list, "a list of events"))
            elif name == "headers":
                given[name] = self._headers()
            elif name == "raw":
                given[name] = self._raw()
            elif name == "together":
                given[name] = self.of(name, int, "a whole number")
            else:
                given[name] = self.text(name)
        return Shot(**given)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        pairs = self.of("headers", list, "a list of names and values")
        for pair in pairs:
            if not (
                isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
            ):
                raise InvalidValue(f"{self._where}: headers: expected [name, value], got {pair!r:.80}")
        return tuple((name, value) for name, value in pairs)

    def _raw(self) -> bytes:

        value = self.of("raw", (str, dict), 'text or {"base64": ...}')
        if isinstance(value, str):
            return value.encode()
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise InvalidValue(
                f'{self._where}: raw: expected text or {{"base64": ...}}, got {value!r:.80}'
            ) from None


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidValue(f"a request of a case: expected an object, got {value!r:.80}")
    return value
