"""What lies on disk is what happened: every entry comes back as it was, to the bit."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulators.engine.call_faults import Answer, Delay, Garbage, Hang, Reset, VendorError
from emulators.engine.faulting import Drop, Fault, LostAck, Recompose, SlowWrite
from emulators.engine.forms import form
from emulators.engine.freezing import (
    entry_types,
    freeze,
    freeze_state,
    pack,
    thaw,
    thaw_state,
    unpack,
    unpack_outcome,
)
from emulators.engine.journal import (
    Delivery,
    Effects,
    Entry,
    Exchange,
    FaultArmed,
    Happened,
    Opened,
    Restored,
)
from emulators.engine.policy import Policy
from emulators.engine.provider import Call, Event, Reply
from emulators.engine.state import State, fold
from emulators.errors import UnknownName

# Lone surrogates too, and two that no escape can tell from one character.
texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["\ud83d\ude00", "\ud800", '"\\ud800\\udc00', "\0"]
)
numbers = st.integers() | st.sampled_from([2**70, -(2**64), 2**63])
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
bodies = st.binary(max_size=12) | texts.map(lambda text: json.dumps(text).encode())
runs_of_events = st.tuples(
    st.integers(0, 9),
    st.sampled_from("ab"),
    st.sampled_from("xy"),
    st.integers(0, 1),
    st.lists(bodies, max_size=4),
).map(lambda r: [Event(n, *r[1:4], body) for n, body in enumerate(r[4], r[0])])
some_events = st.lists(runs_of_events, max_size=3).map(lambda runs: tuple(e for run in runs for e in run))
faults: st.SearchStrategy[Fault] = st.one_of(
    st.builds(Answer, st.integers(200, 599), json_values | bodies, route=st.none() | texts, times=st.none()),
    st.builds(Hang, st.floats(0, 9), st.booleans(), times=st.integers(1, 9)),
    st.builds(SlowWrite, chunk=st.integers(1, 9), pause=st.floats(0, 1), probability=st.floats(0.1, 1)),
    st.builds(VendorError, texts),
    st.builds(Recompose, kind=st.none() | texts),
    st.sampled_from([LostAck(), Drop(), Garbage(), Reset(processed=True), Delay(2)]),
)
policies = st.builds(
    Policy,
    batch_size=st.integers(1, 9),
    probe=st.none() | texts,
    answers=st.dictionaries(texts, texts, max_size=2),
    retry_delays=st.lists(st.integers(0, 9) | st.floats(0, 9), max_size=3).map(tuple),
    pace=st.floats(0, 9),
    patience=st.none() | st.floats(0, 9),
)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field may hold, by the type that it is declared with."""
    origin, arguments = get_origin(hint), get_args(hint)
    simple = {str: texts, int: numbers, float: st.floats(allow_nan=False), bool: st.booleans(), bytes: bodies}
    if hint in simple:
        return simple[hint]
    if hint is Any:
        return json_values
    if hint is Fault:
        return faults
    if hint is Policy:
        return policies
    if hint == tuple[Event, ...]:
        return some_events
    if origin is UnionType:
        return st.none() | values(next(a for a in arguments if a is not NoneType))
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=3)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(hint, **{f.name: values(hints[f.name]) for f in fields(hint)})


KINDS = sorted(set(entry_types()) - {"Entry", "Restored"})


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_of_any_kind_comes_back_as_it_was(kind: str) -> None:
    @settings(max_examples=50, deadline=None)
    @given(entry=values(entry_types()[kind]))
    def comes_back(entry: Entry) -> None:
        data = freeze(entry)
        assert thaw(kind, data) == entry
        json.loads(data)

    comes_back()


@settings(max_examples=200, deadline=None)
@given(delivery=values(Delivery), envelope=st.sampled_from(["array", "object"]), raw=st.none() | bodies)
def test_a_delivery_comes_back_from_its_row_and_its_bodies(
    delivery: Delivery, envelope: str, raw: bytes | None
) -> None:
    known = {f.name: getattr(delivery, f.name) for f in fields(Delivery)}
    whole = Delivery(**{**known, "envelope": envelope, "raw": raw})
    packed = pack(whole)
    assert unpack(packed) == whole
    outcome = unpack_outcome(packed.row)
    assert outcome.events == ()
    assert outcome.effects == whole.effects
    assert (outcome.shipment, outcome.next_instant) == (whole.shipment, whole.next_instant)


EVENTS = tuple(Event(n, "news", "a", 5, b'{"secret of event":%d}' % n) for n in range(1, 1001))


