"""C24 and C25: what is found of bodies that arrive in two parts, of connections that are kept, and of answers that come before
their request; against real receivers."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from emulators.check.checks import connections, shapes
from emulators.check.oracle import oracle_of
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Severity, Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from tests.check.receivers.clean import Clean
from tests.check.receivers.events import Event, Feed
from tests.check.receivers.mutants import Mutant
from tests.check.receivers.receiving import Receiver, Row
from tests.check.receivers.served import Answer, Head

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound receiver is waited for in vain each time."""
    monkeypatch.setattr(connections, "PAUSE", 0.05)


async def found(
    url: str, feed: str = "sendpulse/smtp", basic: tuple[str, str] | None = None, **facts: Any
) -> list[tuple[Failure, Case]]:
    """What C25 finds at this address."""
    vendor, _, name = feed.partition("/")
    wire = Wire(Egress())
    session = Session(Sender(vendor, name), Target(url, basic=basic), wire, 1, "00c0de")
    session.facts.update(facts)
    try:
        return [each async for each in connections.reused(session)]
    finally:
        assert session.wire is wire
        await wire.close()


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Any], **more: Any) -> AsyncIterator[str]:
    """An aiohttp application as people write them."""
    app = web.Application(**more)
    app.router.add_post("/hook", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


async def prompt(request: web.Request) -> web.StreamResponse:
    """Acknowledges, and never reads what."""
    return web.Response()


async def thorough(request: web.Request) -> web.StreamResponse:
    json.loads(await request.read())
    return web.Response()


@pytest.mark.parametrize("feed", ["sendpulse/smtp", "pushwoosh/webhook"])
async def test_a_success_before_the_body_has_arrived_is_a_risk(feed: str) -> None:
    async with serving(prompt) as url:
        [(failure, case)] = await found(url, feed)
    assert failure.key == "before the end"
    assert failure.verdict is None
    assert failure.severity is Severity.HIGH
    assert "answered 200 when half of it had arrived" in failure.says
    assert not case.legal


async def test_who_reads_before_he_answers_is_accused_of_nothing() -> None:
    async with serving(thorough, client_max_size=2**20) as url:
        assert await found(url) == []


async def test_a_refusal_before_the_body_has_arrived_is_right() -> None:
    async def small(request: web.Request) -> web.StreamResponse:
        if (request.content_length or 0) > 60_000:
            return web.Response(status=413)
        return await thorough(request)

    async with serving(small) as url:
        assert await found(url) == []


class EarlyAnswer(Receiver):
    """Acknowledges by the head alone, and reads the body afterwards."""

    def early(self, head: Head) -> Answer | None:
        if head.method == "POST" and int(head.header("content-length") or 0) > 100_000:
            return Answer(200, close=True)
        return super().early(head)


async def test_a_receiver_that_reads_only_after_it_has_answered_is_found() -> None:
    with Clean(application=EarlyAnswer) as receiver:
        found_ = await found(receiver.url)
    assert [failure.key for failure, _ in found_] == ["before the end"]


async def test_a_sound_receiver_with_a_password_is_accused_of_nothing() -> None:
    with Clean(basic=("ann", "secret")) as receiver:
        assert await found(receiver.url, basic=("ann", "secret")) == []


@asynccontextmanager
async def counting(answer: Callable[[int], bytes | None]) -> AsyncIterator[str]:
    """A receiver that answers each request of a connection by its number; None: it hears it and says nothing."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                number += 1
                said = answer(number)
                if said is None:
                    break
                writer.write(b"HTTP/1.1 " + said + b"\r\nContent-Length: 0\r\n\r\n")
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**18)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


async def test_a_connection_that_breaks_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many a server keeps a connection for so many requests, and most of them say so."""
    monkeypatch.setattr(connections, "ENOUGH", 600)
    async with counting(lambda number: b"200 OK" if number < 27 else None) as url:
        [(failure, case)] = await found(url)
    assert failure.key == "closed without a word"
    assert 27 <= len(case.shots) <= 28


async def test_a_request_that_is_answered_otherwise_over_a_kept_connection_is_a_failure() -> None:
    async with counting(lambda number: b"200 OK" if number < 4 else b"400 Bad Request") as url:
        [(failure, _)] = await found(url)
    assert (failure.key, failure.verdict) == ("another answer", Verdict.FAIL)


async def test_of_a_slow_receiver_no_more_requests_are_made_than_there_is_time_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "ENOUGH", 0)
    async with counting(lambda number: b"200 OK" if number < connections.FEWEST + 2 else None) as url:
        failures = await found(url)
    # The refusals after them go over the same connection.
    assert "closed without a word" not in [failure.key for failure, _ in failures]


