"""`emulators resend` sends recorded webhooks to a receiver again, under ids that it has not seen."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from emulators import catalog, in_thread
from emulators.recording.recorder import Recorder
from emulators.redaction import Veil
from tests.cli.running import COMMAND, environment, run
from tests.support.receiver import Receiver, free_port_url

TRIGGERED = json.loads(catalog.samples("esputnik")["activity.triggered"].body)
DELIVERED = json.loads(catalog.samples("sendpulse")["smtp.delivered"].body)
IDS = ("iid", "workflowInstanceId", "sourceEventKey")


def recorded(path: Path) -> list[Any]:
    """Two vendors' webhooks, one of them refused at first; the bodies, each once, in their order."""
    with Receiver(503) as receiver, in_thread("esputnik") as esputnik, Recorder(path, Veil()) as recorder:
        recorder.attach(esputnik.world)
        with in_thread("sendpulse", world=esputnik.world) as sendpulse:
            sendpulse.subscribe(receiver.url, feed="smtp")
            esputnik.subscribe(receiver.url)
            sendpulse.emit("delivered", count=2)
            sendpulse.drain()
            esputnik.emit("DELIVERED", count=3)
            esputnik.replay("activity.triggered")
            esputnik.drain()
        return [post.json for post in receiver.posts[1:]]


def written(folder: Path, *records: Any) -> str:
    file = folder / "captured.ndjson"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return str(file)


def without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


@pytest.mark.parametrize("name", ["traffic.ndjson", "traffic.har"])
def test_what_was_recorded_is_sent_again_in_its_order_each_delivery_once(name: str, tmp_path: Path) -> None:
    bodies = recorded(tmp_path / name)
    with Receiver() as receiver:
        done = run("resend", str(tmp_path / name), "--to", receiver.url, "--keep-ids", "--json")
    assert done.returncode == 0, done.stderr
    assert [post.json for post in receiver.posts] == bodies
    told = json.loads(done.stdout)
    assert [request["feed"] for request in told["requests"]] == ["smtp", "activity", "activity"]
    assert told["left_out"]["further attempts at what is sent already"] == 1
    assert (told["seed"], told["events"], told["placeholders"]) == (None, 2 + 3 + len(TRIGGERED), 0)


@pytest.mark.parametrize("name", ["traffic.ndjson", "traffic.har"])
def test_ids_are_fresh_and_all_else_is_as_recorded(name: str, tmp_path: Path) -> None:
    bodies = recorded(tmp_path / name)
    with Receiver() as receiver:
        done = run("resend", str(tmp_path / name), "--to", receiver.url)
    assert done.returncode == 0, done.stderr
    old = [event for body in bodies for event in body]
    new = [event for post in receiver.posts for event in post.json]
    ids = (*IDS, "message_id")
    assert [without(event, *ids) for event in new] == [without(event, *ids) for event in old]
    pairs = {(a[f], b[f]) for a, b in zip(old, new, strict=True) for f in ids if f in a}
    assert all(a != b for a, b in pairs)
    # One new id for each old one, and the other way round.
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    assert "with fresh ids (seed " in done.stdout
    assert "3 requests with" in done.stdout
    assert "3 acknowledged" in done.stdout


def test_a_seed_gives_the_same_ids_again_and_none_gives_others(tmp_path: Path) -> None:
    file = written(tmp_path, TRIGGERED)
    with Receiver() as receiver:
        for words in (["--seed", "7"], ["--seed", "7"], [], []):
            assert run("resend", file, "--provider", "esputnik", "--to", receiver.url, *words).returncode == 0
    first, second, third, fourth = (post.body for post in receiver.posts)
    assert first == second
    assert len({first, third, fourth}) == 3


def test_equal_ids_stay_equal_across_requests(tmp_path: Path) -> None:
    opened = {"event": "opened", **without(DELIVERED[0], "event")}
    file = written(tmp_path, {"feed": "smtp", "json": DELIVERED}, {"feed": "smtp", "json": [opened]})
    with Receiver() as receiver:
        assert run("resend", file, "--provider", "sendpulse", "--to", receiver.url).returncode == 0
    ids = [post.json[0]["message_id"] for post in receiver.posts]
    assert ids[0] == ids[1] != DELIVERED[0]["message_id"]


