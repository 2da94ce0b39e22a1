"""The receivers that checks are proved against: the clean ones are clean, each other has its defect."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulators.check.sender import Sender
from tests.check.receivers import clean as clean_module
from tests.check.receivers.asking import JSON, ask, together
from tests.check.receivers.clean import Clean
from tests.check.receivers.frameworks import PATHS, Framework, missing
from tests.check.receivers.mutants import MUTANTS, Mutant
from tests.check.receivers.proofs import EVENT, PROOFS
from tests.check.receivers.receiving import ContentKeyed

FEEDS = [
    ("sendpulse@2021-05", "smtp"),
    ("sendpulse@2025-08", "smtp"),
    ("sendpulse", "email-service"),
    ("sendpulse", "automation360"),
    ("esputnik@2023-09", "activity"),
    ("esputnik@2025-06", "activity"),
    ("esputnik", "workflow"),
    ("pushwoosh", "webhook"),
]
HOSTILE = [
    b"",
    b"hello",
    b'[{"iid":"a"',
    b"null",
    b"42",
    b"{}",
    b"[{}]",
    b"[[{}]]",
    b'[{"iid":NaN}]',
    b'[{"iid":1e999}]',
    b'[{"iid":"a","iid":"b"}]',
    b'[{"iid":"a\x00b"}]',
    b'[{"iid":"\xff"}]',
    b'\xef\xbb\xbf[{"iid":"a"}]',
    b'[{"iid":"a"}] and more',
    b'[{"iid":"a","x":' + b"[" * 70 + b"]" * 70 + b"}]",
    b"[" * 200_000,
    b'[{"iid":"<script>canary</script>"},"<script>canary</script>"]',
]


class Node:
    """`clean.mjs` in a process of its own, as a receiver."""

    def __init__(self, folder: Path) -> None:
        script = Path(clean_module.__file__).with_suffix(".mjs")
        self._command = ["node", str(script), "0", str(folder / "events.jsonl")]

    def __enter__(self) -> Node:
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, encoding="utf-8")
        guard = threading.Timer(60, self.process.kill)
        guard.start()
        self.url = self.process.stdout.readline().strip()
        guard.cancel()
        assert self.url
        return self

    def restart(self) -> None:
        self.__exit__()
        self.__enter__()

    def records(self) -> list[dict[str, Any]]:
        return json.loads(ask(self.url, method="GET", path="/oracle").body)["records"]

    def __exit__(self, *why: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(params=["natural key", "content key", "node"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Each of the clean receivers in turn."""
    if request.param == "node" and shutil.which("node") is None:
        pytest.skip("no node here")
    kinds = {"natural key": Clean, "content key": lambda: Clean(application=ContentKeyed)}
    with Node(tmp_path) if request.param == "node" else kinds[request.param]() as running:
        yield running


def test_a_clean_receiver_stores_each_kind_of_event_of_every_feed_just_once(receiver: Any) -> None:
    for spec, feed in FEEDS:
        sender = Sender(spec, feed)
        ask(receiver.url, path="/reset")
        events = [sender.event(kind, seed) for seed in (7, 8) for kind in sender.kinds]
        for _ in ("sent", "sent again"):
            for event in events:
                assert ask(receiver.url, sender.wrap([event])).status == 200
        stored = [record["event"] for record in receiver.records()]
        assert sorted(map(repr, map(_sorted, stored))) == sorted(map(repr, map(_sorted, events))), (
            spec,
            feed,
        )


def _sorted(event: dict[str, Any]) -> str:
    return json.dumps(event, sort_keys=True)


def test_a_clean_receiver_takes_the_largest_batch_of_each_vendor(receiver: Any) -> None:
    for spec, feed in FEEDS:
        sender = Sender(spec, feed)
        ask(receiver.url, path="/reset")
        assert ask(receiver.url, sender.wrap(sender.some(sender.most))).status == 200
        assert len(receiver.records()) == sender.most


def test_what_a_clean_receiver_acknowledged_outlives_a_restart_and_is_known_after_it(receiver: Any) -> None:
    assert ask(receiver.url, [EVENT]).status == 200
    receiver.restart()
    assert ask(receiver.url, [EVENT]).status == 200
    assert [record["event"] for record in receiver.records()] == [EVENT]


def test_equal_requests_at_once_are_all_acknowledged_and_stored_once(receiver: Any) -> None:
    assert together(receiver.url, [EVENT], 8) == [200] * 8
    assert len(receiver.records()) == 1


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_clean_receiver_refuses_what_no_vendor_sends_and_repeats_none_of_it(body: bytes) -> None:
    with Clean() as receiver:
        said = ask(receiver.url, body)
        assert said.status == 400
        assert b"Traceback" not in said.body and b"canary" not in said.body
        assert receiver.records() == []


