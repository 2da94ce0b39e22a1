"""What was acknowledged must be stored, once, and as it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators.check.oracle.altered import alterations
from emulators.check.oracle.ledger import Entry, Ledger, Reconciliation
from emulators.check.vocabulary import Exchange, Heard, Shot

ANN, BOB, CY = "chkabc123x1p0z", "chkabc123x1p1z", "chkabc123x1p2z"


def event(token: str, kind: str = "open", **more: Any) -> dict[str, Any]:
    return {"event": kind, "email": f"check+{token}@example.com", **more}


def sent(
    *events: dict[str, Any],
    status: int | None = 200,
    keys: tuple[str, ...] | None = None,
    shot: Shot | None = None,
    **style: Any,
) -> Exchange:
    """An exchange as a session has it; the keys are read from the addresses."""
    found = tuple(each["email"].removeprefix("check+").removesuffix("@example.com") for each in events)
    return Exchange(
        shot or Shot(events),
        "http://127.0.0.1/hook",
        (),
        json.dumps(list(events), **style).encode(),
        found if keys is None else keys,
        Heard(status),
        status == 200,
    )


def reconciled(
    *exchanges: Exchange, found: dict[str, list[Any]] | None = None, **counts: int
) -> Reconciliation:
    ledger = Ledger()
    for exchange in exchanges:
        ledger.note(exchange)
    named = {"ann": ANN, "bob": BOB, "cy": CY}
    return ledger.reconcile({named[name]: number for name, number in counts.items()}, found)


def test_what_was_acknowledged_and_is_stored_once_is_in_order() -> None:
    result = reconciled(sent(event(ANN), event(BOB)), ann=1, bob=1)
    assert result.clean
    assert result.acknowledged == 2


def test_what_was_acknowledged_and_is_not_there_is_lost() -> None:
    result = reconciled(sent(event(ANN), event(BOB)), ann=1)
    assert result.lost == result.gone == (Entry(BOB, 1, 1, 0),)
    assert not result.clean


def test_the_same_event_again_does_not_count_twice_however_it_is_written() -> None:
    again = sent(dict(reversed(event(ANN).items())), indent=2)
    assert reconciled(sent(event(ANN)), again, sent(event(ANN), event(BOB)), ann=1, bob=1).clean
    assert reconciled(sent(event(ANN)), again, ann=2).duplicated == (Entry(ANN, 1, 1, 2),)


def test_two_events_of_one_identity_are_two_records() -> None:
    exchange = sent(event(ANN, "delivered"), event(ANN, "open"))
    assert reconciled(exchange, ann=2).clean
    merged = reconciled(exchange, ann=1)
    assert merged.lost == (Entry(ANN, 2, 2, 1),)
    assert merged.gone == ()
    assert reconciled(exchange, ann=3).duplicated == (Entry(ANN, 2, 2, 3),)


@pytest.mark.parametrize("status", [None, 500, 503, 302, 201])
def test_what_was_not_acknowledged_may_be_there_once_or_not(status: int | None) -> None:
    exchange = sent(event(ANN), status=status)
    assert reconciled(exchange).clean
    there = reconciled(exchange, ann=1)
    assert there.clean
    assert there.recovered == (Entry(ANN, 0, 1, 1),)
    assert reconciled(exchange, ann=2).duplicated == (Entry(ANN, 0, 1, 2),)


def test_a_lost_answer_and_a_success_for_the_same_event_owe_one_record() -> None:
    exchanges = sent(event(ANN), status=None), sent(event(ANN))
    assert reconciled(*exchanges, ann=1).clean
    assert reconciled(*exchanges).lost == (Entry(ANN, 1, 1, 0),)
    assert reconciled(*exchanges, ann=2).duplicated == (Entry(ANN, 1, 1, 2),)


def test_what_was_refused_must_not_be_there() -> None:
    assert reconciled(sent(event(ANN), status=400)).clean
    assert reconciled(sent(event(ANN), status=400), ann=1).unexpected == (Entry(ANN, 0, 0, 1),)
    # Refused first and taken later, it belongs there.
    assert reconciled(sent(event(ANN), status=401), sent(event(ANN)), ann=1).clean


def test_what_nobody_sent_is_unexpected() -> None:
    assert reconciled(sent(event(ANN)), ann=1, cy=1).unexpected == (Entry(CY, 0, 0, 1),)


@pytest.mark.parametrize(
    "shot", [Shot(path="/other"), Shot(method="PUT"), Shot(credentials="wrong"), Shot(credentials="none")]
)
def test_a_success_for_what_the_vendor_would_not_send_owes_nothing(shot: Shot) -> None:
    exchange = sent(event(ANN), shot=shot)
    assert reconciled(exchange).clean
    assert reconciled(exchange, ann=1).clean


def test_a_success_for_hostile_input_owes_nothing() -> None:
    ledger = Ledger()
    ledger.note(sent(event(ANN)), legal=False)
    assert ledger.reconcile({}).clean
    assert ledger.reconcile({ANN: 1}).clean


def test_a_body_that_is_not_made_of_events_is_no_part_of_the_account() -> None:
    ledger = Ledger()
    ledger.note(sent(shot=Shot(raw=b"[}")))
    ledger.note(Exchange(Shot(), "u", (), b"[}", (ANN,), Heard(200), True))
    ledger.note(sent(event(ANN), event(BOB), keys=(ANN,)))
    ledger.note(sent({"event": "open", "email": ""}, keys=("",)))
    assert ledger.keys == frozenset()


def test_a_bare_object_is_one_event() -> None:
    ledger = Ledger()
    ledger.note(Exchange(Shot(), "u", (), json.dumps(event(ANN)).encode(), (ANN,), Heard(200), True))
    ledger.note(sent(event(BOB), status=None))
    assert ledger.acknowledged == {ANN: 1}
    assert all(ledger.reconcile({ANN: 1, BOB: stored}).clean for stored in (0, 1))
    assert ledger.keys == {ANN, BOB}


# -- altered

BIG = 9007199254740993
TEXT = "550 5.1.1 The e-mail account that you tried to reach does not exist: Олена 🙂 <b>&"


def how(stored: Any, **fields: Any) -> list[tuple[str, str]]:
    """What is wrong with a record that stands for an event of these fields."""
    return [(each.field, each.how) for each in alterations(ANN, [event(ANN, **fields)], stored)]


def test_a_number_is_compared_to_its_last_digit() -> None:
    result = reconciled(
        sent(event(ANN, message_id=BIG)), ann=1, found={ANN: [{"email": ANN, "message_id": BIG - 1}]}
    )
    (altered,) = result.altered
    assert altered.key == ANN
    assert str(altered.alteration) == (
        "message_id: rounded, as by a floating-point number: sent 9007199254740993, stored 9007199254740992"
    )
    assert not result.clean


@pytest.mark.parametrize("stored", [BIG, str(BIG), f" {BIG} "])
def test_a_number_as_a_text_is_the_same_number(stored: Any) -> None:
    assert how({"email": ANN, "message_id": stored}, message_id=BIG) == []


@pytest.mark.parametrize(
    ("name", "value", "stored", "looks"),
    [
        ("message_id", BIG, float(BIG), "rounded"),
        ("message_id", 2**64 - 1, -1, "overflowed"),
        ("message_id", 2**32 + 5, 5, "overflowed"),
        ("message_id", 2**31 + 5, 2**31 - 1, "cut to the greatest number"),
        ("reason", TEXT, TEXT[:50], "cut after 50 characters"),
        ("reason", TEXT, TEXT.replace("🙂", "?"), "characters lost"),
        ("reason", TEXT, TEXT.replace("🙂", ""), "characters lost"),
        ("reason", TEXT, TEXT.encode().decode("latin-1"), "read in another encoding"),
        (
            "reason",
            TEXT,
            TEXT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "escaped as HTML",
        ),
    ],
)
def test_what_no_translation_explains_is_altered(name: str, value: Any, stored: Any, looks: str) -> None:
    ((field, what),) = how({"email": ANN, name: stored}, **{name: value})
    assert field == name
    assert what.startswith(looks)


@pytest.mark.parametrize(
    "stored",
    [
        {"email": f"CHECK+{ANN}@example.com "},
        {"event": "opened"},
        {"timestamp": "2023-09-14T08:30:03Z"},
        {"timestamp": 1694680203000},
        {"at": "2023-09-14 08:30:03"},
        {"ok": 1},
        {"note": ""},
        {"link": "https://example.com/a/long/path"},
        {"id": 17},
        {"state": "open"},
    ],
)
def test_what_an_app_may_translate_is_not(stored: dict[str, Any]) -> None:
    fields = {
        "timestamp": 1694680203,
        "at": "2023-09-14T08:30:03",
        "ok": True,
        "note": None,
        "link": "https://example.com/a/long/path?utm_source=x",
        "id": 4711,
        "state": "opened",
    }
    assert how({"email": ANN, **stored}, **fields) == []


def test_a_copy_of_the_event_is_held_to_every_value() -> None:
    same = {"n": 1, "m": 2, "k": 3}
    copy, others = event(ANN, "opened", **same), event(BOB, "sent", **same)
    assert how({"id": 1, "raw": copy}, **same) == [("event", "differs")]
    assert how({"id": 1, "raw": json.dumps(copy)}, **same) == [("event", "differs")]
    # A body that was kept whole holds the events of others, too.
    assert how({"id": 1, "raw": json.dumps([copy, others])}, **same) == [("event", "differs")]


def test_times_may_be_translated_in_a_copy_too() -> None:
    same = {"n": 1, "m": 2}
    stored = event(ANN, at="2023-09-14T08:30:03+00:00", timestamp=1694680203000, **same)
    assert how(stored, at="2023-09-14T08:30:03", timestamp=1694680203, **same) == []


def test_a_record_is_compared_with_the_event_that_it_is_most_like() -> None:
    same = {"n": 1, "m": 2, "k": 3}
    first, second = event(ANN, "delivered", at=1, **same), event(ANN, "open", at=2, **same)
    assert alterations(ANN, [first], second) != []
    assert alterations(ANN, [first, second], second) == []
    assert reconciled(sent(first, second), ann=2, found={ANN: [first, second]}).clean


def test_what_need_not_be_stored_may_be_stored_in_any_way() -> None:
    ledger = Ledger()
    big = event(ANN, id=2**53 + 1)
    changed = {ANN: [{**big, "id": 2**53}]}
    ledger.note(sent(big), legal=False)
    assert ledger.reconcile({ANN: 1}, changed).clean
    ledger.note(sent(big))
    assert not ledger.reconcile({ANN: 1}, changed).clean


def test_what_is_excused_may_be_stored_or_not_and_is_nobodys_recovery() -> None:
    ledger = Ledger()
    ledger.note(sent(event(ANN), event(BOB), event(CY)))
    ledger.excuse(lambda one, in_company: ANN not in one["email"])
    result = ledger.reconcile({ANN: 1, BOB: 1})
    assert result.clean
    assert (result.recovered, result.acknowledged) == ((), 1)
    assert ledger.reconcile({ANN: 1, BOB: 2}).duplicated == (Entry(BOB, 0, 1, 2),)


def test_the_events_that_may_be_stored_can_be_asked_for() -> None:
    ledger = Ledger()
    ledger.note(sent(event(ANN)))
    ledger.note(sent(event(ANN), event(BOB), status=500))
    ledger.note(sent(event(CY), status=400))
    assert sorted(ledger.events, key=lambda one: one[0]) == [(ANN, event(ANN)), (BOB, event(BOB))]
