"""The checks of the handshake, the samples and the values: each finds its defect, and none accuses a sound receiver."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from emulators.check.checks import (
    credentials,
    fields,
    handshake,
    hostile,
    kinds,
    leaks,
    ordering,
    preflight,
    samples,
    shapes,
    values,
)
from emulators.check.checks.answers import legal, upset
from emulators.check.checks.edits import apart, edits, redated
from emulators.check.checks.hostile import CANARY, harmless
from emulators.check.checks.leaks import signs
from emulators.check.checks.preflight import TargetUnusable
from emulators.check.oracle import oracle_of
from emulators.check.running import Result, Runner
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Heard, Outcome, Shot, Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.egress import Egress
from tests.check.receivers.clean import Clean
from tests.check.receivers.events import Event, Feed
from tests.check.receivers.mutants import MUTANTS, Mutant
from tests.check.receivers.receiving import Receiver, Row, Settings
from tests.check.receivers.served import Answer, Head
from tests.support.feeds import NAMED, spared
from tests.support.receiver import free_port_url

MODULES = (
    *(preflight, handshake, credentials, samples, kinds, shapes, fields, values, hostile, leaks, ordering),
)
BASIC = ("ann", "correct horse")


def checks() -> list[Any]:
    return [check for module in MODULES for check in module.CHECKS]


def examined(
    url: str,
    feed: str,
    *ids: str,
    oracle: str = "",
    basic: tuple[str, str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Runner:
    """A run of the named checks (none: all), after the preflight."""

    async def run() -> Runner:
        vendor, _, name = feed.partition("/")
        wire = Wire(Egress(()))
        records = oracle_of(url=oracle) if oracle else None
        target = Target(url, headers, basic)
        session = Session(Sender(vendor, name), target, wire, 1, "00c0de", records=records)
        runner = Runner(session, [c for c in checks() if not ids or c.id in (*ids, "P01")])
        try:
            await runner.run()
        finally:
            await wire.close()
        return runner

    return asyncio.run(run())


def result(runner: Runner, number: str) -> Result:
    return next(found for found in runner.results if found.check.id == number)


def accused(runner: Runner) -> dict[str, list[str]]:
    return {found.check.id: [f.says for f in found.findings] for found in runner.results if found.findings}


@pytest.mark.parametrize("feed", spared(NAMED, ("esputnik/workflow", "pushwoosh/webhook")))
def test_a_sound_receiver_is_accused_of_nothing(feed: str) -> None:
    with Clean(vendor=feed.partition("/")[0], basic=BASIC) as receiver:
        runner = examined(receiver.url, feed, oracle=receiver.oracle_url, basic=BASIC)
        assert accused(runner) == {}
        assert result(runner, "C13").verdict is Verdict.PASS
        assert runner.session.budget.spent < 250


SEEN = [
    ("C07", "esputnik/activity"),
    ("C07b", "esputnik/activity"),
    ("C10", "esputnik/activity"),
    ("C11", "sendpulse/smtp"),
    ("C12", "sendpulse/smtp"),
    ("C12c", "pushwoosh/webhook"),
    ("C13", "esputnik/activity"),
    ("C13b", "pushwoosh/webhook"),
    ("C15b", "pushwoosh/webhook"),
    ("C15c", "pushwoosh/webhook"),
    ("C18", "esputnik/activity"),
    ("C19", "esputnik/activity"),
    ("C20", "esputnik/activity"),
    ("C20c", "pushwoosh/webhook"),
    ("C21", "sendpulse/smtp"),
    ("C21c", "esputnik/activity"),
    ("C22", "sendpulse/smtp"),
    ("C22", "pushwoosh/webhook"),
    ("C23", "sendpulse/smtp"),
    ("C24", "sendpulse/smtp"),
    ("C24b", "pushwoosh/webhook"),
    ("C26", "sendpulse/smtp"),
    ("C27", "sendpulse/smtp"),
    ("C27b", "esputnik/activity"),
    ("C27c", "sendpulse/smtp"),
    ("C28", "sendpulse/smtp"),
    ("C28b", "pushwoosh/webhook"),
    ("C31", "esputnik/activity"),
    ("C32", "sendpulse/smtp"),
    ("C32b", "pushwoosh/webhook"),
    ("C33", "esputnik/activity"),
    ("C34", "sendpulse/smtp"),
    ("C34b", "esputnik/activity"),
    ("C35", "sendpulse/smtp"),
]


@pytest.mark.parametrize(("number", "feed"), SEEN)
def test_a_defect_is_found_by_the_check_of_its_row_from_the_answers_alone(number: str, feed: str) -> None:
    defect = MUTANTS[number]
    basic = BASIC if defect.basic else None
    with Mutant(number, vendor=feed.partition("/")[0], basic=basic) as receiver:
        found = result(examined(receiver.url, feed, number[:3], basic=basic), number[:3])
    assert defect.grade in [finding.verdict for finding in found.findings]
    for finding in found.findings:
        assert finding.case is not None
        assert sum(len(shot.events) for shot in finding.case.shots) <= 2


def test_events_stored_for_a_wrong_password_are_found_by_the_oracle() -> None:
    with Mutant("C27d", vendor="sendpulse", basic=BASIC) as receiver:
        runner = examined(receiver.url, "sendpulse/smtp", "C27", oracle=receiver.oracle_url, basic=BASIC)
    assert result(runner, "C27").findings[0].key == "stored"


def test_the_kind_that_fails_as_documented_is_told_once_and_not_by_every_check() -> None:
    with Mutant("C13b", vendor="sendpulse") as receiver:
        runner = examined(receiver.url, "sendpulse/smtp")
    assert result(runner, "S01").findings[0].key == "unsubscribed: 5xx"
    assert set(accused(runner)) == {"S01"}


CHANGING = ("C13", "C14", "C15", "C18", "C19", "C20", "C22", "C31", "C33")


def test_a_kind_that_fails_as_documented_is_blamed_on_no_change_where_nobody_looked_at_it_before() -> None:
    with Mutant("C13b", vendor="sendpulse") as receiver:
        runner = examined(receiver.url, "sendpulse/smtp", *CHANGING)
    assert accused(runner) == {}
    assert runner.session.facts["refused kinds"] == ["unsubscribed"]
    assert {result(runner, check).verdict for check in ("C18", "C19", "C22", "C31")} == {Verdict.PASS}


def test_a_kind_that_is_never_stored_is_blamed_on_no_change_where_nobody_looked_at_it_before() -> None:
    with Clean(vendor="sendpulse", application=NoOpens) as receiver:
        runner = examined(receiver.url, "sendpulse/smtp", *CHANGING, oracle=receiver.oracle_url)
    assert accused(runner) == {}
    assert runner.session.ignored_kinds == ["opened"]


class NoOpens(Receiver):
    """Has no use for one kind, and acknowledges it."""

    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        return [pair for pair in super().events(value) if pair[0].get("event") != "opened"]


class FirstKindAlone(Receiver):
    """Fails at every kind but the one that the documents name first."""

    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        if any(isinstance(one, dict) and one.get("event") in self.others for one in value):
            raise RuntimeError
        return super().events(value)

    others: ClassVar[list[str]] = Sender("sendpulse", "email-service").kinds[1:]


class DeliveredAlone(FirstKindAlone):
    """The same of another feed."""

    others: ClassVar[list[str]] = Sender("sendpulse", "smtp").kinds[1:]


def test_a_change_that_only_refused_kinds_could_show_is_not_green() -> None:
    with Clean(vendor="sendpulse", application=FirstKindAlone) as receiver:
        runner = examined(receiver.url, "sendpulse/email-service", *CHANGING)
    assert accused(runner) == {}
    wanting = [check for check in CHANGING if "refused as documented" in result(runner, check).reason]
    assert wanting == ["C14"]
    assert result(runner, "C14").verdict is Verdict.NOT_CHECKED


def test_what_strangers_wrote_is_tried_in_a_kind_that_succeeds_as_it_is() -> None:
    with Clean(vendor="sendpulse", application=FirstKindAlone) as receiver:
        assert accused(examined(receiver.url, "sendpulse/email-service", "C33")) == {}


def test_an_order_that_only_refused_kinds_could_show_is_not_green() -> None:
    with Clean(vendor="sendpulse", application=DeliveredAlone) as receiver:
        runner = examined(receiver.url, "sendpulse/smtp", "C16", oracle=receiver.oracle_url)
    assert result(runner, "C16").verdict is Verdict.NOT_CHECKED
    assert "no two events that follow each other" in result(runner, "C16").reason


def test_what_a_receiver_always_answers_in_place_of_200_is_told_once() -> None:
    with Mutant("C07", vendor="esputnik") as receiver:
        runner = examined(receiver.url, "esputnik/activity")
    assert set(accused(runner)) == {"C07"}
    assert runner.session.lenient == 202


def outcome_of(
    key: str, heard: Heard, stored: dict[str, int] | None = None, acknowledged: bool = True
) -> Outcome:
    shot = Shot(({"event": "opened", "recipient": "ann@example.com"},))
    return Outcome((Exchange(shot, "http://x/", (), b"", (key,), heard, acknowledged),), stored)


def session_of(feed: str) -> Session:
    vendor, _, name = feed.partition("/")
    return Session(Sender(vendor, name), Target("http://127.0.0.1/"), Wire(Egress(())), 1, "00c0de")


KEY = "chk00c0dex1p0z"
CASE = Case("C13", "an event", ())


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (outcome_of(KEY, Heard(200, seconds=0.1), {KEY: 1}), None),
        (outcome_of(KEY, Heard(200, seconds=11.0), {KEY: 1}), "late"),
        (outcome_of(KEY, Heard(500), acknowledged=False), "5xx"),
        (outcome_of(KEY, Heard(None, reason="reset"), acknowledged=False), "no answer"),
        (outcome_of(KEY, Heard(200), {KEY: 0}), "lost"),
        # An id is not what an app must store, and without an oracle nothing is known.
        (outcome_of("1149317311", Heard(200), {"1149317311": 0}), None),
        (outcome_of(KEY, Heard(200)), None),
    ],
)
def test_what_the_vendor_may_send_must_be_acknowledged_in_time_and_stored(
    outcome: Outcome, expected: Any
) -> None:
    failure = legal(session_of("sendpulse/smtp"), CASE, outcome)
    assert (failure and failure.key) == expected


def test_kinds_that_an_app_never_stores_are_not_lost() -> None:
    session = session_of("sendpulse/smtp")
    session.ignored_kinds = ["opened"]
    assert legal(session, CASE, outcome_of(KEY, Heard(200), {KEY: 0})) is None


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (Heard(400), None),
        (Heard(500), "5xx"),
        (Heard(None, reason="closed"), "no answer"),
        (Heard(200), "success"),
        (Heard(400, seconds=11.0), "late"),
    ],
)
def test_what_the_vendor_never_sends_may_be_refused_and_not_more(heard: Heard, expected: Any) -> None:
    case = Case("C32", "a broken body", (), legal=False, data={"success": "risk"})
    failure = upset(session_of("sendpulse/smtp"), case, outcome_of("", heard))
    assert (failure and failure.key) == expected


def test_what_nobody_sends_is_not_held_against_how_texts_are_handled() -> None:
    """An error at an unreadable body is the matter of the check of those; what people write must pass."""
    session, page = session_of("sendpulse/smtp"), (("Content-Type", "text/html"),)
    hostile, legal = Case("C33", "a body", (), legal=False), Case("C33", "a text", ())
    assert harmless(session, hostile, outcome_of("", Heard(500), acknowledged=False)) is None
    reflected = outcome_of("", Heard(400, page, CANARY.encode()), acknowledged=False)
    for case, heard, key in (
        (hostile, reflected, "reflected"),
        (legal, outcome_of(KEY, Heard(500), acknowledged=False), "5xx"),
        (legal, outcome_of(KEY, Heard(403), acknowledged=False), "4xx"),
    ):
        failure = harmless(session, case, heard)
        assert failure and failure.key == key


def test_a_403_that_gives_no_reason_is_not_called_a_protection_against_forged_forms() -> None:
    session, case = session_of("sendpulse/smtp"), Case("C28", "a POST", ())
    silent = handshake.no_token(session, case, outcome_of("", Heard(403), acknowledged=False))
    told = handshake.no_token(
        session, case, outcome_of("", Heard(403, body=b"CSRF failed"), acknowledged=False)
    )
    assert silent and told
    assert (silent.verdict, told.verdict) == (Verdict.RISK, None)


def test_a_server_error_for_a_stranger_lets_nobody_in() -> None:
    case = Case("C27", "a wrong password", (), legal=False, data={"challenge": True})
    failure = credentials.let_in(session_of("sendpulse/smtp"), case, outcome_of("", Heard(500)))
    assert failure and failure.verdict is Verdict.RISK


def test_the_path_that_was_asked_for_is_no_path_of_the_machine() -> None:
    said = Heard(404, body=b"Cannot PUT /app/hooks/sendpulse, see /srv/app/log.txt")
    asked = replace(outcome_of("", said).exchanges[0], url="http://x/app/hooks/sendpulse")
    assert leaks.told(asked) == ["a path of its machine"]
    assert leaks.told(replace(asked, heard=Heard(404, body=b"Cannot PUT /app/hooks/sendpulse"))) == []


@pytest.mark.parametrize("feed", NAMED)
def test_a_change_of_shape_holds_nothing_that_is_odd_in_another_way(feed: str) -> None:
    """Else the check of shapes would tell of big numbers and of emoji."""
    sender = Sender(*feed.split("/"))
    changed = [edit.value for kind in sender.kinds for edit in edits(sender, kind) if edit.sort == "shape"]
    for value in changed:
        written = json.dumps(value, ensure_ascii=False)
        assert max(map(int, re.findall(r"\d+", written)), default=0) < 2**31
        assert max(written) <= "\uffff"


def test_an_error_at_what_nobody_sends_fails_only_where_it_is_about_that() -> None:
    """A time of the year 285 million is legal by the schema alone."""
    with Mutant("C18", vendor="sendpulse") as receiver:
        runner = examined(receiver.url, "sendpulse/smtp", "C18", oracle=receiver.oracle_url)
    [finding] = result(runner, "C18").findings
    assert (finding.verdict, finding.key) == (Verdict.RISK, "timestamp: 5xx")


class Logging(Receiver):
    """Stores rightly, and tells in its oracle of every request, too; `least`: only of those that it answered so."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.log: list[str] = []

    async def answer(self, head: Head, body: bytes) -> Answer:
        answer = await super().answer(head, body)
        if head.path == "/hook" and answer.status in self.told:
            self.log += [f"{head.method} from somebody", f"answered {answer.status}"]
        return answer

    told: ClassVar[tuple[int, ...]] = (200, 400)

    def oracle(self, head: Head) -> Answer:
        records = json.loads(super().oracle(head).body)
        return self.said(200, {**records, "log": self.log})


