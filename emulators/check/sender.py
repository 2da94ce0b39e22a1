"""The vendor as one who sends: his events, his numbers, and what he takes for an acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from emulators.engine.codec import encode
from emulators.engine.lane import Registration
from emulators.engine.pointer import look_up
from emulators.engine.policy import Policy
from emulators.engine.profile import Fact, FeedProfile, Sample
from emulators.engine.provider import Payload
from emulators.errors import InvalidValue
from emulators.strategies.changes import Change
from emulators.strategies.rules import Path
from emulators.strategies.stock import Stock, event_stock
from emulators.strategies.vendor import Vendor, vendor

ADDRESSES = ("/email", "/recipient", "/hwid", "/data/email")
"""Where vendors name a person by an address: JSON pointers into an event."""


class Sender:
    """One feed of one revision of a vendor."""

    def __init__(self, spec: str, feed: str | None = None, policy: Mapping[str, Any] | None = None) -> None:
        self.vendor: Vendor = vendor(spec)
        if not self.vendor.profile.feeds:
            raise InvalidValue(
                f"{self.vendor.provider.title} sends no webhooks that we know of: there is nothing to check"
            )
        self.feed: FeedProfile = self.vendor.feed(feed)
        self.policy: Policy = self.vendor.policies[self.feed.name].altered(policy or {})
        self.apart = False
        """Whether each event goes alone: a receiver that loses what comes with others is told so once."""
        self.by_id = False
        """Whether an event is known again by its id though it has an address: a receiver that stores no addresses."""

    @property
    def title(self) -> str:
        """As the vendor calls himself."""
        return self.vendor.provider.title

    @property
    def batched(self) -> bool:
        """Whether a request is an array of events."""
        return self.policy.envelope == "array"

    @property
    def most(self) -> int:
        """Events that the vendor puts into one request."""
        return self.policy.batch_size if self.batched else 1

    @property
    def together(self) -> int:
        """Events that a check may put into one request, unless it is batches that it is about."""
        return 1 if self.apart else self.most

    @property
    def in_line(self) -> bool:
        """Whether everything else waits behind a request that fails."""
        return self.policy.order == "in-line"

    def fact(self, name: str) -> Fact:
        """A number of the feed, with its basis and source: `answers`, `timeout`, `batch_size`, ..."""
        return self.feed.policy[name]

    def acknowledges(self, status: int | None) -> bool:
        """Whether the vendor takes an answer for a success."""
        return self.policy.verdict(status) == "acknowledge"

    @property
    def wanted(self) -> str:
        """The statuses that acknowledge, for people."""
        return " or ".join(key for key, verdict in self.policy.answers.items() if verdict == "acknowledge")

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds that the documents name, those that they print an example of first."""
        return [kind.name for _, kind in self.vendor.kinds(None, self.feed.name)]

    def event(self, kind: str | None = None, seed: int = 0, **given: Any) -> Payload:
        """An event; seed 0 is the documents' own example where they print one. Fields that are given must be legal."""
        chosen = kind or self.kinds[0]
        if given:
            return self.vendor.write(self.feed.name, chosen, given, seed)
        return self.vendor.event(self.feed.name, chosen, seed)

    def some(self, count: int, kind: str | None = None) -> tuple[Payload, ...]:
        """Events that differ, all to different people; in turn of every kind unless one is named."""
        start = 100
        chosen = [kind] if kind else self.kinds
        return tuple(self.event(chosen[n % len(chosen)], start + n) for n in range(count))

    def stock(self, kind: str) -> Stock:
        """All legal changes of a kind's events, field by field."""
        return event_stock(self.vendor, self.feed.name, kind)

    def legal(self, payload: Any) -> bool:
        """Whether the vendor may send this event."""
        return self.vendor.contract.valid(f"{self.feed.name}.event", payload)

    def samples(self) -> Iterator[Sample]:
        """The bodies that the documents print for this feed."""
        for sample in self.vendor.profile.samples.values():
            if sample.schema == self.feed.name:
                yield sample

    def wrap(self, events: tuple[Any, ...] | list[Any]) -> Any:
        """The body of a request with these events, as a value."""
        return list(events) if self.batched else events[0]

    def headers(self, own: tuple[tuple[str, str], ...] = ()) -> tuple[tuple[str, str], ...]:
        """The vendor's own headers, with the receiver's over them."""
        target = Registration(1, "http://x/", self.feed.name, None, self.policy, own).request(encode([]))
        return target.headers

    @property
    def identities(self) -> tuple[str, ...]:
        """JSON pointers to what the vendor tells one event or message from another by."""
        return tuple(self.feed.identities)

    def place(self, event: Any) -> Path | None:
        """Where an event names a person by an address; None: nowhere."""
        found = (pointer for pointer in ADDRESSES if isinstance(look_up(event, pointer), str))
        return next((tuple(pointer.split("/")[1:]) for pointer in found), None)

    def person(self, event: Any) -> str:
        """The address by which an event names a person; empty: it names nobody."""
        return next((value for where in ADDRESSES if isinstance(value := look_up(event, where), str)), "")

    def addressed(self, event: Any, address: Any, path: Path | None = None) -> Payload:
        """The event with another address (`ABSENT`: with none) at `path`, by itself where it has one; else as it is."""
        path = path or self.place(event) or ()
        whole: dict[Path, Any] = {path[:steps]: {} for steps in range(1, len(path))}
        changed: Payload = Change(path, address).apply(event, whole) if path else event
        return changed
