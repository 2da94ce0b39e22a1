"""A receiver that is gone is told of once, with the request that silenced it; nothing is said of what nobody could answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from emulators.check.checks import acknowledging, fields, preflight, shapes
from emulators.check.running import Runner
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Shot, Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from tests.support.feeds import spared

pytestmark = pytest.mark.asyncio

CHECKS = (*preflight.CHECKS, *shapes.CHECKS, *fields.CHECKS, *acknowledging.CHECKS)
SAYS_GZIP = b"content-encoding: gzip"


class Mortal:
    """Answers 200, until a packed body comes. Then it `hangs`, or listens no more; `back`: somebody starts it again."""

    def __init__(self, hangs: bool = False, back: bool = False) -> None:
        self._hangs, self._back, self._hung = hangs, back, False
        self._over = asyncio.Event()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._one, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._over.set()
        self._server.close()
        await self._server.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if SAYS_GZIP in head:
                self._hung = self._hangs
                if not self._hangs:
                    self._server.close()
                    if self._back:
                        await self.start()
                    return
            if self._hung:
                await self._over.wait()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def against(receiver: Mortal) -> AsyncIterator[Session]:
    await receiver.start()
    target = Target(f"http://127.0.0.1:{receiver.port}/hook", timeout=0.2)
    session = Session(Sender("sendpulse", "smtp"), target, Wire(Egress()), seed=1, run_id="abc123")
    try:
        yield session
    finally:
        await session.wire.close()
        await receiver.stop()


async def examined(receiver: Mortal) -> Runner:
    async with against(receiver) as session:
        runner = Runner(session, CHECKS)
        await runner.run()
    return runner


@pytest.mark.parametrize("hangs", spared((False, True), (True,)))
async def test_one_finding_tells_which_request_silenced_it(hangs: bool) -> None:
    runner = await examined(Mortal(hangs=hangs))
    found = {finding.key: finding for result in runner.results for finding in result.findings}
    gone = found["gone"]
    assert (gone.verdict, gone.severity.name) == (Verdict.FAIL, "CRITICAL")
    assert gone.case is not None
    assert gone.case.shots[0].framing == "gzip"
    assert "does not answer any more" in gone.says
    assert gone.check == "C24"


@pytest.mark.thorough
@pytest.mark.parametrize("hangs", [False, True])
async def test_what_nobody_can_answer_is_neither_failed_nor_passed(hangs: bool) -> None:
    runner = await examined(Mortal(hangs=hangs))
    results = {result.check.id: result for result in runner.results}
    assert results["C34"].verdict is Verdict.NOT_CHECKED
    assert "the receiver is gone" in results["C34"].reason
    assert {results[id].verdict for id in ("C13", "C20", "C02")} == {Verdict.NOT_CHECKED}


async def test_a_receiver_that_is_started_again_is_gone_on_with() -> None:
    runner = await examined(Mortal(back=True))
    assert "gone" not in {finding.key for result in runner.results for finding in result.findings}
    assert runner.cut == ""


async def test_a_receiver_that_never_answered_is_not_called_gone() -> None:
    receiver = Mortal()
    async with against(receiver) as session:
        await receiver.stop()
        outcome = await session.run(Case("C07", "an event", (Shot((session.sender.event(),)),)))
    assert outcome.exchanges[0].heard.reason.startswith("connection refused")