def test_the_receiver_in_node_refuses_what_no_vendor_sends(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("no node here")
    with Node(tmp_path) as receiver:
        said = [ask(receiver.url, body) for body in HOSTILE]
        assert [each.status for each in said] == [400] * len(HOSTILE)
        assert not any(b"canary" in each.body for each in said)
        assert receiver.records() == []


def test_a_clean_receiver_keeps_integers_exact(receiver: Any) -> None:
    numbers = [2**53 - 1, 2**53, 2**53 + 1, 2**63, 2**64 - 1]
    for number in numbers:
        ask(
            receiver.url,
            {"event_name": "Email Sent", "message_id": number, "hwid": "a@example.com", "timestamp": 1},
        )
    assert [record["event"]["message_id"] for record in receiver.records()] == numbers


def test_a_clean_receiver_stores_unknown_kinds_fields_and_texts_verbatim(receiver: Any) -> None:
    odd = {
        **EVENT,
        "activityStatus": "TELEPORTED",
        "extra": {"a": [None, "", {}]},
        "__proto__": {"admin": True},
        "messageName": "Ї👩‍👩‍👧\u2028<b>\x00",
    }
    assert ask(receiver.url, [odd]).status == 200
    assert [record["event"] for record in receiver.records()] == [odd]
    assert receiver.records()[0]["status"] == "TELEPORTED"


def test_the_state_of_a_message_goes_by_weight_and_time_not_by_arrival(receiver: Any) -> None:
    ask(receiver.url, [{**EVENT, "activityStatus": "UNDELIVERED", "activityDateTime": "2023-09-14T08:30:07"}])
    ask(receiver.url, [EVENT])
    assert {record["status"] for record in receiver.records()} == {"UNDELIVERED"}
    ask(receiver.url, [{**EVENT, "activityStatus": "SPAM", "activityDateTime": "2023-09-14T09:00:00"}])
    ask(receiver.url, [{**EVENT, "activityStatus": "READ", "activityDateTime": "2023-09-14T09:30:00"}])
    assert {record["status"] for record in receiver.records()} == {"SPAM"}


def test_a_clean_receiver_answers_every_way_of_asking(receiver: Any) -> None:
    assert [ask(receiver.url, method=method).status for method in ("GET", "HEAD")] == [200, 200]
    assert ask(receiver.url, []).status == 200
    assert receiver.records() == []
    assert ask(receiver.url, path="/hook/", body=[EVENT]).status == 200
    assert [ask(receiver.url, [EVENT], path=path).status for path in ("/HOOK", "//hook", "/")] == [404] * 3
    assert ask(receiver.url, [EVENT], chunked=True).status == 200
    assert ask(receiver.url, gzip.compress(b"[]"), headers={**JSON, "Content-Encoding": "gzip"}).status == 200
    assert ask(receiver.url, [EVENT], headers={"content-type": "text/plain"}).status == 200
    assert ask(receiver.url, b'["' + b"a" * 17 * 2**20 + b'"]').status == 413
    assert len(receiver.records()) == 1


def test_two_right_keys_differ_in_what_they_call_the_same_event() -> None:
    seen_again = {**EVENT, "messageName": "renamed"}
    with Clean() as natural, Clean(application=ContentKeyed) as content:
        for receiver in (natural, content):
            ask(receiver.url, [EVENT, seen_again])
        assert (len(natural.records()), len(content.records())) == (1, 2)


def test_a_receiver_with_a_password_stores_nothing_without_it() -> None:
    with Clean(basic=("login", "secret")) as receiver:
        said = ask(receiver.url, [EVENT])
        assert said.status == 401 and said.headers["www-authenticate"].startswith("Basic realm=")
        assert (
            ask(receiver.url, [EVENT], headers={"Authorization": "Basic bG9naW46c2VjcmV0cw=="}).status == 401
        )
        assert receiver.records() == []
        assert ask(receiver.url, [EVENT], headers={"Authorization": receiver.authorization}).status == 200
        assert len(receiver.records()) == 1


def test_a_receiver_of_one_vendor_refuses_the_events_of_another() -> None:
    with Clean(vendor="sendpulse") as receiver:
        assert ask(receiver.url, [EVENT]).status == 400
        assert ask(receiver.url, [Sender("sendpulse").event()]).status == 200
        assert len(receiver.records()) == 1


def test_the_clean_receiver_runs_as_a_process_and_its_hooks_as_commands(tmp_path: Path) -> None:
    command = [sys.executable, clean_module.__file__, "--store", str(tmp_path / "events.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        url = process.stdout.readline().strip()
        assert ask(url, [EVENT]).status == 200
        process.kill()
    with Clean(store=tmp_path / "events.db") as receiver:
        assert len(receiver.records()) == 1
        assert subprocess.run(receiver.restart_command, check=False).returncode == 0
        assert len(receiver.records()) == 1
        assert subprocess.run(receiver.reset_command, check=False).returncode == 0
        assert receiver.records() == []


def test_every_row_of_the_catalogue_has_a_receiver_with_its_defect() -> None:
    assert {number[:3] for number in MUTANTS} == {f"C{row:02}" for row in range(1, 36)}
    assert set(PROOFS) == set(MUTANTS)


@pytest.mark.parametrize("number", MUTANTS)
def test_a_receiver_with_a_defect_differs_from_the_clean_one_by_it(number: str) -> None:
    proof = PROOFS[number]
    with Clean(**proof.given) as receiver:
        assert proof.shows(receiver) == proof.right
    with Mutant(number, **proof.given) as receiver:
        assert proof.shows(receiver) == proof.wrong


@pytest.mark.parametrize("name", PATHS)
def test_a_receiver_on_a_framework_takes_a_webhook_and_writes_its_events_down(name: str) -> None:
    if reason := missing(name):
        pytest.skip(reason)
    with Framework(name) as receiver:
        assert ask(receiver.url, [EVENT]).status == 200
        assert EVENT["iid"] in receiver.store.read_text("utf-8")
