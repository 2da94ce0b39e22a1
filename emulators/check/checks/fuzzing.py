"""F01: batches that Hypothesis makes, at the edges of what the vendor may send; then what no vendor sends at all.

Hypothesis only draws: it neither shrinks nor replays. `shrinking` does that with fewer requests and fresh ids, and ends at the
vendor's own example; and a receiver that fails at times only is no trouble of the drawing then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import partial

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, shown
from emulators.check.checks.together import Together
from emulators.check.session import BudgetSpent, Session
from emulators.check.simplifying import differing, example
from emulators.check.storing import tellable
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine import codec
from emulators.engine.codec import encode
from emulators.engine.provider import Payload

EXAMPLES = 200
HOSTILE = 60
LARGEST = 20
"""Events of a batch. Larger ones are other checks' business; here they would only fill the receiver."""
MOST_FAILURES = 3
DEEP = 5_000
LOST, TWICE = "lost", "stored twice"
SAID = 80
MOST_SAID = 3


def check(examples: int = EXAMPLES, hostile: int = HOSTILE) -> Check:
    """The check with so many legal batches and so many broken events at most; without broken ones no broken bodies either."""
    return Check(
        id="F01",
        name="fuzz",
        phase="fuzz",
        severity=Severity.HIGH,
        grade=Verdict.FAIL,
        says=(
            "Values that no example shows but the schema allows, at the ends of numbers, texts, dates and batches, make the "
            "receiver fail; or a body that is broken does."
        ),
        run=partial(_run, examples=examples, hostile=hostile),
        judge=judge,
        reads_oracle=True,
        blind=True,
    )


