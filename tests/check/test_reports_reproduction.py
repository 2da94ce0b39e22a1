"""Seeing a finding for oneself: the commands really send the case, the test really runs."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from emulators import in_thread
from emulators.check.reports import reproduction
from emulators.check.reports.model import Found
from emulators.check.vocabulary import Heard, Shot, Target
from tests.check.reported import SECRETS, VARIABLES, finding, found, teller
from tests.support.receiver import Receiver

PLAIN = Target("http://127.0.0.1:8000/hook")
ONE, TWO = "chkabcdefx1p0z", "chkabcdefx1p1z"


def pasted(told: Found) -> Callable[..., None]:
    """The test of a finding, as a file would define it."""
    names: dict[str, Any] = {}
    exec(told.pytest, names)
    [test] = [value for name, value in names.items() if name.startswith("test_")]
    return test


def passes(test: Callable[..., None], *fixtures: object) -> bool:
    try:
        test(*fixtures)
    except AssertionError:
        return False
    return True


def run_in_shell(told: Found, folder: Path, target: str, **variables: str) -> str:
    """Runs its commands where its files are; what they print."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    for sent in told.sent:
        if sent.file:
            (folder / sent.file).write_bytes(sent.body)
    printed = subprocess.run(
        ["bash", "-euc", "\n".join(told.curl)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TARGET": target, **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return printed.stdout


def test_the_commands_send_the_same_bytes_and_read_secrets_from_the_shell(tmp_path: Path) -> None:
    odd = '[{"subject":"Знижка \'$HOME\' `id` \\\\"}]\n\x00'.encode()
    told = found(body=odd)
    assert not [secret for secret in SECRETS if secret in "\n".join(told.curl)]
    with Receiver(503) as receiver:
        printed = run_in_shell(told, tmp_path, receiver.url, SHOP_HEADER=SECRETS[2], TARGET_LOGIN="shop:x")
        [post] = receiver.posts
    assert printed == "503\n"
    assert post.body == odd
    assert post.headers["x-shop"] == SECRETS[2]
    assert post.headers["authorization"] == "Basic c2hvcDp4"
    assert post.headers["content-type"] == "application/json"


def test_a_case_of_two_requests_is_two_commands_and_equal_bodies_share_a_file(tmp_path: Path) -> None:
    told = found(shots=(Shot(({},)), Shot(({},))), target=PLAIN)
    assert len(told.curl) == 2
    assert {sent.file for sent in told.sent} == {f"case-{told.case}.body"}
    with Receiver(200, 500) as receiver:
        assert run_in_shell(told, tmp_path, receiver.url) == "200\n500\n"


def test_copies_at_once_chunks_and_missing_types_can_be_said_in_a_shell(tmp_path: Path) -> None:
    with Receiver() as receiver:
        run_in_shell(found(shots=(Shot(({},), together=3),), target=PLAIN), tmp_path, receiver.url)
        assert len(receiver.posts) == 3
        run_in_shell(found(shots=(Shot(({},), framing="chunked"),), target=PLAIN), tmp_path, receiver.url)
        assert receiver.posts[-1].headers["transfer-encoding"] == "chunked"
        told = found(target=PLAIN)
        bare = tuple(replace(sent, headers=()) for sent in told.sent)
        run_in_shell(replace(told, curl=reproduction.curl_commands(bare, PLAIN.url)), tmp_path, receiver.url)
        assert "content-type" not in receiver.posts[-1].headers
        run_in_shell(found(shots=(Shot(({},), framing="gzip"),), target=PLAIN), tmp_path, receiver.url)
        assert receiver.posts[-1].headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("shot", [Shot(({},), loss="reset"), Shot(({},), framing="halves")])
def test_what_curl_cannot_do_is_left_to_the_replay(shot: Shot) -> None:
    told = found(shots=(shot,))
    assert told.curl == ()
    assert told.replay == f"emulators check --replay case-{told.case}.json"


def test_commands_name_files_as_seen_from_where_the_check_ran(tmp_path: Path) -> None:
    told = replace(teller(PLAIN), folder="my cases/").found(finding(target=PLAIN), "poison-batch")
    assert told.replay == f"emulators check --replay 'my cases/case-{told.case}.json'"
    (tmp_path / "my cases").mkdir()
    with Receiver() as receiver:
        assert run_in_shell(told, tmp_path, receiver.url) == "200\n"
        assert receiver.posts[0].body == told.sent[0].body


def test_a_login_and_a_header_come_from_the_variables_that_the_configuration_names() -> None:
    known = replace(teller(), variables={**VARIABLES, "authorization": "HOOK_LOGIN"})
    [command] = known.found(finding()).curl
    assert '-u "$HOOK_LOGIN"' in command
    assert '-H "X-Shop: $SHOP_HEADER"' in command
    assert "Authorization" not in command


def test_a_wrong_password_does_not_tell_the_right_one() -> None:
    told = found(shots=(Shot(({},), credentials="wrong"),))
    assert "Authorization: Basic Y2hlY2s6d3Jvbmc=" in told.curl[0]
    assert not [secret for secret in SECRETS if secret in repr(told)]


def test_the_same_failure_has_the_same_name_in_every_run_and_others_have_others() -> None:
    again = replace(finding(), says="other words", took=99)
    assert teller().found(again).case == found().case
    named = [reproduction.case_id(spec, "activity", "C03", "k") for spec in ("esputnik", "esputnik@2025-06")]
    assert named[0] == named[1]
    names = {found(key=str(number)).case for number in range(300)}
    assert len(names) == 300
    assert all(name == name.lower() and len(name) == 4 for name in names)


def test_the_test_to_paste_fails_where_the_finding_is_and_passes_where_it_is_not() -> None:
    told = found(target=PLAIN)
    test = pasted(told)
    assert test.__name__ == f"test_c03_poison_batch_{told.case}"
    with in_thread("esputnik") as esputnik, Receiver() as good:
        test(esputnik, good.url)
        assert good.posts[-1].body == told.sent[0].body
    with in_thread("esputnik") as esputnik, Receiver(then=500) as bad, pytest.raises(AssertionError):
        test(esputnik, bad.url)


def test_the_test_of_what_came_late_waits_no_longer_than_was_waited_then() -> None:
    known = replace(teller(PLAIN), timeout=1.5)
    told = known.found(finding(target=PLAIN, key="late", heard=Heard(200, seconds=2), acknowledged=True))
    over = asyncio.Event()

    async def after_all(request: web.BaseRequest) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    with in_thread("esputnik") as esputnik, Receiver() as good:
        pasted(told)(esputnik, good.url)
    with in_thread("esputnik") as esputnik, Receiver(then=after_all) as slow:
        with pytest.raises(AssertionError):
            pasted(told)(esputnik, slow.url)
        slow._loop.call_soon_threadsafe(over.set)
        [delivery] = esputnik.deliveries()
    assert delivery.reason == "no answer within 1.5 s of real time"


@pytest.mark.parametrize(("key", "waits"), [("subject: late", True), ("status 500", False)])
def test_the_test_of_anything_else_waits_as_the_fixture_does(key: str, waits: bool) -> None:
    known = replace(teller(PLAIN), timeout=3)
    assert ("patience=3)" in known.found(finding(target=PLAIN, key=key)).pytest) == waits


def test_two_findings_of_a_check_are_two_tests() -> None:
    names = [pasted(found(target=PLAIN, key=key)).__name__ for key in ("status 400", "status 500")]
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("key", "kept", "wrong"),
    [
        ("lost", {ONE: 1, TWO: 1}, {ONE: 1, TWO: 0}),
        ("duplicated", {ONE: 1, TWO: 1}, {ONE: 2, TWO: 2}),
        ("stored twice", {ONE: 1, TWO: 1}, {ONE: 2, TWO: 1}),
        ("time: lost", {ONE: 1, TWO: 1}, {ONE: 0, TWO: 1}),
    ],
)
def test_what_showed_in_the_store_is_asked_of_the_store(
    key: str, kept: dict[str, int], wrong: dict[str, int]
) -> None:
    body = json.dumps([{"iid": "1", "email": f"check+{name}@example.com"} for name in (ONE, TWO)]).encode()
    told = found(body=body, target=PLAIN, key=key, stored=wrong, acknowledged=True, heard=Heard(200))
    test = pasted(told)
    assert list(inspect.signature(test).parameters) == ["esputnik", "app_url", "stored_events"]
    assert "# so is stored_events: a function that returns the records of your store" in told.pytest
    for counts, good in ((kept, True), (wrong, False)):
        records = [{"mail": f"check+{name}@example.com"} for name in counts for _ in range(counts[name])]
        with in_thread("esputnik") as esputnik, Receiver() as receiver:
            assert passes(test, esputnik, receiver.url, lambda records=records: records) == good


def test_an_event_of_nobody_is_looked_for_by_its_id_and_a_success_of_another_vendor_is_none() -> None:
    iid = "d98c21d4-3c92-473d-8932-3d5504820a45"
    given = {"body": json.dumps([{"iid": iid}]).encode(), "heard": Heard(202), "acknowledged": True}
    told = found(target=PLAIN, key="twice", stored={iid: 2}, **given)
    assert f"assert sum({iid!r} in str(record) for record in stored_events()) == 1\n" in told.pytest
    lenient = found(target=PLAIN, key="status 202", **given)
    with in_thread("esputnik") as esputnik, Receiver(then=202) as receiver:
        assert not passes(pasted(lenient), esputnik, receiver.url)


def test_what_comes_twice_is_stored_once_and_two_events_of_one_message_are_two() -> None:
    one = json.dumps([{"iid": 1, "email": f"check+{ONE}@example.com"}])
    same = json.dumps([{"email": f"check+{ONE}@example.com", "iid": 1}], indent=1)
    other = json.dumps([{"iid": 2, "email": f"check+{ONE}@example.com"}])
    for bodies, count in (((one, same), 1), ((one, other), 2)):
        told = found(
            bodies=[text.encode() for text in bodies],
            target=PLAIN,
            key="lost",
            stored={ONE: 0},
            acknowledged=True,
            heard=Heard(200),
        )
        assert f"assert sum({ONE!r} in str(record) for record in stored_events()) == {count}\n" in told.pytest


def test_a_value_that_was_altered_must_stand_in_its_record() -> None:
    event = {"iid": "1", "messageId": 9007199254740993, "email": f"check+{ONE}@example.com"}
    told = found(
        body=json.dumps([event]).encode(),
        target=PLAIN,
        key="messageId: messageId altered",
        stored={ONE: 1},
        acknowledged=True,
        heard=Heard(200),
    )
    test = pasted(told)
    for stored, good in ((event, True), ({**event, "messageId": 9007199254740992}, False)):
        with in_thread("esputnik") as esputnik, Receiver() as receiver:
            assert passes(test, esputnik, receiver.url, lambda stored=stored: [{}, stored]) == good


@pytest.mark.parametrize(
    ("key", "given", "status", "good"),
    [
        ("success", Heard(200), 200, False),
        ("success for garbage", Heard(200), 400, True),
        ("minor success", Heard(200), 500, False),
        ("an empty body: 5xx", Heard(500), 200, True),
        ("an empty body: 5xx", Heard(500), 500, False),
    ],
)
def test_what_nobody_sends_is_refused_where_its_success_was_the_finding(
    key: str, given: Heard, status: int, good: bool
) -> None:
    told = found(body=b"[[]]", target=PLAIN, key=key, heard=given, legal=False, acknowledged=given.status == 200)  # fmt: skip
    test = pasted(told)
    with in_thread("esputnik") as esputnik, Receiver(then=status) as receiver:
        assert passes(test, esputnik, receiver.url) == good


@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("reflected", {"legal": False}),
        ("last comes wins", {}),
        ("beside: lost", {"legal": False}),
        ("lost", {"shots": (Shot(({},), before="restart"),)}),
        ("statusData.x altered", {}),
        ("hardBounce altered", {}),
        ("iid altered", {}),
        ("lost", {"stored": {ONE: 1}}),
    ],
)
def test_a_test_that_the_broken_receiver_would_pass_is_not_offered(key: str, more: dict[str, Any]) -> None:
    event = {"iid": ONE, "email": f"check+{ONE}@example.com", "hardBounce": True, "statusData": {"x": "long"}}
    given = {"stored": {ONE: 0}, "heard": Heard(200), "acknowledged": True, **more}
    assert found(body=json.dumps([event]).encode(), target=PLAIN, key=key, **given).pytest == ""


