"""What fails becomes small in few requests, stays the same failure, and is confirmed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from emulators.check.hooks import Hooks
from emulators.check.session import Session
from emulators.check.shrinking import minimised
from emulators.check.shrinking.reducing import fewest
from emulators.check.shrinking.simplifying import differing
from emulators.check.vocabulary import Case, Failure, Outcome, Shot
from tests.check.planted import (
    Store,
    by_status,
    check_with,
    finding_of,
    session_against,
    stored_once,
)

pytestmark = pytest.mark.asyncio

# -- the search itself


class Tries:
    """Counts tries; fails where `needed` are all there."""

    def __init__(self, *needed: int) -> None:
        self.needed, self.count = set(needed), 0

    async def __call__(self, kept: Sequence[int]) -> bool:
        self.count += 1
        assert list(kept) == sorted(set(kept))
        return self.needed <= set(kept)


@pytest.mark.parametrize("needed", [(0,), (999,), (417,), (3, 900), (0, 999), (5, 6, 7), (10, 200, 555, 800)])
async def test_the_elements_that_are_needed_are_found_with_a_binary_search_each(
    needed: tuple[int, ...],
) -> None:
    tries = Tries(*needed)
    assert await fewest(1000, tries) == list(needed)
    assert tries.count <= 14 * len(needed) + 2


async def test_where_it_is_the_number_that_counts_the_search_ends_at_the_shortest_beginning() -> None:
    count = 0

    async def fails(kept: Sequence[int]) -> bool:
        nonlocal count
        count += 1
        return len(kept) > 500

    assert await fewest(1000, fails) == list(range(501))
    assert count <= 20


async def test_nothing_at_all_is_tried_where_it_may_be() -> None:
    assert await fewest(20, Tries(), none=True) == []
    assert await fewest(20, Tries()) == [0]


# -- events


@pytest.mark.parametrize("at", [0, 413, 999])
async def test_one_poisonous_event_of_a_thousand_is_found_in_sixty_requests(at: int) -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if any(event.get("timestamp") == -1 for event in events) else 200

    async with session_against(bug) as (session, _store):
        events = list(session.sender.some(1000, "opened"))
        events[at] = {**events[at], "timestamp": -1}
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot(tuple(events))))
    assert found.took <= 60
    assert found.case is not None and len(found.case.shots[0].events) == 1
    assert found.case.shots[0].events[0]["timestamp"] == -1
    assert (found.confirmed, found.tried, found.minimal, found.flaky) == (3, 3, True, False)


async def test_both_events_are_kept_where_one_alone_does_no_harm() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if {"undelivered", "clicked"} <= {event["event"] for event in events} else 200

    async with session_against(bug) as (session, _):
        many = list(session.sender.some(200, "opened"))
        many[20], many[150] = session.sender.event("clicked", 9), session.sender.event("undelivered", 8)
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot(tuple(many))))
    assert found.case is not None
    assert [event["event"] for event in found.case.shots[0].events] == ["clicked", "undelivered"]
    assert [event["recipient"] for event in found.case.shots[0].events] == [
        "person1@example.com",
        "person2@example.com",
    ]
    assert found.minimal


async def test_events_without_ids_are_found_as_well() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if any(event.get("task_id") == "0" for event in events) else 200

    async with session_against(bug, "sendpulse", "email-service") as (session, _):
        events = list(session.sender.some(100, "open"))
        events[61] = {**events[61], "task_id": "0"}
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot(tuple(events))))
    assert found.case is not None
    assert [event["task_id"] for event in found.case.shots[0].events] == ["0"]
    assert found.minimal


async def test_of_a_vendor_who_sends_single_events_requests_are_left_out() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if events[0]["campaign_id"] == 2**63 else 200

    async with session_against(bug, "pushwoosh", None) as (session, _store):
        shots = [Shot((event,)) for event in session.sender.some(9)]
        shots[6] = Shot(({**shots[6].events[0], "campaign_id": 2**63},))
        found = await minimised(session, check_with(by_status), finding_of("status 500", *shots))
    assert found.case is not None
    assert [shot.events[0]["campaign_id"] for shot in found.case.shots] == [2**63]


# -- inside


async def test_a_field_that_is_not_needed_disappears_and_the_others_become_the_documents_own() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if any("\u2028" in event.get("messageName", "") for event in events) else 200

    async with session_against(bug, "esputnik", "activity") as (session, _):
        sender = session.sender
        event = {**sender.event("READ", 77), "messageName": "Знижки\u2028до 50% лише сьогодні"}
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot((event,))))
        assert found.case is not None
        left, plain = found.case.shots[0].events[0], sender.event("READ")
        assert left.pop("messageName") == "\u2028"
        assert left == {name: plain[name] for name in left}
        assert not {"broadcastId", "email", "viewMessageLink"} & set(left)
        assert sender.legal(left)
    assert found.took <= 25


async def test_a_number_ends_where_machines_break() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if events[0].get("message_id", 0) >= 2**53 or events[0]["timestamp"] > 2**31 else 200

    async with session_against(bug) as (session, _):
        event = {**session.sender.event("opened", 50), "timestamp": 3_999_999_999}
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot((event,))))
    assert found.case is not None
    # 2**31 itself passes, the next mark does not.
    assert found.case.shots[0].events[0]["timestamp"] in (2**32 - 1, 3_999_999_999)


async def test_a_bug_does_not_turn_into_another_that_lacks_a_field() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        event = events[0]
        return 500 if "viewMessageLink" not in event or event.get("messageName") == "💥" else 200

    async with session_against(bug, "esputnik", "activity") as (session, _):
        event = {**session.sender.event("READ", 50), "messageName": "💥"}
        assert session.sender.legal(
            {name: value for name, value in event.items() if name != "viewMessageLink"}
        )
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot((event,))))
    assert found.case is not None
    left = found.case.shots[0].events[0]
    assert left["messageName"] == "💥"
    assert "viewMessageLink" in left
    assert len(left) < len(event)


async def test_a_text_that_has_a_form_keeps_it() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if "2038" in events[0]["activityDateTime"] else 200

    async with session_against(bug, "esputnik", "activity") as (session, store):
        event = {**session.sender.event("READ", 50), "activityDateTime": "2038-01-19T03:14:08"}
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot((event,))))
        assert all(session.sender.legal(seen) for events in store.seen for seen in events)
    assert found.case is not None
    assert found.case.shots[0].events[0]["activityDateTime"] == "2038-01-19T03:14:08"


async def test_what_the_vendor_never_sends_stays_an_event_in_all_but_that() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if isinstance(events[0], dict) and isinstance(events[0].get("timestamp"), list) else 200

    async with session_against(bug) as (session, _):
        event = {**session.sender.event("opened", 50), "timestamp": []}
        found = await minimised(
            session, check_with(by_status), finding_of("status 500", Shot((event,)), legal=False)
        )
    assert found.case is not None
    assert found.case.shots[0].events == ({**session.sender.event("opened"), "timestamp": []},)


async def test_a_legal_case_stays_legal() -> None:
    async with session_against(lambda store, events: 500) as (session, store):
        event = session.sender.event("undelivered", 50)
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot((event,))))
        assert found.case is not None
        assert session.sender.legal(found.case.shots[0].events[0])
        assert all(session.sender.legal(seen) for events in store.seen for seen in events)
    assert found.minimal


# -- requests in a row


async def test_a_story_is_left_with_the_two_requests_that_it_needs() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        store.records += events
        return 200

    async with session_against(bug, oracle=True) as (session, _):
        first, second, third = (Shot(session.sender.some(n + 1, "opened")[n:]) for n in range(3))
        finding = finding_of("twice", first, second, Shot(second.events, loss="reset"), third, first)
        found = await minimised(session, check_with(stored_once, reads_oracle=True), finding)
    assert found.case is not None
    assert len(found.case.shots) == 2
    assert found.case.shots[0].events == found.case.shots[1].events
    assert not any(shot.loss for shot in found.case.shots)
    assert found.outcome is not None
    one, two = found.outcome.exchanges
    assert one.body == two.body


async def test_two_events_of_one_message_still_differ_in_what_they_differed_in() -> None:
    """Else they would end as one event with a field less in one of them, which a right receiver may take for the same."""
    known: set[Any] = set()

    def by_message(store: Store, events: list[Any]) -> int:
        new = {event["iid"] for event in events} - known
        known.update(new)
        return 200 if new else 409

    def refused(session: Session, case: Case, outcome: Outcome) -> Failure | None:
        first, last = outcome.exchanges[0], outcome.exchanges[1]
        same = first.shot.events == last.shot.events or first.keys != last.keys
        return None if same or last.acknowledged else Failure("refused", "refused")

    async with session_against(by_message, "esputnik", "activity") as (session, _store):
        event = session.sender.event("READ", 9)
        times = ("2026-01-02T03:08:20", "2026-01-02T03:09:20")
        shots = [Shot(({**event, "activityDateTime": time},)) for time in times]
        found = await minimised(session, check_with(refused), finding_of("refused", *shots))
    assert found.case is not None
    one, other = (shot.events[0] for shot in found.case.shots)
    assert differing(one, other) == ["activityDateTime"]
    assert "broadcastId" in event and "broadcastId" not in one


async def test_a_restart_that_changes_nothing_is_left_out() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if events[0]["subject"] == "x" else 200

    async with session_against(bug) as (session, _):
        session.hooks = Hooks(restart=["true"])
        first, second = session.sender.some(2, "opened")
        shots = Shot((first,)), Shot(({**second, "subject": "x"},), before="restart")
        finding = finding_of("status 500", *shots)
        found = await minimised(session, check_with(by_status), finding)
    assert found.case is not None
    assert not any(shot.before for shot in found.case.shots)


async def test_a_judge_that_looks_for_a_request_keeps_it() -> None:
    def judge(session: Any, case: Any, outcome: Any) -> Any:
        assert outcome.exchanges[1] is not None
        return by_status(session, case, outcome)

    async with session_against(lambda store, events: 500) as (session, _):
        shots = [Shot((event,)) for event in session.sender.some(4)]
        found = await minimised(session, check_with(judge), finding_of("status 500", *shots))
    assert found.case is not None
    assert len(found.case.shots) == 2


# -- honesty


async def test_each_try_is_of_people_that_the_receiver_does_not_know() -> None:
    known: set[str] = set()

    def bug(store: Store, events: list[Any]) -> int:
        """Answers well, without looking, to whom it knows."""
        new = [event for event in events if event["recipient"] not in known]
        known.update(event["recipient"] for event in events)
        return 500 if any(event["subject"] == "x" for event in new) else 200

    async with session_against(bug) as (session, _):
        events = [{**event, "subject": "x"} for event in session.sender.some(3, "opened")]
        found = await minimised(session, check_with(by_status), finding_of("status 500", Shot(tuple(events))))
    assert (found.confirmed, found.tried) == (3, 3)


async def test_what_does_not_come_each_time_is_called_flaky() -> None:
    answers = iter((500, 200, 500))

    def bug(store: Store, events: list[Any]) -> int:
        return next(answers)

    async with session_against(bug) as (session, _):
        # Nothing in it can be left out: all requests are confirmations.
        finding = finding_of("status 500", Shot(raw=b"[]"), legal=False)
        found = await minimised(session, check_with(by_status), finding)
    assert (found.confirmed, found.tried, found.flaky) == (2, 3, True)


async def test_what_never_comes_again_was_seen_once_of_four() -> None:
    async with session_against(lambda store, events: 200) as (session, _):
        found = await minimised(
            session, check_with(by_status), finding_of("status 500", Shot(raw=b"[]"), legal=False)
        )
    assert (found.confirmed, found.tried, found.flaky) == (1, 4, True)


async def test_another_status_is_another_failure() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if len(events) > 2 else 422

    async with session_against(bug) as (session, _):
        found = await minimised(
            session, check_with(by_status), finding_of("status 500", Shot(session.sender.some(8)))
        )
    assert found.case is not None
    assert len(found.case.shots[0].events) == 3


async def test_when_the_requests_for_a_finding_are_used_up_the_best_so_far_is_told() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if any(event["subject"] == "x" for event in events) else 200

    async with session_against(bug) as (session, _):
        events = list(session.sender.some(1000, "opened"))
        events[700] = {**events[700], "subject": "x"}
        finding = finding_of("status 500", Shot(tuple(events)))
        found = await minimised(session, check_with(by_status), finding, most=8)
    assert not found.minimal
    assert found.took <= 8
    assert found.confirmed == 3
    assert found.case is not None
    assert len(found.case.shots[0].events) < 1000


async def test_when_the_budget_of_the_run_ends_what_was_seen_is_told() -> None:
    async with session_against(lambda store, events: 500, requests=1) as (session, _):
        finding = finding_of("status 500", Shot(session.sender.some(8)))
        found = await minimised(session, check_with(by_status), finding)
    assert not found.minimal
    assert (found.confirmed, found.tried) == (1, 1)
    assert found.took == 1


async def test_the_bytes_of_the_finding_are_those_that_were_sent_last() -> None:
    async with session_against(lambda store, events: 500) as (session, store):
        finding = finding_of("status 500", Shot(session.sender.some(8)))
        found = await minimised(session, check_with(by_status), finding)
    assert found.outcome is not None
    assert found.outcome.exchanges[0].body == store.bytes_seen[-1]
    assert len(json.loads(store.bytes_seen[-1])) == 1
    assert found.says == "status 500"
