"""Delivery plans, drawn: events x order x duplicates x faults x timing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

from emulators.engine.faulting import Duplicate, Fault, LostAck, Recompose, Reorder, ResetAfterBody
from emulators.engine.policy import Policy
from emulators.engine.provider import Payload
from emulators.errors import InvalidValue
from emulators.strategies.drawn import changes, in_story, in_turn
from emulators.strategies.plans import Advance, DeliveryPlan, Emit, Inject, Step, given
from emulators.strategies.stock import SEEDS, event_stock
from emulators.strategies.vendor import Vendor, vendor

FAULTS = 3

T = TypeVar("T")


def delivery_plans(
    provider: str,
    revision: str | None = None,
    *,
    kind: str | None = None,
    feed: str | None = None,
    edge: bool = False,
    max_events: int = 6,
) -> st.SearchStrategy[DeliveryPlan]:
    """Plans of what the vendor sends and what goes wrong, all of them lawful: no event is lost for good, so a good
    receiver ends in the same state as without faults. `assert_same_outcome` says whether it does.

    Kinds and `edge` as in `events`; at times the events are the story of one message. Raises `UnknownName` with the
    nearest name.
    """
    known = vendor(provider, revision)
    chosen = known.kinds(kind, feed)
    if max_events < 1:
        raise InvalidValue(f"max_events: expected 1 or more, got {max_events}")
    where = chosen[0][0].name
    # What an event says of its own request must not lead away from the receiver.
    edge = edge and not known.composed(where)
    return _plans(known, where, tuple(what.name for _, what in chosen), edge, max_events)


def lawful(policy: Policy) -> tuple[type[Fault], ...]:
    """The faults after which every event arrives all the same."""
    faults: tuple[type[Fault], ...] = (Duplicate, LostAck, Reorder)
    tries = policy.retry_after_last == "repeat" or len(policy.retry_delays) >= FAULTS
    if policy.verdict(None) != "retry" or not tries:
        # Who does not try again loses what the receiver has not read.
        return faults
    return (*faults, *((Recompose,) if policy.batch_size > 1 else ()), ResetAfterBody)


def pauses(policy: Policy) -> tuple[float, ...]:
    """Times that mean something to a feed, and those just beside them; the shortest first."""
    window, delays = policy.batch_window, policy.retry_delays[:2]
    marks = [window / 2, window, *(part for d in delays for part in (d - 1, d, d + 1)), 3600.0]
    return tuple(sorted({mark for mark in marks if mark > 0}))


@st.composite
def _plans(
    draw: st.DrawFn, known: Vendor, feed: str, kinds: tuple[str, ...], edge: bool, most: int
) -> DeliveryPlan:
    policy = known.policies[feed]
    size = draw(st.integers(1, most))
    seed = draw(st.integers(0, SEEDS - 1))
    told = len(kinds) > 1 and draw(st.booleans())
    events = in_story(known, feed, seed, size) if told else in_turn(known, feed, kinds, seed, size, edge)
    steps: list[Step] = []
    # One choice, drawn evenly: a byte for the time after each event, two for each fault, one for the batches.
    written = draw(st.binary(min_size=most + 2 * FAULTS + 1, max_size=most + 2 * FAULTS + 1))
    for (name, payload), byte in zip(events, written, strict=False):
        if edge:
            stock = event_stock(known, feed, name)
            payload = stock.changed(payload, stock.read(draw, draw(changes(1)), True))
        steps.append(Emit(name, sendable(known, feed, name, payload)))
        if pause := _pick((0.0, *pauses(policy)), byte):
            steps.append(Advance(pause))
    for number in range(FAULTS):
        which, where = written[most + 2 * number], written[most + 2 * number + 1]
        if fault := _pick((None, *lawful(policy)), which):
            steps.insert(where % (len(steps) + 1), Inject(fault()))
    several = policy.envelope == "array" and policy.batch_size > 1
    return DeliveryPlan(known.spec, feed, tuple(steps), _pick((None, 1, 2), written[-1]) if several else None)


def _pick(choices: Sequence[T], byte: int) -> T:
    """The first choice half of the time, else one of the others."""
    return choices[0] if byte < 128 else choices[1 + (byte - 128) * (len(choices) - 1) // 128]


def sendable(known: Vendor, feed: str, kind: str, payload: Payload) -> Payload:
    """The payload as `emit` makes it of these fields; the vendor's own event where it cannot be made."""
    fields = known.profile.feeds[feed].kinds[kind].fields
    try:
        return known.write(feed, kind, given(payload, fields))
    except InvalidValue:
        return {}