def test_the_test_to_paste_takes_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    told = found(body='[{"subject":"Знижка"}]'.encode())
    assert not [secret for secret in SECRETS if secret in told.pytest]
    monkeypatch.setenv(VARIABLES["x-shop"], SECRETS[2])
    monkeypatch.setenv("TARGET_LOGIN", "shop:x")
    with in_thread("esputnik") as esputnik, Receiver() as good:
        pasted(told)(esputnik, good.url)
        last = good.posts[-1]
    assert (last.body, last.headers["x-shop"]) == (told.sent[0].body, SECRETS[2])
    assert last.headers["authorization"] == "Basic c2hvcDp4"


@pytest.mark.parametrize(
    "given",
    [
        {"body": b"x" * 1100},
        {"shots": (Shot(({},), framing="chunked"),)},
        {"shots": (Shot(({},), headers=(("Content-Type", "text/plain"),)),)},
        {"shots": (Shot(method="GET"),), "body": b""},
        {"shots": (Shot(({},), together=8),)},
    ],
)
def test_what_no_short_test_can_say_gets_none(given: dict[str, object]) -> None:
    assert found(**given).pytest == ""


def test_a_case_of_many_requests_tells_some_and_says_how_many_more() -> None:
    told = found(shots=tuple(Shot(({},)) for _ in range(50)), heard=Heard(200))
    assert (len(told.sent), told.left_out) == (20, 30)
    assert told.curl == ()
