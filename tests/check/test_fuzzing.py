"""F01 finds what only the edges of the schema show, and what is broken; the same with each run of a seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from emulators.check.budget import BudgetSpent
from emulators.check.checks import ALL, fuzzing
from emulators.check.checks.edits import edits
from emulators.check.checks.expected import Expected, Identities
from emulators.check.checks.fuzzing import broken, mutations
from emulators.check.running import Runner
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.shrinking.simplifying import differing, example
from emulators.check.vocabulary import Case, Failure, Shot, Verdict
from tests.check.planted import Bug, Store, good, session_against
from tests.support.feeds import NAMED, spared

pytestmark = pytest.mark.asyncio


async def failures(session: Session, examples: int, hostile: int = 0) -> list[tuple[Failure, Case]]:
    check = fuzzing.check(examples, hostile)
    assert check.run is not None
    return [found async for found in check.run(session)]


@pytest.mark.parametrize("feed", spared(NAMED, ("sendpulse/smtp",)))
async def test_a_good_receiver_has_nothing_found_of_any_vendor(feed: str) -> None:
    async with session_against(good, *feed.split("/"), oracle=True) as (session, store):
        assert await failures(session, 25, 10) == []
        legal = store.seen[: session.budget.spent]
    assert len(legal) > 25
    assert {type(event) for events in legal[:25] for event in events} == {dict}


async def test_a_legal_value_that_breaks_the_receiver_is_found_and_made_small() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if any(event.get("timestamp", 0) >= 2**31 for event in events) else 200

    async with session_against(bug) as (session, _):
        runner = Runner(session, [fuzzing.check(200, 0)])
        await runner.run()
        (result,) = runner.results
        assert result.verdict == Verdict.FAIL
        (found,) = result.findings
        assert found.case is not None
        (event,) = found.case.shots[0].events
        assert event["timestamp"] == 2**31
        assert session.sender.legal(event)
        sample = session.sender.event(event["event"])
        assert {name for name in event if event[name] != sample[name]} == {"timestamp"}
    assert (found.confirmed, found.tried, found.minimal) == (3, 3, True)
    assert found.took <= 40


async def test_events_that_are_acknowledged_and_not_stored_are_found() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return store.once([event for event in events if event.get("subject") != ""])

    async with session_against(bug, oracle=True) as (session, _):
        found = await failures(session, 100)
    assert [failure.key for failure, _ in found] == ["lost"]


async def test_a_receiver_that_stores_twice_is_found() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        store.records += events * 2
        return 200

    async with session_against(bug, oracle=True) as (session, _):
        found = await failures(session, 3)
    assert [failure.key for failure, _ in found] == ["stored twice"]


async def test_an_answer_beyond_the_vendors_patience_is_found() -> None:
    async with session_against(good, timeout=1e-9) as (session, _):
        session.wire.send = slowly  # type: ignore[method-assign]
        found = await failures(session, 3)
    assert [failure.key for failure, _ in found] == ["late"]


async def slowly(*args: Any) -> Any:
    from emulators.check.vocabulary import Heard

    return Heard(200, seconds=1.0)


async def test_the_same_seed_sends_the_same_batches() -> None:
    async def sent(seed: int) -> list[list[str]]:
        async with session_against(good) as (session, store):
            session.seed = seed
            await failures(session, 15)
        return [[event["event"] for event in events] for events in store.seen]

    assert await sent(1) == await sent(1)
    assert await sent(1) != await sent(2)


async def test_of_each_way_to_fail_one_batch_is_kept_and_three_are_enough() -> None:
    # The first of them twice: it is the same failure.
    statuses = iter([500, 503, 400, 301, 500])

    async with session_against(good) as (session, _):
        expected = Expected(session.sender)

    def bug(store: Store, events: list[Any]) -> int:
        return 200 if any(map(expected.odd, events)) else next(statuses)

    async with session_against(bug) as (session, _):
        found = await failures(session, 50)
    assert [failure.key for failure, _ in found] == ["5xx", "4xx", "3xx"]
    assert next(statuses) == 500


async def test_a_receiver_that_fails_at_times_is_no_trouble_of_the_drawing() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if len(store.seen) == 7 else 200

    async with session_against(bug) as (session, store):
        found = await failures(session, 20)
    assert [failure.key for failure, _ in found] == ["5xx"]
    assert len(store.seen) == 20


async def test_no_more_is_drawn_than_the_budget_has_requests_for() -> None:
    async with session_against(good, requests=5) as (session, store):
        with pytest.raises(BudgetSpent):
            await failures(session, 200, hostile=5)
    assert len(store.bytes_seen) == 5


async def test_a_mistake_of_our_own_comes_out_as_itself() -> None:
    async with session_against(good) as (session, _):

        def broken_listener(exchange: object) -> None:
            raise ZeroDivisionError

        session.listeners.append(broken_listener)
        with pytest.raises(ZeroDivisionError):
            await failures(session, 5)


async def test_when_the_run_is_cancelled_the_thread_that_draws_ends() -> None:
    started = asyncio.Event()
    async with session_against(good) as (session, store):
        session.listeners.append(lambda exchange: started.set())
        running = asyncio.create_task(failures(session, 10_000))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.get_running_loop().shutdown_default_executor()
        sent = len(store.seen)
    assert sent < 10_000


# -- what chance draws with ids in common


def newest_of_each(*fields: str) -> Bug:
    """One record for all events that are equal in these fields, of which that counts which happened last."""

    def bug(store: Store, events: list[Any]) -> int:
        known = {tuple(record.get(field) for field in fields): record for record in store.records}
        for event in events:
            key = tuple(event.get(field) for field in fields)
            if key not in known or known[key]["activityDateTime"] <= event["activityDateTime"]:
                known[key] = event
        store.records[:] = known.values()
        return 200

    return bug


def first_of_each(*fields: str) -> Bug:
    """The first of all events that are equal in these fields."""

    def bug(store: Store, events: list[Any]) -> int:
        known = {tuple(record.get(field) for field in fields): record for record in reversed(store.records)}
        for event in events:
            known.setdefault(tuple(event.get(field) for field in fields), event)
        store.records[:] = known.values()
        return 200

    return bug


RIGHT = {
    "one record for a message": newest_of_each("iid"),
    "one record for a state of a message": first_of_each("iid", "activityStatus", "activityDateTime"),
}


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
async def test_who_knows_events_by_their_ids_is_not_blamed_for_equal_or_empty_ones(right: Bug) -> None:
    async with session_against(right, "esputnik", "activity", oracle=True) as (session, _):
        # It draws events of one iid in a batch, with an address and without, for which both were blamed.
        session.seed = 1
        assert await failures(session, 200) == []


async def test_events_of_a_batch_have_ids_of_their_own_unless_they_are_wholly_equal() -> None:
    sender = Sender("esputnik", "activity")
    event = {**sender.event("DELIVERED"), "workflowInstanceId": "a83bc606-e6a4-11f0-ad22-077ce8dad1ac"}
    other, empty = {**event, "activityStatus": "READ"}, {**event, "iid": ""}
    first, again, second, third = Identities(sender).separated([event, event, other, empty])
    assert first == again == event
    assert len({one["iid"] for one in (first, second, third)}) == 3
    assert third["iid"] == ""
    assert len({one["workflowInstanceId"] for one in (first, second, third)}) == 3
    assert {**second, "iid": event["iid"], "workflowInstanceId": event["workflowInstanceId"]} == other


async def test_of_two_events_with_one_id_neither_must_be_there_and_with_two_both() -> None:
    # The ids of a case that was found before are as they were.
    async with session_against(lambda store, events: 200, "esputnik", "activity", oracle=True) as (
        session,
        _,
    ):
        sender = session.sender
        one = sender.addressed(sender.event("DELIVERED"), "ann@example.com")
        equal = sender.addressed(one, "bob@example.com")
        [_, own] = Identities(sender).separated([one, equal])
        blamed = []
        for events in ((one, equal), (one, own), ({**one, "iid": ""},), ({**one, "iid": "7"},)):
            case = Case("F01", "a batch", (Shot(events),))
            outcome = await session.run(case, lambda _: "not yet", oracle=True, quiet=0.01)
            failure = fuzzing.judge(session, case, outcome)
            blamed.append(failure.key if failure else "")
    assert blamed == ["", "lost", "", ""]


async def test_an_id_that_is_known_to_be_stored_otherwise_is_not_missed() -> None:
    def rounding(store: Store, events: list[Any]) -> int:
        ids = [event.get("message_id", 0) for event in events]
        return store.once(
            [{**event, "message_id": int(float(id))} for event, id in zip(events, ids, strict=True)]
        )

    async def blamed(*told: str) -> str:
        async with session_against(rounding, oracle=True) as (session, _):
            for key in told:
                session.ledger.tell({}, key)
            event = {**session.sender.event("spam_by_user"), "message_id": 2**53 + 1, "recipient": "ann"}
            case = Case("F01", "an event", (Shot((event,)),))
            outcome = await session.run(case, lambda _: "not yet", oracle=True, quiet=0.01)
            failure = fuzzing.judge(session, case, outcome)
        return failure.key if failure else ""

    assert await blamed("timestamp: timestamp altered") == "lost"
    assert await blamed("message_id: message_id altered") == ""


# -- one bug, one grade


def failing(odd: Callable[[dict[str, Any]], bool], status: int = 500) -> Bug:
    """Answers so to events that are odd in one way."""

    def bug(store: Store, events: list[Any]) -> int:
        return status if any(isinstance(event, dict) and odd(event) for event in events) else 200

    return bug


def timed(event: dict[str, Any]) -> int:
    """When it happened; what is no number never did."""
    at = event.get("timestamp")
    return at if isinstance(at, int) else 0


GRADED = {
    "a time that comes one day": ("C18", failing(lambda event: timed(event) >= 2**31), "FAIL"),
    "a time that never comes": ("C18", failing(lambda event: timed(event) >= 2**33), "RISK"),
    "what people write": ("C19", failing(lambda event: max(f"{event.get('subject')}.") > "\uffff"), "FAIL"),
    "what nobody writes": ("C19", failing(lambda event: "\0" in str(event.get("subject"))), "RISK"),
    "a text that is empty": ("C20", failing(lambda event: event.get("payload") == ""), "RISK"),
    "no text where the schema has one": (
        "C20",
        failing(lambda event: not isinstance(event.get("payload", ""), str)),
        "RISK",
    ),
    "what people write, refused": (
        "C19",
        failing(lambda event: max(f"{event.get('subject')}.") > "\uffff", 400),
        "FAIL",
    ),
    "what nobody writes, refused": (
        "C19",
        failing(lambda event: "\0" in str(event.get("subject")), 400),
        "PASS",
    ),
    "a body that is null": ("C21", lambda store, events: 500 if events == [None] else 200, "FAIL"),
}


@pytest.mark.parametrize("number,bug,grade", [pytest.param(*row, id=name) for name, row in GRADED.items()])
async def test_a_bug_has_the_same_grade_whichever_check_finds_it(number: str, bug: Bug, grade: str) -> None:
    [known] = [check for check in ALL if check.id == number]
    feed = ("pushwoosh", "webhook") if number == "C20" else ("sendpulse", "smtp")
    async with session_against(bug, *feed) as (session, _):
        runner = Runner(session, [known, fuzzing.check(200, 10_000)])
        await runner.run()
    graded = {result.check.id: result.verdict.value for result in runner.results}
    if number == "C21":
        # It has a risk of its own: whatever is no event is answered 200.
        del graded["C21"]
    assert set(graded.values()) == {grade}
    for finding in runner.results[1].findings:
        assert finding.case is not None
        assert finding.case.legal is (grade == "FAIL" and number != "C21")
        assert finding.minimal and not finding.flaky


async def test_an_error_at_what_the_vendor_sends_is_not_hidden_by_one_at_what_nobody_sends() -> None:
    def odd(event: dict[str, Any]) -> bool:
        return "\0" in str(event.get("subject")) or event.get("timestamp", 0) in (2**31, 2**32 - 1)

    async with session_against(failing(odd)) as (session, _):
        found = await failures(session, 200)
    assert [(failure.key, failure.verdict, case.legal) for failure, case in found] == [("5xx", None, True)]


async def test_a_batch_that_fails_for_nothing_odd_is_graded_by_what_is_left_of_it() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        return 500 if len(store.seen) > 1 else 200

    async with session_against(bug) as (session, store):
        [(failure, case)] = await failures(session, 2)
    expected = Expected(session.sender)
    assert any(map(expected.odd, store.seen[1]))
    assert (failure.key, failure.verdict, case.legal) == ("5xx", None, True)
    assert len(case.shots[0].events) == 1


@pytest.mark.parametrize("feed", NAMED)
async def test_what_the_documents_print_is_expected_of_the_vendor_and_what_is_odd_can_be_tamed(
    feed: str,
) -> None:
    sender = Sender(*feed.split("/"))
    expected = Expected(sender)
    assert [kind for kind in sender.kinds if expected.odd(sender.event(kind))] == []
    for kind in sender.kinds:
        for edit in edits(sender, kind):
            assert bool(expected.odd(edit.event)) is not edit.likely
            assert sender.legal(expected.tamed(edit.event))


# -- what no vendor sends


@pytest.mark.parametrize(
    "status_of",
    [
        pytest.param(lambda body: 500 if body.startswith(b"\xef\xbb\xbf") else 400, id="a byte order mark"),
        pytest.param(lambda body: 500 if body == b"" else 400, id="no body"),
        pytest.param(lambda body: 500 if body == b"null" else 400, id="null"),
        pytest.param(lambda body: 500 if b"NaN" in body else 400, id="NaN"),
        pytest.param(lambda body: 500 if b",]" in body else 400, id="a comma too many"),
    ],
)
async def test_a_broken_body_that_breaks_the_receiver_is_found(status_of: Any) -> None:
    async with session_against(good) as (session, _store):
        from emulators.check.vocabulary import Heard

        async def send(method: str, url: str, headers: Any, body: bytes, *more: Any) -> Heard:
            return Heard(status_of(body))

        session.wire.send = send  # type: ignore[method-assign, assignment]
        found = await failures(session, 0, hostile=1)
    assert [(failure.key, case.legal) for failure, case in found] == [("a broken body: 5xx", False)]


async def test_a_field_of_the_wrong_type_that_breaks_the_receiver_is_made_small() -> None:
    def bug(store: Store, events: list[Any]) -> int:
        wrong = any(isinstance(event, dict) and isinstance(event.get("subject"), int) for event in events)
        return 500 if wrong else 200

    async with session_against(bug) as (session, _):
        runner = Runner(session, [fuzzing.check(0, 10_000)])
        await runner.run()
    (found,) = runner.results[0].findings
    assert found.case is not None
    assert not found.case.legal
    (event,) = found.case.shots[0].events
    assert differing(event, example(session.sender, event)) == ["subject"]


async def test_refusing_or_taking_what_is_broken_is_no_finding() -> None:
    bugs: list[Bug] = [lambda store, events: 422, lambda store, events: 200]
    for bug in bugs:
        async with session_against(bug) as (session, _):
            assert await failures(session, 0, hostile=20) == []


async def test_each_broken_body_is_another_and_none_is_what_the_vendor_sends() -> None:
    bodies = [(body, headers) for _, body, headers in mutations(b'[{"event":"opened"}]')]
    assert len(set(bodies)) == len(bodies)
    async with session_against(good) as (session, _):
        cases = list(broken(session, 30))
        for case in cases:
            assert not case.legal
            for event in case.shots[0].events:
                assert not session.sender.legal(event)
        again = [case.title for case in broken(session, 30)]
    assert [case.title for case in cases] == again
