"""A case of many changes that came down to one event is told in words about this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from emulators.check.checks.answers import subject
from emulators.check.sender import Sender
from emulators.check.shrinking.simplifying import named_anew
from emulators.check.vocabulary import Case, Shot

SENDER = Sender("sendpulse", "smtp")


def case_of(*changes: Mapping[str, Any], path: tuple[str, ...] = ()) -> Case:
    plain = SENDER.event("opened")
    events = tuple({**plain, **change} for change in changes)
    return Case("C19", "8 events in one request", (Shot(events),), data={"path": list(path)})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([{"subject": "x"}], 'an event with subject = "x"'),
        ([{"subject": "x", "sender": "y"}], "an event with sender, subject in other ways"),
        ([{}], "the documents' own example"),
        ([{"subject": "x"}, {"subject": "y"}], "8 events in one request"),
    ],
)
def test_what_is_odd_about_the_event_that_is_left_is_named(
    changes: list[Mapping[str, Any]], told: str
) -> None:
    words = subject(named_anew(SENDER, case_of(*changes)))
    assert sorted(words.split()) == sorted(told.split())


def test_a_case_that_is_about_a_field_stays_about_it() -> None:
    case = case_of({"subject": "x", "sender": "y"}, path=("sender",))
    assert named_anew(SENDER, case) is case
