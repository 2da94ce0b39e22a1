"""From what the runner holds to what reports tell: here, and nowhere else, secrets are dropped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from emulators.check.reports import reproduction
from emulators.check.reports.model import Found, Result, Sent
from emulators.check.reports.words import shown
from emulators.check.running import MOST_FINDINGS
from emulators.check.vocabulary import Exchange, Finding, Pairs, Shot, Target
from emulators.redaction import PLACEHOLDER, Veil

if TYPE_CHECKING:
    from emulators.check import running

MOST_SENT = 20
"""Requests of one case that are told."""
LONGEST_ANSWER = 400
SHORTEST_SECRET = 6
"""Shorter values stand in too many harmless places to be hidden wherever they stand."""


def veil_of(target: Target, variables: Mapping[str, str] | None = None) -> Veil:
    """Hides what the target was given: the password, and the values of headers that came by reference (`variables`: the
    header's name in lower case, the variable's name)."""
    login, password = target.basic or ("", "")
    secrets = [password, b64encode(f"{login}:{password}".encode()).decode() if password else ""]
    named = Veil()
    for name, value in target.headers:
        if name.lower() in (variables or {}) or named.headers([(name, value)])[0][1] != value:
            secrets += [value, value.partition(" ")[2]]
    if "@" in urlsplit(target.url).netloc:
        secrets.append(urlsplit(target.url).password or "")
    return Veil(secrets=[secret for secret in secrets if len(secret) >= SHORTEST_SECRET])


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes plain values of findings. `variables` are the environment's names for headers of the target, by the header's
    name in lower case; that of `login:password` is under `authorization`. `folder` is where case files go, as seen from
    where the check ran."""

    provider: str
    feed: str
    target: Target
    veil: Veil
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    """What people call the documents, by the profile's names of them."""
    timeout: float | None = None
    """Seconds that were waited for an answer until it was late."""

    @property
    def address(self) -> str:
        """The target, without secrets."""
        return self.veil.url(self.target.url)

    def result(self, result: running.Result, basis: str = "", source: str = "") -> Result:
        """What a check came to."""
        check = result.check
        return Result(
            check.id,
            check.name,
            result.verdict,
            check.severity,
            check.phase,
            check.says,
            tuple(self.found(finding, check.name) for finding in result.findings),
            self.veil.text(result.reason),
            basis,
            source,
            result.requests,
            result.seconds,
            self._complete(result),
        )

    def _complete(self, result: running.Result) -> bool:
        """A check that was stopped knows why, or has not even noted how long it took."""
        stopped = bool(result.reason) or not result.seconds
        return not stopped and len(result.findings) < MOST_FINDINGS

    def found(self, finding: Finding, name: str = "") -> Found:
        """What was found, with all that anybody needs to see it for himself."""
        case = reproduction.case_id(self.provider, self.feed, finding.check, finding.key)
        exchanges = _first_copies(finding.outcome.exchanges if finding.outcome else ())
        sent = self._named(case, [self.sent(exchange) for exchange in exchanges[:MOST_SENT]])
        found = Found(
            finding.check,
            name,
            finding.verdict,
            finding.severity,
            says(finding, self.veil),
            finding.key,
            finding.case.title if finding.case else "",
            finding.case.legal if finding.case else True,
            case if finding.case else "",
            sent,
            max(0, len(exchanges) - MOST_SENT),
            finding.outcome.stored if finding.outcome else None,
            finding.confirmed,
            finding.tried,
            finding.minimal,
            finding.took,
            finding.basis,
            self.sources.get(finding.source, finding.source),
            finding.accepted,
            finding.accepted_until,
        )
        if not finding.case:
            return found
        whole = () if found.left_out else sent
        return replace(
            found,
            curl=reproduction.curl_commands(whole, self.address),
            replay=reproduction.replay_command(case, self.folder),
            pytest=reproduction.pytest_to_paste(found, self.provider, self.feed, whole, self.timeout),
        )

    def sent(self, exchange: Exchange) -> Sent:
        """One exchange."""
        shot, heard = exchange.shot, exchange.heard
        headers, secrets = self._headers(exchange.headers, shot)
        login = secrets.pop("authorization", "") if self.target.basic else ""
        answer = self.veil.body(heard.body, heard.header("content-type") or "")
        return Sent(
            shot.method,
            self.veil.url(exchange.url),
            headers,
            exchange.body,
            status=heard.status,
            seconds=heard.seconds,
            reason=self.veil.text(heard.reason),
            answer=shown(answer, LONGEST_ANSWER),
            acknowledged=exchange.acknowledged,
            framing=shot.framing,
            loss=shot.loss,
            together=shot.together,
            credentials=shot.credentials,
            before=shot.before,
            usual=exchange.url == self.target.url and not shot.headers,
            secrets=secrets,
            login=login,
        )

    def _headers(self, headers: Pairs, shot: Shot) -> tuple[Pairs, dict[str, str]]:
        """Those that may be told as they are, the secret ones by the variable that stands for them."""
        own = {(name.lower(), value) for name, value in shot.headers if self.veil.text(value) == value}
        told, secrets = list[tuple[str, str]](), dict[str, str]()
        for pair, (name, veiled) in zip(headers, self.veil.headers(headers), strict=True):
            low = name.lower()
            if (low, pair[1]) in own:
                told.append(pair)
            elif low == "authorization" and shot.credentials == "wrong":
                # Not the real one: it is the password with something before it.
                told.append((name, "Basic " + b64encode(b"check:wrong").decode()))
            elif low in self.variables or veiled != pair[1]:
                told.append((name, veiled if veiled != pair[1] else PLACEHOLDER))
                known = "login" if self.target.basic and low == "authorization" else name
                secrets[low] = self.variables.get(low) or reproduction.variable(known)
            else:
                told.append(pair)
        return tuple(told), secrets

    def _named(self, case: str, sent: Sequence[Sent]) -> tuple[Sent, ...]:
        """Each with the file of its body; equal bodies share one."""
        files: dict[bytes, str] = {}
        named = []
        for one in sent:
            if one.body and one.body not in files:
                name = reproduction.body_file(case, len(files) + 1)
                files[one.body] = reproduction.beside(self.folder, name)
            named.append(replace(one, file=files.get(one.body, "")))
        return tuple(named)

    def facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What was learned on the way, without secrets."""
        shown: dict[str, Any] = self.veil.value(_named(facts))
        return shown


def says(finding: Finding, veil: Veil) -> str:
    """The sentence of a finding without secrets. What quotes the receiver is looked at as a log is; the title of the case is
    our own words, and `a wrong password: the receiver ...` holds none."""
    title = finding.case.title if finding.case else ""
    ours = title if title and finding.says.startswith(title) else ""
    shown: str = veil.value(ours)
    return shown + veil.text(finding.says[len(ours) :])


def _named(value: Any) -> Any:
    """Objects with names of text, as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): _named(inner) for name, inner in value.items()}
    return [_named(item) for item in value] if isinstance(value, list | tuple) else value


def _first_copies(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """One of each shot: copies that went at once come one behind the other."""
    told: list[Exchange] = []
    skip = 0
    for exchange in exchanges:
        if skip:
            skip -= 1
            continue
        told.append(exchange)
        skip = exchange.shot.together - 1
    return told