def test_a_plain_capture_needs_the_provider_and_calls_are_left_out(tmp_path: Path) -> None:
    call = {"method": "POST", "path": "/oauth/access_token", "json": {"grant_type": "client_credentials"}}
    file = written(
        tmp_path, call, DELIVERED, {"method": "POST", "url": "http://shop/hook", "json": DELIVERED}
    )
    refused = run("resend", file, "--to", "http://127.0.0.1:1/")
    assert refused.returncode == 2
    assert "--provider" in refused.stderr
    with Receiver() as receiver:
        done = run("resend", file, "--to", receiver.url, "--provider", "sendpulse@2021-05", "--keep-ids")
    assert done.returncode == 0, done.stderr
    assert [post.json for post in receiver.posts] == [DELIVERED, DELIVERED]
    assert "left out: 1 x no deliveries of webhooks" in done.stdout


def test_of_several_vendors_one_can_be_chosen(tmp_path: Path) -> None:
    recorded(tmp_path / "traffic.ndjson")
    with Receiver() as receiver:
        done = run(
            "resend", str(tmp_path / "traffic.ndjson"), "--to", receiver.url, "--provider", "sendpulse"
        )
    assert done.returncode == 0
    assert len(receiver.posts) == 1
    assert "x traffic of esputnik" in done.stdout


def test_what_was_redacted_is_sent_as_it_is_and_told(tmp_path: Path) -> None:
    event = {**DELIVERED[0], "subject": "your link https://shop/?token=<redacted>", "sender": "<redacted>"}
    file = written(tmp_path, {"feed": "smtp", "json": [event]})
    with Receiver() as receiver:
        done = run("resend", file, "--provider", "sendpulse", "--to", receiver.url)
    assert receiver.posts[0].json[0]["sender"] == "<redacted>"
    assert "2 redacted values sent as they are" in done.stdout


def test_events_without_an_id_are_told(tmp_path: Path) -> None:
    file = written(tmp_path, {"feed": "smtp", "json": [without(DELIVERED[0], "message_id")]})
    with Receiver() as receiver:
        done = run("resend", file, "--provider", "sendpulse", "--to", receiver.url)
    assert receiver.posts[0].json == [without(DELIVERED[0], "message_id")]
    assert "1 events have no id that could be made fresh: sent as recorded" in done.stdout


def test_a_refusal_is_exit_code_1_and_the_rest_is_sent_all_the_same(tmp_path: Path) -> None:
    file = written(tmp_path, *[{"feed": "smtp", "json": DELIVERED}] * 3)
    with Receiver(200, 500, 200) as receiver:
        done = run("resend", file, "--provider", "sendpulse", "--to", receiver.url)
    assert done.returncode == 1
    assert len(receiver.posts) == 3
    assert "500, not acknowledged" in done.stdout
    assert "2 acknowledged" in done.stdout


def test_nobody_there_is_exit_code_3_and_is_asked_once(tmp_path: Path) -> None:
    file = written(tmp_path, *[{"feed": "smtp", "json": DELIVERED}] * 3)
    done = run("resend", file, "--provider", "sendpulse", "--to", free_port_url())
    assert done.returncode == 3
    assert "nothing answered the first: 2 requests not sent" in done.stdout


def test_a_file_that_cannot_be_used_is_told_in_words(tmp_path: Path) -> None:
    target = ("--to", "http://127.0.0.1:1/")
    missing = run("resend", str(tmp_path / "none"), *target)
    assert (missing.returncode, missing.stderr.endswith("cannot be read: No such file or directory\n")) == (
        3,
        True,
    )
    (tmp_path / "text").write_text("hello\n")
    broken = run("resend", str(tmp_path / "text"), *target)
    assert (broken.returncode, "1 x unreadable: not JSON" in broken.stderr) == (3, True)
    wrong = run("resend", written(tmp_path, DELIVERED), *target, "--provider", "sendpuls")
    assert (wrong.returncode, "did you mean 'sendpulse'?" in wrong.stderr) == (2, True)
    outside = run(
        "resend", written(tmp_path, DELIVERED), "--to", "http://192.0.2.1/", "--provider", "sendpulse"
    )
    assert (outside.returncode, "--allow" in outside.stderr or "allow" in outside.stderr) == (2, True)


def test_ctrl_c_ends_it_without_a_word_too_many(tmp_path: Path) -> None:
    file = written(tmp_path, *[{"feed": "smtp", "json": DELIVERED}] * 2)
    processes: list[subprocess.Popen[str]] = []

    async def interrupt(request: web.BaseRequest) -> web.StreamResponse:
        processes[0].send_signal(signal.SIGINT)
        # The answer never comes: whoever asked is gone.
        while await request.content.read():
            pass
        await request.loop.create_future()
        raise AssertionError

    with Receiver(then=interrupt) as receiver:
        words = ["resend", file, "--provider", "sendpulse", "--to", receiver.url]
        with subprocess.Popen(
            [*COMMAND, *words],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            processes.append(process)
            _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert len(receiver.posts) == 1
