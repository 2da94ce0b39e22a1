"""Requests: what an app may send to a route."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import strategies as st

from emulators.engine import codec
from emulators.strategies.drawn import changes
from emulators.strategies.fallback import from_schema
from emulators.strategies.stock import Stock
from emulators.strategies.vendor import Vendor, vendor


def requests(provider: str, route: str, revision: str | None = None) -> st.SearchStrategy[Any]:
    """What an app may send to `route` (`"event-by-name"`) as the vendor documents it: the JSON value of the body, or
    the query as an object where the route takes no body.

    The documents' example with a few changes within the schema, to edge values and to free fields where the vendor
    takes such; shrinks to the example. Raises `UnknownName` with the nearest route.
    """
    known = vendor(provider, revision)
    return _requests(known, f"{known.route(route).stem}.request")


@cache
def _requests(known: Vendor, schema: str) -> st.SearchStrategy[Any]:
    rules = known.rules(schema)
    printed = [codec.decode(s.body) for s in known.profile.samples.values() if s.schema == schema]
    example = known.contract.example(schema)
    examples: Sequence[Any] = printed or ([] if example is None else [example])
    if not examples:
        return from_schema(rules.whole)
    stock = Stock(
        lambda body: known.contract.valid(schema, body),
        rules,
        lambda seed, drift: deepcopy(examples[seed % len(examples)]),
        more_fields=not any(place.closed for place in rules.places(examples[0]) if not place.path),
    )
    return _changed(stock, len(examples))


@st.composite
def _changed(draw: st.DrawFn, stock: Stock, examples: int) -> Any:
    base = stock.base(draw(st.integers(0, examples - 1)), True)
    return stock.changed(base, stock.read(draw, draw(changes(stock.most)), True))
