"""Columns of an app's own: which holds which field is learned, and what it got wrong is told; nothing else is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import unicodedata
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.check.cases import Loaded
from emulators.check.checks.learning import UNCOMPARED
from emulators.check.checks.values import CHECKS
from emulators.check.oracle import oracle_of
from emulators.check.oracle.columns import Columns, Stored
from emulators.check.oracle.ledger import Ledger
from emulators.check.replaying import Replay, Replayed, replay
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Exchange, Heard, Severity, Shot, Target, Verdict
from emulators.check.wire import Wire
from emulators.engine.codec import encode
from emulators.engine.egress import Egress
from tests.check.receivers.clean import Clean
from tests.check.receivers.events import Event
from tests.check.receivers.receiving import Receiver
from tests.check.receivers.served import Answer, Head
from tests.check.test_checks_a import accused, examined, result

Store = Callable[[Any], Any]
BIG, LONG = 9007199254740993, "Осінь 🙂 " * 12
FIELDS = ("subject", "customer", "campaign", "link")
"""Two that hold texts, two that hold numbers."""


def who(number: int) -> str:
    return f"chk00c0dex{number}p0z"


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"recipient": f"check+{who(number)}@example.com", "event": "opened", **fields}


def kept(sent: dict[str, Any], **columns: Any) -> Stored:
    """An event, and the one record of it."""
    key = sent["recipient"][6:-12]
    return Stored(key, [sent], [{"person": sent["recipient"], **columns}])


def learned(**columns: Store) -> Columns:
    """What is known after three ordinary events of a receiver that makes its columns of them like this."""
    known = Columns()
    for number, (subject, customer) in enumerate(
        [("Hello", 481_516), ("Summer sale", 234_201), ("Bye", 108_042)]
    ):
        sent = event(number, subject=subject, customer=customer, at_time=f"{customer}")
        known.learn(kept(sent, **{name: make(sent) for name, make in columns.items()}))
    return known


def told(known: Columns, sent: dict[str, Any], **columns: Any) -> list[tuple[str, str]]:
    return [(found.field, found.how) for _, found in known.alterations([kept(sent, **columns)])]


TITLE: Store = lambda sent: sent["subject"]  # noqa: E731
BUYER: Store = lambda sent: str(sent["customer"])  # noqa: E731


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (LONG[:50], "cut after 50 characters"),
        (LONG.replace("🙂", "").strip(), "characters lost"),
        (LONG.encode().decode("latin-1"), "read in another encoding"),
    ],
)
def test_a_text_that_is_changed_in_a_column_of_its_own_is_told(stored: str, how: str) -> None:
    assert told(learned(title=TITLE), event(9, subject=LONG), title=stored) == [("subject", how)]


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        (BIG - 1, "rounded, as by a floating-point number"),
        (str(BIG - 1), "rounded, as by a floating-point number"),
        (2**31 - 1, "cut to the greatest number of a column"),
        (1, "overflowed"),
        (BIG % 2**31 + 77, "another number"),
    ],
)
def test_a_number_that_is_changed_in_a_column_of_its_own_is_told(stored: Any, how: str) -> None:
    assert told(learned(buyer=BUYER), event(9, customer=BIG), buyer=stored) == [("customer", how)]


@pytest.mark.parametrize(
    "stored", [LONG, LONG.strip(), LONG.upper(), unicodedata.normalize("NFD", LONG), None, "", "Summer", 17]
)
def test_what_an_app_does_on_purpose_is_not(stored: Any) -> None:
    assert told(learned(title=TITLE), event(9, subject=LONG), title=stored) == []


def test_a_column_that_shows_nothing_of_the_event_holds_none_of_its_fields() -> None:
    known = learned(title=lambda sent: hashlib.sha256(sent["subject"].encode()).hexdigest())
    assert not known.show("subject")
    assert told(known, event(9, subject=LONG), title=LONG[:50]) == []


def test_one_agreement_may_be_chance() -> None:
    known = Columns()
    known.learn(kept(event(1, subject="Hello"), title="Hello"))
    assert not known.show("subject")
    known.learn(kept(event(2, subject="Summer sale"), title="Summer sale"))
    assert known.show("subject")


def test_a_place_that_once_showed_something_else_holds_nothing() -> None:
    known = learned(title=TITLE)
    known.learn(kept(event(4, subject="Greetings"), title="of somebody"))
    assert not known.show("subject")


def test_a_field_that_was_stored_otherwise_while_it_was_learned_is_held_all_the_same() -> None:
    known = learned(title=TITLE)
    known.learn(kept(event(4, subject="Sale 🖤 today"), title="Sale  today"))
    assert known.show("subject")


def test_times_are_left_out() -> None:
    assert not learned(at=lambda sent: sent["at_time"]).show("at_time")


def test_a_record_that_has_the_name_shows_it() -> None:
    assert learned(subject=lambda sent: "?").show("subject")


def test_a_record_that_speaks_of_others_too_is_not_read() -> None:
    known = learned(title=TITLE)
    assert told(known, event(9, subject=LONG), title=LONG[:50], next=who(10)) == []


def test_a_title_of_the_campaign_as_it_was_first_heard_is_held_against_nobody() -> None:
    known, first = learned(title=TITLE), "x" * 40
    events = [event(10, subject=first), event(11, subject="x" * 90), event(12, subject="Autumn")]
    assert known.alterations([kept(sent, title=first) for sent in events]) == []


def test_the_value_of_another_field_of_the_event_is_no_wrong_number() -> None:
    assert told(learned(buyer=BUYER), event(9, customer=BIG, campaign=4711), buyer=4711) == []


def test_a_record_of_a_person_may_show_any_of_their_events() -> None:
    known = learned(title=TITLE)
    both = [event(9, subject=LONG), event(9, subject=LONG[:50])]
    assert known.alterations([Stored(who(9), both, [{"person": who(9), "title": LONG[:50]}])]) == []


def test_columns_are_known_in_rows_objects_texts_and_records_by_identity() -> None:
    for shape in (
        lambda sent, title: [sent["recipient"], title],
        lambda sent, title: {"who": sent["recipient"], "campaign": {"name": title}},
        lambda sent, title: {"who": sent["recipient"], "more": json.dumps({"name": title})},
        lambda sent, title: {sent["recipient"]: {"name": title}},
    ):
        known = Columns()
        for number, subject in enumerate(("Hello", "Summer sale")):
            sent = event(number, subject=subject)
            known.learn(Stored(who(number), [sent], [shape(sent, subject)]))
        odd = event(9, subject=LONG)
        assert [
            found.how for _, found in known.alterations([Stored(who(9), [odd], [shape(odd, LONG[:50])])])
        ] == ["cut after 50 characters"]


def test_the_account_of_the_run_is_held_to_columns_too() -> None:
    ledger, sent = Ledger(), event(9, subject=LONG)
    body = encode(sent)
    ledger.note(Exchange(Shot((sent,)), "http://x/", (), body, (who(9),), Heard(200), True))
    found = {who(9): [{"person": who(9), "title": LONG[:50]}]}
    [altered] = ledger.reconcile({who(9): 1}, found, learned(title=TITLE)).altered
    assert (altered.key, altered.alteration.field) == (who(9), "subject")
    assert ledger.reconcile({who(9): 1}, found).clean


# -- for all events and columns

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=90)
numbers = st.integers(0, 2**64 - 1)
events = st.fixed_dictionaries({"subject": texts, "link": texts, "customer": numbers, "campaign": numbers})


words = st.lists(st.text("abcdefghij", min_size=6, max_size=12), min_size=6, max_size=6, unique=True)
figures = st.lists(st.integers(100_000, 999_999), min_size=6, max_size=6, unique=True)
ordinary = st.tuples(words, figures).map(
    lambda drawn: [
        {
            "subject": drawn[0][n],
            "link": drawn[0][n + 3],
            "customer": drawn[1][n],
            "campaign": drawn[1][n + 3],
        }
        for n in range(3)
    ]
)
"""Three events whose values are all different."""
KEEPING: dict[str, Store] = {
    "as it is": lambda value: value,
    "as a text": str,
    "trimmed": lambda value: str(value).strip() or None,
    "in small letters": lambda value: str(value).lower(),
    "composed": lambda value: unicodedata.normalize("NFC", str(value)),
    "hashed": lambda value: hashlib.sha256(str(value).encode()).hexdigest(),
}
ways = st.fixed_dictionaries({name: st.sampled_from(sorted(KEEPING)) for name in FIELDS})
names = st.permutations(["a", "b", "c", "d"])


@given(ordinary, st.lists(events, min_size=1, max_size=6), ways, names, st.booleans())
def test_who_keeps_values_as_they_are_is_accused_of_nothing(
    usual: list[dict[str, Any]],
    odd: list[dict[str, Any]],
    how: dict[str, str],
    columns: list[str],
    upsert: bool,
) -> None:
    """Whatever the columns are called; with `upsert` one record stands for all that happened to a person."""

    def record(sent: dict[str, Any]) -> dict[str, Any]:
        made = {name: KEEPING[how[field]](sent[field]) for field, name in zip(FIELDS, columns, strict=True)}
        return {"person": sent["recipient"], **made}

    known = Columns()
    for number, fields in enumerate(usual):
        sent = event(number, **fields)
        known.learn(Stored(who(number), [sent], [record(sent)]))
    assert {name for name in FIELDS if known.show(name)} == {name for name in FIELDS if how[name] != "hashed"}
    if upsert:
        sents = [event(99, **fields) for fields in odd]
        account = [Stored(who(99), sents, [record(sents[-1])])]
    else:
        sents = [event(100 + number, **fields) for number, fields in enumerate(odd)]
        account = [Stored(who(100 + n), [sent], [record(sent)]) for n, sent in enumerate(sents)]
    assert known.alterations(account) == []


@given(ordinary, st.integers(2**52, 2**62).map(lambda n: 2 * n + 1), names)
def test_who_rounds_one_column_is_told_of_that_one(
    usual: list[dict[str, Any]], odd: int, columns: list[str]
) -> None:
    found = through(usual, {**usual[0], "customer": odd}, columns, customer=lambda value: int(float(value)))
    assert found == [("customer", "rounded, as by a floating-point number")]


@given(ordinary, st.integers(20, 60), names)
def test_who_cuts_one_column_is_told_of_that_one(
    usual: list[dict[str, Any]], most: int, columns: list[str]
) -> None:
    found = through(usual, {**usual[0], "subject": "й" * 61}, columns, subject=lambda value: value[:most])
    assert found == [("subject", f"cut after {most} characters")]


def through(
    usual: list[dict[str, Any]], odd: dict[str, Any], columns: list[str], **changed: Store
) -> list[tuple[str, str]]:
    """What is told of a receiver that changes some fields."""
    known = Columns()
    for number, fields in enumerate([*usual, odd]):
        sent = event(number, **fields)
        row = {
            name: changed.get(field, KEEPING["as it is"])(sent[field])
            for field, name in zip(FIELDS, columns, strict=True)
        }
        stored = kept(sent, **row)
        if number < len(usual):
            known.learn(stored)
    return [(found.field, found.how) for _, found in known.alterations([stored])]


# -- a whole run


class Own(Receiver):
    """Keeps whom it was about, and some fields under names of its own."""

    columns: ClassVar[dict[str, str]] = {
        "title": "messageName",
        "buyer": "externalCustomerId",
        "contact": "contactId",
    }

    def shown(self, value: Any) -> Any:
        return value

    def oracle(self, head: Head) -> Answer:
        records = json.loads(super().oracle(head).body)["records"]
        return self.said(200, [self._row(one["email"], one["event"]) for one in records])

    def _row(self, person: str, sent: Event) -> dict[str, Any]:
        return {"person": person, **{own: self.shown(sent.get(name)) for own, name in self.columns.items()}}


class Stripping(Own):
    """Has three bytes for a character."""

    def shown(self, value: Any) -> Any:
        return "".join(c for c in value if c <= "\uffff") if isinstance(value, str) else value


class Doubles(Own):
    """Has floating-point numbers."""

    def shown(self, value: Any) -> Any:
        return float(value) if isinstance(value, int) else value


class Modulo(Own):
    """Has 31 bits for a number."""

    def shown(self, value: Any) -> Any:
        return value % 2**31 if isinstance(value, int) else value


class Hashed(Own):
    """Can only tell whether a value is the same."""

    def shown(self, value: Any) -> Any:
        return None if value is None else hashlib.sha256(str(value).encode()).hexdigest()


class Narrow(Own):
    """Shows no id that may outgrow 32 bits."""

    columns: ClassVar[dict[str, str]] = {"instance": "messageInstanceId"}


FEED = "esputnik/activity"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("application", "check", "key"),
    [
        (Stripping, "C19", "messageName: messageName altered"),
        (Doubles, "C15", "contactId: contactId altered"),
        (Modulo, "C15", "contactId: contactId altered"),
    ],
)
def test_a_check_finds_what_a_column_of_its_own_has_changed(
    application: type[Own], check: str, key: str
) -> None:
    with Clean(vendor="esputnik", application=application) as receiver:
        runner = examined(receiver.url, FEED, check, oracle=receiver.oracle_url)
    [finding] = result(runner, check).findings
    assert (finding.verdict, finding.key, finding.confirmed) == (Verdict.FAIL, key, 3)


@pytest.mark.thorough
def test_columns_of_its_own_are_no_defect() -> None:
    with Clean(vendor="esputnik", application=Own) as receiver:
        runner = examined(receiver.url, FEED, "S01", "C13", "C15", "C19", "C20", oracle=receiver.oracle_url)
    assert accused(runner) == {}
    assert {result(runner, check).verdict for check in ("C15", "C19")} == {Verdict.PASS}
    # What no column holds was not proved, and is said by its name.
    told = runner.session.facts[UNCOMPARED]
    assert isinstance(told, dict)
    assert set(told) == {"C15", "C19"}
    for check, shown in (("C15", {"contactId", "externalCustomerId"}), ("C19", {"messageName"})):
        assert told[check]
        assert not shown & set(told[check])


@pytest.mark.thorough
def test_of_a_receiver_that_shows_the_events_whole_all_is_compared() -> None:
    with Clean(vendor="esputnik") as receiver:
        runner = examined(receiver.url, FEED, "C15", "C19", oracle=receiver.oracle_url)
    assert {result(runner, check).verdict for check in ("C15", "C19")} == {Verdict.PASS}
    assert UNCOMPARED not in runner.session.facts


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("application", "check", "field"),
    [
        (Hashed, "C15", "externalCustomerId"),
        (Hashed, "C19", "messageName"),
        (Narrow, "C15", "externalCustomerId"),
    ],
)
def test_what_no_record_shows_is_not_green(application: type[Own], check: str, field: str) -> None:
    with Clean(vendor="esputnik", application=application) as receiver:
        runner = examined(receiver.url, FEED, check, oracle=receiver.oracle_url)
    found = result(runner, check)
    assert (found.verdict, found.findings) == (Verdict.NOT_CHECKED, [])
    assert f"no record shows {field}" in found.reason


def test_a_case_that_is_played_again_learns_the_columns_first() -> None:
    [big] = [check for check in CHECKS if check.id == "C15"]
    sent = {**Sender("esputnik", "activity").event(), "contactId": BIG}
    case = Case("C15", "a big number", (Shot((sent,)),), data={"about": "contactId", "path": ["contactId"]})
    loaded = Loaded(
        big,
        case,
        "esputnik@2025-06",
        "activity",
        {},
        1,
        "",
        True,
        "contactId: contactId altered",
        Verdict.FAIL,
        Severity.HIGH,
        "",
        "2026-01-01",
    )

    async def played(url: str, oracle: str) -> Replayed:
        wire = Wire(Egress(()))
        session = Session(
            Sender("esputnik", "activity"), Target(url), wire, 1, "00c0de", records=oracle_of(url=oracle)
        )
        try:
            return await replay(session, loaded)
        finally:
            await wire.close()

    for application, expected in ((Doubles, Replay.FAILED), (Own, Replay.FIXED)):
        with Clean(vendor="esputnik", application=application) as receiver:
            again = asyncio.run(played(receiver.url, receiver.oracle_url))
        assert again.verdict is expected
