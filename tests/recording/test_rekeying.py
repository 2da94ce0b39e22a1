"""Fresh ids look like the old ones, are others, and are the same wherever the old one stood."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators import catalog, registry
from emulators.engine.pointer import look_up
from emulators.redaction import PLACEHOLDER
from emulators.rekeying import Renamer, rekey

IDS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.integers(0, 20),
    st.uuids().map(str),
    st.from_regex(r"\A[A-Z0-9]{4}-[A-Z0-9]{8}-[A-Z0-9]{8}\Z"),
    st.from_regex(r"\A_[0-9a-f]{32}\Z"),
    st.text(min_size=1, max_size=12),
)


def feeds() -> list[tuple[str, str, str]]:
    shelf = catalog.default()
    return [
        (provider, revision, feed)
        for provider in registry.SHIPPED
        for revision in shelf.revisions(provider)
        for feed in catalog.profile(provider, revision).feeds
    ]


@given(st.lists(IDS, min_size=1, max_size=30), st.integers(0, 3))
def test_a_fresh_id_is_another_one_and_nobody_elses(olds: list[Any], seed: int) -> None:
    renamer = Renamer(seed)
    new = {str(old): str(renamer(old)) for old in olds}
    assert all(value != old for old, value in new.items())
    assert len(set(new.values())) == len(new)
    assert {str(old): str(renamer(old)) for old in reversed(olds)} == new
    assert all(type(renamer(old)) is type(old) for old in olds)


@given(st.uuids(version=4) | st.uuids(version=1))
def test_a_uuid_stays_one_of_its_version(old: uuid.UUID) -> None:
    new = uuid.UUID(Renamer(1)(str(old)))
    assert (new.version, new.variant) == (old.version, old.variant)


@given(st.integers(10, 2**64 - 1))
def test_a_number_keeps_its_digits_and_the_width_that_it_shows(old: int) -> None:
    new = Renamer(1)(old)
    assert len(str(new)) == len(str(old))
    assert all(new <= width for width in (2**31 - 1, 2**63 - 1, 2**64 - 1) if old <= width)


def test_a_code_keeps_its_groups() -> None:
    new = Renamer(1)("B780-1A2B3C4D-0000O375")
    assert re.fullmatch(r"[A-Z][0-9]{3}-[0-9][A-Z][0-9][A-Z][0-9][A-Z][0-9][A-Z]-[0-9]{4}[A-Z][0-9]{3}", new)


def test_a_number_and_its_text_are_the_same_id() -> None:
    renamer = Renamer(1)
    assert str(renamer(1149317311)) == renamer("1149317311")


def test_a_seed_gives_the_same_ids_and_another_one_others() -> None:
    assert Renamer(1)("abcdefgh") == Renamer(1)("abcdefgh") != Renamer(2)("abcdefgh")


def test_only_what_the_pointers_lead_to_changes() -> None:
    event = {
        "id": 1,
        "deep": {"ids": ["a", "b", None], "x/y": "c"},
        "other": 1,
        "hidden": PLACEHOLDER,
        "none": None,
    }
    pointers = [
        "/id",
        "/deep/ids",
        "/deep/x~1y",
        "/hidden",
        "/none",
        "/absent",
        "/deep/ids/7",
        "/other/below",
    ]
    new = rekey([event, event], pointers, lambda old: f"new {old}")
    expected = {**event, "id": "new 1", "deep": {"ids": ["new a", "new b", None], "x/y": "new c"}}
    assert new == [expected, expected]
    assert list(new[0]) == list(event)
    assert rekey("no event", pointers, str.upper) == "no event"


@pytest.mark.parametrize(("provider", "revision", "feed"), feeds())
def test_the_ids_of_a_feed_are_facts_about_fields_that_it_has(
    provider: str, revision: str, feed: str
) -> None:
    profile = catalog.profile(provider, revision)
    fields = {name for kind in profile.feeds[feed].kinds.values() for name in kind.fields}
    for pointer, fact in profile.feeds[feed].identities.items():
        assert pointer.split("/")[1] in fields
        assert fact.basis in ("documented", "observed", "inferred", "assumed")
        assert fact.source in profile.sources
        assert fact.note


@pytest.mark.parametrize(("provider", "revision", "feed"), feeds())
def test_a_sample_with_fresh_ids_is_one_the_vendor_could_send(
    provider: str, revision: str, feed: str
) -> None:
    profile = catalog.profile(provider, revision)
    identities, renamer = profile.feeds[feed].identities, Renamer(1)
    contract = catalog.default().contract(provider, revision)
    for name, sample in profile.samples.items():
        if name.partition(".")[0] == feed:
            value = json.loads(sample.body)
            new = rekey(value, identities, renamer)
            assert contract.explain(feed, new) == ()
            pairs = zip(value, new, strict=True) if isinstance(value, list) else [(value, new)]
            for old_event, new_event in pairs:
                for pointer in identities:
                    old = look_up(old_event, pointer)
                    assert old is None or look_up(new_event, pointer) == renamer(old) != old


def test_ids_of_one_digit_do_not_run_into_each_other() -> None:
    renamer = Renamer(1)
    new = [renamer(old) for old in range(10)]
    assert len(set(new)) == 10
    assert all(old != fresh for old, fresh in enumerate(new))
