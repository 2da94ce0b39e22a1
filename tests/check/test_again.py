"""The command that shows a finding again: what was given by hand, as a shell takes it, and no secret."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from emulators.check.again import REPEATED, REPLAYED, Again, options
from emulators.redaction import Veil

URL = "http://127.0.0.1:3000/hook"


def again(url: str = URL, address: str = "", passing: bool = False, **given: Any) -> Again:
    return Again("esputnik@2023-09", url, address or url, given, Veil(), passing)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"basic": "env:HOOK", "timeout": 2.5}, ["--basic", "env:HOOK", "--timeout", "2.5"]),
        ({"headers": {"X-Shop": "O'Neil; $HOME", "X-Key": "env:KEY"}}, ["--header", "X-Shop=O'Neil; $HOME", "--header", "X-Key=env:KEY"]),
        ({"allow": ("shop.test", "db.test:81")}, ["--allow", "shop.test", "--allow", "db.test:81"]),
        ({"oracle_cmd": ("psql", "-c", "SELECT * FROM \"e\"")}, ["--oracle-cmd", "psql -c 'SELECT * FROM \"e\"'"]),
        ({"restart_cmd": "make 'a b'"}, ["--restart-cmd", "make 'a b'"]),
        ({"oracle_headers": {"Authorization": "env:READ"}}, ["--oracle-header", "Authorization=env:READ"]),
        ({"config": None, "oracle_py": "", "allow": [], "headers": {}}, []),
        ({"requests": 5, "seconds": 1.0, "only": "C07", "skip": "C08", "fuzz": False}, []),
    ],
)  # fmt: skip
def test_settings_are_said_as_the_command_line_takes_them(given: dict[str, Any], words: list[str]) -> None:
    assert shlex.split(" ".join(options(given, REPLAYED, Veil()))) == words


def test_a_policy_is_said_as_json_for_a_text_may_look_like_a_number() -> None:
    given = {"policy": {"timeout": 3, "answers": {"202": "acknowledge"}, "content_type": "12"}, "seed": 4}
    assert shlex.split(" ".join(options(given, REPEATED, Veil()))) == [
        *("--policy", "timeout=3", "--policy", 'answers={"202": "acknowledge"}', "--policy", 'content_type="12"'),
        *("--seed", "4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "variable"),
    [
        ("oracle_url", "http://127.0.0.1/events?api_key=s3cret-word", "$ORACLE_URL"),
        ("oracle_cmd", "psql postgres://shop:s3cret-word@127.0.0.1/db", "$ORACLE_CMD"),
        ("restart_cmd", ("deploy", "--with", "known-to-the-veil"), "$RESTART_CMD"),
    ],
)
def test_what_holds_a_secret_in_its_middle_is_a_variable_of_the_shell(
    name: str, value: Any, variable: str
) -> None:
    [told] = options({name: value}, REPLAYED, Veil(secrets=["known-to-the-veil"]))
    assert told == f'--{name.replace("_", "-")} "{variable}"'


def test_a_case_is_played_against_the_target_of_its_file_unless_that_says_too_little() -> None:
    replay = "emulators check --replay c.json"
    assert again().case(replay) == replay
    assert again(f"{URL}?shop=1&x=2").case(replay) == f"{replay} --url '{URL}?shop=1&x=2'"
    hidden = again(f"{URL}?token=s3cret", f"{URL}?token=<redacted>")
    assert hidden.case(replay) == f'{replay} --url "$TARGET"'
    assert again(passing=True).case(replay) == f'{replay} --url "$TARGET"'


def test_a_check_of_rest_is_done_again_with_its_rest() -> None:
    assert again(idle=65).check("C25") == f"emulators check esputnik@2023-09 {URL} --only C25 --idle 65"


def test_a_check_is_done_again_by_itself() -> None:
    told = again(oracle_file="my events.jsonl", cases="found", skip=("C08",)).check("C09")
    assert (
        told
        == f"emulators check esputnik@2023-09 {URL} --only C09 --oracle-file 'my events.jsonl' --cases found"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ""),
        ({"only": ("C03", "L01"), "fuzz": False}, " --only C03,L01 --no-fuzz"),
        ({"skip": "C15,C16", "fuzz": True, "seed": 4}, " --skip C15,C16 --seed 4"),
    ],
)
def test_what_the_whole_run_has_shown_is_seen_again_by_the_whole_run(
    given: dict[str, Any], words: str
) -> None:
    assert again(**given).check("L01") == f"emulators check esputnik@2023-09 {URL}{words}"
