"""Case files say all that is needed to see a finding again, and no secret; what is none is refused in words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulators.check.cases import Loaded, read, write, write_all
from emulators.check.judging import attempt
from emulators.check.replaying import Replay, replay
from emulators.check.running import Result
from emulators.check.session import Session
from emulators.check.shrinking import minimised
from emulators.check.vocabulary import Case, Failure, Finding, Outcome, Shot, Target
from emulators.errors import EmulatorError, InvalidValue, UnknownName
from tests.check.planted import Bug, Store, by_status, check_with, finding_of, session_against, stored_once
from tests.support.receiver import free_port_url

pytestmark = pytest.mark.asyncio

CHECK = check_with(by_status)


def poisoned(store: Store, events: list[Any]) -> int:
    return 500 if any(isinstance(event, dict) and event.get("subject") == "x" for event in events) else 200


def answered(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The judge of whoever wants any answer at all."""
    heard = outcome.exchanges[0].heard
    return Failure("status None", "no answer") if heard.status is None else None


async def found_by(session: Session) -> Finding:
    event = {**session.sender.event("opened", 9), "subject": "x"}
    return await minimised(session, CHECK, finding_of("status 500", Shot((event,))))


async def loaded_from(folder: Path) -> Loaded:
    """A case that fails for a receiver with this bug."""
    async with session_against(poisoned) as (session, _):
        return read(write(folder, await found_by(session), session), [CHECK])


async def test_a_case_file_read_is_the_case_that_was_written(tmp_path: Path) -> None:
    async with session_against(poisoned) as (session, _):
        found = await found_by(session)
        path = write(tmp_path, found, session)
        loaded = read(path, [CHECK])
    assert loaded.case == found.case
    assert (loaded.key, loaded.verdict, loaded.severity, loaded.says) == (
        "status 500",
        found.verdict,
        found.severity,
        "status 500",
    )
    assert (loaded.spec, loaded.feed, loaded.seed) == (session.sender.vendor.spec, "smtp", 7)
    assert path.name == f"case-{path.stem.removeprefix('case-')}.json"


@pytest.mark.parametrize(
    "shot",
    [
        Shot(raw=b"\xff\xfe\x00"),
        Shot(raw='[{"є":'.encode()),
        Shot(({"a": "\ud800", "b": 2**64, "c": 1.5, "d": [None, True], "e": "\x00"},)),
        Shot(method="GET", headers=(("Accept", ""), ("X-A", "ї")), path="/a?b=c", credentials="wrong"),
        Shot(({"a": 1},), framing="chunked", style="escaped", loss="reset", together=4, before="restart"),
    ],
)
async def test_each_kind_of_request_comes_back_as_it_was(tmp_path: Path, shot: Shot) -> None:
    async with session_against(lambda store, events: 200) as (session, _):
        finding = finding_of("k", shot, shot, legal=False)
        loaded = read(write(tmp_path, finding, session), [CHECK])
    assert loaded.case.shots == (shot, shot)
    assert not loaded.case.legal


async def test_the_exact_bytes_lie_beside_it(tmp_path: Path) -> None:
    async with session_against(poisoned) as (session, store):
        path = write(tmp_path, await found_by(session), session)
    assert path.with_suffix(".body").read_bytes() == store.bytes_seen[-1]


async def test_the_same_failure_has_the_same_name_in_each_run(tmp_path: Path) -> None:
    names = set()
    for _ in range(2):
        async with session_against(poisoned) as (session, _store):
            names.add(write(tmp_path, await found_by(session), session).name)
    assert len(names) == 1


async def test_a_case_file_holds_no_secret(tmp_path: Path) -> None:
    async with session_against(poisoned) as (session, _):
        session.target = Target(
            session.target.url + "?k=HIDDEN-3", (("X-Key", "HIDDEN-1"),), ("login", "HIDDEN-2")
        )
        found = await found_by(session)
        # As a receiver may say it back in its answer.
        write(tmp_path, replace(found, says=f"{found.says}: HIDDEN-1 is no key of ours"), session)
    assert not any(b"HIDDEN" in file.read_bytes() for file in tmp_path.iterdir())


async def test_what_was_changed_of_the_vendors_policy_is_kept(tmp_path: Path) -> None:
    async with session_against(poisoned) as (session, _):
        session.sender.policy = session.sender.policy.altered(
            {"timeout": 3, "answers": {"202": "acknowledge"}}
        )
        loaded = read(write(tmp_path, finding_of("k", Shot()), session), [CHECK])
    assert loaded.sender().policy.timeout == 3
    assert loaded.sender().wanted == "202"


