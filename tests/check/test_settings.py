"""What a check is told: by files, by references to the environment, and in plain values."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from emulators.check.examining import chosen
from emulators.check.settings import Accepted, Settings, made, read
from emulators.check.vocabulary import Finding, Severity, Verdict
from emulators.errors import InvalidValue, UnknownName

URL = "http://127.0.0.1:3000/hook"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, and we stand in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def finding(check: str = "C07", key: str = "202") -> Finding:
    return Finding(check, Verdict.FAIL, Severity.CRITICAL, "it answered 202", None, None, key)


# -- files


def test_without_a_file_nothing_is_said(folder: Path) -> None:
    assert read(None) == {}


def test_emulators_toml_says_it_under_check(folder: Path) -> None:
    (folder / "emulators.toml").write_text('[check]\nprovider = "esputnik"\nseed = 3\n')
    assert read(None) == {"provider": "esputnik", "seed": 3}


def test_pyproject_says_it_under_tool_emulators_check(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.emulators.check]\nfail-on = "low"\n')
    assert made(read(None)).least is Severity.LOW


def test_a_pyproject_of_other_tools_says_nothing(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n')
    assert read(None) == {}


def test_emulators_toml_stands_before_pyproject(folder: Path) -> None:
    (folder / "emulators.toml").write_text("[check]\nseed = 1\n")
    (folder / "pyproject.toml").write_text("[tool.emulators.check]\nseed = 2\n")
    assert read(None) == {"seed": 1}


def test_a_file_that_is_named_is_read_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "staging.toml").write_text("[check]\nseed = 5\n")
    (tmp_path / "pyproject.toml").write_text("[tool.emulators.check]\nseed = 6\n")
    assert read(tmp_path / "staging.toml") == {"seed": 5}
    assert read(tmp_path / "pyproject.toml") == {"seed": 6}


def test_a_file_that_is_not_there_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"--config: .*none\.toml cannot be read: No such file"):
        read(tmp_path / "none.toml")


def test_a_file_that_is_no_toml_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "emulators.toml").write_text("[check]\nseed = \n")
    with pytest.raises(InvalidValue, match=r"emulators.toml: .*line 2"):
        read(tmp_path / "emulators.toml")


def test_a_table_that_does_not_exist_is_refused_with_the_nearest(folder: Path) -> None:
    (folder / "emulators.toml").write_text("[chek]\nseed = 1\n")
    for path in (None, folder / "emulators.toml"):
        with pytest.raises(UnknownName, match=r"table of .*emulators\.toml 'chek'; did you mean 'check'"):
            read(path)
    (folder / "pyproject.toml").write_text("[tool.emulators.chekc]\nseed = 1\n")
    with pytest.raises(UnknownName, match=r"'chekc'; did you mean 'check'"):
        read(folder / "pyproject.toml")


def test_a_file_that_is_named_and_says_nothing_is_refused(folder: Path) -> None:
    (folder / "emulators.toml").write_text("# nothing yet\n")
    (folder / "pyproject.toml").write_text("[tool.ruff]\n")
    assert read(None) == {}
    with pytest.raises(InvalidValue, match=r"emulators\.toml: expected a table \[check\], got none"):
        read(folder / "emulators.toml")
    with pytest.raises(InvalidValue, match=r"expected a table \[tool\.emulators\.check\], got none"):
        read(folder / "pyproject.toml")


def test_a_check_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emulators.toml").write_text("check = 3\n")
    with pytest.raises(InvalidValue, match="check: expected a table"):
        read(tmp_path / "emulators.toml")


# -- names and types


def test_names_may_have_dashes_as_on_the_command_line() -> None:
    settings = made({"oracle-url": URL, "fail-on": "medium"})
    assert (settings.oracle_url, settings.least) == (URL, Severity.MEDIUM)


def test_a_name_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'oracle-ulr'; did you mean 'oracle_url'"):
        made({"oracle-ulr": URL})


def test_a_severity_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'hihg'; did you mean 'high'"):
        made({"fail_on": "hihg"})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"seed": "1"}, "seed: expected int, got '1'"),
        ({"seed": True}, "seed: expected int, got True"),
        ({"seconds": "60"}, "seconds: expected int or float, got '60'"),
        ({"fuzz": 0}, "fuzz: expected bool, got 0"),
        ({"url": 80}, "url: expected str, got 80"),
        ({"headers": "a: b"}, "headers: expected dict, got 'a: b'"),
        ({"headers": {"X-Shop": 1}}, "headers: expected texts"),
        ({"only": 7}, "only: expected a list of texts, got 7"),
        ({"only": ["C07", 8]}, "only: expected a list of texts"),
        ({"reset_cmd": "echo 'open"}, "reset_cmd: No closing quotation"),
        ({"accept": "C07"}, "accept: expected list, got 'C07'"),
        ({"accept": ["C07"]}, "accept 1: expected a table, got 'C07'"),
        ({"accept": [{"check": "C07"}]}, "accept 1: reason: expected a text"),
        ({"accept": [{"reason": "so"}]}, "accept 1: check: expected a text"),
        ({"timeout": 0}, "timeout: expected seconds, more than 0, got 0"),
        ({"seconds": -1}, "seconds: expected seconds, more than 0, got -1"),
        ({"seconds": float("nan")}, "seconds: expected seconds, more than 0, got nan"),
        ({"timeout": float("inf")}, "timeout: expected seconds, more than 0, got inf"),
        ({"requests": 0}, "requests: expected a whole number, at least 1, got 0"),
        ({"idle": -1}, "idle: expected seconds, 0 or more, got -1"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        made(given)
    assert says in str(refused.value)


@pytest.mark.parametrize("until", ["2030", "20300131", "2030-02-30", "soon", 2030, True])
def test_what_is_no_date_is_refused_with_both_forms_of_one(until: Any) -> None:
    with pytest.raises(InvalidValue) as refused:
        made({"accept": [{"check": "C07", "reason": "so", "until": until}]})
    says = f'accept 1: until: expected a date, 2027-01-31 or as a text "2027-01-31", got {until!r}'
    assert str(refused.value) == says


def test_a_key_of_accept_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'untill'; did you mean 'until'"):
        made({"accept": [{"check": "C07", "reason": "so", "untill": date(2030, 1, 1)}]})


def test_ids_come_as_a_list_or_with_commas() -> None:
    assert made({"only": "C07, C10"}).only == made({"only": ["C07", "C10"]}).only == ("C07", "C10")


def test_an_id_may_be_written_without_its_nought_and_in_small_letters() -> None:
    settings = made({"only": "c1,C07,f1", "skip": ["m01"], "accept": [{"check": "c7", "reason": "so"}]})
    assert (settings.only, settings.skip) == (("C01", "C07", "F01"), ("M01",))
    assert settings.accept[0].check == "C07"


def test_a_command_is_split_into_words_as_a_shell_would() -> None:
    assert made({"reset_cmd": "psql -c 'DELETE FROM events'"}).reset_cmd == (
        "psql",
        "-c",
        "DELETE FROM events",
    )


def test_every_setting_has_a_value_that_fits_itself() -> None:
    plain = Settings()
    given = {f.name: getattr(plain, f.name) for f in fields(Settings)}
    optional = {"feed", "timeout", "requests", "seconds"}
    assert made({name: value for name, value in given.items() if name not in {*optional, "accept"}}) == plain


# -- which checks


def test_the_preflight_is_always_among_the_chosen() -> None:
    assert [check.id for check in chosen(made({"only": "c07"}))] == ["P01", "C07"]


def test_the_preflight_cannot_be_left_out() -> None:
    with pytest.raises(InvalidValue, match="skip: P01"):
        chosen(made({"skip": "P01"}))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"only": "C01", "skip": "c1"}, "got only C01 and skip C01"),
        ({"only": "F01", "fuzz": False}, "only: expected a check that is not left out, got F01, which draw"),
    ],
)
def test_a_choice_that_leaves_nothing_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        chosen(made(given))
    assert says in str(refused.value)


def test_the_preflight_alone_can_be_asked_for() -> None:
    assert [check.id for check in chosen(made({"only": "P01"}))] == ["P01"]


def test_chance_can_be_left_out() -> None:
    everything, certain = chosen(made({})), chosen(made({"fuzz": False}))
    assert {check.id for check in everything} - {check.id for check in certain} == {"F01", "M01"}


@pytest.mark.parametrize("given", [{"only": "C77"}, {"skip": "C77"}, {"accept": [{"check": "C77", "reason": "x"}]}])  # fmt: skip
def test_a_check_that_does_not_exist_is_refused_wherever_it_stands(given: dict[str, Any]) -> None:
    with pytest.raises(UnknownName, match="unknown check 'C77'"):
        chosen(made(given))


# -- credentials


def test_a_login_comes_out_of_the_environment() -> None:
    target = made({"url": URL, "basic": "env:LOGIN"}).target({"LOGIN": "ann:pass:word"})
    assert target.basic == ("ann", "pass:word")


def test_a_header_comes_out_of_the_environment_or_is_plain_if_it_is_no_secret() -> None:
    settings = made({"url": URL, "headers": {"X-Token": "env:TOKEN", "X-Shop": "kyiv"}})
    assert settings.target({"TOKEN": "t0p"}).headers == (("X-Token", "t0p"), ("X-Shop", "kyiv"))


def test_headers_of_the_oracle_come_out_of_the_environment_too() -> None:
    settings = made({"oracle_headers": {"Authorization": "env:TOKEN"}})
    assert settings.oracle_pairs({"TOKEN": "Bearer x"}) == (("Authorization", "Bearer x"),)


@pytest.mark.parametrize("variables", [{}, {"LOGIN": ""}])
def test_a_reference_to_nothing_is_said_by_its_name(variables: dict[str, str]) -> None:
    with pytest.raises(InvalidValue, match="basic: the environment has no LOGIN"):
        made({"basic": "env:LOGIN"}).target(variables)


@pytest.mark.parametrize(
    "given",
    [{"basic": "ann:s3cret"}, {"headers": {"X-Api-Key": "s3cret"}}, {"headers": {"Authorization": "Bearer s3cret"}}],
)  # fmt: skip
def test_a_credential_in_plain_is_refused_and_not_repeated(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match="by reference: env:NAME") as refused:
        made({"url": URL, **given}).target({})
    assert "s3cret" not in str(refused.value)


# -- accepted deviations


def test_a_deviation_is_accepted_up_to_its_day_and_not_after() -> None:
    [accepted] = made({"accept": [{"check": "c07", "reason": "so", "until": date(2030, 1, 31)}]}).accept
    assert accepted.covers(finding(), date(2030, 1, 31))
    assert not accepted.covers(finding(), date(2030, 2, 1))


def test_a_day_may_be_a_text() -> None:
    [accepted] = made({"accept": [{"check": "C07", "reason": "so", "until": "2030-01-31"}]}).accept
    assert accepted.until == date(2030, 1, 31)


def test_a_moment_is_taken_for_its_day() -> None:
    until = datetime(2030, 1, 31, 23, tzinfo=UTC)
    [accepted] = made({"accept": [{"check": "C07", "reason": "so", "until": until}]}).accept
    assert accepted.until == date(2030, 1, 31)


def test_a_deviation_without_a_day_is_accepted_for_good() -> None:
    assert Accepted("C07", "so").covers(finding(), date(2999, 1, 1))


def test_a_deviation_covers_its_check_and_its_key_alone() -> None:
    accepted = Accepted("C07", "so", key="202")
    assert accepted.covers(finding(key="202"), date(2030, 1, 1))
    assert not accepted.covers(finding(key="204"), date(2030, 1, 1))
    assert not accepted.covers(finding(check="C10", key="202"), date(2030, 1, 1))