class LoggingSuccesses(Logging):
    told = (200,)


class Busy(Receiver):
    """Somebody else writes into its store all the time."""

    def oracle(self, head: Head) -> Answer:
        self.insert([Row(None, None, None, "other", None, "", "{}")])
        return super().oracle(head)


class BusyAtTimes(Busy):
    """That somebody rests for a while when a request was refused."""

    rest = 0

    async def answer(self, head: Head, body: bytes) -> Answer:
        answer = await super().answer(head, body)
        self.rest = 4 if answer.status == 400 else self.rest
        return answer

    def oracle(self, head: Head) -> Answer:
        self.rest -= 1
        return super().oracle(head) if self.rest < 0 else Receiver.oracle(self, head)


class LoggingAll(Logging):
    """It tells of every event as well."""

    async def store(self, rows: list[Row]) -> None:
        await super().store(rows)
        self.log += ["stored" for _ in rows]


@pytest.mark.thorough
@pytest.mark.parametrize("application", [Logging, LoggingSuccesses, LoggingAll, Busy, BusyAtTimes])
def test_what_grows_by_every_request_or_by_itself_is_held_against_nobody(application: type[Receiver]) -> None:
    with Clean(vendor="esputnik", application=application) as receiver:
        runner = examined(receiver.url, "esputnik/activity", "C10", "C21", oracle=receiver.oracle_url)
    assert accused(runner) == {}


