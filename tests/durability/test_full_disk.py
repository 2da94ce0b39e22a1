"""A disk that takes no more while the process runs: it ends and says so, for what it took from then on would be lost."""

from __future__ import annotations

import asyncio
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from aiohttp import web

from emulators.errors import EmulatorError
from emulators.remote.client import Client
from tests.cli.running import Serving, run
from tests.support.receiver import Receiver

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="no other system lets a test take a disk away"
)


def fill_up(serving: Serving) -> None:
    """From now on no file of the process may grow."""
    import resource

    resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, (0, 0))


def check_end(serving: Serving, state: Path) -> None:
    _, said = serving.process.communicate(timeout=30)
    assert serving.process.returncode == 3
    [line] = [line for line in said.splitlines() if line.startswith("emulators: state")]
    assert line.startswith(f"emulators: state {state}: the disk does not take it")
    assert "Traceback" not in said, said
    assert "never retrieved" not in said, said


def test_an_app_is_not_told_that_its_call_was_taken(tmp_path):
    state = tmp_path / "state.db"
    with Serving("hellotext", "--port", "0", "--state", str(state)) as serving:
        env = serving.ready["providers"]["hellotext"]["env"]
        headers = {"Authorization": f"Bearer {env['HELLOTEXT_TOKEN']}"}
        url = f"{env['HELLOTEXT_URL']}/profiles"
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            assert answer.status == 200
        fill_up(serving)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30)
        with refused.value as answer:
            assert answer.status == 503
            assert "the disk does not take it" in answer.headers["x-emulator-error"]
        check_end(serving, state)


def test_who_emits_is_told_why_nothing_happened(tmp_path):
    state = tmp_path / "state.db"
    with Receiver() as receiver, Serving("sendpulse", "--port", "0", "--state", str(state)) as serving:
        client = Client(serving.ready["control"], serving.ready["token"])
        client.post("/sendpulse/subscriptions", url=receiver.url)
        fill_up(serving)
        with pytest.raises(EmulatorError, match="the disk does not take it"):
            client.post("/sendpulse/events", kind="opened")
        check_end(serving, state)


def test_an_outcome_that_nobody_waits_for_ends_the_process_too(tmp_path):
    """The receiver answers after the disk was full, and nobody asks for anything after that."""
    state = tmp_path / "state.db"
    arrived, answer = threading.Event(), threading.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        arrived.set()
        await asyncio.to_thread(answer.wait)
        return web.Response()

    words = ("sendpulse", "--port", "0", "--state", str(state))
    with Receiver(slow) as receiver:
        with Serving(*words) as serving:
            client = Client(serving.ready["control"], serving.ready["token"])
            client.post("/sendpulse/subscriptions", url=receiver.url, policy={"batch_size": 1})
            client.post("/sendpulse/events", kind="opened")
            assert arrived.wait(30)
            fill_up(serving)
            answer.set()
            check_end(serving, state)
        with Serving(*words) as serving:
            client = Client(serving.ready["control"], serving.ready["token"])
            client.post("/drain")
            told = client.get("/sendpulse/deliveries")["deliveries"]
    assert [each["outcome"] for each in told] == ["rescheduled", "acknowledged"]
    assert "the process ended before an answer was seen" in told[0]["reason"]
    assert len(receiver.posts) == 2


def test_exec_ends_its_command_and_says_why(tmp_path):
    """The exit code is not what the command made of it."""
    state = tmp_path / "state.db"
    program = """
import os, resource, signal, sys, urllib.request
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (0, 0))
try:
    urllib.request.urlopen(os.environ["HELLOTEXT_URL"] + "/profiles", timeout=30)
except OSError:
    signal.pause()
"""
    done = run("exec", "hellotext", "--state", str(state), "--", sys.executable, "-c", program)
    assert done.returncode == 3
    [line] = [line for line in done.stderr.splitlines() if line.startswith("emulators: state")]
    assert line.startswith(f"emulators: state {state}: the disk does not take it")
    assert "Traceback" not in done.stderr
