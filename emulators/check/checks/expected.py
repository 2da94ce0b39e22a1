"""What of a legal event the vendor is not known to send, judged place by place as single changes are; and whether its ids tell
it from others, as all that the vendor sends are told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from emulators.check.checks.edits import foreseen, ordinary
from emulators.check.oracle.storing import tellable
from emulators.check.sender import Sender
from emulators.check.shrinking.simplifying import example
from emulators.engine.codec import encode
from emulators.engine.pointer import look_up
from emulators.engine.provider import Payload
from emulators.rekeying import Renamer, rekey
from emulators.strategies.changes import Change
from emulators.strategies.rules import ABSENT, Path


class _Known(NamedTuple):
    """Of one kind: the values of which it is known, the places that lead to them, and those that hold one of a few words."""

    likely: Mapping[tuple[Path, str], bool]
    inner: frozenset[Path]
    choices: frozenset[Path]


class Expected:
    """The events that one vendor may be expected to send."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._known: dict[str, _Known] = {}

    def odd(self, event: Any) -> list[Path]:
        """The places with values that only the schema allows. What is left out is none of them."""
        sender = self._sender
        field = sender.vendor.kind_field(sender.feed.name)
        said = event.get(field) if field else None
        kinds = [said] if said in sender.kinds else sender.kinds
        return min((list(self._places(kind, (), event, sender.event(kind))) for kind in kinds), key=len)

    def tamed(self, event: Payload) -> Payload:
        """The event with what the documents print at those places, as far as that is legal."""
        plain = example(self._sender, event)
        for path in self.odd(event):
            try:
                calmer = Change(path, _at(plain, path)).apply(event)
            except LookupError:
                continue
            event = calmer if self._sender.legal(calmer) else event
        return event

    def _places(self, kind: str, path: Path, value: Any, plain: Any) -> Iterator[Path]:
        known = self._of(kind)
        likely = known.likely.get((path, repr(value)))
        if likely or path in known.choices or (type(value) is type(plain) and value == plain):
            return
        if likely is None and path in known.inner and isinstance(value, dict | list):
            for step, item in value.items() if isinstance(value, dict) else enumerate(value):
                # What stands in a list moves up when another item is left out.
                if not (isinstance(plain, list) and item in plain):
                    yield from self._places(kind, (*path, step), item, _inside(plain, step))
        elif likely is not None or not ordinary(self._sender, path, value, plain):
            yield path

    def _of(self, kind: str) -> _Known:
        if kind not in self._known:
            places = [place for _, places in self._sender.stock(kind).studied for place in places]
            usual = {(place.path, repr(place.value)): True for place in places}
            likely = usual | foreseen(self._sender, kind)
            inner = {path[:steps] for path, _ in likely for steps in range(len(path))}
            choices = {place.path for place in places if any("enum" in node for node in place.nodes)}
            self._known[kind] = _Known(likely, frozenset(inner), frozenset(choices))
        return self._known[kind]


class Identities:
    """What one vendor's events are told from one another by. Who takes events of one message for one, or knows them by their
    ids, kind and time, is right with all that the vendor sends, and not with what chance draws: equal ids, or none."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def of(self, event: Any) -> tuple[tuple[str, Any], ...]:
        """The ids at those places where the documents print any for its kind (None: it has none there); where they print
        none, all that it has."""
        sender = self._sender
        if not sender.identities or not isinstance(event, Mapping):
            return ()
        plain = example(sender, event)
        printed = [place for place in sender.identities if look_up(plain, place) is not None]
        found = [(place, look_up(event, place)) for place in printed or sender.identities]
        return tuple((place, value) for place, value in found if printed or value is not None)

    def tell(self, event: Any) -> bool:
        """Whether they are there, and long enough to be of this event alone."""
        return all(isinstance(value, int | str) and tellable(str(value)) for _, value in self.of(event))

    def telling(self, events: Sequence[tuple[str, Any]]) -> frozenset[str]:
        """The keys by which events are looked for that their ids tell from all others of these."""
        shared = self.shared(events)
        return frozenset(key for key, event in events if self.tell(event) and self.name(event) not in shared)

    def shared(self, events: Iterable[tuple[str, Any]]) -> frozenset[bytes]:
        """The ids (as `name` writes them) of events that are looked for by different keys."""
        known: dict[bytes, str] = {}
        return frozenset(
            name for key, event in events if (name := self.name(event)) and known.setdefault(name, key) != key
        )

    def name(self, event: Any) -> bytes:
        """Its ids in one; empty: it has none."""
        ids = self.of(event)
        return encode(ids) if ids else b""

    def separated(self, batch: Sequence[Payload]) -> list[Payload]:
        """The events with ids of their own in place of those that another one before them has, unless both are wholly equal."""
        owners: dict[tuple[str, bytes], bytes] = {}
        made: dict[bytes, Payload] = {}
        for number, event in enumerate(batch):
            whole = encode(event)
            if whole in made:
                continue
            ids = [(place, encode(look_up(event, place))) for place in self._sender.identities]
            taken = [place for place, value in ids if owners.setdefault((place, value), whole) != whole]
            own: Payload = rekey(event, taken, Renamer(number))
            made[whole] = own if self._sender.legal(own) else event
        return [made[encode(event)] for event in batch]


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = _inside(value, step)
    return value


def _inside(value: Any, step: str | int) -> Any:
    """What stands there in the plain one; of a list that is shorter, what its first has."""
    if isinstance(value, dict):
        return value.get(step, ABSENT)
    if isinstance(value, list) and value and isinstance(step, int):
        return value[step] if step < len(value) else value[0]
    return ABSENT
