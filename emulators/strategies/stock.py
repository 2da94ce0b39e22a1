"""What payloads of one schema are made of: a base for every seed, and the changes that keep it valid.

A base is a pure function of its seed, so a failure shrinks to the vendor's own example with few changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from emulators.strategies import pools
from emulators.strategies.changes import Change, fillings
from emulators.strategies.rules import ABSENT, Path, Place, Rules
from emulators.strategies.vendor import Vendor

if TYPE_CHECKING:
    from hypothesis import strategies as st

# How likely a field is to be changed, however many edge values it has: bugs live in times and numbers first.
WEIGHTS = {"moment": 6, "number": 2, "other": 1}
# A change is written in this many bytes: two say where (the first quarter: nowhere), one what.
WIDTH = 3
# One value in sixteen is anything at all.
WILD = 240
# Seeds beyond these would only be more of the same.
SEEDS = 2**11
STUDIED = 8

ORDINARY = frozenset(("a", "Ганна Їжакевич", "सुनीता क्षत्रिय", 1, 2**31 - 1, False, True, pools.MOMENTS[0]))


class Stock:
    """Bases and changes of one schema. `base(seed, drift)` is a payload that is the caller's to change; places
    in `frozen` say what it is and stay."""

    def __init__(
        self,
        valid: Callable[[Any], bool],
        rules: Rules,
        base: Callable[[int, bool], Any],
        frozen: Iterable[Path] = (),
        more_fields: bool = False,
    ) -> None:
        self.valid = valid
        self.rules = rules
        self.base = base
        self._frozen = frozenset(frozen)
        self._more_fields = more_fields

    @cached_property
    def studied(self) -> list[tuple[Any, list[Place]]]:
        """A few bases with all their places: what is legal depends on what an event is."""
        bases = [self.base(seed, True) for seed in range(STUDIED)]
        return [(base, list(self.rules.places(base))) for base in bases]

    @cached_property
    def fillings(self) -> dict[Path, Any]:
        """What an empty place that must be passed through is filled with."""
        found: dict[Path, Any] = {}
        for _, places in self.studied:
            found = {**fillings(self.rules, places), **found}
        return found

    @cached_property
    def most(self) -> int:
        """How many fields are changed at most. Too many changes hide a bug as often as they find one."""
        fields = {place.path[0] for _, places in self.studied for place in places if place.path}
        return min(6, max(2, len(fields) // 3))

    def changed(self, payload: Any, changes: Iterable[Change]) -> Any:
        """The payload with those changes that leave it valid, one after the other."""
        for change in changes:
            try:
                other = change.apply(payload, self.fillings)
            except LookupError:
                continue
            if self.valid(other):
                payload = other
        return payload

    @cache  # noqa: B019 - a stock lives as long as the process
    def edits(self, edge: bool) -> tuple[tuple[Change, ...], ...]:
        """The changes of each field that leave at least one base valid, the simplest first; the third of them
        leaves an optional field out. A field comes as often as it is to be changed."""
        dropped: dict[Path, Change] = {}
        edited: dict[Path, list[Change]] = {}
        for base, places in self.studied:
            for place in places:
                if not place.path or place.path in self._frozen or place.forbidden:
                    continue
                if not place.required and place.value is not ABSENT:
                    dropped.setdefault(place.path, Change(place.path, ABSENT))
                if not edited.get(place.path):
                    edited[place.path] = list(self._legal(base, place, edge))
        if self._more_fields:
            edited["extra",] = [Change(("extra",), value) for value in pools.ANYTHING]
            edited["ім'я",] = [Change(("ім'я",), value) for value in pools.TEXT]
        found: list[tuple[Change, ...]] = []
        for path in dict.fromkeys((*dropped, *edited)):
            values = edited.get(path, [])
            drops = [dropped[path]] * max(1, len(values) // 2) if path in dropped else []
            found += [(*drops, *values)] * (WEIGHTS[_sort(values)] if drops or values else 0)
        return tuple(found)

    def read(self, draw: st.DrawFn, written: bytes, edge: bool) -> Iterator[Change]:
        """The changes that some bytes stand for; zeros stand for none.

        Bytes, because they are one choice, drawn evenly, of which each part shrinks by itself.
        """
        fields = self.edits(edge)
        for at in range(0, len(written) - WIDTH + 1, WIDTH):
            where = written[at] * 256 + written[at + 1] - 2**14
            if where < 0 or not fields:
                continue
            field = fields[where * len(fields) // (3 * 2**14)]
            what = written[at + 2]
            change = field[min(what, WILD - 1) * len(field) // WILD]
            free = self._free(change.path) if edge and what >= WILD else None
            yield change if free is None else Change(change.path, draw(free))

    def _legal(self, base: Any, place: Place, edge: bool) -> Iterable[Change]:
        seen = [place.value]
        for node in place.nodes:
            for value in pools.edges(node, place.value):
                if not edge and not _ordinary(node, value):
                    continue
                if any(value == known and type(value) is type(known) for known in seen):
                    continue
                seen.append(value)
                change = Change(place.path, value)
                try:
                    if self.valid(change.apply(base, self.fillings)):
                        yield change
                except LookupError:
                    continue

    @cache  # noqa: B019 - a stock lives as long as the process
    def _free(self, path: Path) -> st.SearchStrategy[Any] | None:
        """Any value of a field, where no more than its type and its bounds decide."""
        # Loaded here: `check` takes its edits from stocks, and most of its runs draw nothing.
        from hypothesis import strategies as st

        for _, places in self.studied:
            for place in places:
                if place.path == path:
                    for node in place.nodes:
                        if node.get("type") == "string" and not {"pattern", "enum", "const"} & set(node):
                            return st.text(max_size=node.get("maxLength", 300))
                        if node.get("type") == "integer":
                            return st.integers(node.get("minimum"), node.get("maximum"))
        return None


def _sort(edits: list[Change]) -> str:
    values = [edit.value for edit in edits]
    if any(value in pools.FORMS for value in values if isinstance(value, str)):
        return "moment"
    return (
        "number"
        if any(isinstance(value, int) and not isinstance(value, bool) for value in values)
        else "other"
    )


def _ordinary(node: Any, value: Any) -> bool:
    """Whether a value is one that any day brings."""
    if "enum" in node or isinstance(value, dict | list) or value is None:
        return False
    return value in ORDINARY


@cache
def event_stock(vendor: Vendor, feed: str, kind: str) -> Stock:
    """Events of one kind."""
    schema, field = f"{feed}.event", vendor.kind_field(feed)
    valid, rules = vendor.contract.valid, vendor.rules(schema)
    frozen: list[Path] = [(field,)]
    if field and vendor.event(feed, kind, 0).get(field) != kind:
        # Its name does not stand in it, so its choices say what it is.
        places = rules.places(vendor.event(feed, kind, 0))
        frozen += [place.path for place in places if any("enum" in node for node in place.nodes)]
    return Stock(
        lambda payload: valid(schema, payload),
        rules,
        lambda seed, drift: vendor.event(feed, kind, seed, drift),
        frozen,
    )
