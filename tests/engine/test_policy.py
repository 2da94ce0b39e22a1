"""What each answer means, when the next attempt is, and what may not be said."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.engine.policy import Policy
from emulators.errors import InvalidValue, UnknownName

EXACTLY_200 = Policy(answers={"200": "acknowledge", "*": "retry"})
CLASSES = Policy(answers={"2xx": "acknowledge", "410": "abandon", "4xx": "abandon", "*": "retry"})


@pytest.mark.parametrize(
    ("policy", "status", "verdict"),
    [
        (EXACTLY_200, 200, "acknowledge"),
        (EXACTLY_200, 201, "retry"),
        (EXACTLY_200, 204, "retry"),
        (EXACTLY_200, 301, "retry"),
        (EXACTLY_200, None, "retry"),
        (CLASSES, 204, "acknowledge"),
        (CLASSES, 410, "abandon"),
        (CLASSES, 404, "abandon"),
        (CLASSES, 500, "retry"),
    ],
)
def test_an_exact_status_counts_before_its_class_and_that_before_the_rest(
    policy: Policy, status: int | None, verdict: str
) -> None:
    assert policy.verdict(status) == verdict


def test_the_last_delay_repeats_or_is_the_last() -> None:
    repeated = Policy(retry_delays=(60, 120), retry_after_last="repeat")
    ended = Policy(retry_delays=(60, 120), retry_after_last="abandon")
    assert [repeated.delay(n) for n in (1, 2, 3, 99)] == [60, 120, 120, 120]
    assert [ended.delay(n) for n in (1, 2, 3)] == [60, 120, None]
    assert Policy(retry_after_last="repeat").delay(1) is None


def test_a_verification_needs_an_answer_that_is_accepted() -> None:
    policy = Policy(probe="GET", probe_answers={"2xx": "accept", "*": "refuse"})
    assert [policy.admits(status) for status in (200, 204, 302, 403, None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0),
        ("batch_size", "many"),
        ("batch_window", -1),
        ("timeout", "10s"),
        ("retry_delays", [1, -1]),
        ("retry_delays", 60),
        ("answers", {"200": "ok"}),
        ("probe_answers", {"200": "acknowledge"}),
        ("order", "sideways"),
        ("envelope", "xml"),
        ("probe", "HEAD"),
        ("content_type", 7),
        ("batch_window", float("inf")),
        ("batch_window", True),
        ("retry_delays", [float("nan")]),
        ("retry_delays", [float("inf")]),
        ("retry_delays", [True]),
        ("answers", {200: "acknowledge"}),
        ("answers", {"OK": "acknowledge"}),
        ("probe_answers", {"2xx ": "accept"}),
    ],
)
def test_a_wrong_value_is_refused_saying_field_expected_and_got(name: str, value: Any) -> None:
    with pytest.raises(InvalidValue, match=rf"^{name}: expected .*, got "):
        Policy().altered({name: value})


def test_an_unknown_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'retry_delays'"):
        Policy().altered({"retry_delay": [1]})


def test_what_the_caller_changes_afterwards_is_none_of_ours() -> None:
    delays, answers = [60.0], {"200": "acknowledge"}
    policy = Policy().altered({"retry_delays": delays, "answers": answers})
    delays.append(120.0)
    answers["500"] = "acknowledge"
    assert policy.delay(2) is None
    assert policy.verdict(500) == "retry"


def test_an_object_holds_one_event() -> None:
    with pytest.raises(InvalidValue, match="one event"):
        Policy(envelope="object").altered({"batch_size": 2})
