"""On your loop or in a thread: the same emulator, the same journal."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emulators
from emulators import in_loop, in_thread
from emulators.engine.journal import Delivery, Entry, Probe
from emulators.errors import Closed, EmulatorError, InvalidValue, TargetUnusable, UnknownName, WouldBlock
from emulators.faults import LostAck
from tests.support.receiver import Receiver


async def test_a_blocking_verb_on_a_running_loop_is_refused_and_names_the_way_out(esputnik) -> None:
    for verb, call in {
        "advance": lambda: esputnik.advance("1m"),
        "subscribe": lambda: esputnik.subscribe("http://127.0.0.1:1/"),
        "drain": esputnik.drain,
        "flush": esputnik.flush,
        "reset": esputnik.reset,
        "wait_for_call": lambda: esputnik.wait_for_call("x"),
    }.items():
        with pytest.raises(WouldBlock, match=rf"use: await esputnik\.aio\.{verb}\(\.\.\.\)"):
            call()


async def test_awaited_a_verb_lets_a_receiver_on_the_same_loop_answer(esputnik) -> None:
    async with Receiver() as app:
        await esputnik.aio.subscribe(app.url)
        esputnik.aio.emit("READ")
        await esputnik.aio.advance("1m")
        assert len(app.posts) == 1
        await esputnik.aio.drain()
        await esputnik.aio.flush()
        await esputnik.aio.reset()
    assert esputnik.deliveries() == []


def without_url(entry: Entry) -> Entry:
    return replace(entry, url="") if isinstance(entry, Delivery | Probe) else entry


async def story(emulator: Any, app: Receiver) -> None:
    await emulator.aio.subscribe(app.url)
    emulator.inject(LostAck(probability=0.5, times=2))
    emulator.emit("DELIVERED", count=3)
    emulator.replay("activity.bulk")
    await emulator.aio.advance("2m")
    emulator.emit("READ", email="ann@example.com")
    emulator.send({"any": ["thing"]})
    await emulator.aio.drain()


def test_the_same_story_in_loop_and_in_thread_leaves_the_same_journal() -> None:
    with Receiver() as app:

        async def on_a_loop() -> tuple[list[Entry], Any]:
            app.answers.extend([500, 204])
            async with in_loop("esputnik", seed=5) as emulator:
                await story(emulator, app)
                return emulator.world.journal.entries, emulator.world.state.snapshot()

        looped = asyncio.run(on_a_loop())
        app.answers.extend([500, 204])
        with in_thread("esputnik", seed=5) as emulator:
            asyncio.run(story(emulator, app))
            threaded = emulator.world.journal.entries, emulator.world.state.snapshot()
    assert looped == threaded
    assert len(looped[0]) > 15


BYTES = """
import asyncio, sys
sys.modules["faker"] = None
from emulators import in_loop

async def main():
    for vendor, kind in (("sendpulse", "delivered"), ("esputnik", "CLICKED"), ("pushwoosh", "Email Sent")):
        async with in_loop(vendor, seed=int(sys.argv[1])) as emulator:
            await emulator.aio.subscribe("http://127.0.0.1:9/hook", probe=None)
            for event in emulator.emit(kind, count=20):
                print(event.body.decode())

