"""Rebuilds the shipped pools bit for bit: `python -m emulators.pool_builder [LOCALE ...]`.

Names come from Faker under the locale's fixed seed; what people write and sell is kept by hand in
`pools/phrases.json`, next to the files built here. No other module imports Faker.
"""

from __future__ import annotations

import argparse
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faker import VERSION, Faker

from emulators.errors import UnknownName, unknown


def phrases() -> dict[str, dict[str, Any]]:
    """What is kept by hand, by locale."""
    kept: dict[str, dict[str, Any]] = json.loads(_pools_folder().joinpath("phrases.json").read_text("utf-8"))
    return kept


def build(locale: str) -> str:
    """The text of the locale's pool file."""
    kept = phrases()
    if locale not in kept:
        raise unknown("locale", locale, kept)
    by_hand = kept[locale]
    faker = Faker(locale, use_weighting=False)
    faker.seed_instance(by_hand["seed"])
    pool = {
        "built_with": {"faker": VERSION, "seed": by_hand["seed"]},
        "phone": by_hand["phone"],
        "people": _people(faker, by_hand, how_many=400),
        "companies": _companies(faker, by_hand, per_form=6),
        **{name: by_hand[name] for name in ("subjects", "campaigns", "products")},
    }
    return _one_value_per_line(pool)


def latin(name: str, spellings: Mapping[str, str]) -> str:
    """The name in letters a to z: spelled letter by letter, else without its accents.

    A spelling under "^" and the letter holds at the start of the name. A Devanagari consonant carries
    an "a" unless a vowel sign follows, or the name ends on it alone.
    """
    letters = re.findall(".\N{DEVANAGARI SIGN NUKTA}?", _composed(name.lower()))
    spelled = ""
    for before, letter, after in zip(["", *letters], letters, [*letters[1:], ""], strict=False):
        bare = re.sub("[^a-z]", "", unicodedata.normalize("NFKD", letter))
        spelled += spellings.get(letter if before else f"^{letter}", spellings.get(letter, bare))
        if "\N{DEVANAGARI LETTER KA}" <= letter[0] <= "\N{DEVANAGARI LETTER HA}":
            sign_follows = "\N{DEVANAGARI VOWEL SIGN AA}" <= after <= "\N{DEVANAGARI SIGN VIRAMA}"
            ends_alone = not after.strip() and before != "\N{DEVANAGARI SIGN VIRAMA}"
            spelled += "" if sign_follows or ends_alone else "a"
    return spelled


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; an unknown locale is refused before anything is written."""
    parser = argparse.ArgumentParser(
        prog="python -m emulators.pool_builder",
        description="Rebuild the pools of people, companies and phrases that the emulators draw from.",
    )
    parser.add_argument(
        "locales", nargs="*", metavar="LOCALE", help=f"{', '.join(sorted(phrases()))} (default: every one)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=_pools_folder(),
        help="where to write (default: in the package)",
    )
    options = parser.parse_args(arguments)
    try:
        built = {locale: build(locale) for locale in options.locales or sorted(phrases())}
    except UnknownName as refusal:
        parser.error(str(refusal))
    options.out.mkdir(parents=True, exist_ok=True)
    for locale, text in built.items():
        path = options.out / f"{locale}.json"
        path.write_text(text, "utf-8", newline="\n")
        print(f"{path}: {path.stat().st_size} bytes")


def _people(faker: Faker, by_hand: Mapping[str, Any], how_many: int) -> list[list[str]]:
    """Distinct [first name, last name, mailbox], women and men in turn."""
    skip = set(map(_composed, by_hand.get("skip", ())))
    only = set(map(_composed, by_hand.get("first_names", ())))
    spellings = {_composed(letter): spelling for letter, spelling in by_hand.get("latin", {}).items()}
    people: dict[str, list[str]] = {}
    while len(people) < how_many:
        if len(people) % 2:
            first, last = _composed(faker.first_name_male()), _composed(faker.last_name_male())
        else:
            first, last = _composed(faker.first_name_female()), _composed(faker.last_name_female())
        if skip & {first, last} or (only and first not in only):
            continue
        mailbox = f"{latin(first, spellings)}.{latin(last, spellings)}"
        people.setdefault(mailbox, [first, last, mailbox])
    return list(people.values())


def _companies(faker: Faker, by_hand: Mapping[str, Any], per_form: int) -> list[str]:
    """Distinct firms, each form of name with as many owners."""
    skip = set(map(_composed, by_hand.get("skip", ())))
    owners: dict[str, None] = {}
    while len(owners) < per_form * len(by_hand["company_forms"]):
        owner = _composed(faker.last_name_male())
        if owner not in skip:
            owners[owner] = None
    forms = by_hand["company_forms"] * per_form
    return [form.format(name=owner) for form, owner in zip(forms, owners, strict=True)]


def _composed(text: str) -> str:
    """The text in Unicode's normal form C, so that equal names are equal strings."""
    return unicodedata.normalize("NFC", text)


def _one_value_per_line(pool: Mapping[str, object]) -> str:
    """The pool as JSON whose differences read line by line."""

    def flat(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    entries = []
    for name, value in pool.items():
        lines = ",\n  ".join(map(flat, value)) if isinstance(value, list) else None
        entries.append(f" {flat(name)}: " + (flat(value) if lines is None else f"[\n  {lines}\n ]"))
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _pools_folder() -> Path:
    return Path(__file__).with_name("pools")


if __name__ == "__main__":
    main()
