"""A process that goes on with the file of an earlier one: what it takes up, and what it refuses in words."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from emulators.errors import EmulatorError
from emulators.remote.client import Client
from tests.cli.running import Serving, run
from tests.support.receiver import Receiver

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there")
ONCE = {"retry_delays": [], "batch_size": 1}


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


@contextmanager
def serving(state: str, *words: str) -> Iterator[tuple[Serving, Client]]:
    with Serving(*words, "--port", "0", "--state", state) as process:
        yield process, Client(process.ready["control"], process.ready["token"])


def post_in_background(client: Client, path: str, **fields: Any) -> threading.Thread:
    """Asks for what ends with the process only."""

    def ask() -> None:
        with pytest.raises(EmulatorError):
            client.post(path, **fields)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


# -- an end in good order


@pytest.mark.parametrize("clock", ["wall", "virtual"])
def test_what_is_on_its_way_when_the_process_is_told_to_end_is_sent_again(state: str, clock: str) -> None:
    """Even where the vendor tries only once: the receiver did nothing wrong."""
    arrived = threading.Event()

    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        arrived.set()
        await asyncio.Event().wait()
        return web.Response()

    with Receiver(silent) as receiver:
        with serving(state, "sendpulse", "--clock", clock) as (first, client):
            client.post("/sendpulse/subscriptions", url=receiver.url, policy=ONCE)
            client.post("/sendpulse/events", kind="opened", count=2)
            turning = post_in_background(client, "/clock/advance", by=60) if clock == "virtual" else None
            assert arrived.wait(30)
            assert first.stop() == 0
            if turning:
                turning.join()
        with serving(state, "sendpulse", "--clock", clock) as (_, client):
            client.post("/drain", within="1h")
            told = client.get("/sendpulse/deliveries")["deliveries"]
    assert len(receiver.posts) == 3
    outcomes = [(each["outcome"], "the process ended before" in each["reason"]) for each in told]
    assert outcomes.count(("acknowledged", False)) == 2
    assert {each for each in outcomes if each != ("acknowledged", False)} == {("rescheduled", True)}


def test_a_good_end_leaves_one_file(state: str) -> None:
    with serving(state, "hellotext") as (process, client):
        client.get("/hellotext/subscriptions")
        assert process.stop() == 0
    assert sorted(path.name for path in Path(state).parent.iterdir()) == ["state.db", "state.db.lock"]


# -- the words of the command line, the second time


def test_tenants_keep_their_seeds_whatever_the_seed_of_the_process(state: str) -> None:
    with serving(state, "hellotext", "--seed", "5") as (first, client):
        client.post("/tenants", name="suite", seed=7)
        assert first.stop() == 0
    with serving(state, "hellotext", "--seed", "5") as (second, client):
        assert client.get("/tenants")["tenants"] == [
            {"name": "default", "seed": 5},
            {"name": "suite", "seed": 7},
        ]
        assert second.stop() == 0


def test_a_new_tenant_has_the_seed_and_the_beginning_of_the_file(state: str) -> None:
    virtual = ("hellotext", "--clock", "virtual")
    asked = ("--seed", "5", "--start", "2026-06-01T00:00:00Z")
    with serving(state, *virtual, *asked) as (first, _):
        assert first.stop() == 0
    with serving(state, *virtual) as (second, client):
        assert client.post("/tenants", name="suite")["seed"] == 5
        client.post("/tenants", name="other", seed=0)
        assert of_tenant(client, "suite").get("/clock")["now"].startswith("2026-06-01T00:00:00")
        assert second.stop() == 0
    with serving(state, *virtual, *asked) as (_, client):
        assert [each["seed"] for each in client.get("/tenants")["tenants"]] == [5, 5, 0]


@pytest.mark.parametrize(
    ("words", "code", "wanted"),
    [
        (["esputnik@2023-09", "--seed", "6"], 2, "--seed: what is kept was made with 5, not 6"),
        (["esputnik@2025-06"], 3, "name esputnik@2023-09, or begin with another file"),
        (["hellotext"], 3, "it remembers esputnik, which is not served here; name esputnik@2023-09 too"),
        (
            ["esputnik@2023-09", "--start", "2027-01-01T00:00:00Z"],
            2,
            "--start: what is kept began at 2026-06-01",
        ),
    ],
)
def test_what_does_not_fit_to_the_file_is_refused_in_one_line(
    state: str, words: list[str], code: int, wanted: str
) -> None:
    begun = ("--clock", "virtual", "--start", "2026-06-01T00:00:00Z", "--seed", "5")
    with serving(state, "esputnik@2023-09", *begun) as (first, client):
        client.post("/clock/advance", by=1)
        client.get("/esputnik/subscriptions")
        assert first.stop() == 0
    done = run("serve", "--clock", "virtual", *words, "--port", "0", "--state", state)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert wanted in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    with serving(state, "esputnik@2023-09", *begun) as (_, client):
        assert client.get("/clock")["now"].startswith("2026-06-01T00:00:01")


@pytest.mark.parametrize(("before", "after"), [("virtual", "wall"), ("wall", "virtual")])
def test_a_world_is_not_put_under_another_kind_of_clock(state: str, before: str, after: str) -> None:
    with serving(state, "hellotext", "--clock", before) as (first, _):
        assert first.stop() == 0
    done = run("serve", "hellotext", "--clock", after, "--port", "0", "--state", state)
    assert done.returncode == 2, done.stderr
    assert f"--clock: what is kept goes by a {before} clock, not by a {after} one" in done.stderr


def test_a_clock_may_run_at_another_speed_and_goes_on_from_the_last_time_it_told(state: str) -> None:
    with serving(state, "hellotext", "--speed", "3600000") as (first, client):
        before = client.get("/clock")["now"]
        assert first.stop() == 0
    with serving(state, "hellotext") as (_, client):
        assert client.get("/clock")["now"] >= before


def test_a_world_in_which_nothing_happened_begins_where_it_was_to_begin(state: str) -> None:
    with serving(state, "hellotext", "--clock", "virtual", "--start", "2027-03-01T00:00:00Z") as (first, _):
        assert first.stop() == 0
    with serving(state, "hellotext", "--clock", "virtual") as (_, client):
        assert client.get("/clock")["now"].startswith("2027-03-01T00:00:00")


def test_a_receiver_named_on_the_command_line_is_registered_once(state: str) -> None:
    with Receiver() as receiver:
        words = ("sendpulse", "--subscribe", f"sendpulse={receiver.url}")
        with serving(state, *words) as (process, _):
            process.said("subscription 1")
            assert process.stop(signal.SIGINT) == 130
        for verb in ("pause", "resume"):
            with serving(state, *words) as (process, client):
                client.post(f"/sendpulse/subscriptions/1/{verb}")
                known = client.get("/sendpulse/subscriptions")["subscriptions"]
                assert [each["id"] for each in known] == [1]
                assert process.stop(signal.SIGINT) == 130
        with serving(state, *words) as (_, client):
            known = client.get("/sendpulse/subscriptions")["subscriptions"]
            assert [(each["id"], each["state"]) for each in known] == [(1, "active")]


def test_a_world_that_went_back_stays_there(state: str) -> None:
    with Receiver() as receiver, serving(state, "sendpulse", "--clock", "virtual") as (process, client):
        client.post("/sendpulse/subscriptions", url=receiver.url, policy={"batch_window": 60})
        client.post("/sendpulse/events", kind="opened")
        before = client.get("/clock")["now"]
        client.post("/snapshots", name="owed")
        client.post("/drain")
        client.post("/snapshots/owed/restore")
        assert process.stop() == 0
        with serving(state, "sendpulse", "--clock", "virtual") as (_, client):
            assert client.get("/clock")["now"] == before
            assert client.get("/sendpulse/deliveries")["deliveries"] == []
            client.post("/drain")
            assert len(client.get("/sendpulse/deliveries")["deliveries"]) == 1
        assert len(receiver.posts) == 2


def test_a_tenant_goes_on_with_what_it_owed_and_one_that_went_is_gone(state: str) -> None:
    with Receiver() as receiver:
        with serving(state, "sendpulse", "--clock", "virtual") as (process, client):
            for name in ("suite", "gone"):
                client.post("/tenants", name=name)
                of_tenant(client, name).post("/sendpulse/subscriptions", url=f"{receiver.url}/{name}")
                of_tenant(client, name).post("/sendpulse/events", kind="opened")
            client.ask("DELETE", "/tenants/gone")
            assert process.stop() == 0
        with serving(state, "sendpulse", "--clock", "virtual") as (_, client):
            assert [each["name"] for each in client.get("/tenants")["tenants"]] == ["default", "suite"]
            client.post("/drain")
            assert receiver.posts == []
            of_tenant(client, "suite").post("/drain")
            [post] = receiver.posts
    assert post.path == "/hook/suite"


def of_tenant(client: Client, name: str) -> Client:
    theirs = Client.__new__(Client)
    theirs.__dict__ = {**client.__dict__, "_headers": {**client._headers, "X-Emulator-Tenant": name}}
    return theirs