async def test_a_finding_without_a_case_is_not_written(tmp_path: Path) -> None:
    async with session_against(poisoned) as (session, _):
        with pytest.raises(InvalidValue, match="no case"):
            write(tmp_path, replace(finding_of("k"), case=None), session)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"emulators-case": 9}, InvalidValue, "emulators-case: expected 1, got 9"),
        ({"check": "C98"}, UnknownName, "did you mean 'C99'"),
        ({"provider": "sendpuls@2021-05"}, UnknownName, "did you mean 'sendpulse'"),
        ({"feed": "smpt"}, UnknownName, "did you mean 'smtp'"),
        ({"verdict": "FIAL"}, UnknownName, "did you mean 'FAIL'"),
        ({"severity": "hihg"}, UnknownName, "did you mean 'high'"),
        ({"policy": {"timeuot": 1}}, UnknownName, "did you mean 'timeout'"),
        ({"seed": "7"}, InvalidValue, "seed: expected a whole number, got '7'"),
        ({"lenient": "202"}, InvalidValue, "lenient: expected a status or null, got '202'"),
        ({"case": {"shots": []}}, InvalidValue, "shots: expected at least one request"),
        ({"case": {"shots": ["x"]}}, InvalidValue, "expected an object, got 'x'"),
        ({"case": {"shots": [{"event": []}]}}, UnknownName, "did you mean 'events'"),
        ({"case": {"shots": [{"raw": {"base64": "%"}}]}}, InvalidValue, "raw: expected text"),
        ({"case": {"shots": [{"together": True}]}}, InvalidValue, "together: expected a whole number"),
        ({"case": {"shots": [{"headers": [["a"]]}]}}, InvalidValue, r"headers: expected \[name, value\]"),
        ({"case": {"legal": 1}}, InvalidValue, "legal: expected true or false, got 1"),
    ],
)
async def test_what_is_no_case_file_is_refused_in_words(
    tmp_path: Path, change: dict[str, Any], error: type[EmulatorError], words: str
) -> None:
    async with session_against(poisoned) as (session, _):
        path = write(tmp_path, finding_of("k", Shot(({"a": 1},))), session)
    good = json.loads(path.read_text("utf-8"))
    inner = {**good["case"], **change.pop("case", {})}
    path.write_text(json.dumps({**good, **change, "case": inner}), "utf-8")
    with pytest.raises(error, match=words):
        read(path, [CHECK])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xff"])
async def test_what_is_no_json_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InvalidValue, match=r"x\.json: no case file"):
        read(tmp_path / "x.json", [CHECK])


# -- played again


async def test_a_receiver_that_was_mended_has_it_fixed(tmp_path: Path) -> None:
    loaded = await loaded_from(tmp_path)
    async with session_against(lambda store, events: 200) as (session, store):
        played = await replay(session, loaded)
    assert (played.verdict, played.tries, played.reason) == (Replay.FIXED, ("", "", ""), "")
    people = [event["recipient"] for events in store.seen for event in events]
    assert len(set(people)) == 3


async def test_what_was_not_seen_each_time_is_not_surely_mended(tmp_path: Path) -> None:
    async with session_against(lambda store, events: 200) as (session, _):
        found = replace(finding_of("status 500", Shot((session.sender.event(),))), confirmed=1, tried=4)
        played = await replay(session, read(write(tmp_path, found, session), [CHECK]))
    assert played.verdict == Replay.FIXED
    assert "seen in 1 of 4 executions" in played.reason


async def test_a_receiver_that_was_not_mended_fails_it(tmp_path: Path) -> None:
    loaded = await loaded_from(tmp_path)
    async with session_against(poisoned) as (session, _):
        played = await replay(session, loaded)
    assert (played.verdict, played.tries) == (Replay.FAILED, ("status 500",) * 3)


async def test_once_of_three_is_failed(tmp_path: Path) -> None:
    loaded = await loaded_from(tmp_path)
    answers = iter((200, 500, 200))
    async with session_against(lambda store, events: next(answers)) as (session, _):
        played = await replay(session, loaded)
    assert (played.verdict, played.tries) == (Replay.FAILED, ("", "status 500", ""))
    assert played.outcome is not None
    assert played.outcome.exchanges[0].heard.status == 500


async def test_a_failure_of_another_kind_is_no_fix(tmp_path: Path) -> None:
    loaded = await loaded_from(tmp_path)
    async with session_against(lambda store, events: 422) as (session, _):
        played = await replay(session, loaded)
    assert played.verdict == Replay.FAILED
    assert played.tries[0] == "in another way: status 422"


async def test_a_receiver_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    loaded = await loaded_from(tmp_path)
    async with session_against(lambda store, events: 200) as (session, _):
        session.target = Target(free_port_url())
        played = await replay(session, loaded)
    assert played.verdict == Replay.ERROR
    assert "no answer: connection refused" in played.reason


@pytest.mark.parametrize("shot", [Shot(({"a": 1},)), Shot(({"a": 1},), loss="reset")])
async def test_nobody_is_there_even_if_the_finding_was_that_nothing_is_answered(shot: Shot) -> None:
    finding = finding_of("status None", shot)
    assert finding.case is not None
    check = check_with(answered)
    hung = Loaded(check, finding.case, "sendpulse", "smtp", {}, 7, "", False, "status None", finding.verdict, finding.severity, "no answer within 3 s", "")  # fmt: skip
    async with session_against(lambda store, events: 200) as (session, _):
        url = session.target = Target(free_port_url())
        played = await replay(session, hung)
        assert (played.verdict, played.tries) == (Replay.ERROR, ())
        assert played.reason.startswith("no answer: connection refused")
        # Unless it was just that.
        place = url.url.split("/")[2]
        said = f"no answer: connection refused: nobody listens at {place}"
        assert (await replay(session, replace(hung, says=said))).verdict == Replay.FAILED


