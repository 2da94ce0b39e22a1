"""One connection for many requests, as the clients of vendors keep it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered
from emulators.check.checks.parts import ordinary
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Failure, Severity, Shot, Verdict
from emulators.check.wire import Wire
from emulators.engine.resolver import GuardedResolver

REQUESTS = 20
UNREAD = b"[" + b"0," * 20_000 + b"0]"
"""A body that a receiver may have no reason to read: 40 kB."""
ELSEWHERE = "/provider-emulators/nothing-is-here"


class KeptWire(Wire):
    """One connection, kept as long as the receiver keeps it. `surprises`: how often it was closed after an answer that did not
    announce it."""

    def __init__(self, other: Wire) -> None:
        super().__init__(other._egress)
        self._made = self._announced = 0

    @property
    def surprises(self) -> int:
        return max(0, self._made - 1 - self._announced)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            watch = aiohttp.TraceConfig()
            watch.on_connection_create_end.append(self._connected)
            watch.on_request_end.append(self._answered)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=GuardedResolver(self._egress), limit=1, use_dns_cache=False
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type", "Accept"),
                trace_configs=[watch],
            )
        return self._session

    async def _connected(self, *what: object) -> None:
        self._made += 1

    async def _answered(self, _: object, __: object, ended: aiohttp.TraceRequestEndParams) -> None:
        answer = ended.response
        closes = answer.headers.get("Connection", "").lower() == "close"
        if closes or answer.version != aiohttp.HttpVersion11:
            self._announced += 1


async def reused(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Requests over a connection that is kept; a refused one with a body in front of a good one."""
    events = ordinary(session, 2)
    alone = session.wire
    if not (await _sent(session, Shot(events[:1]))).acknowledged:
        return
    session.wire = kept = KeptWire(alone)
    try:
        async for found in _one_after_the_other(session, kept, alone, Shot(events[:1])):
            yield found
            return
        async for found in _after_a_refusal(session, alone, Shot(events[1:])):
            yield found
    finally:
        session.wire = alone
        await kept.close()


async def _one_after_the_other(
    session: Session, kept: KeptWire, alone: Wire, shot: Shot
) -> AsyncIterator[tuple[Failure, Case]]:
    for number in range(1, REQUESTS + 1):
        exchange = await _sent(session, shot)
        case = Case("C25", f"{number} requests over one connection", (shot,) * number, basis="assumed")
        if exchange.acknowledged and not kept.surprises:
            continue
        if kept.surprises or exchange.heard.status is None:
            says = (
                f"request {number} over one connection: it was closed after an answer that did not say so (Connection: close);"
                " whoever keeps his connections may lose a request to one that is closed under him"
            )
            yield Failure("closed without a word", says), case
            return
        if (await _alone(session, alone, shot)).acknowledged:
            says = f"request {number} over one connection: the receiver {answered(exchange.heard)}; over one of its own it passes"
            yield Failure("another answer", says, Verdict.FAIL), case
        return


async def _after_a_refusal(session: Session, alone: Wire, shot: Shot) -> AsyncIterator[tuple[Failure, Case]]:
    refusals = [("to another path", Shot(raw=UNREAD, path=ELSEWHERE)), ("that is no event", Shot(raw=UNREAD))]
    if session.target.basic is not None:
        refusals.append(("without credentials", Shot(raw=UNREAD, credentials="none")))
    for what, refusal in refusals:
        refused = await _sent(session, refusal)
        if refused.acknowledged or refused.heard.status is None:
            continue
        exchange = await _sent(session, shot)
        if exchange.acknowledged or not (await _alone(session, alone, shot)).acknowledged:
            continue
        says = (
            f"after a request {what} ({refused.heard.status}) the next one over the same connection: the receiver"
            f" {answered(exchange.heard)}; over one of its own it passes. It answers before it has read the body, and takes the"
            " rest of it for the next request"
        )
        case = Case("C25", f"a request {what}, then a good one", (refusal, shot), legal=False)
        yield Failure("out of step", says), case
        return


async def _sent(session: Session, shot: Shot) -> Exchange:
    return (await session.fire(shot))[0]


async def _alone(session: Session, alone: Wire, shot: Shot) -> Exchange:
    """Over a connection of its own."""
    kept, session.wire = session.wire, alone
    try:
        return await _sent(session, shot)
    finally:
        session.wire = kept


CHECKS = (
    Check(
        "C25",
        "connection reuse",
        "delivery",
        Severity.MEDIUM,
        Verdict.RISK,
        "Vendors keep connections. A receiver that closes them without a word, or answers before it has read a body, fails"
        " requests that are good.",
        source="order",
        run=reused,
        shrinks=False,
    ),
)
