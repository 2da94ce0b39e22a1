"""Believable people, e-mail subjects, campaigns, products and companies, drawn from a locale's pools.

Whoever draws brings the `random.Random`, so the same seed gives the same values. Nobody here can be
reached: addresses lie on the domains reserved for examples, telephone numbers in ranges never assigned.
The pools are made ahead of time by `emulators.pool_builder`; drawing needs the standard library alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from random import Random
from typing import Any, NamedTuple

from emulators.errors import unknown


class Person(NamedTuple):
    """Somebody made up: names in the locale's script, a latin e-mail address, `phone` as E.164 with "+"."""

    first_name: str
    last_name: str
    email: str
    phone: str


class Pools:
    """The values of one locale, such as "uk_UA"; the file is read when the first value is drawn."""

    def __init__(self, locale: str) -> None:
        if locale not in locales():
            raise unknown("locale", locale, locales())
        self.locale = locale

    def person(self, random: Random) -> Person:
        """Somebody of this locale, for one draw of 64 bits; each name has three million addresses."""
        people = self._people
        rest, row = divmod(random.getrandbits(64), len(people))
        first_name, last_name, mailbox = people[row]
        forms, per_form = self._phones
        rest_of_phone, line = divmod(rest // 3_000_000, per_form)
        phone = forms[rest_of_phone % len(forms)] % line
        return Person(first_name, last_name, _address(mailbox, rest), phone)

    def email(self, random: Random) -> str:
        """The address alone of the person that the same draw would give."""
        rest, row = divmod(random.getrandbits(64), len(self._people))
        return _address(self._people[row][2], rest)

    def subject(self, random: Random) -> str:
        """The subject line of an e-mail, some with emoji."""
        return _one_of(self._subjects, random)

    def campaign(self, random: Random) -> str:
        """What a marketer calls a campaign in their own list."""
        return _one_of(self._campaigns, random)

    def product(self, random: Random) -> str:
        """An article as a shop lists it, without a price."""
        return _one_of(self._products, random)

    def company(self, random: Random) -> str:
        """A small firm, called after its owner."""
        return _one_of(self._companies, random)

    @cached_property
    def _pool(self) -> dict[str, Any]:
        pool: dict[str, Any] = json.loads(_shipped().joinpath(f"{self.locale}.json").read_text("utf-8"))
        return pool

    @cached_property
    def _people(self) -> tuple[tuple[str, str, str], ...]:
        return tuple((first, last, mailbox) for first, last, mailbox in self._pool["people"])

    @cached_property
    def _phones(self) -> tuple[tuple[str, ...], int]:
        """Forms that take a line's number with `%`, and how many lines each has."""
        phone = self._pool["phone"]
        return tuple(f"{prefix}%0{phone['digits']}d" for prefix in phone["prefixes"]), 10 ** phone["digits"]

    @cached_property
    def _subjects(self) -> tuple[str, ...]:
        return tuple(self._pool["subjects"])

    @cached_property
    def _campaigns(self) -> tuple[str, ...]:
        return tuple(self._pool["campaigns"])

    @cached_property
    def _products(self) -> tuple[str, ...]:
        return tuple(self._pool["products"])

    @cached_property
    def _companies(self) -> tuple[str, ...]:
        return tuple(self._pool["companies"])


@cache
def pools(locale: str) -> Pools:
    """The one `Pools` of a locale; an unknown one is refused with the nearest known."""
    return Pools(locale)


@cache
def locales() -> tuple[str, ...]:
    """Every locale with a shipped pool, sorted."""
    names = (
        entry.name.removesuffix(".json") for entry in _shipped().iterdir() if entry.name.endswith(".json")
    )
    return tuple(sorted(name for name in names if "_" in name))


def _shipped() -> Traversable:
    """The folder of the shipped pools, on disk or in a zipped package."""
    return files("emulators").joinpath("pools")


def _address(mailbox: str, draw: int) -> str:
    """One of three million addresses of a name, on a domain reserved for examples."""
    draw, number = divmod(draw, 1_000_000)
    return f"{mailbox}{number}@example.{('com', 'org', 'net')[draw % 3]}"


def _one_of(values: Sequence[str], random: Random) -> str:
    return values[int(random.random() * len(values))]
