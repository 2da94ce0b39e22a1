"""The journal in memory: how far it reaches back, what lies beyond, and where an emulator's own story begins."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.engine.journal import Effects, Entry, Opened, Posted, Restored, Turned
from emulators.engine.journaling import Journal, weight
from emulators.engine.state import AccountState, State

HEAVY = b"x" * 700  # weighs 1000
REACH = 10_000


class Shelf:
    """An archive that keeps everything in a list, and counts how often it is asked."""

    def __init__(self) -> None:
        self.kept: list[Entry] = []
        self.asked = 0

    def append(self, number: int, entry: Entry) -> None:
        self.kept.append(entry)
        assert number == len(self.kept)

    def read(
        self, after: int, limit: int, kinds: Collection[str] = (), emulator: str | None = None
    ) -> list[tuple[int, Entry]]:
        self.asked += 1
        numbered = enumerate(self.kept, 1)
        wanted = (
            (number, entry)
            for number, entry in numbered
            if number > after
            and (not kinds or type(entry).__name__ in kinds)
            and emulator in (None, entry.emulator)
        )
        return [found for _, found in zip(range(limit), wanted, strict=False)]


def posted(number: int, emulator: str = "acme", payload: bytes = HEAVY) -> Posted:
    return Posted(number, emulator, (), payload, "")


def opened(number: int, emulator: str = "acme") -> Opened:
    return Opened(number, emulator, emulator, "2026-01", 0, Effects())


def restored(number: int, *names: str) -> Restored:
    return Restored(
        number, "", "kept", State(accounts={name: AccountState(name, "2026-01") for name in names})
    )


def filled(count: int, archive: Shelf | None = None, reach: int | None = REACH) -> Journal:
    journal = Journal(archive, reach)
    for number in range(1, count + 1):
        journal.append(posted(number))
    return journal


def numbers(page: list[tuple[int, Entry]]) -> list[int]:
    assert all(number == entry.instant for number, entry in page)
    return [number for number, _ in page]


def test_without_a_bound_nothing_is_ever_dropped():
    journal = filled(1000, reach=None)
    assert (journal.last, journal.dropped, journal.lost) == (1000, 0, 0)
    assert numbers(journal.page(0, 2000)) == list(range(1, 1001))


def test_memory_holds_no_more_than_its_reach_and_says_how_much_is_lost():
    journal = filled(1000)
    assert journal.last == 1000
    assert sum(map(weight, journal.entries)) <= REACH
    assert sum(map(weight, journal.entries)) > REACH // 2
    assert journal.lost == journal.dropped == 1000 - len(journal.entries)
    assert numbers(journal.page(0, 2000)) == list(range(journal.lost + 1, 1001))


def test_the_newest_entry_stays_however_large_it_is():
    journal = Journal(None, REACH)
    for number in (1, 2):
        journal.append(posted(number, payload=b"x" * 10 * REACH))
        assert numbers(journal.page(0, 10)) == [number]
    journal.append(posted(3))
    assert numbers(journal.page(0, 10)) == [3]
    assert journal.lost == 2


def test_what_an_archive_keeps_is_not_lost():
    shelf = Shelf()
    journal = filled(1000, shelf)
    assert journal.lost == 0
    assert journal.dropped > 900
    assert numbers(journal.page(0, 2000)) == list(range(1, 1001))


@pytest.mark.parametrize("limit", [1, 3, 7, 1000])
def test_pages_are_seamless_from_the_archive_into_memory(limit):
    journal = filled(50, Shelf())
    assert 0 < journal.dropped < 50
    seen, after = [], 0
    while page := journal.page(after, limit):
        assert len(page) <= limit
        seen += numbers(page)
        after = seen[-1]
    assert seen == list(range(1, 51))


def test_the_archive_is_left_alone_where_memory_reaches():
    shelf = Shelf()
    journal = filled(50, shelf)
    assert numbers(journal.page(journal.dropped, 100)) == list(range(journal.dropped + 1, 51))
    assert journal.page(50, 100) == journal.page(10**17, 100) == []
    assert shelf.asked == 0


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans()), max_size=60),
    st.integers(0, 70),
    st.integers(1, 70),
    st.sampled_from([(), (Posted,), (Turned,), (Posted, Turned)]),
    st.sampled_from([None, "a", "b"]),
    st.integers(0, 20_000),
)
def test_a_page_is_the_same_wherever_its_entries_lie(made, after, limit, kinds, emulator, reach):
    whole, bounded = Journal(), Journal(Shelf(), reach)
    for number, (name, heavy) in enumerate(made, 1):
        entry = posted(number, name) if heavy else Turned(number, name)
        whole.append(entry)
        bounded.append(entry)
    assert bounded.page(after, limit, kinds, emulator) == whole.page(after, limit, kinds, emulator)
    assert list(bounded.of(Posted, "a")) == list(whole.of(Posted, "a"))


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("reach", [None, REACH])
def test_the_story_of_an_emulator_begins_with_its_last_opening(archive, reach):
    journal = Journal(Shelf() if archive else None, reach)
    journal.append(opened(1))
    journal.append(posted(2))
    journal.append(opened(3, "other"))
    journal.append(posted(4, "other"))
    journal.append(opened(5))
    journal.append(posted(6))
    assert (journal.begun("acme"), journal.begun("other"), journal.begun("nobody")) == (5, 3, 1)
    assert [entry.instant for entry in journal.of(Posted, "acme")] == [6]
    assert [entry.instant for entry in journal.of(Posted, "other")] == [4]
    assert [entry.instant for entry in journal.of(Opened, "acme")] == [5]
    assert [entry.instant for entry in journal.since("acme")] == [5, 6]


def test_after_going_back_the_story_of_those_who_were_there_begins_anew():
    journal = Journal()
    for entry in (
        opened(1),
        opened(2, "other"),
        posted(3),
        restored(4, "acme"),
        posted(5),
        opened(6, "other"),
    ):
        journal.append(entry)
    assert (journal.begun("acme"), journal.begun("other")) == (4, 6)
    assert [entry.instant for entry in journal.of(Posted, "acme")] == [5]


def test_an_emulator_that_a_restored_state_does_not_know_has_no_beginning_until_it_is_opened():
    journal = Journal()
    for entry in (opened(1), posted(2), restored(3)):
        journal.append(entry)
    assert journal.begun("acme") == 1
    journal.append(opened(4))
    assert journal.begun("acme") == 4


@pytest.mark.parametrize("archive", [False, True])
def test_an_opening_that_memory_has_dropped_is_still_a_beginning(archive):
    journal = Journal(Shelf() if archive else None, REACH)
    journal.append(posted(1))
    journal.append(opened(2))
    for number in range(3, 101):
        journal.append(posted(number))
    assert journal.begun("acme") == 2 < journal.dropped
    told = [entry.instant for entry in journal.of(Posted, "acme")]
    assert told == list(range(3 if archive else journal.dropped + 1, 101))


def test_a_journal_goes_on_behind_what_an_archive_holds():
    shelf = Shelf()
    for number in range(1, 31):
        shelf.append(number, opened(number) if number == 20 else posted(number))
    journal = Journal(shelf, REACH)
    journal.resume(30, {"acme": 20})
    assert (journal.last, journal.lost, journal.begun("acme")) == (30, 0, 20)
    journal.append(posted(31))
    assert len(shelf.kept) == 31
    assert numbers(journal.page(28, 100)) == [29, 30, 31]
    assert [entry.instant for entry in journal.of(Posted, "acme")] == list(range(21, 32))


def test_listeners_hear_of_each_entry_once_it_can_be_read():
    shelf, heard = Shelf(), []
    journal = Journal(shelf, REACH)

    def listen(entry: Entry) -> None:
        heard.append((journal.last, len(shelf.kept), entry.instant))

    journal.listeners.append(listen)
    journal.append(posted(1))
    journal.append(posted(2))
    journal.listeners.remove(listen)
    journal.append(posted(3))
    assert heard == [(1, 1, 1), (2, 2, 2)]


def test_a_listener_may_leave_while_it_is_told():
    journal, heard = Journal(), []

    def once(entry: Entry) -> None:
        journal.listeners.remove(once)
        heard.append("once")

    journal.listeners += [once, lambda entry: heard.append("always")]
    journal.append(posted(1))
    journal.append(posted(2))
    assert heard == ["once", "always", "always"]
