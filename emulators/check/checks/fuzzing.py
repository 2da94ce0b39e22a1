"""F01: batches that Hypothesis makes, at the edges of what the vendor may send; then what no vendor sends at all.

Hypothesis only draws: it neither shrinks nor replays. `shrinking` does that with fewer requests and fresh ids, and ends at the
vendor's own example; and a receiver that fails at times only is no trouble of the drawing then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from functools import partial

from emulators.check.budget import BudgetSpent
from emulators.check.catalogue import Check
from emulators.check.checks.answers import either, shown, upset
from emulators.check.checks.expected import Expected, Identities
from emulators.check.checks.reconciling import renamed
from emulators.check.checks.together import Together
from emulators.check.oracle.storing import tellable
from emulators.check.session import Session
from emulators.check.shrinking import minimised
from emulators.check.shrinking.simplifying import differing, example
from emulators.check.vocabulary import Case, Failure, Finding, Outcome, Severity, Shot, Verdict
from emulators.engine import codec
from emulators.engine.codec import encode
from emulators.engine.provider import Payload
from emulators.errors import TargetUnusable

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
    """As the checks of single changes grade it: what the vendor may send must be taken in his time, and be stored once; what
    nobody is known to send must upset nobody, which is a risk; and so must a body that is none, which is a failure."""
    named = replace(case, title=_what(session, case))
    # What was stored otherwise is their matter: here many values are odd at once.
    answers = replace(outcome, stored=None, found=None)
    if any(shot.raw is not None for shot in case.shots):
        failure = upset(session, named, answers)
        return failure and replace(failure, severity=Severity.MEDIUM)
    failure = either(session, named, answers)
    if not all(map(session.sender.legal, _events(case))):
        return failure and replace(failure, severity=Severity.MEDIUM)
    if failure is None and outcome.stored is not None:
        failure = _stored(session, case, outcome)
        return failure if case.legal else failure and replace(failure, verdict=Verdict.RISK)
    return failure


def _stored(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    lost: Failure | None = None
    identities = Identities(session.sender)
    for exchange in filter(lambda one: one.acknowledged, outcome.exchanges):
        pairs = zip(exchange.keys, exchange.shot.events, strict=True)
        owed = identities.telling([(key, event) for key, event in pairs if session.keeps(event)])
        whole = codec.decode(exchange.body)
        sent = [encode(event).lower() for event in (whole if isinstance(whole, list) else [whole])]
        for key in filter(tellable, dict.fromkeys(exchange.keys)):
            found = (outcome.stored or {}).get(key, 0)
            # An id may stand in more events than in those that are known by it.
            times = sum(key.lower().encode() in event for event in sent)
            if found > times:
                told = f"{_what(session, case)}: sent {_times(times)} and stored {_times(found)} ({key})"
                return Failure(TWICE, told, lasting=True)
            if found == 0 and key in owed and outcome.settled and not renamed(session, key):
                told = f"{_what(session, case)}: acknowledged, and not stored ({key})"
                lost = lost or Failure(LOST, told)
    return lost


def _events(case: Case) -> list[Payload]:
    return [event for shot in case.shots for event in shot.events]


def _what(session: Session, case: Case) -> str:
    """What is odd about a case, for people."""
    events = _events(case)
    if not events or not all(map(session.sender.legal, events)):
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
    graver = {failure.key for failure, case in hunt.found if case.legal}
    for failure, case in hunt.found:
        if case.legal or failure.key not in graver:
            yield await _graded(session, hunt.expected, failure, case)
    if hunt.ended is not None:
        raise hunt.ended
    for case in broken(session, hostile) if hostile else ():
        failed = judge(session, case, await session.run(case))
        if failed is not None and failed.key not in seen:
            seen.add(failed.key)
            yield failed, case


async def _graded(session: Session, expected: Expected, failure: Failure, case: Case) -> tuple[Failure, Case]:
    """By what it takes to fail, which is little of all that is odd in a batch, and may be what the vendor sends."""
    if case.legal:
        return failure, case
    search = check()
    whole = replace(case, legal=True)
    found = Finding(search.id, search.grade, search.severity, failure.says, whole, key=failure.key)
    try:
        small = (await minimised(session, search, found)).case or whole
    except TargetUnusable:
        # What was seen is told; whoever makes it small next ends the run.
        return failure, case
    if any(expected.odd(event) for event in _events(small)):
        return failure, replace(small, legal=False)
    return replace(failure, verdict=None), small


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
    expected: Expected = field(init=False)
    tame: bool = False

    def __post_init__(self) -> None:
        self.together = Together(self.session, judge)
        self.expected = Expected(self.session.sender)

    def execute(self, batch: list[Payload]) -> None:
        """Sends a batch, in the thread that draws; `_Over` when there is to be no more. Never raises for what the receiver
        does: Hypothesis would try it again, and call it flaky if it came out otherwise."""
        if self.over:
            raise _Over
        # Almost every batch has something that nobody sends, behind which the rest would not be seen.
        self.tame = not self.tame
        drawn = [self.expected.tamed(event) for event in batch] if self.tame else batch
        events = Identities(self.session.sender).separated(drawn)
        case = Case(
            "F01",
            "a batch at the edges of what is legal",
            (Shot(tuple(events)),),
            not any(map(self.expected.odd, events)),
        )
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
            if (failure.key, case.legal) not in {(known.key, other.legal) for known, other in self.found}:
                self.found.append((failure, case))
                # The oracle is not asked again once it told of a loss, as each loss is waited for.
                self.together.blind = self.together.blind or failure.key in (LOST, TWICE)
                self.over = len({known.key for known, _ in self.found}) == MOST_FAILURES
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
        # What comes of these is graver than of odd events, and must not be taken for the same.
        about = {"about": "a broken body"}
        yield Case("F01", title, (Shot(raw=raw, headers=headers),), legal=False, data=about)
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
