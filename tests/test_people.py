"""Made-up people are believable, repeatable and out of anybody's reach."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

import emulators.people
from emulators.errors import UnknownName
from emulators.people import Person, Pools, locales, pools

each_locale = pytest.mark.parametrize("locale", locales())


def shipped_file(locale: str) -> Path:
    return Path(emulators.people.__file__).with_name("pools") / f"{locale}.json"


def crowd(locale: str, seed: int, size: int = 1000) -> list[Person]:
    random = Random(seed)
    return [pools(locale).person(random) for _ in range(size)]


def test_six_locales_are_shipped() -> None:
    assert locales() == ("en_US", "es_ES", "hi_IN", "pt_BR", "ru_RU", "uk_UA")


@each_locale
def test_the_same_seed_gives_the_same_people(locale: str) -> None:
    assert crowd(locale, seed=5) == crowd(locale, seed=5)


@each_locale
def test_two_seeds_give_different_people(locale: str) -> None:
    assert not set(crowd(locale, seed=5)) & set(crowd(locale, seed=6))


@each_locale
def test_addresses_lie_only_on_domains_reserved_for_examples(locale: str) -> None:
    assert all(
        re.fullmatch(r"[a-z]+\.[a-z]+[0-9]{1,6}@example\.(com|org|net)", person.email)
        for person in crowd(locale, seed=1)
    )


@pytest.mark.parametrize(
    ("locale", "unassigned"),
    [
        ("en_US", r"\+1[2-9]\d\d55501\d\d"),
        ("es_ES", r"\+3430\d{7}"),
        ("hi_IN", r"\+9110\d{8}"),
        ("pt_BR", r"\+55209\d{8}"),
        ("ru_RU", r"\+7000\d{7}"),
        ("uk_UA", r"\+38020\d{7}"),
    ],
)
def test_telephone_numbers_are_of_the_country_and_never_assigned(locale: str, unassigned: str) -> None:
    assert all(re.fullmatch(unassigned, person.phone) for person in crowd(locale, seed=2))


@each_locale
def test_hardly_two_people_of_a_crowd_share_an_address(locale: str) -> None:
    assert len({person.email for person in crowd(locale, seed=3, size=20_000)}) > 19_990


@each_locale
def test_every_shipped_person_and_domain_turns_up_in_a_large_crowd(locale: str) -> None:
    people = crowd(locale, seed=4, size=10_000)
    assert len({(person.first_name, person.last_name) for person in people}) > 380
    assert {person.email.partition("@")[2] for person in people} == {
        "example.com",
        "example.org",
        "example.net",
    }


@each_locale
@pytest.mark.parametrize(
    ("draw", "enough"),
    [(Pools.subject, 36), (Pools.campaign, 24), (Pools.product, 30), (Pools.company, 60)],
    ids=["subjects", "campaigns", "products", "companies"],
)
def test_there_are_enough_distinct_values(locale: str, draw: Any, enough: int) -> None:
    random = Random(7)
    assert len({draw(pools(locale), random) for _ in range(3000)}) >= enough


@each_locale
def test_some_subjects_carry_emoji(locale: str) -> None:
    random = Random(8)
    drawn = {pools(locale).subject(random) for _ in range(1000)}
    assert 5 < sum(any(ord(character) >= 0x1F300 for character in subject) for subject in drawn) < len(drawn)


@pytest.mark.parametrize(
    ("locale", "script"), [("uk_UA", "[Ѐ-ӿ]"), ("ru_RU", "[Ѐ-ӿ]"), ("hi_IN", "[ऀ-ॿ]")], ids=["uk", "ru", "hi"]
)
def test_names_are_in_the_script_of_the_locale(locale: str, script: str) -> None:
    assert all(
        re.match(script, person.first_name) and re.match(script, person.last_name)
        for person in crowd(locale, seed=9)
    )


def test_every_locale_has_one_shared_pools() -> None:
    assert pools("uk_UA") is pools("uk_UA")
    assert pools("uk_UA").locale == "uk_UA"


def test_an_unknown_locale_is_refused_naming_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown locale 'uk-ua'; did you mean 'uk_UA'"):
        pools("uk-ua")


def test_drawing_works_where_faker_is_absent() -> None:
    program = (
        "import sys; sys.modules['faker'] = None\n"
        "from random import Random\n"
        "from emulators.people import locales, pools\n"
        "print(*(pools(locale).person(Random(1)).email for locale in locales()), sep='\\n')"
    )
    drawn = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert drawn.split() == [pools(locale).person(Random(1)).email for locale in locales()]


@each_locale
def test_a_shipped_file_is_small_and_holds_one_value_per_line(locale: str) -> None:
    text = shipped_file(locale).read_text("utf-8")
    lines = {line.strip().rstrip(",") for line in text.splitlines()}
    lists = [values for values in json.loads(text).values() if isinstance(values, list)]
    assert len(text.encode()) < 60_000
    assert all(json.dumps(value, ensure_ascii=False) in lines for values in lists for value in values)
    assert "\\u" not in text


@each_locale
def test_the_builder_rebuilds_the_shipped_file_identically(locale: str, tmp_path: Path) -> None:
    faker = pytest.importorskip("faker", reason="Faker is not installed")
    built_with = json.loads(shipped_file(locale).read_text("utf-8"))["built_with"]["faker"]
    if built_with != faker.VERSION:
        pytest.skip(f"the pools were built with Faker {built_with}, installed is {faker.VERSION}")
    from emulators import pool_builder

    pool_builder.main([locale, "--out", str(tmp_path / "new")])
    assert (tmp_path / "new" / f"{locale}.json").read_bytes() == shipped_file(locale).read_bytes()
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_the_builder_refuses_an_unknown_locale_before_it_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faker", reason="Faker is not installed")
    from emulators import pool_builder

    with pytest.raises(SystemExit) as refused:
        pool_builder.main(["es_ES", "pt_PR", "--out", str(tmp_path / "new")])
    assert refused.value.code == 2
    assert "unknown locale 'pt_PR'; did you mean 'pt_BR'?" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_phrases_kept_by_hand_never_repeat() -> None:
    kept = json.loads(shipped_file("phrases").read_text("utf-8"))
    assert set(kept) == set(locales())
    for by_hand in kept.values():
        for name in ("subjects", "campaigns", "products", "company_forms"):
            assert all(one != other for one, other in pairwise(sorted(by_hand[name])))


@pytest.mark.parametrize(
    ("locale", "name", "latin"),
    [
        ("uk_UA", "Євген", "yevhen"),
        ("uk_UA", "Деревʼянко", "derevianko"),
        ("ru_RU", "Юлия", "yuliya"),
        ("es_ES", "Íñigo", "inigo"),
        ("pt_BR", "da Conceição", "daconceicao"),
        ("hi_IN", "कृष्ण", "krishna"),
        ("hi_IN", "अंकुर", "ankur"),
        ("hi_IN", "रॉय चौधरी", "roychaudhari"),
    ],
)
def test_names_are_spelled_in_latin_letters(locale: str, name: str, latin: str) -> None:
    pytest.importorskip("faker", reason="Faker is not installed")
    from emulators import pool_builder

    assert pool_builder.latin(name, pool_builder.phrases()[locale].get("latin", {})) == latin
