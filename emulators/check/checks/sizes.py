"""How much fits into one request, and whether all of it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, manner
from emulators.check.checks.batches import MANY, batched
from emulators.check.checks.edits import free_text
from emulators.check.checks.parts import ordinary
from emulators.check.oracle import LONGEST_QUIET
from emulators.check.oracle.storing import tellable
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Severity, Shot, Verdict
from emulators.engine.provider import Payload

LATENCY = "seconds for each event"
"""Fact: by how much an answer comes later for each event of the request."""
_LONG = "Довгий рядок, який хтось справді набрав. " * 7
"""518 bytes, as the longest line of an SMTP reply (512, RFC 5321) or a long subject: 500 events of SendPulse are 395 kB
then, 1000 of eSputnik 930 kB."""


async def sizes(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """The vendor's fullest request, with ordinary values and with long ones; on failure, where it ends. Of the ordinary ones, if
    they are taken, whether they are stored."""
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
            if verdict is Verdict.FAIL:
                failure = await _cut(session, exchange)
                if failure is not None:
                    yield failure, Case("C09", f"a request of {most} {title}", (exchange.shot,), basis=basis)
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


async def _cut(session: Session, exchange: Exchange) -> Failure | None:
    """That of a full request which was acknowledged not all is stored: some of it, or nothing.

    It is the size that does it if as many events in small requests are all there. So it is held against nobody that his
    oracle shows some records only, the last or the first, nor that he keeps one record for several of these events.
    """
    records, sender = session.records, session.sender
    if records is None or sender.apart or not exchange.acknowledged:
        return None
    keys = {key for key in exchange.keys if tellable(key)}
    stored, settled = await records.settle(keys, _all_there)
    if settled and not any(stored.values()):
        # One that takes so many in the background may keep none of them until it has all.
        stored, settled = await records.settle(keys, _all_there, LONGEST_QUIET)
    if not settled or _all_there(stored) or not await _kept_by_parts(session, exchange.shot.events):
        return None
    late = await records.count(keys)
    stored = {key: max(count, late[key]) for key, count in stored.items()}
    if _all_there(stored):
        return None
    # As after C01: what comes with others is not held against it once more.
    sender.apart = True
    there = [bool(stored.get(key, 1)) for key in exchange.keys]
    kept = there.count(True)
    which = " (the first of them)" if kept and all(there[:kept]) else ""
    return Failure(
        "lost",
        f"a request of {len(there)} ordinary events ({len(exchange.body):,} bytes): the receiver {answered(exchange.heard)}, and"
        f" {kept} of {len(there)} events are stored{which}. As many in requests of {min(MANY, len(there))} are all stored",
        Verdict.FAIL,
        Severity.CRITICAL,
    )


async def _kept_by_parts(session: Session, events: Sequence[Payload]) -> bool:
    """Whether the same events, with fresh ids, are all taken and shown when they come a few at a time."""
    if session.records is None:
        return False
    planting, keys = session.planting(), set[str]()
    for at in range(0, len(events), MANY):
        [exchange] = await session.fire(Shot(tuple(events[at : at + MANY])), planting)
        if not exchange.acknowledged:
            return False
        keys |= {key for key in exchange.keys if tellable(key)}
    stored, _ = await session.records.settle(keys, _all_there)
    return _all_there(stored)


def _all_there(stored: Mapping[str, int]) -> bool:
    return all(stored.values())


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
            self._names = [n for n in texts if self._sender.legal({**event, n: _LONG})][:1]
        return {**event, **{name: _LONG for name in self._names if name in event}}


CHECKS = (
    Check(
        "C09",
        "body size",
        "volume",
        Severity.HIGH,
        Verdict.FAIL,
        "A framework's default limit (often 100 kB or 1 MB) is below the vendor's full batch: after each outage or campaign"
        " the feed fails. Or the app takes all of it, and keeps what its own limit lets through.",
        source="batch_size",
        applies=batched,
        run=sizes,
        shrinks=False,
    ),
)