def judge(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """By the schema legal: an answer in time that is no error of the receiver's own, and each event stored once; whether it may
    refuse such a thing is a matter of opinion. Broken: an answer, and none of its own failing."""
    for exchange in outcome.exchanges:
        heard = exchange.heard
        own = None if case.legal else Severity.MEDIUM
        if heard.status is None:
            told = f"{_what(session, case)}: no answer ({heard.reason})"
            return Failure("no answer", told, severity=own, lasting=True)
        if heard.status >= 500:
            told = f"{_what(session, case)}: the receiver {answered(heard)}"
            return Failure(f"status {heard.status}", told, severity=own, lasting=True)
        if case.legal and not exchange.acknowledged:
            told = f"{_what(session, case)}: the receiver {answered(heard)}; by the schema it is legal"
            return Failure(f"status {heard.status}", told, Verdict.RISK, Severity.MEDIUM, lasting=True)
        if case.legal and heard.seconds > session.timeout:
            told = f"{_what(session, case)}: answered after {heard.seconds:.1f} s; {session.waits}"
            return Failure("late", told, lasting=True)
    return _stored(session, case, outcome) if case.legal and outcome.stored is not None else None


def _stored(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    lost: Failure | None = None
    for exchange in outcome.exchanges:
        owed = {k for k, e in zip(exchange.keys, exchange.shot.events, strict=True) if session.keeps(e)}
        whole = codec.decode(exchange.body)
        sent = [encode(event).lower() for event in (whole if isinstance(whole, list) else [whole])]
        for key in filter(tellable, dict.fromkeys(exchange.keys)):
            found = (outcome.stored or {}).get(key, 0)
            # An id may stand in more events than in those that are known by it.
            times = sum(key.lower().encode() in event for event in sent)
            if found > times:
                told = f"{_what(session, case)}: sent {_times(times)} and stored {_times(found)} ({key})"
                return Failure(TWICE, told, lasting=True)
            if found == 0 and key in owed and outcome.settled:
                told = f"{_what(session, case)}: acknowledged, and not stored ({key})"
                lost = lost or Failure(LOST, told)
    return lost


def _what(session: Session, case: Case) -> str:
    """What is odd about a case, for people."""
    events = [event for shot in case.shots for event in shot.events]
    if not case.legal or not events:
        return case.title
    if len(events) > 1:
        return f"a batch of {len(events)} events, with values at the edges of the schema"
    plain = example(session.sender, events[0])
    odd = [
        f"{name} = {shown(events[0][name])}" if name in events[0] else f"no {name}"
        for name in differing(events[0], plain)
    ]
    more = f" and {len(odd) - MOST_SAID} more" if len(odd) > MOST_SAID else ""
    return f"an event with {', '.join(odd[:MOST_SAID])}{more}" if odd else "the documents' own example"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


# -- the search


async def _run(session: Session, examples: int, hostile: int) -> AsyncIterator[tuple[Failure, Case]]:
    hunt = _Hunt(session, asyncio.get_running_loop())
    left = session.budget.requests
    most = examples if left is None else min(examples, left - session.budget.spent)
    try:
        if most > 0:
            await asyncio.to_thread(_drawn, session, most, hunt)
        if not hunt.over:
            await hunt.note(hunt.together.rest())
    except BudgetSpent as spent:
        hunt.ended = spent
    finally:
        hunt.over = True
    seen = {failure.key for failure, _ in hunt.found}
    for failure, case in hunt.found:
        yield failure, case
    if hunt.ended is not None:
        raise hunt.ended
    for case in broken(session, hostile) if hostile else ():
        failed = judge(session, case, await session.run(case))
        if failed is not None and failed.key not in seen:
            seen.add(failed.key)
            yield failed, case


class _Over(Exception):
    """Enough was found, or no more may be sent."""


@dataclass(slots=True)
class _Hunt:
    """What the thread that draws and the loop that sends share."""

    session: Session
    loop: asyncio.AbstractEventLoop
    found: list[tuple[Failure, Case]] = field(default_factory=list)
    ended: BaseException | None = None
    over: bool = False
    together: Together = field(init=False)

    def __post_init__(self) -> None:
        self.together = Together(self.session, judge)

    def execute(self, batch: list[Payload]) -> None:
        """Sends a batch, in the thread that draws; `_Over` when there is to be no more. Never raises for what the receiver
        does: Hypothesis would try it again, and call it flaky if it came out otherwise."""
        if self.over:
            raise _Over
        case = Case("F01", "a batch at the edges of what is legal", (Shot(tuple(batch)),))
        executed = asyncio.run_coroutine_threadsafe(self.note(self.together.execute(case)), self.loop)
        try:
            self.ended = executed.exception()
        except CancelledError as cancelled:
            self.ended = cancelled
        if self.ended is not None:
            # It is raised again on the loop: here it would be an example that fails.
            self.over = True
            raise _Over

    async def note(self, told: AsyncIterator[tuple[Failure, Case]]) -> None:
        """Keeps what is new of it, until it is enough."""
        async for failure, case in told:
            if failure.key not in {known.key for known, _ in self.found}:
                self.found.append((failure, case))
                # The oracle is not asked again once it told of a loss, as each loss is waited for.
                self.together.blind = self.together.blind or failure.key in (LOST, TWICE)
                self.over = len(self.found) == MOST_FAILURES
            if self.over:
                return


def _drawn(session: Session, examples: int, hunt: _Hunt) -> None:
    # Loaded here: `check --list`, and a run without chance, need none of it.
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

    from emulators.strategies import batches

    sender = session.sender
    most = min(LARGEST, sender.together)
    drawn = batches(sender.vendor.spec, feed=sender.feed.name, max_size=most, edge=True)
    quiet = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )

    def one(batch: list[Payload]) -> None:
        hunt.execute(batch)

    test: Callable[[], None] = seed(session.seed)(quiet(given(drawn)(one)))
    try:
        test()
    except _Over:
        return


# -- what no vendor sends


def broken(session: Session, most: int) -> Iterator[Case]:
    """Bodies that are no JSON or hardly, and events that break one rule of the schema."""
    from emulators.strategies import violations

    sender = session.sender
    plain = encode(sender.wrap([sender.event()]))
    for title, raw, headers in mutations(plain):
        yield Case("F01", title, (Shot(raw=raw, headers=headers),), legal=False)
    wrong = violations(sender.vendor.spec, feed=sender.feed.name)
    chosen = session.random("F01").sample(range(len(wrong)), min(most, len(wrong)))
    for number in sorted(chosen):
        title = str(wrong[number])
        if len(title) > SAID:
            title = f"{title[:SAID]}..."
        yield Case("F01", title, (Shot((wrong[number].payload,)),), legal=False)


def mutations(body: bytes) -> Iterator[tuple[str, bytes, tuple[tuple[str, str], ...]]]:
    """A good body spoilt on its way: what is wrong with it, its bytes, its own headers."""
    text = body.decode()
    yield "JSON that breaks off in the middle", body[: len(body) // 2], ()
    yield "JSON that breaks off before its last byte", body[:-1], ()
    yield "no body", b"", ()
    yield "a single NUL byte", b"\0", ()
    yield "JSON behind a byte order mark", b"\xef\xbb\xbf" + body, ()
    yield "JSON with a comma too many", body[:-1] + b"," + body[-1:], ()
    yield "JSON with something behind it", body + b"\n<html>", ()
    yield "NaN for a body", b"NaN", ()
    yield "JSON with NaN", b'[{"event":NaN,"activityStatus":Infinity}]', ()
    yield "JSON in UTF-16 that says it is UTF-8", text.encode("utf-16"), ()
    latin = (("Content-Type", "application/json; charset=iso-8859-1"),)
    yield "bytes that are no UTF-8", body[:-1] + b'"\xff\xfe"' + body[-1:], ()
    yield "JSON in a charset of its own", text.encode("latin-1", "replace"), latin
    yield (
        "JSON in a charset that does not exist",
        body,
        (("Content-Type", "application/json; charset=nonsense"),),
    )
    yield "a form that is called JSON", b"event=delivered&email=ann%40example.com", ()
    yield f"arrays, {DEEP} deep", b"[" * DEEP + b"]" * DEEP, ()
    yield f"arrays that never close, {DEEP} deep", b"[" * DEEP, ()
    for value in (b"null", b"0", b'"text"', b"[null]", b"[[]]", b"[1]", b"{}"):
        yield f"{value.decode()} for a body", value, ()


CHECKS: tuple[Check, ...] = (check(),)