def delivery(**changes: Any) -> Delivery:
    usual: dict[str, Any] = {
        "instant": 7,
        "emulator": "acme",
        "subscription": 1,
        "shipment": 1,
        "method": "POST",
        "url": "http://127.0.0.1:9/",
        "events": EVENTS,
        "attempt": 1,
        "status": 500,
        "outcome": "rescheduled",
        "next_instant": 60,
        "reason": "answered 500",
        "waiting": 0,
        "envelope": "array",
    }
    return Delivery(**usual | changes)


def test_the_row_of_a_delivery_holds_nothing_of_what_it_carried() -> None:
    packed = pack(delivery())
    assert packed.body.data == delivery().body
    assert packed.source is None
    assert b"secret" not in packed.row
    # Another attempt has another row, and the rest is the same.
    later = pack(delivery(instant=60, attempt=2))
    assert later.body == packed.body
    assert len(later.row) < 300


def test_a_request_that_was_composed_of_an_event_keeps_both() -> None:
    composed = delivery(events=EVENTS[:1], envelope="object", raw=b"text=1")
    packed = pack(composed)
    assert packed.body == (b"text=1", None)
    assert b"secret" not in packed.row
    assert unpack(packed) == composed


def test_what_is_alike_in_a_run_of_events_is_said_once() -> None:
    row = json.loads(freeze(Happened(5, "acme", Effects(events=EVENTS))))
    (run,) = row["effects"]["events"]
    assert (run["first"], run["feed"], run["kind"], run["instant"]) == (1, "news", "a", 5)
    assert run["bodies"][1] == '{"secret of event":2}'


def test_a_row_is_for_people_to_read() -> None:
    call = Call("POST", "/orders", body="Привіт".encode(), data=None)
    row = freeze(Exchange(1, "acme", "order", call, Reply(201, b"\xff\xfe"), Effects())).decode()
    assert "Привіт" in row
    assert json.loads(row)["reply"]["body"] == {"base64": "//4="}
    # What is empty is not said at all.
    assert "nearest" not in row and "fault" not in row


@pytest.mark.parametrize("body", [b"bytes", b"\xff", "text", None, {"json": [1, 2.0, None]}, 0, False])
def test_the_body_of_an_answer_stays_what_it_was(body: Any) -> None:
    entry = FaultArmed(1, "acme", 1, Answer(503, body))
    back = thaw("FaultArmed", freeze(entry))
    assert back == entry
    assert isinstance(back, FaultArmed) and isinstance(back.fault, Answer)
    assert type(back.fault.body) is type(body)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.0, 1.0, 2**70, -(2**70), 10**400])
def test_a_number_stays_exactly_what_it_was(number: float) -> None:
    happened = Happened(1, "acme", Effects(changes=(("numbers", "n", {"deep": [number, None]}),)))
    # Unlike itself, NaN is written like itself; and 1.0 is not 1.
    assert repr(thaw("Happened", freeze(happened))) == repr(happened)


def test_a_fault_that_nobody_could_read_back_is_refused_when_it_is_written() -> None:
    @dataclass(frozen=True, slots=True)
    class Mine(Fault):
        pass

    with pytest.raises(UnknownName, match="unknown fault 'Mine'"):
        freeze(FaultArmed(1, "acme", 1, Mine()))


def test_a_type_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match=r"no form for values of .*set\[int\]"):
        form(set[int])


@example(memory=2)
@example(memory=None)
@given(memory=st.integers(1, 9))
def test_history_reaches_as_far_back_as_before(memory: int | None) -> None:
    opened = Opened(1, "acme", "acme", "2026-01", 0, Effects())
    state = fold([opened, Happened(5, "acme", Effects(events=EVENTS[:6]))], memory)
    back = thaw_state(freeze_state(state))
    assert back.memory == memory
    assert back.snapshot() == state.snapshot()
    assert back.accounts["acme"].history == {"news": deque(EVENTS[:6], memory)}
    assert back.accounts["acme"].history["news"].maxlen == memory
    assert back.accounts["acme"].unheard == {"news.a": 6}


def test_a_world_that_went_back_says_to_what() -> None:
    state = fold([Opened(1, "acme", "acme", "2026-01", 0, Effects(changes=(("t", "k", {"n": 2**70}),)))])
    back = thaw("Restored", freeze(Restored(9, "", "before", state)))
    assert isinstance(back, Restored) and isinstance(back.state, State)
    assert (back.instant, back.name, back.state.snapshot()) == (9, "before", state.snapshot())