async def test_a_connection_that_nobody_used_for_long_is_tried_where_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Opt-in. The requests in a row, two that are to be refused and are not, and one before the rest are served."""
    monkeypatch.setattr(connections, "ENOUGH", 0)
    served = connections.FEWEST + 3

    async with counting(lambda number: b"200 OK" if number <= served else None) as url:
        without = await found(url)
        with_rest = await found(url, **{connections.REST: 0.01})
    assert without == []
    assert [failure.key for failure, _ in with_rest] == ["rested"]


# -- bodies in two parts

IN_NODE = """
import { createServer } from "node:http";
const stored = [];
const server = createServer(async (request, response) => {
  if (request.method === "GET") return response.end(JSON.stringify(stored));
  if (request.headers["content-encoding"]) return response.writeHead(415).end();
  READING
  let body = "";
  for await (const chunk of request) body += chunk;
  stored.push(...[JSON.parse(body)].flat());
  response.end();
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
"""


async def framings_found(url: str, oracle: str = "", feed: str = "esputnik/activity") -> dict[str, Failure]:
    """What C24 finds at this address."""
    vendor, _, name = feed.partition("/")
    wire = Wire(Egress())
    records = oracle_of(url=oracle) if oracle else None
    session = Session(Sender(vendor, name), Target(url), wire, 1, "00c0de", records=records)
    try:
        return {failure.key: failure async for failure, _ in shapes.framed_otherwise(session)}
    finally:
        await wire.close()


@asynccontextmanager
async def in_node(reading: str) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "-e", IN_NODE.replace("READING", reading)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.communicate()


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
async def test_a_text_that_is_put_together_from_chunks_loses_the_letter_that_two_of_them_share() -> None:
    async with in_node("") as url:
        [failure] = (await framings_found(url, url)).values()
    assert (failure.key, failure.verdict, failure.severity) == (
        "halves: messageName altered",
        Verdict.FAIL,
        Severity.HIGH,
    )
    assert "in two TCP segments" in failure.says


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
async def test_a_text_that_is_decoded_as_a_whole_is_accused_of_nothing() -> None:
    async with in_node('request.setEncoding("utf8");') as url:
        assert await framings_found(url, url) == {}


async def test_letters_that_are_stored_otherwise_however_they_come_are_not_held_against_the_framing() -> None:
    with Mutant("C19b") as receiver:
        assert await framings_found(receiver.url, receiver.oracle_url) == {}


class Forgetful(Receiver):
    """A defect beside another: of each body it makes a text piece by piece, and it does not keep a field."""

    def piece(self, arrived: bytes) -> bytes:
        return arrived.decode("utf-8", "replace").encode()

    def row(self, event: Event, feed: Feed, head: Head) -> Row:
        return super().row({name: value for name, value in event.items() if name != "payload"}, feed, head)


async def test_the_text_that_is_parted_stands_in_a_field_that_the_records_show() -> None:
    """The first that there is they do not."""
    with Clean(application=Forgetful) as receiver:
        found_ = await framings_found(receiver.url, receiver.oracle_url, "pushwoosh/webhook")
    assert "halves: letters lost" in found_


class OneRead(Receiver):
    """Takes what has arrived for the whole body, as `recv` without a loop does, and cannot read a part."""

    def piece(self, arrived: bytes) -> bytes:
        parted = arrived.startswith(b"[") != arrived.endswith(b"]")
        return b"" if parted else arrived


async def test_who_refuses_what_came_in_two_parts_fails_without_an_oracle_too() -> None:
    with Clean(application=OneRead) as receiver:
        assert {key: failure.verdict for key, failure in (await framings_found(receiver.url)).items()} == {
            "halves: 4xx": Verdict.FAIL
        }


async def test_a_receiver_that_never_says_continue_is_accused_of_nothing() -> None:
    class Silent(Receiver):
        expects = False

    with Clean(application=Silent) as receiver:
        assert await framings_found(receiver.url, receiver.oracle_url) == {}
