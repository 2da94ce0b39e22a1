"""What a success is worth: whether it is given to what was not understood, and whether it stands."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, dotted
from emulators.check.checks.parts import broken, ordinary
from emulators.check.judging import attempt
from emulators.check.oracle.storing import tellable
from emulators.check.planting import TOKEN
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.codec import encode
from emulators.strategies.rules import ABSENT

VISIBLE = "seconds from the answer until the event could be read"
"""Fact: measured once, where there is an oracle."""
_ERRORS = re.compile(
    rb"""["']errors?["']\s*:\s*(?!null\b|false\b|0\b|""|\[\s*\]|\{\s*\})
    |["'](?:success|ok)["']\s*:\s*(?:false|0)\b
    |["']?(?:status|result|state)["']?\s*[:=]\s*["']?(?:error|fail)
    |\bTraceback\b|\b(?:fatal|internal|server)[ ]error\b|(?-i:\b[A-Z]\w*(?:Error|Exception)\b)""",
    re.VERBOSE | re.IGNORECASE,
)


def _cases(session: Session) -> Iterator[Case]:
    sender = session.sender
    good, other, third = ordinary(session, 3)
    yield Case("C02", "an ordinary event", (Shot((good,)),), data={"about": "words"})
    whole = encode(sender.wrap([good]))
    garbage = {"nothing but {}": b"{}", "half a body": whole[: len(whole) // 2], "an empty body": b""}
    for title, body in garbage.items():
        yield Case("C02", title, (Shot(raw=body),), legal=False, data={"about": "garbage"})
    beside = sender.together > 1
    odd = [(f"with {what}", event) for what, event in broken(session, other)]
    for what, bad in (*odd, *_nobody(session)):
        title = f"a good event, and behind it one {what}" if beside else f"an event {what}"
        shot = Shot((third, bad) if beside else (bad,))
        possible = sender.legal(bad)
        about = "beside a legal one" if possible else "beside"
        yield Case("C02", title, (shot,), legal=possible, data={"about": about})
    if session.hooks.has("restart"):
        shots = (Shot((good,)), Shot((other,), before="restart"))
        yield Case(
            "C02", "an event, and a restart as soon as it is acknowledged", shots, data={"about": "restart"}
        )


def _nobody(session: Session) -> Iterator[tuple[str, dict[str, object]]]:
    event = ordinary(session, 2)[1]
    sender = session.sender
    path = sender.place(event)
    if path is not None:
        yield f"whose {dotted(path)} is null", sender.addressed(event, None)
        yield f"without {dotted(path)}", sender.addressed(event, ABSENT)


async def false_successes(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """All cases, and how long it takes from an answer until its event can be read."""
    if session.records is not None:
        session.facts[VISIBLE] = await _seconds_until_visible(session)
    for case in _cases(session):
        _, failure = await attempt(session, SUCCESS, case)
        if failure is not None:
            yield failure, case


async def _seconds_until_visible(session: Session) -> float | None:
    """0.0: the very first look saw it; None: it never came, or names nobody that could be looked for."""
    exchange = (await session.fire(Shot(ordinary(session, 1))))[0]
    keys = [key for key in exchange.keys if tellable(key)]
    if session.records is None or not keys or not exchange.acknowledged:
        return None
    started = time.perf_counter()
    if (await session.records.count(keys)).get(keys[0]):
        return 0.0
    stored, _ = await session.records.settle(keys, lambda counts: bool(counts.get(keys[0])))
    return round(time.perf_counter() - started, 2) if stored.get(keys[0]) else None


def judge_success(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """A success for what was not understood, with an error in its body, or for what is not stored."""
    about, first = str(case.data.get("about")), outcome.exchanges[0]
    if not first.acknowledged:
        return None
    beside = about.startswith("beside")
    if _lost(session, outcome, first, beside):
        words = "did not store the good event" if beside else "did not store the event"
        words = "was restarted, and the event is gone" if about == "restart" else words
        # What the vendor cannot send costs nobody an event: it shows that a success is given before all is known to be well.
        verdict = (Verdict.FAIL, Severity.CRITICAL) if case.legal else (Verdict.RISK, Severity.HIGH)
        return Failure(
            f"{about}: lost",
            f"{case.title}: the receiver {answered(first.heard)}, and {words}. Nobody sends it again",
            *verdict,
        )
    # Who keeps the good ones, and says which was none, did well.
    kept = beside and outcome.stored is not None
    if not kept and (found := _ERRORS.search(first.heard.body)):
        said = found[0].decode("utf-8", "replace")[:60]
        return Failure(
            "error in a success",
            f"{case.title}: the receiver {answered(first.heard)}, and its body speaks of an error ({said}):"
            f" {session.sender.title} looks at the status alone and takes it for delivered",
            Verdict.RISK,
            Severity.HIGH,
        )
    if about == "garbage":
        return Failure(
            "success for garbage",
            f"{case.title}: the receiver {answered(first.heard)}, as if it had understood. What fails inside is answered"
            " with a success, and is never sent again",
            Verdict.RISK,
            Severity.HIGH,
            lasting=True,
        )
    return None


def _lost(session: Session, outcome: Outcome, exchange: Exchange, beside: bool) -> bool:
    """Whether the oracle does not know an event of an acknowledged request that the vendor may really send. One that names
    nobody by a planted address counts only where all are like it: an app need not store ids, nor events of nobody."""
    if outcome.stored is None or not outcome.settled:
        return False
    pairs = zip(exchange.shot.events, exchange.keys, strict=True)
    mine = [key for event, key in pairs if tellable(key) and session.sender.legal(event)]
    named = [key for key in mine if TOKEN.fullmatch(key)]
    return any(not outcome.stored.get(key) for key in (named if beside else named or mine))


SUCCESS = Check(
    "C02",
    "success for what failed",
    "delivery",
    Severity.CRITICAL,
    Verdict.FAIL,
    "A handler that catches everything answers with a success, or answers before anything is stored: what goes wrong then"
    " is lost, for nobody sends it again.",
    judge=judge_success,
    run=false_successes,
    reads_oracle=True,
    blind=True,
)
CHECKS = (SUCCESS,)