@pytest.mark.parametrize("number", ["C10b", "C21b"])
def test_what_is_stored_for_nothing_is_found_by_the_oracle(number: str) -> None:
    with Mutant(number, vendor="esputnik") as receiver:
        runner = examined(receiver.url, "esputnik/activity", number[:3], oracle=receiver.oracle_url)
    [finding] = result(runner, number[:3]).findings
    assert (finding.verdict, finding.key, finding.confirmed) == (Verdict.FAIL, "stored", 3)


class OwnColumns(Receiver):
    """Keeps whom it was about and what, and no ids."""

    def oracle(self, head: Head) -> Answer:
        records = json.loads(super().oracle(head).body)["records"]
        return self.said(200, [{"person": one["email"], "what": one["kind"]} for one in records])


@pytest.mark.parametrize(("application", "kept"), [(Receiver, True), (OwnColumns, False)])
@pytest.mark.parametrize("feed", ["sendpulse/smtp", "esputnik/activity"])
def test_an_app_need_not_store_ids(feed: str, application: type[Receiver], kept: bool) -> None:
    with Clean(vendor=feed.partition("/")[0], application=application) as receiver:
        runner = examined(receiver.url, feed, "P01", oracle=receiver.oracle_url)
    assert runner.session.ids_kept is kept


