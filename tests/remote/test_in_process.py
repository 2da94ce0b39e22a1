"""An emulator in a process of its own behaves as one that lives here."""

from __future__ import annotations

import urllib.request

import pytest

from emulators import catalog, in_process, in_thread
from emulators.engine.freezing import freeze
from emulators.errors import (
    EmulatorError,
    InvalidValue,
    NobodyListens,
    StillOwed,
    UnknownName,
    VerificationFailed,
)
from emulators.faults import Answer, LostAck
from tests.support.receiver import Receiver


def story(emulator, receiver) -> None:
    """Everything that a verb can do, once."""
    receiver.get = 500
    with pytest.raises(VerificationFailed) as refused:
        emulator.subscribe(receiver.url)
    assert refused.value.status == 500
    receiver.get = 200
    subscription = emulator.subscribe(receiver.url, auth=("ann", "secret"), headers={"X-One": "1"})
    emulator.inject(LostAck())
    emulator.emit("READ", email="ann@example.com")
    emulator.emit("SENT", count=3)
    emulator.advance("1m")
    emulator.replay("activity.bulk")
    emulator.send({"any": "thing", "number": 2**70})
    emulator.drain()
    subscription.pause()
    subscription.resume()
    with emulator.inject(Answer(503, b"\xff\xfe")):
        pass
    emulator.send(b"\xff")
    emulator.flush()
    subscription.cancel()


def test_one_story_gives_one_journal_here_and_there(tmp_path):
    journals = []
    for where in (in_thread, in_process):
        with Receiver() as receiver, where("esputnik", seed=5) as emulator:
            story(emulator, receiver)
            lines = [freeze(entry) for entry in emulator.world.journal.entries]
            journals.append([line.replace(receiver.url.encode(), b"URL") for line in lines])
    here, there = journals
    hidden = [line.replace(b"Basic YW5uOnNlY3JldA==", b"Basic <redacted>") for line in here]
    assert hidden == there


def test_what_is_asked_afterwards_is_the_same():
    told = []
    for where in (in_thread, in_process):
        with Receiver() as receiver, where("sendpulse", seed=5, clock="virtual") as emulator:
            emulator.subscribe(receiver.url)
            emulator.emit("opened", recipient="ann@example.com")
            emulator.advance("1m")
            emulator.assert_delivered("opened", recipient="ann@example.com")
            with pytest.raises(AssertionError, match="nearest"):
                emulator.assert_delivered("opened", recipient="bob@example.com")
            [delivery] = emulator.deliveries("opened", "acknowledged")
            told.append(
                (
                    delivery.body,
                    delivery.status,
                    emulator.now,
                    emulator.timeline().replace(receiver.url, "URL"),
                )
            )
            told[-1] = (*told[-1][:3], told[-1][3].split("->")[0])
    assert told[0] == told[1]


def test_an_app_calls_it_and_the_call_is_waited_for():
    with in_process("hellotext") as hellotext:
        request = urllib.request.Request(
            hellotext.env["HELLOTEXT_URL"] + "/attribution/events",
            catalog.samples("hellotext")["track-event.request.session"].body,
            {
                "Authorization": f"Bearer {hellotext.env['HELLOTEXT_TOKEN']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 201
        assert hellotext.wait_for_call("track-event", action="product.purchased").status == 201
        hellotext.assert_called("track-event", action="product.purchased")
        with pytest.raises(AssertionError, match="waited"):
            hellotext.wait_for_call("track-event", timeout=0.01, action="cart.added")


def test_errors_arrive_as_what_they_are():
    with Receiver(then=500) as receiver, in_process("esputnik") as esputnik:
        with pytest.raises(NobodyListens):
            esputnik.emit("READ")
        esputnik.subscribe(receiver.url)
        with pytest.raises(UnknownName, match="'UNDELIVERED'"):
            esputnik.emit("UNDELIVERD")
        with pytest.raises(InvalidValue, match="count"):
            esputnik.emit("READ", count=0)
        esputnik.emit("READ")
        with pytest.raises(StillOwed):
            esputnik.drain("1h")


def test_two_vendors_may_share_a_process_and_its_clock():
    with in_process("esputnik") as esputnik, in_process("sendpulse", world=esputnik.world) as sendpulse:
        esputnik.advance("1h")
        assert sendpulse.now == esputnik.now
        with (
            pytest.raises(InvalidValue, match="belongs to the process"),
            in_process("hellotext", world=esputnik.world, seed=3),
        ):
            pass


async def test_awaited_verbs_leave_the_loop_to_the_receiver(emulate):
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    async def hook(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/hook", hook)
    async with TestServer(app) as server:
        with emulate.in_process("esputnik") as esputnik:
            await esputnik.aio.subscribe(str(server.make_url("/hook")))
            esputnik.aio.emit("READ")
            await esputnik.aio.advance("1m")
            assert [d.status for d in esputnik.deliveries()] == [200]


def test_who_looks_too_late_is_told_so():
    """The process keeps 64 MiB of its journal; no state follows from half a journal."""
    with Receiver() as receiver, in_process("sendpulse") as sendpulse:
        sendpulse.subscribe(receiver.url)
        for _ in range(12):
            sendpulse.send(b"x" * 6_000_000)
        for _ in range(2):
            with pytest.raises(EmulatorError, match="dropped entries 1 to"):
                sendpulse.deliveries()


def test_a_call_that_is_not_imitated_fails_a_test_that_uses_a_process(project):
    project.makepyfile(
        """
        import urllib.error, urllib.request

        def test_it(emulate):
            with emulate.in_process("esputnik") as esputnik:
                try:
                    urllib.request.urlopen(esputnik.url + "/nowhere", timeout=10)
                except urllib.error.HTTPError as refusal:
                    refusal.close()
        """
    )
    result = project.runpytest_subprocess("-q", "-p", "emulators.pytest_plugin")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*has no GET /nowhere*"])


def test_a_process_takes_a_free_port_and_refuses_another_in_words():
    with (
        pytest.raises(
            InvalidValue, match=r"port: a process takes a free one, which \.url tells; .* got 13000"
        ),
        in_process("esputnik", port=13_000),
    ):
        pass


def test_what_is_refused_is_refused_in_the_same_words_as_here():
    said = []
    for host in (in_thread, in_process):
        with host("esputnik") as esputnik:
            with pytest.raises(InvalidValue) as no_fault:
                esputnik.inject("LostAck")
            with pytest.raises(NobodyListens) as nobody:
                esputnik.emit("READ")
            said.append((str(no_fault.value), str(nobody.value)))
    assert said[0] == said[1]
    assert said[0] == (
        "inject: expected faults such as LostAck(), got 'LostAck'",
        "no active subscription of esputnik wants activity.READ; subscribe first: esputnik.subscribe(url)",
    )
