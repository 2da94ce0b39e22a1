"""Receivers that store wrongly: too little, twice, too late, under the wrong key, in the wrong order."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.check.receivers import events
from tests.check.receivers.defects import defect
from tests.check.receivers.events import Event, Feed
from tests.check.receivers.receiving import Receiver, Row, Settings
from tests.check.receivers.served import Answer, Head, Refused

ARRAYS = ("sendpulse", "esputnik")


@defect("C01", "handles the first event of a batch only", oracle=True, vendors=ARRAYS)
class FirstOnly(Receiver):
    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        return super().events(value[:1] if isinstance(value, list) else value)


@defect("C01b", "handles the last event of a batch only", oracle=True, vendors=ARRAYS)
class LastOnly(Receiver):
    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        return super().events(value[-1:] if isinstance(value, list) else value)


@defect("C01c", "handles one event of each message in a batch only", oracle=True, vendors=ARRAYS)
class OneOfEachMessage(Receiver):
    async def store(self, rows: list[Row]) -> None:
        await super().store(list({row.message or row.key: row for row in reversed(rows)}.values())[::-1])


@defect("C02", "answers 200 to everything, be it an error of its own, and has not stored the request", "RISK")
class CatchAll(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        try:
            return await super().take(head, body)
        except Exception:  # noqa: BLE001
            return self.acknowledge(0)


@defect("C02b", "acknowledges, and stores half a second later", oracle=True, restart=True)
class AcknowledgesFirst(Receiver):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._later: set[asyncio.TimerHandle] = set()

    async def store(self, rows: list[Row]) -> None:
        loop = asyncio.get_running_loop()
        self._later.add(loop.call_later(self.option("late", 0.5), self.insert, rows, "OR IGNORE"))

    def close(self) -> None:
        for handle in self._later:
            handle.cancel()
        super().close()


@defect("C02c", "answers 200 and says in the body that it was an error", "RISK")
class SaysErrorWithin(Receiver):
    def refusal(self, refusal: Refused) -> Answer:
        return self.said(200, {"status": "error", "error": refusal.says})


@defect(
    "C02d", "answers 200 and stores nothing of a batch that holds one event it cannot digest", oracle=True
)
class LosesTheBatch(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        self.decode(body)
        try:
            return await super().take(head, body)
        except Exception:  # noqa: BLE001
            return self.acknowledge(0)

    def email(self, event: Event, feed: Feed) -> str | None:
        return next(event[name] for name in feed.person if name in event).strip().lower()


@defect("C04", "stores a redelivery once more", oracle=True)
class NotIdempotent(Receiver):
    def key(self, event: Event, feed: Feed) -> str | None:
        return uuid.uuid4().hex


@defect("C04b", "answers 409 to a redelivery")
class ConflictOnDuplicate(Receiver):
    async def store(self, rows: list[Row]) -> None:
        if any(self.known(row.key) for row in rows):
            raise Refused(409, "known already")
        await super().store(rows)

    def known(self, key: str | None) -> bool:
        return self.db.execute("SELECT 1 FROM events WHERE key = ?", (key,)).fetchone() is not None


@defect("C05", "checks, then inserts: of equal requests at once all but one are answered 500")
class ChecksThenInserts(ConflictOnDuplicate):
    async def store(self, rows: list[Row]) -> None:
        unknown = {row.key: row for row in rows if not self.known(row.key)}
        await asyncio.sleep(self.option("gap", 0.01))
        self.insert(list(unknown.values()))


@defect(
    "C05b",
    "checks, then inserts without a unique index: equal requests at once are stored twice",
    oracle=True,
)
class RacesIntoDuplicates(ChecksThenInserts):
    unique = False


@defect(
    "C06",
    "stores event by event: what is before a bad one stays, and comes again with the repaired batch",
    oracle=True,
    vendors=ARRAYS,
)
class NotAtomic(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        value = self.decode(body)
        done: list[str | None] = []
        for item in value if isinstance(value, list) else [value]:
            row = self.row(*self.event(item, isinstance(value, dict)), head)
            if self.db.execute("SELECT 1 FROM events WHERE key = ?", (row.key,)).fetchone() is None:
                self.insert([replace(row, key=f"open {row.key} {uuid.uuid4().hex}")])
                done.append(row.key)
        # Only now is any of it known as handled.
        for key in dict.fromkeys(done):
            self.db.execute(
                "UPDATE OR IGNORE events SET key = ? WHERE n = (SELECT max(n) FROM events WHERE key LIKE ?)",
                (key, f"open {key} %"),
            )
        return self.acknowledge(len(done))


@defect("C08", "takes time for each event before it answers (option `slow`: seconds)", "RISK", vendors=ARRAYS)
class SlowForEach(Receiver):
    async def store(self, rows: list[Row]) -> None:
        await asyncio.sleep(self.option("slow", 0.003) * len(rows))
        await super().store(rows)


@defect("C08b", "answers later than the vendor waits (option `slow`: seconds)")
class SlowAlways(Receiver):
    async def store(self, rows: list[Row]) -> None:
        await super().store(rows)
        await asyncio.sleep(self.option("slow", 12))


@defect("C16", "takes what came last for the state of a message", oracle=True)
class LastWriterWins(Receiver):
    order = "o.n DESC"


@defect("C16b", "takes delivered for final: an undelivered that follows is not seen", oracle=True)
class DeliveredIsFinal(Receiver):
    order = "lower(o.kind) LIKE '%delivered' AND lower(o.kind) NOT LIKE '%un%' DESC, o.weight DESC"


@defect("C17", "knows an event by its message alone: further states of it are lost", oracle=True)
class KeyTooWide(Receiver):
    def key(self, event: Event, feed: Feed) -> str | None:
        return events.message_of(event, feed) or super().key(event, feed)


@defect("C17b", "has the headers in its key: the same event with others is stored twice", oracle=True)
class KeyTooNarrow(Receiver):
    def row(self, event: Event, feed: Feed, head: Head) -> Row:
        known = [pair for pair in head.pairs if pair[0].lower() not in ("content-length", "host", "expect")]
        row = super().row(event, feed, head)
        return replace(row, key=events.digest([row.key, sorted(known)]))


@defect("C17c", "has no second and no link in its key: a second opening is lost", oracle=True)
class KeyWithoutTime(Receiver):
    def key(self, event: Event, feed: Feed) -> str | None:
        message = events.message_of(event, feed)
        return f"{message}{event.get(feed.kind)}" if message else super().key(event, feed)


@defect("C22b", "takes one address, typed in two ways, for two contacts", "RISK", oracle=True)
class AddressAsTyped(Receiver):
    def email(self, event: Event, feed: Feed) -> str | None:
        person = events.first(event, feed.person)
        return None if person is None else events.text(person)


@defect(
    "C30",
    "remembers in memory what it has seen: a redelivery after a restart is stored twice",
    oracle=True,
    restart=True,
)
class ForgetsTheSeen(Receiver):
    unique = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._seen: set[str | None] = set()

    async def store(self, rows: list[Row]) -> None:
        fresh = {row.key: row for row in rows if row.key not in self._seen}
        self._seen |= fresh.keys()
        self.insert(list(fresh.values()))


@defect("C30b", "stores in memory: a restart loses all", oracle=True, restart=True)
class MemoryOnly(Receiver):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.db.execute("DELETE FROM events")


class Stale(Receiver):
    oldest = timedelta(days=60)

    def instant(self, value: Any) -> str | None:
        at = super().instant(value)
        if at is not None:
            age = datetime.now(UTC) - datetime.fromisoformat(at)
            if timedelta(minutes=30) < age < self.oldest:
                raise Refused(400, "too old")
        return at


@defect(
    "C31", "refuses events that are older than half an hour (but for those of two months, such as samples)"
)
class RefusesTheOld(Stale):
    pass


@defect("C31b", "refuses every event that is older than half an hour, the vendor's samples with them")
class RefusesAllOld(Stale):
    oldest = timedelta(days=10**6)


@defect("C31c", "stores the time of arrival for that of the event", oracle=True)
class ArrivalTime(Receiver):
    def instant(self, value: Any) -> str | None:
        return events.instant(int(time.time()))
