"""Invalid events: one broken rule, and which."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from emulators.strategies.stock import SEEDS, Stock, event_stock
from emulators.strategies.vendor import Vendor, vendor
from emulators.strategies.violating import Explain, Invalid, Suspect, catalogue


def invalid(
    provider: str, kind: str | None = None, revision: str | None = None, *, feed: str | None = None
) -> st.SearchStrategy[Invalid]:
    """Events that the vendor would never send: each breaks exactly one rule of his schema, and says which.

    For receivers that check what comes, and for schemas of your own. Raises `UnknownName` as `events` does, and
    `InvalidValue` for a schema beyond the subset that `schemas/README.md` describes.
    """
    known = vendor(provider, revision)
    kinds = [(where.name, what.name) for where, what in known.kinds(kind, feed)]
    return (
        st.sampled_from(kinds).flatmap(lambda pair: _one(known, *pair))
        if len(kinds) > 1
        else _one(known, *kinds[0])
    )


def violations(
    provider: str, kind: str | None = None, revision: str | None = None, *, feed: str | None = None
) -> tuple[Invalid, ...]:
    """The catalogue that `invalid` draws from: every rule that can be broken alone, in every way that we know.

    Rules that hide behind another are not in it: no `const` of a discriminator breaks before its `enum` does.
    """
    known = vendor(provider, revision)
    kinds = known.kinds(kind, feed)
    return tuple(
        _own(proof) for where, what in kinds for _, proof in _catalogue(known, where.name, what.name)
    )


@cache
def _catalogue(known: Vendor, feed: str, kind: str) -> tuple[tuple[Suspect, Invalid], ...]:
    known.rules(f"{feed}.event").check()
    return catalogue(event_stock(known, feed, kind), _explain(known, feed), kind)


def _own(proof: Invalid) -> Invalid:
    """A copy that is the caller's to change."""
    return replace(proof, payload=deepcopy(proof.payload))


def _explain(known: Vendor, feed: str) -> Explain:
    return lambda payload: known.contract.explain(f"{feed}.event", payload)


@cache
def _one(known: Vendor, feed: str, kind: str) -> st.SearchStrategy[Invalid]:
    stock, found = event_stock(known, feed, kind), _catalogue(known, feed, kind)
    explain = _explain(known, feed)
    # Fields and rules are equally likely, however many ways there are to break them.
    grouped: dict[tuple[str, str], list[tuple[Suspect, Invalid]]] = {}
    for suspect, proof in found:
        grouped.setdefault((suspect.pointer, suspect.rule), []).append((suspect, proof))

    def broken(seed: int, chosen: tuple[Suspect, Invalid]) -> Invalid:
        suspect, proof = chosen
        convicted = _convict(stock, suspect, seed, explain, kind)
        # What cannot be broken in this event is broken in the one that proved it.
        return convicted or _own(proof)

    ways = st.sampled_from(list(grouped.values())).flatmap(st.sampled_from)
    return st.builds(broken, st.integers(0, SEEDS - 1), ways)


def _convict(stock: Stock, suspect: Suspect, seed: int, explain: Explain, kind: str) -> Invalid | None:
    return suspect.convict(stock.base(seed, False), stock, explain, kind)
