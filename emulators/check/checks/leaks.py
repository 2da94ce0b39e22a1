"""C35: answers that tell strangers about the inside of the receiver. Every answer of the run is looked at."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import each
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Outcome, Severity, Shot, Verdict

MOST = 3
"""Of one sort, the first is enough; of all sorts so many."""

_SIGNS: tuple[tuple[str, str], ...] = (
    ("a stack trace of Python", r"Traceback \(most recent call last\)|File \"[^\"\n]+\.py\", line \d+"),
    ("a stack trace of Java", r"\bat [\w.$]+\([\w$]+\.(?:java|kt|scala):\d+\)"),
    ("a stack trace of Node", r"\bat (?:[\w.<>\[\] ]+ \()?(?:file://|node:|/)[^\s()]+:\d+:\d+"),
    (
        "a stack trace of PHP",
        r"Stack trace:\s+#0 |(?:Fatal error|Warning|Notice)(?:</b>)?: .{0,200} in .{1,200}\.php",
    ),
    ("a stack trace of Ruby", r"\.rb:\d+:in [`'\"]"),
    ("a stack trace of Go", r"goroutine \d+ \[|panic: .{0,80}runtime error"),
    ("a stack trace of .NET", r" in [^\n]+\.cs:line \d+"),
    ("a debugger's page", r"Werkzeug Debugger|DEBUG = True|Whoops\\|<title>Action Controller: Exception"),
    (
        "an error of the database",
        r"SQLSTATE\[|syntax error at or near|UNIQUE constraint failed|duplicate key value violates|sqlite3\.\w+Error"
        r"|psycopg2?\.|ORA-\d{5}|You have an error in your SQL syntax|Duplicate entry '.{0,80}' for key|MongoServerError",
    ),
    ("a password in an address", r"\b[a-z][a-z+]{2,20}://[^\s/:@\"']{1,64}:[^\s/@\"'<>]{1,64}@"),
    (
        "a credential",
        r"\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----"
        r"|\b[\w-]*(?:SECRET|PASSWORD|API_KEY|ACCESS_KEY)[\w-]*[\"']?\s*[=:]\s*[\"']?[^\s\"'<>,]{4,}",
    ),
    (
        "a path of its machine",
        r"(?<![\w/.:])(?:/(?:home|usr|var|opt|srv|root|app|Users)/[\w.-]+(?:/[\w.-]+)+|[A-Z]:\\[\w .-]+\\[\w .\\-]+)",
    ),
)


def signs(text: str) -> Iterator[str]:
    """What a text gives away, by its sort; what gives most away comes first."""
    for sort, pattern in _SIGNS:
        if re.search(pattern, text):
            yield sort


class Watch:
    """A listener: keeps the first exchange of every sort."""

    def __init__(self) -> None:
        self.found: dict[str, Exchange] = {}

    def __call__(self, exchange: Exchange) -> None:
        for sort in told(exchange):
            self.found.setdefault(sort, exchange)


def told(exchange: Exchange) -> list[str]:
    """What an answer gives away that was not in the request: who echoes a path that he was sent gives nothing away."""
    heard = exchange.heard
    if heard.status is None or not heard.body:
        return []
    text = heard.body.decode("utf-8", "replace")
    own = f"{exchange.url}\n{exchange.body.decode('utf-8', 'replace')}"
    return [sort for sort, pattern in _SIGNS if any(m[0] not in own for m in re.finditer(pattern, text))]


def leaks(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The first thing that is given away; only of the sort that the case shows, if it names one."""
    wanted = case.data.get("sort")
    for exchange in outcome.exchanges:
        for sort in told(exchange):
            if wanted is None or sort == wanted:
                return Failure(
                    sort,
                    f"{case.title}: the answer, {exchange.heard.status}, holds {sort}. Strangers can read it",
                )
    return None


async def watch(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """What was seen in the run, or else what an unreadable body brings to light."""
    seen: dict[str, Exchange] = {}
    for listener in session.listeners:
        if isinstance(listener, Watch):
            seen |= listener.found
    for sort, exchange in list(seen.items())[:MOST]:
        case = Case("C35", f"an answer with {sort}", (exchange.shot,), legal=False, data={"sort": sort})
        yield _found(sort, exchange, case), case
    if not seen:
        shots = (Shot(raw=b'{"'), Shot(raw=b"[1]"), Shot(raw=b"", method="PUT"))
        cases = [Case("C35", "a request that cannot be read", (shot,), legal=False) for shot in shots]
        async for failure, case in each(session, leaks, cases):
            yield failure, case


def _found(sort: str, exchange: Exchange, case: Case) -> Failure:
    return Failure(sort, f"{case.title}: {exchange.heard.status}. Strangers can read it")


CHECKS = (
    Check(
        "C35",
        "error pages tell nothing of the inside",
        "after-run",
        Severity.MEDIUM,
        Verdict.RISK,
        "An address that takes webhooks is open to all. Stack traces, statements and paths in its errors tell an attacker what "
        "runs there, at times its passwords. Answer errors with a plain status, and write the rest to the log.",
        run=watch,
        judge=leaks,
    ),
)
