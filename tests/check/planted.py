"""A receiver with a planted bug, and a session against it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from emulators.check.budget import Budget
from emulators.check.catalogue import Check
from emulators.check.oracle import oracle_of
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Finding, Outcome, Severity, Shot, Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from tests.support.receiver import Receiver

Bug = Callable[["Store", list[Any]], int]


@dataclass
class Store:
    """What the receiver keeps; `seen` are the bodies that came, `bytes_seen` as they came."""

    records: list[Any] = field(default_factory=list)
    seen: list[list[Any]] = field(default_factory=list)
    bytes_seen: list[bytes] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def once(self, events: list[Any]) -> int:
        """As a good receiver does it: each event that is not there yet."""
        for event in events:
            whole = json.dumps(event, sort_keys=True)
            if whole not in self._known:
                self._known.add(whole)
                self.records.append(event)
        return 200


def good(store: Store, events: list[Any]) -> int:
    return store.once(events)


def shown_late(store: Store) -> Callable[[], list[Any]]:
    """What an oracle answers that is behind: it shows what was there so many looks ago, by their growing pauses more than a
    second."""
    looks: list[int] = []

    def look() -> list[Any]:
        looks.append(len(store.records))
        return store.records[: looks[-15]] if len(looks) > 14 else []

    return look


@asynccontextmanager
async def session_against(
    bug: Bug,
    spec: str = "sendpulse",
    feed: str | None = "smtp",
    *,
    oracle: bool = False,
    requests: int | None = None,
    timeout: float | None = None,
) -> AsyncIterator[tuple[Session, Store]]:
    """A session whose receiver answers with the status that `bug` says, or with 400 to what is no JSON."""
    store = Store()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        store.bytes_seen.append(body)
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return web.Response(status=400)
        events = found if isinstance(found, list) else [found]
        store.seen.append(events)
        return web.Response(status=bug(store, events))

    async with Receiver(then=handle) as receiver:
        wire = Wire(Egress())
        session = Session(
            Sender(spec, feed),
            Target(receiver.url, timeout=timeout),
            wire,
            seed=7,
            run_id="abc123",
            records=oracle_of(function=lambda: store.records) if oracle else None,
            budget=Budget(requests),
        )
        try:
            yield session, store
        finally:
            await wire.close()


def by_status(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The judge of whoever wants a success for each request."""
    for exchange in outcome.exchanges:
        if not exchange.acknowledged and not exchange.shot.loss:
            return Failure(f"status {exchange.heard.status}", f"status {exchange.heard.status}")
    return None


def stored_once(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The judge of whoever asks what is stored."""
    keys = {key for exchange in outcome.exchanges for key in exchange.keys}
    return next(
        (
            Failure("twice", f"{key} twice", lasting=True)
            for key in sorted(keys)
            if (outcome.stored or {}).get(key, 0) > 1
        ),
        None,
    )


def check_with(judge: Callable[[Session, Case, Outcome], Failure | None], **more: Any) -> Check:
    return Check("C99", "planted", "coverage", Severity.HIGH, Verdict.FAIL, "a bug", judge=judge, **more)


def finding_of(key: str, *shots: Shot, legal: bool = True) -> Finding:
    return Finding(
        "C99", Verdict.FAIL, Severity.HIGH, "", Case("C99", "planted", shots, legal=legal), key=key
    )
