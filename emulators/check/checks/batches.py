"""What becomes of the events of one request: all of them, none of them, and how many fit."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner
from emulators.check.checks.edits import free_text
from emulators.check.checks.parts import broken, like, ordinary, story
from emulators.check.judging import attempt
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.storing import tellable
from emulators.check.vocabulary import Case, Exchange, Failure, Outcome, Severity, Shot, Verdict
from emulators.engine.pointer import look_up
from emulators.engine.provider import Payload

LATENCY = "seconds for each event"
"""Fact: by how much an answer comes later for each event of the request."""
# As many receivers answer how much they took.
_COUNTS = re.compile(
    r"(?:received|processed|accepted|handled|stored|saved|inserted|count|events|total)", re.IGNORECASE
)
_LONG = "Довгий рядок, який хтось справді набрав. " * 3


def batched(sender: Sender) -> str:
    """Why a check of batches does not apply."""
    return "" if sender.batched and sender.most > 1 else "a request of this feed holds one event"


# -- C01


async def truncated_batches(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Batches of several; the same hostile item at each end of one; several states of one message."""
    whole = ordinary(session, 3)
    cases = [_batch("a batch of two events", whole[:2]), _batch("a batch of three events", whole)]
    for what, bad in [("a number", 7), *broken(session, whole[1])[:1]]:
        data = {"about": "position", "what": what}
        shots = (Shot(_pair(bad, whole[0])), Shot(_pair(whole[0], bad)))
        cases.append(Case("C01", f"{what} first in a batch, then last", shots, legal=False, data=data))
    states = await _separate_states(session)
    if states:
        cases.append(_batch("several states of one message in one batch", states))
    for case in cases:
        _, failure = await attempt(session, TRUNCATION, case)
        if failure is not None:
            yield failure, case


async def _separate_states(session: Session) -> tuple[Payload, ...]:
    """Two states of a message, if two such that come apart are two records: who keeps one record for a message loses nothing by
    keeping one."""
    kinds = [kind for kind in (like(session.sender, "deliver"), like(session.sender, "open", "read")) if kind]
    told = story(session, kinds) if len(kinds) == 2 and session.records is not None else ()
    if not told:
        return ()
    control = Case("C01", "two states of one message apart", tuple(Shot((event,)) for event in told))
    outcome = await session.run(control, lambda known: None if _kept(known) else "not yet", oracle=True)
    return told if _kept(outcome) else ()


def _kept(outcome: Outcome) -> bool:
    keys = [key for exchange in outcome.exchanges for key in exchange.keys]
    return outcome.stored is not None and all(outcome.stored.get(key, 0) >= keys.count(key) for key in keys)


def _batch(title: str, events: Sequence[Payload]) -> Case:
    return Case("C01", title, (Shot(tuple(events)),), data={"about": "batch"})


def _pair(first: object, second: object) -> tuple[Payload, ...]:
    return (first, second)  # type: ignore[return-value]  # an item of a hostile body need not be an event