class OwnWords(Receiver):
    """Has a word of its own for each kind, and one for all that it does not know."""

    words: ClassVar[dict[str, str]] = {
        "SENT": "on its way",
        "DELIVERED": "arrived",
        "READ": "seen",
        "CLICKED": "used",
        "SUBSCRIPTION_CHANGED": "changed",
        "UNDELIVERED": "lost",
        "SPAM": "complaint",
        "UNSUBSCRIBED": "gone",
    }
    other = "other"

    def kind(self, event: Event, feed: Feed) -> str | None:
        return self.words.get(str(event.get(feed.kind)).upper(), self.other)


class UnknownIsLost(OwnWords):
    """Takes for undelivered what it does not know."""

    other = "lost"


GOOD = ("SENT", "DELIVERED", "READ", "CLICKED", "SUBSCRIPTION_CHANGED")


class Levels(OwnWords):
    """Keeps how grave an event is, and warns of those that it does not know."""

    words: ClassVar[dict[str, str]] = dict.fromkeys(GOOD, "info")
    other = "warning"


class Some(OwnWords):
    """Has words for the kinds that it needs, and one for all others."""

    words: ClassVar[dict[str, str]] = {kind: kind.lower() for kind in GOOD[:4]}


class State(OwnWords):
    """Keeps the state of a person, who is active unless something bad happens."""

    words: ClassVar[dict[str, str]] = {"UNDELIVERED": "bounced", "SPAM": "blocked", "UNSUBSCRIBED": "left"}
    other = "active"


