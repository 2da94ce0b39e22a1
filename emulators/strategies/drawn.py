"""Valid events and batches: a seeded base and sparse changes. Fewer choices an event is all that makes it fast."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st

from emulators.engine.dice import Dice
from emulators.engine.provider import Payload
from emulators.errors import InvalidValue
from emulators.strategies.stock import SEEDS, WIDTH, Stock, event_stock
from emulators.strategies.stories import story
from emulators.strategies.vendor import Vendor, vendor

PLACES = 8
FEW = 2


def events(
    provider: str,
    kind: str | None = None,
    revision: str | None = None,
    edge: bool = False,
    *,
    feed: str | None = None,
) -> st.SearchStrategy[Payload]:
    """Events that the vendor may send, each as the dict that its JSON stands for.

    Of one `kind` (`"opened"`, `"email-service.open"`), else of every kind that the documents name in `feed`, the
    vendor's first as in `subscribe`. `edge` leans on the ends of what is legal: fields left out or empty, numbers up
    to the last that the schema allows, text as customers really type it, dates that break clocks. A failure shrinks
    to the documents' own sample with few changes. Raises `UnknownName` with the nearest name.
    """
    known = vendor(provider, revision)
    return _events(
        tuple(event_stock(known, where.name, what.name) for where, what in known.kinds(kind, feed)), edge
    )


def changes(most: int, width: int = WIDTH) -> st.SearchStrategy[bytes]:
    """Some changes, written; a quarter of them are none."""
    return st.binary(min_size=width * most, max_size=width * most)


@cache
@st.composite
def _events(draw: st.DrawFn, stocks: tuple[Stock, ...], edge: bool) -> Payload:
    stock = draw(st.sampled_from(stocks)) if len(stocks) > 1 else stocks[0]
    seed = draw(st.integers(0, SEEDS - 1))
    made = draw(changes(stock.most if edge else FEW))
    event: Payload = stock.changed(stock.base(seed, edge), stock.read(draw, made, edge))
    return event


def batches(
    provider: str,
    kind: str | None = None,
    revision: str | None = None,
    min_size: int = 1,
    max_size: int = 1000,
    edge: bool = False,
    *,
    feed: str | None = None,
) -> st.SearchStrategy[list[Payload]]:
    """Lists of events as the vendor puts them into one request; where each has a request of its own, events in a row.

    Kinds and `edge` as in `events`. At times the events are stories of messages that hang together: the same ids
    from kind to kind. Never more than the vendor puts into a request; `InvalidValue` if `min_size` wants more.
    """
    known = vendor(provider, revision)
    chosen = known.kinds(kind, feed)
    where = chosen[0][0].name
    policy = known.policies[where]
    most = min(max_size, policy.batch_size) if policy.envelope == "array" else max_size
    if not 1 <= min_size <= most:
        raise InvalidValue(
            f"min_size: {known.provider.title} puts 1 to {policy.batch_size} events of {where} into a request and "
            f"max_size is {max_size}, got min_size={min_size}"
        )
    return _batches(known, where, tuple(what.name for _, what in chosen), min_size, most, edge)


def sizes(least: int, most: int) -> st.SearchStrategy[int]:
    """Mostly a few, at times many."""
    few = st.integers(least, min(least + 5, most))
    marks = [size for size in (99, 100, 101, 999, 1000) if least <= size <= most]
    return st.one_of(few, few, st.sampled_from(marks) if marks else few, st.integers(least, most))


@st.composite
def _batches(
    draw: st.DrawFn, known: Vendor, feed: str, kinds: Sequence[str], least: int, most: int, edge: bool
) -> list[Payload]:
    size = draw(sizes(least, most))
    seed = draw(st.integers(0, SEEDS - 1))
    told = len(kinds) > 1 and draw(st.booleans())
    names = list(in_story(known, feed, seed, size) if told else in_turn(known, feed, kinds, seed, size, edge))
    stocks = {name: event_stock(known, feed, name) for name, _ in names}
    batch = [event for _, event in names]
    # Of each change, two more bytes say to which event; counted round, they stay good while a batch shrinks.
    written = draw(changes(PLACES if edge else FEW, WIDTH + 2))
    for at in range(0, len(written), WIDTH + 2):
        where = int.from_bytes(written[at : at + 2], "big") % size
        stock = stocks[names[where][0]]
        batch[where] = stock.changed(batch[where], stock.read(draw, written[at + 2 : at + 2 + WIDTH], edge))
    return batch


def in_turn(
    known: Vendor, feed: str, kinds: Sequence[str], seed: int, size: int, edge: bool
) -> list[tuple[str, Payload]]:
    """Events of kinds that follow from the seed: for seed 0 one of each, in the order of the documents."""
    found = []
    for index in range(size):
        turn, which = divmod(index, len(kinds))
        if seed:
            which = Dice(f"{seed}/{index}".encode()).getrandbits(16) % len(kinds)
            turn = index
        found.append((kinds[which], known.event(feed, kinds[which], (seed + turn) % SEEDS, edge)))
    return found


def in_story(known: Vendor, feed: str, seed: int, size: int) -> list[tuple[str, Payload]]:
    """Stories one after the other, until there are enough events."""
    found: list[tuple[str, Payload]] = []
    while len(found) < size:
        found += story(known, feed, seed % SEEDS)
        seed += 1
    return found[:size]
