"""What goes in and out is kept in a file, whole at every moment and without its credentials."""

from __future__ import annotations

import itertools
import json
import re
import stat
import subprocess
import sys
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from emulators import hosting, in_loop
from emulators.engine.journal import Delivery, Exchange
from emulators.errors import InvalidValue, VerificationFailed
from emulators.recording.recorder import Recorder
from emulators.redaction import Veil
from tests.cli.running import environment, run
from tests.support.receiver import Receiver

pytestmark = pytest.mark.anyio
CANARY = "canary-7f3a91c5"
FORMS = ("traffic.ndjson", "traffic.har")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def entries(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_bytes())["log"]["entries"]


async def traffic(path: Path, clean: bool = False) -> None:
    """Calls with our credentials and with others, webhooks with a retry, a verification."""
    async with Receiver(503, then=200) as receiver, in_loop("sendpulse") as sendpulse:
        veil = Veil(harmless=sendpulse.credentials.values())
        with Recorder(path, veil) as recorder:
            recorder.attach(sendpulse.world)
            await sendpulse.aio.subscribe(
                f"{receiver.url}?token={CANARY}", feed="smtp", headers={"X-Key": CANARY}
            )
            async with in_loop("esputnik", world=sendpulse.world) as esputnik, aiohttp.ClientSession() as app:
                await esputnik.aio.subscribe(receiver.url)
                env = sendpulse.env
                good = {
                    "client_id": env["SENDPULSE_CLIENT_ID"],
                    "client_secret": env["SENDPULSE_CLIENT_SECRET"],
                }
                for secret in () if clean else (CANARY,):
                    await app.post(
                        f"{sendpulse.url}/oauth/access_token?key={CANARY}",
                        json={**good, "client_secret": secret},
                    )
                    await app.post(
                        f"{sendpulse.url}/oauth/access_token", data={**good, "client_secret": secret}
                    )
                await app.post(
                    f"{sendpulse.url}/oauth/access_token", json={"grant_type": "client_credentials", **good}
                )
                login = f"any:{env_key(esputnik.env) if clean else CANARY}".encode()
                async with app.get(
                    f"{esputnik.url}/api/v1/account/info?a=%C3%A9",
                    headers={"Authorization": f"Basic {b64encode(login).decode()}"},
                ) as answer:
                    await answer.read()
                sendpulse.emit("delivered", count=2)
                esputnik.emit("SENT", count=3)
                await sendpulse.aio.drain()


def env_key(env: dict[str, str]) -> str:
    return next(value for name, value in env.items() if name.endswith("API_KEY"))