@pytest.mark.thorough
async def test_a_receiver_that_answers_nobody_afterwards_has_failed_whatever_the_check_is(
    tmp_path: Path,
) -> None:
    check = check_with(by_status)
    check = replace(check, judge=None)
    gone = finding_of("gone", Shot(({"subject": "x"},)))
    async with session_against(poisoned) as (session, _):
        [path] = write_all(tmp_path, [Result(check, gone.verdict, findings=[gone])], session)
        loaded = read(path, [check])
        played = await replay(session, loaded)
        assert (played.verdict, played.tries) == (Replay.FIXED, ("", "", ""))
        session.target = Target(free_port_url())
        assert (await replay(session, loaded)).verdict == Replay.FAILED
    async with session_against(poisoned) as (session, _):
        session.target = Target(free_port_url())
        assert (await replay(session, loaded)).verdict == Replay.ERROR


async def test_what_showed_in_the_store_is_not_fixed_because_the_answers_are_right(tmp_path: Path) -> None:
    loaded = replace(await loaded_from(tmp_path), oracle=True)
    async with session_against(lambda store, events: 200) as (session, _):
        played = await replay(session, loaded)
    assert played.verdict == Replay.ERROR
    assert "give it to see what is stored" in played.reason


async def test_a_check_that_tells_by_what_is_stored_tells_nothing_without_an_oracle(tmp_path: Path) -> None:
    loaded = replace(await loaded_from(tmp_path), check=check_with(by_status, reads_oracle=True))
    async with session_against(lambda store, events: 500) as (session, store):
        played = await replay(session, loaded)
    assert played.verdict == Replay.ERROR
    assert "give the oracle it was found with" in played.reason
    assert store.seen == []


def by_both(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The judge of whoever looks at the answers, and then at what is stored."""
    return by_status(session, case, outcome) or stored_once(session, case, outcome)


def stores_twice(store: Store, events: list[Any]) -> int:
    store.records += [*events, *events]
    return 200


@pytest.mark.parametrize(("bug", "needed"), [(poisoned, False), (stores_twice, True)])
async def test_a_case_says_whether_the_answers_alone_show_it(tmp_path: Path, bug: Bug, needed: bool) -> None:
    judged = check_with(by_both, reads_oracle=True, blind=True)
    async with session_against(bug, oracle=True) as (session, _):
        event = {**session.sender.event("opened", 9), "subject": "x"}
        case = Case("C99", "planted", (Shot((event,)),))
        outcome, failure = await attempt(session, judged, case)
        assert failure is not None
        found = replace(finding_of(failure.key, *case.shots), outcome=outcome)
        [path] = write_all(tmp_path, [Result(judged, found.verdict, findings=[found])], session)
    assert read(path, [judged]).oracle is needed
    async with session_against(lambda store, events: 200) as (session, _):
        played = await replay(session, read(path, [judged]))
    assert played.verdict == (Replay.ERROR if needed else Replay.FIXED)


async def test_what_showed_in_the_answer_fails_without_the_oracle_it_was_found_with(tmp_path: Path) -> None:
    loaded = replace(await loaded_from(tmp_path), oracle=True)
    async with session_against(poisoned) as (session, _):
        assert (await replay(session, loaded)).verdict == Replay.FAILED


async def test_what_showed_in_many_requests_leaves_no_file(tmp_path: Path) -> None:
    judged = check_with(by_status)
    async with session_against(poisoned) as (session, _):
        found = finding_of("slope", Shot(({"a": 1},)))
        results = [Result(replace(judged, judge=None), found.verdict, findings=[found])]
        assert write_all(tmp_path, results, session) == []
        results.append(Result(judged, found.verdict, findings=[found]))
        assert len(write_all(tmp_path, results, session)) == 1


@pytest.mark.parametrize(("confirmed", "files"), [(1, 0), (3, 1)])
async def test_what_showed_in_the_whole_run_leaves_a_file_if_its_case_has_shown_it(
    tmp_path: Path, confirmed: int, files: int
) -> None:
    whole = replace(check_with(by_status), id="L01")
    found = replace(finding_of("lost", Shot(({"a": 1},))), check="L01", confirmed=confirmed, tried=3)
    async with session_against(poisoned) as (session, _):
        written = write_all(tmp_path, [Result(whole, found.verdict, findings=[found])], session)
    assert len(written) == files


async def test_a_budget_that_ends_is_an_error(tmp_path: Path) -> None:
    loaded = await loaded_from(tmp_path)
    async with session_against(lambda store, events: 200, requests=2) as (session, _):
        played = await replay(session, loaded)
    assert (played.verdict, len(played.tries)) == (Replay.ERROR, 2)
    assert "budget" in played.reason