def judge_truncation(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Fewer stored, or said to be taken, than were acknowledged; or it matters where in a batch an item stands."""
    if case.data.get("about") == "position":
        return _position(session, case, outcome)
    exchange = outcome.exchanges[0]
    count = len(exchange.keys)
    if not exchange.acknowledged or count < 2:
        return None
    if outcome.stored is not None and outcome.settled:
        keys = [key for key in exchange.keys if tellable(key)]
        missing = [at for at, key in enumerate(keys, 1) if outcome.stored.get(key, 0) < keys.count(key)]
        if missing:
            places = ", ".join(map(str, missing))
            return Failure(
                "lost",
                f"{case.title}: the receiver {answered(exchange.heard)} and did not store all of it: of {count} events"
                f" those at {places} are lost or incomplete",
            )
    told, sure = _told(session, exchange)
    if told is not None and 0 < told < count:
        return Failure(
            "count",
            f"{case.title}: the receiver says that it took {told} of {count} events, and acknowledges all",
            Verdict.FAIL if sure else Verdict.RISK,
        )
    return None


def _position(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    first, last = outcome.exchanges[0], outcome.exchanges[1]
    if first.acknowledged == last.acknowledged or min(len(e.shot.events) for e in (first, last)) < 2:
        return None
    seen, unseen = ("first", "last") if last.acknowledged else ("last", "first")
    refused = first if last.acknowledged else last
    return Failure(
        f"only the {seen} is read",
        f"{case.data.get('what', 'a broken item')} {seen} in a batch: the receiver {answered(refused.heard)}; {unseen} in it:"
        f" it answers with a success, as if it had never looked there. Perhaps only the {seen} event of a batch is handled",
        Verdict.RISK,
        Severity.HIGH,
        lasting=True,
    )


def _told(session: Session, exchange: Exchange) -> tuple[int | None, bool]:
    """How many events the answer says were taken, and whether it was said where to look."""
    try:
        value = json.loads(exchange.heard.body)
    except ValueError:
        return None, False
    if session.count_pointer:
        told = look_up(value, session.count_pointer)
        return (told, True) if isinstance(told, int) else (None, True)
    fields = value.items() if isinstance(value, dict) else ()
    numbers = [
        n for name, n in fields if _COUNTS.fullmatch(name) and isinstance(n, int) and not isinstance(n, bool)
    ]
    return (numbers[0] if len(numbers) == 1 else None), False


# -- C06


def partial_cases(session: Session) -> Iterator[Case]:
    """A good event, one that must be refused, a good one; then the same with the bad one repaired."""
    good, mended, other = ordinary(session, 3)
    for what, bad in [("a number", 7), *broken(session, mended)[:1]]:
        hostile = (*_pair(good, bad), other)
        shots = (Shot(hostile), Shot((good, mended, other)))
        yield Case("C06", f"{what} between two events, then the batch repaired", shots, legal=False)


def judge_partial(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The refused batch left something behind that is stored once more, or the repaired one was not stored."""
    refused, repaired = outcome.exchanges[0], outcome.exchanges[1]
    if refused.acknowledged or not repaired.acknowledged or outcome.stored is None:
        return None
    counts = [outcome.stored.get(key, 0) for key in repaired.keys if tellable(key)]
    if max(counts, default=1) > 1:
        return Failure(
            "twice",
            f"a batch was refused ({answered(refused.heard)}) and came again: {sum(n > 1 for n in counts)} of"
            f" {len(counts)} events are stored more than once. What stood before the bad one had been kept",
            lasting=True,
        )
    if min(counts, default=1) == 0 and outcome.settled:
        return Failure(
            "lost",
            f"a batch was refused and came again: the receiver {answered(repaired.heard)} and"
            f" {counts.count(0)} of {len(counts)} events are not stored",
        )
    return None


# -- C09


async def sizes(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """The vendor's fullest request, with ordinary values and with long ones; on failure, where it ends."""
    most = _fullest(session)
    for title, verdict, basis, stock in (
        ("ordinary events", Verdict.FAIL, "documented", ordinary(session, most)),
        (
            "events with long texts",
            Verdict.RISK,
            "assumed",
            tuple(map(_long(session.sender), ordinary(session, most))),
        ),
    ):
        exchange = await _sized(session, stock)
        if not _too_much(exchange):
            continue
        fits, fails, failed = 0, most, exchange
        while fails - fits > max(1, fails // 64):
            middle = (fits + fails) // 2
            tried = await _sized(session, stock[:middle])
            if _too_much(tried):
                fails, failed = middle, tried
            else:
                fits = middle
        if fits == 0:
            # One event alone is refused: that is no question of size.
            continue
        size = len(failed.body)
        says = (
            f"{fails} {title} ({size:,} bytes): the receiver {answered(failed.heard)}; {fits} still fit."
            f" The vendor puts up to {session.sender.most} events into a request ({len(exchange.body):,} bytes)"
        )
        case = Case("C09", f"a request of {fails} {title}", (Shot(stock[:fails]),), basis=basis)
        yield Failure(f"{manner(failed.heard)}", says, verdict), case
        return


def _fullest(session: Session) -> int:
    """Events of the vendor's fullest request; fewer of a receiver that would be late for it, which is another matter."""
    slope = session.facts.get(LATENCY)
    if isinstance(slope, float) and slope * session.sender.most > session.timeout / 2:
        return max(2, int(session.timeout / 2 / slope))
    return session.sender.most


async def _sized(session: Session, events: Sequence[Payload]) -> Exchange:
    return (await session.fire(Shot(tuple(events))))[0]


def _too_much(exchange: Exchange) -> bool:
    heard = exchange.heard
    return not exchange.acknowledged and not (
        heard.status is None and heard.reason.startswith("no answer within")
    )


class _long:
    """The event with long texts where its vendor may send them."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._names: list[str] | None = None

    def __call__(self, event: Payload) -> Payload:
        if self._names is None:
            kind = self._sender.vendor.kind_field(self._sender.feed.name)
            texts = [
                n
                for n, value in event.items()
                if isinstance(value, str) and n != kind and free_text(n, value)
            ]
            self._names = [n for n in texts if self._sender.legal({**event, n: _LONG})][:2]
        return {**event, **{name: _LONG for name in self._names if name in event}}


TRUNCATION = Check(
    "C01",
    "batch truncation",
    "delivery",
    Severity.CRITICAL,
    Verdict.FAIL,
    "Only the first event of a request is handled, or the last, or one for each message; the vendor hears that all were.",
    source="batch_size",
    applies=batched,
    judge=judge_truncation,
    run=truncated_batches,
    reads_oracle=True,
    blind=True,
    hidden=True,
)
CHECKS = (
    TRUNCATION,
    Check(
        "C06",
        "partial batch",
        "delivery",
        Severity.HIGH,
        Verdict.FAIL,
        "A batch fails in its middle, what stood before is kept, and the vendor sends it all again: stored twice.",
        source="batch_size",
        applies=batched,
        cases=partial_cases,
        judge=judge_partial,
        reads_oracle=True,
    ),
    Check(
        "C09",
        "body size",
        "volume",
        Severity.HIGH,
        Verdict.FAIL,
        "A framework's default limit (often 100 kB or 1 MB) is below the vendor's full batch: after each outage or campaign"
        " the feed fails.",
        source="batch_size",
        applies=batched,
        run=sizes,
        shrinks=False,
    ),
)