@pytest.mark.parametrize(
    ("application", "found"),
    [
        (OwnWords, []),
        (Levels, []),
        (Some, []),
        (State, []),
        (UnknownIsLost, ["a new kind: taken for another"]),
    ],
)
def test_a_new_kind_may_be_kept_in_any_words_but_those_of_a_bad_one(
    application: type[Receiver], found: list[str]
) -> None:
    with Clean(vendor="esputnik", application=application) as receiver:
        runner = examined(receiver.url, "esputnik/activity", "C12", oracle=receiver.oracle_url)
    assert [finding.key for finding in result(runner, "C12").findings] == found


class MailAlone(Receiver):
    """Keeps what happens to mail, and acknowledges the rest."""

    def events(self, value: Any) -> list[tuple[Event, Feed]]:
        return [pair for pair in super().events(value) if pair[0].get("mediaType") == "email"]


def test_who_has_no_use_for_a_new_channel_need_not_keep_its_events() -> None:
    with Clean(vendor="esputnik", application=MailAlone) as receiver:
        runner = examined(receiver.url, "esputnik/activity", "C12", oracle=receiver.oracle_url)
    assert accused(runner) == {}


SENT = "2023-09-14T08:30:03"


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        ({"at": "2023-09-14T05:30:03Z"}, True),
        ({"at": "2023-09-14T08:30:03+03:00", "event": {"activityDateTime": SENT}}, True),
        ({"at": 1694669403}, True),
        ({"at": 1694669403000}, True),
        # The same instant, in whatever form and zone.
        ({"at": "2023-09-14T08:30:03Z", "remind": "2023-09-14T11:30:03Z"}, False),
        ({"at": "2023-09-14T11:30:03+03:00"}, False),
        ({"at": 1694680203, "hour": 1694678400}, False),
        # The receiver's own clock, hours that it counts by, and what names no zone.
        ({"received": "2026-11-22T09:00:00Z", "event": {"activityDateTime": SENT}}, False),
        ({"hour": "2023-09-14T08:00:00Z", "day": "2023-09-14T00:00:00Z"}, False),
        ({"at": "2023-09-14 11:30:03"}, False),
        ({"expires": "2023-09-15T08:30:03Z"}, False),
        ({"hour": "2023-09-14T08:00:00Z", "event": {"activityDateTime": "2023-09-14T08:30:00"}}, False),
    ],
)
def test_a_time_without_a_zone_must_not_be_read_in_another_than_the_vendors(
    record: dict[str, Any], wrong: bool
) -> None:
    session = session_of("esputnik/activity")
    sent = record.get("event", {"activityDateTime": SENT})
    event = {**session.sender.event(), **sent}
    data = {"about": "activityDateTime", "path": ["activityDateTime"], "zone": "UTC"}
    case = Case("C18", "an event", (Shot((event,)),), data=data)
    exchange = Exchange(case.shots[0], "http://x/", (), b"", (KEY,), Heard(200), True)
    outcome = Outcome((exchange,), {KEY: 1}, found={KEY: [record]})
    failure = values.in_its_zone(session, case, outcome)
    assert (failure is not None) is wrong