@pytest.mark.parametrize("name", FORMS)
async def test_no_credential_is_in_the_file_and_only_its_owner_may_read_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.touch()
    path.chmod(0o644)
    await traffic(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert CANARY not in text
    assert text.count("<redacted>") > 5


async def test_lines_say_who_asked_whom_and_what_came_of_it(tmp_path: Path) -> None:
    await traffic(path := tmp_path / "traffic.ndjson")
    told = lines(path)
    delivered = [one for one in told if one.get("feed") == "smtp"]
    assert [(one["attempt"], one["status"], one["outcome"]) for one in delivered] == [
        (1, 503, "rescheduled"),
        (2, 200, "acknowledged"),
    ]
    assert [len(one["json"]) for one in delivered] == [2, 2]
    assert all(one["provider"] == "sendpulse" and one["direction"] == "request" for one in delivered)
    assert all("<redacted>" in one["url"] for one in delivered)
    assert ["X-Key", "<redacted>"] in delivered[0]["headers"]
    probe = next(one for one in told if one["method"] == "GET" and one["provider"] == "esputnik")
    assert (probe["outcome"], probe["status"]) == ("verified", 200)
    calls = [one for one in told if one.get("route")]
    assert [one["direction"] for one in calls] == ["request", "response"] * (len(calls) // 2)
    refused = calls[1]
    assert (refused["provider"], refused["route"], refused["status"]) == ("sendpulse", "oauth-token", 400)
    assert calls[-1]["url"].endswith("/api/v1/account/info?a=%C3%A9")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", one["at"]) for one in told)


async def test_an_archive_is_a_har(tmp_path: Path) -> None:
    await traffic(path := tmp_path / "traffic.har")
    log = json.loads(path.read_bytes())["log"]
    assert log["version"] == "1.2"
    assert set(log["creator"]) == {"name", "version"}
    for entry in log["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        request, response = entry["request"], entry["response"]
        assert {
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        } <= set(request)
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"} <= set(response)  # fmt: skip
        assert request["url"].startswith("http://")
        assert all(set(pair) == {"name", "value"} for pair in (*request["headers"], *request["queryString"]))
        if "postData" in request:
            assert {"mimeType", "text"} <= set(request["postData"])
        assert {"size", "mimeType"} <= set(response["content"])
        assert {"send", "wait", "receive"} <= set(entry["timings"])
    assert [e["_attempt"] for e in log["entries"] if e.get("_feed") == "smtp"] == [1, 2]


@pytest.mark.parametrize("name", FORMS)
async def test_drift_reads_what_was_recorded_and_finds_none(name: str, tmp_path: Path) -> None:
    await traffic(path := tmp_path / name, clean=True)
    done = run("drift", "sendpulse", str(path), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["compared"] == {"oauth-token.request": 1, "oauth-token.response": 1, "smtp.event": 4}
    assert told["unreadable"]["reasons"] == {}
    assert "traffic of esputnik" in told["not_compared"]
    other = json.loads(run("drift", "esputnik", str(path), "--json").stdout)
    assert other["compared"] == {"account-info.request": 1, "account-info.response": 1, "activity.event": 3}
    assert other["drift"] == []


async def test_a_body_comes_back_as_the_bytes_it_was(tmp_path: Path) -> None:
    from emulators.drifting.capture import read

    bodies = [
        b'{"n": 1}',
        b'{"n":1.0}',
        b'["\\ud800"]',
        b"\xff\x00",
        "текст".encode(),
        b'{"n":18446744073709551615}',
        b"null",
    ]
    for name in FORMS:
        async with Receiver() as receiver, in_loop("pushwoosh") as pushwoosh:
            with Recorder(tmp_path / name, Veil()) as recorder:
                recorder.attach(pushwoosh.world)
                await pushwoosh.aio.subscribe(receiver.url)
                for body in bodies:
                    pushwoosh.send(body)
                    await pushwoosh.aio.flush()
        from emulators.engine import codec

        found = [content for _, content in read(tmp_path / name) if content.feed == "webhook"]
        assert [one.raw if one.raw is not None else codec.encode(one.value) for one in found] == bodies


async def test_worlds_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "traffic.ndjson"
    with Recorder(path, Veil()) as recorder:
        for number in (1, 2):
            async with Receiver() as receiver, in_loop("pushwoosh") as pushwoosh:
                recorder.attach(pushwoosh.world, f"suite-{number}")
                await pushwoosh.aio.subscribe(receiver.url)
                pushwoosh.emit("Email Sent")
                await pushwoosh.aio.drain()
    assert [one["world"] for one in lines(path)] == ["suite-1", "suite-2"]


async def test_a_plain_listener_and_a_late_one_hear_the_same(tmp_path: Path) -> None:
    async with Receiver() as receiver, in_loop("pushwoosh") as pushwoosh:
        await pushwoosh.aio.subscribe(receiver.url, headers={"X-Shop": "7"})
        late, plain = tmp_path / "late.ndjson", tmp_path / "plain.ndjson"
        with Recorder(late, Veil()) as first, Recorder(plain, Veil()) as second:
            for entry in pushwoosh.world.journal.entries:
                second.tell(entry)
            first.attach(pushwoosh.world)
            pushwoosh.world.journal.listeners.append(second.tell)
            pushwoosh.send({"any": 1})
            await pushwoosh.aio.drain()
        assert late.read_bytes() == plain.read_bytes()
        assert lines(late)[0]["feed"] == "webhook"
        assert ["X-Shop", "7"] in lines(late)[0]["headers"]


async def test_a_call_that_gets_no_answer_and_a_receiver_that_is_away_are_kept_too(tmp_path: Path) -> None:
    from emulators import faults
    from tests.support.receiver import free_port_url

    path = tmp_path / "traffic.ndjson"
    async with in_loop("esputnik") as esputnik, aiohttp.ClientSession() as app:
        with Recorder(path, Veil()) as recorder:
            recorder.attach(esputnik.world)
            with pytest.raises(VerificationFailed):
                await esputnik.aio.subscribe(free_port_url())
            esputnik.inject(faults.Reset())
            with pytest.raises(aiohttp.ClientError):
                await app.post(f"{esputnik.url}/api/v1/contact", json={})
    probe, call = lines(path)
    assert ("status" not in probe, probe["outcome"]) == (True, "not verified")
    assert ("status" not in call, call["reason"]) == (True, "Reset()")


@pytest.mark.parametrize("name", FORMS)
def test_a_path_that_cannot_be_written_is_refused_at_once(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"--record: .*nowhere.* cannot be written: No such file"):
        Recorder(tmp_path / "nowhere" / name, Veil())
    with pytest.raises(InvalidValue, match=r"--record: .* cannot be written: Is a directory"):
        Recorder(tmp_path, Veil())


CHILD = """
import asyncio, resource, sys
from pathlib import Path
from emulators import in_loop
from emulators.recording.recorder import Recorder
from emulators.redaction import Veil

async def main(path, limit):
    async with in_loop("sendpulse") as sendpulse:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        recorder = Recorder(Path(path), Veil(), lambda line: print("complaint:", line, flush=True))
        recorder.attach(sendpulse.world)
        await sendpulse.aio.subscribe(sys.argv[3], feed="smtp")
        print("ready", flush=True)
        for _ in range(200 if limit else 10**9):
            sendpulse.emit("delivered", count=50)
            await sendpulse.aio.flush()
        recorder.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.parametrize("name", FORMS)
def test_a_disk_that_fills_up_is_told_once_and_leaves_a_whole_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with Receiver() as receiver:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), "100000", receiver.url],
            env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=True,
        )  # fmt: skip
        sent = len(receiver.posts)
    assert sent == 200
    assert done.stdout.count("complaint:") == 1
    assert f"--record: {path}: cannot be written any more: File too large" in done.stdout
    kept = entries(path) if name.endswith(".har") else lines(path)
    assert 0 < len(kept) < 200


@pytest.mark.parametrize("name", FORMS)
def test_a_killed_process_leaves_a_file_that_can_be_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    several = threading.Event()
    posts = itertools.count(1)

    async def count(_: web.BaseRequest) -> web.StreamResponse:
        if next(posts) == 20:
            several.set()
        return web.Response()

    command = [sys.executable, "-c", CHILD, str(path), "0"]
    with (
        Receiver(then=count) as receiver,
        subprocess.Popen([*command, receiver.url], env=environment(), stdout=subprocess.PIPE) as child,
    ):
        assert several.wait(60)
        child.kill()
    kept = entries(path) if name.endswith(".har") else lines(path)
    assert kept


async def test_nothing_is_lost_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "traffic.ndjson"
    world = hosting.make_world(hosting.Setting(""))
    async with Receiver() as receiver, in_loop("sendpulse", world=world) as sendpulse:
        await sendpulse.aio.subscribe(receiver.url, feed="smtp", batch_size=1)
        recorder = Recorder(path, Veil())
        recorder.attach(world)
        sendpulse.emit("delivered", count=1500)
        await sendpulse.aio.drain()
        recorder.close()
        recorder.close()
        kept = [entry for entry in world.journal.entries if isinstance(entry, Delivery | Exchange)]
    assert len(lines(path)) == len(kept) == 1500
    assert [one["json"][0]["message_id"] for one in lines(path)] == [
        d.events[0].payload["message_id"] for d in kept
    ]
