"""Seeing a finding for oneself: the commands really send the case, the test really runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from emulators import in_thread
from emulators.check.reports import reproduction
from emulators.check.reports.model import Found
from emulators.check.vocabulary import Heard, Shot, Target
from tests.check.reported import SECRETS, VARIABLES, finding, found, teller
from tests.support.receiver import Receiver

PLAIN = Target("http://127.0.0.1:8000/hook")


def run_in_shell(told: Found, folder: Path, target: str, **variables: str) -> str:
    """Runs its commands where its files are; what they print."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    for name, body in reproduction.body_files(told).items():
        (folder / name).write_bytes(body)
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
    assert list(reproduction.body_files(told)) == [f"case-{told.case}.body"]
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


def test_a_lost_answer_is_left_to_the_replay() -> None:
    told = found(shots=(Shot(({},), loss="reset"),))
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
    names: dict[str, object] = {}
    exec(told.pytest, names)
    with in_thread("esputnik") as esputnik, Receiver() as good:
        names["test_c03_poison_batch"](esputnik, good.url)
        assert good.posts[-1].body == told.sent[0].body
    with in_thread("esputnik") as esputnik, Receiver(then=500) as bad, pytest.raises(AssertionError):
        names["test_c03_poison_batch"](esputnik, bad.url)


def test_the_test_to_paste_takes_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    told = found(body='[{"subject":"Знижка"}]'.encode())
    assert not [secret for secret in SECRETS if secret in told.pytest]
    monkeypatch.setenv(VARIABLES["x-shop"], SECRETS[2])
    monkeypatch.setenv("TARGET_LOGIN", "shop:x")
    names: dict[str, object] = {}
    exec(told.pytest, names)
    with in_thread("esputnik") as esputnik, Receiver() as good:
        names["test_c03_poison_batch"](esputnik, good.url)
        last = good.posts[-1]
    assert (last.body, last.headers["x-shop"]) == (told.sent[0].body, SECRETS[2])
    assert last.headers["authorization"] == "Basic c2hvcDp4"


@pytest.mark.parametrize(
    "given",
    [
        {"body": b"x" * 700},
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