def test_nobody_at_the_address_ends_the_run() -> None:
    with pytest.raises(TargetUnusable, match="cannot be checked"):
        examined(free_port_url(), "sendpulse/smtp")


def test_of_a_receiver_that_refuses_the_example_only_the_handshake_is_checked() -> None:
    with Mutant("C28", vendor="sendpulse") as receiver:
        runner = examined(receiver.url, "sendpulse/smtp")
    assert result(runner, "P01").verdict is Verdict.FAIL
    assert result(runner, "C28").verdict is Verdict.FAIL
    assert result(runner, "C13").verdict is Verdict.NOT_CHECKED
    assert "see P01" in result(runner, "C13").reason


def test_a_receiver_that_refuses_all_that_is_old_is_told_so_from_the_start() -> None:
    with Mutant("C31b", vendor="esputnik") as receiver:
        runner = examined(receiver.url, "esputnik/activity", "P01")
    assert result(runner, "P01").findings[0].key == "stale"
    assert "for their age" in runner.barred


def test_without_credentials_nothing_is_said_of_them() -> None:
    with Clean(vendor="sendpulse") as receiver:
        found = result(examined(receiver.url, "sendpulse/smtp", "C27"), "C27")
    assert found.verdict is Verdict.NOT_CHECKED
    assert "--basic" in found.reason


