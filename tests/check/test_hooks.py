"""Commands of the receiver's owner: run as they are, waited for, and told of when they fail."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from aiohttp import web

from emulators.check.hooks import HookFailed, Hooks
from emulators.errors import EgressRefused, InvalidValue, UnknownName
from tests.support.receiver import Receiver, free_port_url

pytestmark = pytest.mark.asyncio


def program(text: str, *words: str) -> list[str]:
    return [sys.executable, "-c", text, *words]


async def test_a_hook_is_run_to_its_end_and_not_by_a_shell(tmp_path: Path) -> None:
    said = tmp_path / "said"
    hooks = Hooks(
        reset=program("import sys; open(sys.argv[1], 'w').write(sys.argv[2])", str(said), "$HOME; *")
    )
    await hooks.reset()
    assert said.read_text() == "$HOME; *"
    assert [done.trouble for done in hooks.ran] == [""]


async def test_what_is_there_is_known() -> None:
    hooks = Hooks(restart=["true"])
    assert [hooks.has(need) for need in ("restart", "reset")] == [True, False]
    with pytest.raises(UnknownName, match="did you mean 'restart'"):
        hooks.has("restrat")


async def test_without_a_hook_a_reset_does_nothing_and_a_restart_is_refused() -> None:
    await Hooks().reset()
    with pytest.raises(HookFailed, match="no restart hook"):
        await Hooks().restart()


async def test_a_hook_that_fails_tells_the_last_that_it_said_without_secrets() -> None:
    text = "import sys; print('x' * 9000); print('password=hunter22'); print('no such service'); sys.exit(4)"
    with pytest.raises(HookFailed, match=r"the restart hook failed: .* ended with exit code 4") as caught:
        await Hooks(restart=program(text)).restart()
    assert str(caught.value).endswith("no such service")
    assert "hunter22" not in str(caught.value)
    assert len(str(caught.value)) < 5000


async def test_a_hook_that_cannot_be_started_or_does_not_end_is_told() -> None:
    with pytest.raises(HookFailed, match="cannot be started: No such file"):
        await Hooks(reset=["/no/such/command"]).reset()
    with pytest.raises(HookFailed, match=r"did not end within 0\.3 s"):
        await Hooks(reset=program("import threading; threading.Event().wait()"), timeout=0.3).reset()


async def test_a_hook_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    text = (
        "import os, sys, threading\n"
        "held = open(sys.argv[1], 'w')\n"
        "os.fork()\n"
        "print('x', file=held, flush=True)\n"
        "threading.Event().wait()"
    )
    try:
        with pytest.raises(HookFailed, match="did not end"):
            await Hooks(reset=program(text, str(pipe)), timeout=2).reset()
        # An end of file: nobody holds its other end any more.
        read = asyncio.to_thread(lambda: list(iter(lambda: os.read(reader, 100), b"")))
        assert b"".join(await asyncio.wait_for(read, 30)) == b"x\nx\n"
    finally:
        os.close(reader)


async def test_a_server_that_a_hook_leaves_in_the_background_lives_on(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    text = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid))"
    )
    await Hooks(restart=program(text, str(pid)), timeout=30).restart()
    os.kill(int(pid.read_text()), signal.SIGKILL)


async def test_a_cancelled_run_leaves_no_hook_behind(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "import sys, threading; held = open(sys.argv[1], 'w'); print(1, file=held, flush=True); threading.Event().wait()"
    task = asyncio.create_task(Hooks(reset=program(text, str(pipe))).reset())
    reading = await asyncio.to_thread(pipe.open)
    with reading:
        assert await asyncio.to_thread(reading.readline) == "1\n"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(reading.read) == ""


async def test_after_a_restart_the_receiver_is_waited_for() -> None:
    answers = [503, 503, 200]
    asked: list[int] = []

    async def ready(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(answers[len(asked)])
        return web.Response(status=asked[-1])

    server = web.Server(ready)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/health"
    try:
        await Hooks(restart=["true"], ready_url=url).restart()
    finally:
        listening.close()
        await server.shutdown(timeout=0.1)
    assert asked == answers


async def test_of_the_target_any_answer_will_do() -> None:
    async with Receiver(get=500) as receiver:
        await Hooks(restart=["true"], target=receiver.url).restart()
        assert [request.method for request in receiver.received] == ["GET"]


async def test_a_receiver_that_does_not_come_back_is_told() -> None:
    with pytest.raises(HookFailed, match=r"is not ready within 0\.2 s"):
        await Hooks(restart=["true"], target=free_port_url(), timeout=0.2).restart()


async def test_bad_hooks_are_refused_before_anything_runs() -> None:
    with pytest.raises(InvalidValue, match="restart command: expected a list of words"):
        Hooks(restart="systemctl restart app")
    with pytest.raises(EgressRefused):
        Hooks(ready_url="http://10.0.0.1/health")