asyncio.run(main())
"""


def written(seed: int) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(emulators.__file__).parents[1]),
        "PYTHONIOENCODING": "utf-8",
    }
    command = [sys.executable, "-c", BYTES, str(seed)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, encoding="utf-8").stdout


def test_the_same_seed_writes_the_same_bytes_in_any_process_without_faker_and_two_seeds_differ() -> None:
    first, again, other = written(1), written(1), written(2)
    assert first == again
    assert len(first.splitlines()) == 60
    assert not set(first.splitlines()) & set(other.splitlines())


def test_what_happens_elsewhere_does_not_change_what_an_emulator_writes(emulate) -> None:
    def bodies(neighbour: bool) -> list[bytes]:
        with Receiver() as app, emulate.in_thread("sendpulse") as sendpulse:
            sendpulse.subscribe(app.url)
            if neighbour:
                with emulate.in_thread("pushwoosh", world=sendpulse.world) as pushwoosh:
                    pushwoosh.subscribe(app.url)
                    pushwoosh.emit("Email Sent", count=5)
            return [event.body for event in sendpulse.emit("opened", count=5)]

    assert bodies(neighbour=True) == bodies(neighbour=False)


def test_many_threads_that_emit_at_once_lose_nothing(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        start = threading.Barrier(8)

        def emit() -> None:
            start.wait()
            for _ in range(50):
                sendpulse.emit("opened")

        threads = [threading.Thread(target=emit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sendpulse.advance("1m")
        assert sum(len(post.json) for post in app.posts) == 400
    ordinals = [event.ordinal for delivery in sendpulse.deliveries() for event in delivery.events]
    assert sorted(ordinals) == list(range(1, 401))


def test_a_fresh_emulator_keeps_url_and_credentials_and_forgets_all_else(emulate) -> None:
    with Receiver() as app:
        seen = []
        for seed in (1, 2):
            with emulate.fresh("esputnik", seed=seed) as esputnik:
                assert esputnik.deliveries() == []
                assert esputnik.subscriptions() == []
                esputnik.subscribe(app.url)
                esputnik.emit("READ")
                esputnik.advance("1m")
                assert len(esputnik.deliveries()) == 1
                seen.append((esputnik.url, esputnik.env))
        assert seen[0] == seen[1]


@settings(max_examples=15, deadline=None)
@given(kinds=st.lists(st.sampled_from(["READ", "CLICKED", "DELIVERED"]), min_size=1, max_size=3))
def test_fresh_emulators_serve_under_given(emulate, kinds: list[str]) -> None:
    with Receiver() as app, emulate.fresh("esputnik") as esputnik:
        esputnik.subscribe(app.url)
        for kind in kinds:
            esputnik.emit(kind)
        esputnik.advance("1m")
        assert [event["activityStatus"] for event in app.posts[0].json] == kinds


def test_two_fresh_ones_of_a_kind_at_a_time_are_refused(emulate) -> None:
    with emulate.fresh("esputnik"), pytest.raises(InvalidValue, match="in use"), emulate.fresh("esputnik"):
        pass


def test_emulators_of_one_world_share_the_clock_and_the_journal(emulate) -> None:
    start = datetime(2030, 6, 1, tzinfo=UTC)
    with (
        emulate.in_thread("esputnik", start=start) as esputnik,
        emulate.in_thread("esputnik", world=esputnik.world) as second,
    ):
        second.advance("1h")
        assert esputnik.now == datetime(2030, 6, 1, 1, tzinfo=UTC)
        assert (esputnik.name, second.name) == ("esputnik", "esputnik-2")
        assert second.url != esputnik.url


def test_an_unknown_setting_is_refused_with_the_nearest(emulate) -> None:
    with pytest.raises(UnknownName, match="did you mean 'options'"), emulate.in_thread("esputnik", option={}):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks exist on POSIX systems only")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_that_the_emulator_lives_elsewhere(esputnik) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            esputnik.advance("1m")
        except EmulatorError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        assert "another process" in told.read()


def test_a_stopped_emulator_can_be_looked_back_at_and_no_more(emulate) -> None:
    with Receiver() as app:
        with emulate.in_thread("sendpulse") as sendpulse:
            sendpulse.subscribe(app.url)
            sendpulse.emit("opened")
            sendpulse.advance("1m")
        assert len(sendpulse.deliveries()) == 1
        for verb in (lambda: sendpulse.emit("opened"), lambda: sendpulse.send([]), sendpulse.drain):
            with pytest.raises(Closed, match="start a fresh one"):
                verb()


async def test_a_world_does_not_turn_on_two_loops(esputnik) -> None:
    with pytest.raises(InvalidValue, match="live on one loop"):
        async with in_loop("sendpulse", world=esputnik.world):
            pass


@pytest.mark.parametrize("headers", [{"x": 5}, {"x": "a\r\nb: c"}, {"x\n": "y"}])
def test_headers_that_cannot_travel_are_refused_when_subscribing(headers, esputnik) -> None:
    with pytest.raises(InvalidValue, match="headers: expected"):
        esputnik.subscribe("http://127.0.0.1:1/hook", headers=headers)


def test_a_port_that_cannot_be_had_is_refused_in_words():
    with Receiver() as other:
        wanted = rf"port {other.port} of 127\.0\.0\.1 cannot be had: Address already in use; port=0 takes a free one"
        with pytest.raises(TargetUnusable, match=wanted), in_thread("esputnik", port=other.port):
            pass
    with pytest.raises(TargetUnusable, match=r"port 70000 .*0-65535"), in_thread("esputnik", port=70_000):
        pass