def test_a_secret_in_the_address_that_is_not_compared_is_found() -> None:
    with Clean(vendor="sendpulse") as receiver:
        runner = examined(f"{receiver.url}?token=s3cret", "sendpulse/smtp", "C27")
    assert [f.key for f in result(runner, "C27").findings] == ["success"]


def test_a_secret_in_a_header_that_is_not_compared_is_found() -> None:
    with Clean(vendor="sendpulse") as receiver:
        runner = examined(receiver.url, "sendpulse/smtp", "C27", headers=(("X-Api-Key", "s3cret"),))
    assert [f.key for f in result(runner, "C27").findings] == ["success"]


@pytest.mark.parametrize("feed", NAMED)
def test_every_edit_is_legal_and_an_edit(feed: str) -> None:
    vendor, _, name = feed.partition("/")
    sender = Sender(vendor, name)
    for kind in sender.kinds:
        seen: list[tuple[Any, str]] = []
        for edit in edits(sender, kind):
            assert sender.legal(edit.event)
            seen.append((edit.path, repr(edit.value)))
        assert len(seen) == len(set(seen))


def test_events_of_a_batch_of_edits_have_nothing_in_common_that_they_are_known_by() -> None:
    sender = Sender("esputnik", "activity")
    events = [apart(sender, sender.event("READ"), number) for number in range(40)]
    assert len({event["iid"] for event in events}) == 40
    assert len({event["email"] for event in events}) == 40


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"timestamp": 1490953933}, {"timestamp": 86400 * 365}),
        ({"date": 1617401679000}, {"date": 86400 * 365 * 1000}),
        ({"timestamp": "1490953933"}, {"timestamp": "31536000"}),
        ({"activityDateTime": "2023-09-14T08:30:03"}, {"activityDateTime": "1971-01-01T00:00:00"}),
        ({"execution_date": "2026-01-01 10:00:00"}, {"execution_date": "1971-01-01 00:00:00"}),
        ({"no": "moment"}, None),
    ],
)
def test_an_event_is_dated_anew_in_the_vendors_own_way(event: Any, expected: Any) -> None:
    assert redated(event, 86400 * 365) == expected


@pytest.mark.parametrize(
    ("page", "sort"),
    [
        ('Traceback (most recent call last):\n  File "/srv/app.py", line 3', "a stack trace of Python"),
        ("\tat com.shop.Hook.post(Hook.java:42)", "a stack trace of Java"),
        ("    at post (/srv/app/hook.js:10:5)", "a stack trace of Node"),
        ("Stack trace:\n#0 /var/www/hook.php(3): post()", "a stack trace of PHP"),
        ("app/hook.rb:3:in `post'", "a stack trace of Ruby"),
        ("goroutine 1 [running]:", "a stack trace of Go"),
        ("SQLSTATE[22003]: Numeric value out of range", "an error of the database"),
        ("postgres://app:hunter2@db/app", "a password in an address"),
        ("SECRET_KEY = 'abcdefgh'", "a credential"),
        ("cannot open /srv/app/events.db", "a path of its machine"),
    ],
)
def test_what_gives_the_inside_away_is_recognised(page: str, sort: str) -> None:
    assert next(signs(page)) == sort


@pytest.mark.parametrize(
    "page",
    ["not JSON", '{"error":"unknown field /0/message_id"}', "See https://docs.example/a/b", "Bad Request"],
)
def test_a_plain_refusal_gives_nothing_away(page: str) -> None:
    assert list(signs(page)) == []


def test_every_check_says_what_goes_wrong_and_has_something_to_run() -> None:
    known: Collection[Any] = checks()
    assert len({check.id for check in known}) == len(known)
    for check in known:
        assert len(check.says) > 60
        assert check.run is not None or (check.cases is not None and check.judge is not None)
