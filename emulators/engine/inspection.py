"""The verbs that look back: calls, deliveries, the timeline, and assertions about them."""

from __future__ import annotations

from typing import Any

from emulators.engine import queries, timeline
from emulators.engine.journal import OUTCOMES, Delivery, Exchange, Probe
from emulators.engine.provider import Event, Provider
from emulators.engine.world import World
from emulators.engine.writer import Writer
from emulators.errors import unknown


class Inspection:
    """What may be asked of an emulator's journal, since it was opened or reset."""

    name: str
    world: World
    writer: Writer
    provider: Provider

    def calls(self, route: str | None = None, **fields: Any) -> list[Exchange]:
        """What the app called, taken or refused: by route name, `/path` or `METHOD /path`, and fields of its data.

        Of an object only the fields that are named count (`email={"subject": "Hi"}`); `**{"/email/subject": "Hi"}`
        is the same as a JSON pointer.
        """
        exchanges = list(self.world.journal.of(Exchange, self.name))
        queries.check_route(self.provider, route, exchanges)
        return queries.matching_calls(exchanges, route, fields)

    def deliveries(self, kind: str | None = None, outcome: str | None = None) -> list[Delivery]:
        """Every attempt, in the order in which they were made."""
        if outcome not in (None, *OUTCOMES):
            raise unknown("outcome", str(outcome), OUTCOMES)
        bare = self.writer.resolve(kind)[1].name if kind else None
        return [
            delivery
            for delivery in self.world.journal.of(Delivery, self.name)
            if (bare is None or any(event.kind == bare for event in delivery.events))
            and (outcome is None or delivery.outcome == outcome)
        ]

    def probes(self) -> list[Probe]:
        """Verification requests."""
        return list(self.world.journal.of(Probe, self.name))

    def timeline(self) -> str:
        """The story so far, for people."""
        return timeline.tell(self.world.journal.since(self.name), self.name)

    def assert_called(self, route: str, **fields: Any) -> Exchange:
        """The first call to a route with these fields that the vendor took (status below 400); fails naming the
        nearest one and how it differs, or why it was refused."""
        __tracebackhide__ = True
        found = [call for call in self.calls(route, **fields) if call.taken]
        if not found:
            raise AssertionError(queries.no_such_call(self.calls(), route, fields))
        return found[0]

    def assert_not_called(self, route: str | None = None, **fields: Any) -> None:
        """Fails if there was such a call, taken or refused."""
        __tracebackhide__ = True
        found = self.calls(route, **fields)
        if found:
            raise AssertionError(queries.unwanted_call(found, route))

    def assert_delivered(self, kind: str, **fields: Any) -> Event:
        """The first acknowledged event of a kind with these fields; fails naming the nearest one."""
        __tracebackhide__ = True
        feed, known = self.writer.resolve(kind)
        for name in fields:
            if name not in known.fields and not known.open:
                raise unknown(f"field of {known.name}", name, known.fields)
        bare = known.name
        found = queries.acknowledged_events(self.deliveries(), bare, fields)
        if not found:
            unheard = self.world.state.accounts[self.name].unheard.get(f"{feed.name}.{bare}", 0)
            raise AssertionError(queries.not_delivered(self.deliveries(), bare, fields, feed.name, unheard))
        return found[0][1]
