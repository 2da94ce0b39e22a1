"""C27: whether an address that is protected by credentials really asks for them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, success
from emulators.check.running import CannotTell
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.redaction import CREDENTIALS

_WORDS = re.compile(r"unauthori[sz]ed|forbidden|invalid|denied|wrong|error|fail", re.IGNORECASE)
WRONG = "not-the-secret"


def strangers(session: Session) -> Iterator[Case]:
    """One event each, of one who knows a wrong secret or none."""
    event, target = session.sender.event(), session.target
    if target.basic is not None:
        yield _case("a wrong password", Shot((event,), credentials="wrong"), challenge=True)
        yield _case("no password", Shot((event,), credentials="none"), challenge=True)
    for name, _ in target.headers:
        if CREDENTIALS.search(name):
            yield _case(f"a wrong {name}", Shot((event,), headers=((name, WRONG),)))
            yield _case(f"no {name}", Shot((event,), headers=((name, ""),)))
    parts = urlsplit(target.url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name, _ in query:
        if CREDENTIALS.search(name) or name.lower() in ("key", "sig"):
            other = urlencode([(known, WRONG if known == name else value) for known, value in query])
            yield _case(f"a wrong {name} in the address", Shot((event,), path=f"{parts.path or '/'}?{other}"))


def _case(title: str, shot: Shot, challenge: bool = False) -> Case:
    return Case("C27", title, (shot,), legal=False, data={"challenge": challenge})


def let_in(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """A success for a stranger; it is worse if his event was stored."""
    exchange = outcome.exchanges[0]
    heard = exchange.heard
    stored = outcome.stored is not None and any(outcome.stored.get(key) for key in exchange.keys if key)
    if stored:
        return Failure(
            "stored", f"{case.title}: the receiver {answered(heard)} and stored the event", lasting=True
        )
    if success(heard):
        words = _WORDS.search(heard.body[:2000].decode("utf-8", "replace"))
        if words is None and outcome.stored is None:
            return Failure("success", f"{case.title}: the receiver {answered(heard)}, as to one who may send")
        why = f"its body says `{words[0]}`" if words else "nothing was stored"
        return Failure(
            "success",
            f"{case.title}: the receiver {answered(heard)}, though {why}: with a password that is out of date the vendor "
            "would lose events and believe them delivered",
            severity=Severity.HIGH,
        )
    if heard.status is None or heard.status >= 500:
        says = f"{case.title}: the receiver {answered(heard)}; a 401 is right"
        return Failure("broken", says, Verdict.RISK, Severity.HIGH)
    if heard.status == 401 and case.data["challenge"] and heard.header("www-authenticate") is None:
        return Failure(
            "challenge",
            f"{case.title}: 401 without WWW-Authenticate; clients that wait to be asked never send the password",
            Verdict.RISK,
            Severity.LOW,
            True,
        )
    return None


async def ask(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Each stranger once."""
    cases = list(strangers(session))
    if not cases:
        raise CannotTell(
            "the target was given no credentials; --basic has them, or a header with a telling name"
        )
    for case in cases:
        judged = partial(let_in, session, case)
        failure = judged(await session.run(case, judged, oracle=True))
        if failure is not None:
            yield failure, case


CHECKS = (
    Check(
        "C27",
        "credentials are asked for",
        "handshake",
        Severity.CRITICAL,
        Verdict.FAIL,
        "A password that is configured and never compared lets anybody write into the data. A wrong one that is answered 200 "
        "makes the vendor believe that all is well on the day the password changes. Answer 401, and store nothing.",
        run=ask,
        judge=let_in,
        reads_oracle=True,
        blind=True,
    ),
)
