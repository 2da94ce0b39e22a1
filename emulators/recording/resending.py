"""What in captured traffic can be sent to a receiver again, and how its body looks then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from emulators.drifting.capture import Captured, Record, Unread
from emulators.drifting.placing import Placer
from emulators.engine import codec
from emulators.errors import InvalidValue
from emulators.redaction import PLACEHOLDER
from emulators.rekeying import Fresh, rekey

_MARK = PLACEHOLDER.encode()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request of a feed. `number` is its line or entry in the file, `spec` the vendor with the revision."""

    number: int
    spec: str
    feed: str
    body: bytes
    content_type: str
    identities: tuple[str, ...] = ()
    """JSON pointers into an event."""


@dataclass(slots=True)
class Sorted:
    """The requests in their order, and how many records were left out, by reason."""

    parcels: list[Parcel] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def sort(captured: Iterable[Captured], spec: str, placers: Callable[[str], Placer]) -> Sorted:
    """`spec`: the vendor whose traffic alone is wanted, and whose it is where the file does not say; may be empty."""
    told = Sorted()
    wanted, _, revision = spec.partition("@")
    seen: set[tuple[str, str, bytes]] = set()
    for number, content in captured:
        if isinstance(content, Unread):
            told.left_out[f"unreadable: {content.why}"] += 1
            continue
        if wanted and content.provider not in ("", wanted):
            told.left_out[f"traffic of {content.provider}"] += 1
            continue
        if not (name := content.provider or wanted):
            raise InvalidValue(
                f"record {number} of the file does not say whose traffic it is; say --provider PROVIDER"
            )
        revision_here = revision if wanted else content.revision
        parcel = _parcel(number, content, placers(f"{name}@{revision_here}" if revision_here else name))
        if isinstance(parcel, str):
            told.left_out[parcel] += 1
            continue
        same = (parcel.spec, parcel.feed, parcel.body)
        if content.attempt > 1 and same in seen:
            told.left_out["further attempts at what is sent already"] += 1
            continue
        seen.add(same)
        told.parcels.append(parcel)
    return told


def _parcel(number: int, record: Record, place: Placer) -> Parcel | str:
    """A request to a receiver, or why it is none."""
    feed = place.feed(record)
    if feed is None:
        return "no deliveries of webhooks"
    if record.method not in ("", "POST"):
        return f"deliveries by {record.method}"
    body = record.raw if record.raw is not None else codec.encode(record.value)
    spec = f"{place.profile.provider}@{place.profile.revision}"
    return Parcel(number, spec, feed.name, body, record.content_type, tuple(feed.identities))


@dataclass(slots=True)
class Dresser:
    """Makes bodies ready to leave, and counts. `fresh` None: all ids stay."""

    fresh: Fresh | None
    events: int = 0
    unnamed: int = 0
    """Events without an id that could have been made fresh."""
    placeholders: int = 0
    """What was redacted, and is sent as it is."""

    def body(self, parcel: Parcel) -> bytes:
        """The bytes to send: those of the file, unless an id in them is made fresh."""
        self.placeholders += parcel.body.count(_MARK)
        try:
            value = codec.decode(parcel.body)
        except ValueError:
            self.events += 1
            self.unnamed += self.fresh is not None
            return parcel.body
        for event in value if isinstance(value, list) else [value]:
            self.events += 1
            self.unnamed += self.fresh is not None and self._same(event, parcel.identities)
        if self.fresh is None:
            return parcel.body
        renamed = rekey(value, parcel.identities, self.fresh)
        return parcel.body if renamed == value else codec.encode(renamed)

    @staticmethod
    def _same(event: Any, identities: tuple[str, ...]) -> bool:
        found: list[Any] = []
        rekey(event, identities, lambda old: found.append(old) or old)  # type: ignore[func-returns-value]
        return not found
