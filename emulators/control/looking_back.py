"""What happened at one vendor, page by page: calls of the app, deliveries, verification requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulators.control import wire
from emulators.control.operations import Asked, Json
from emulators.engine import queries
from emulators.engine.journal import OUTCOMES, Delivery, Exchange, Probe
from emulators.errors import InvalidValue, UnknownName, unknown

MOST = 1000
"""Entries in one answer."""
LONGEST_WAIT = 3600
"""Real seconds."""


async def calls(asked: Asked) -> Json:
    route = asked.query.get("route")
    if route is not None:
        queries.check_route(asked.emulator.provider, route, asked.emulator.calls())
    return _entries(asked, "calls", Exchange, wire.call, lambda e: queries.is_route(e, route))


async def wait_for_call(asked: Asked) -> Json:
    given, emulator = asked.fields, asked.emulator
    timeout = given["timeout"]
    if not 0 <= timeout <= LONGEST_WAIT:
        raise InvalidValue(f"timeout: expected 0 to {LONGEST_WAIT} seconds, got {timeout!r}")
    # As JSON pointers they cannot be taken for the verb's own words.
    own = ("self", "route", "timeout")
    fields = {f"/{name}" if name in own else name: value for name, value in given.get("fields", {}).items()}
    try:
        found = await emulator.aio.wait_for_call(given["route"], timeout, **fields)
    except AssertionError as error:
        raise NotCalled(str(error)) from None
    return wire.call(_number(asked, found), found, asked.plane.veil)


def _number(asked: Asked, call: Exchange) -> int:
    """Of an entry, which may have been read from the archive, where each reading makes another object."""
    journal, name = asked.tenant.world.journal, asked.emulator.name
    after = journal.begun(name) - 1
    while page := journal.page(after, MOST, (Exchange,), name):
        for after, entry in page:
            if entry == call:
                return after
    raise NotCalled("the call was dropped from memory while it was looked for; with --state nothing is")


class NotCalled(UnknownName):
    """The app did not call within the time that was given."""


async def deliveries(asked: Asked) -> Json:
    outcome, kind = asked.query.get("outcome"), asked.query.get("kind")
    if outcome not in (None, *OUTCOMES):
        raise unknown("outcome", str(outcome), OUTCOMES)
    bare = asked.emulator.writer.resolve(kind)[1].name if kind else None

    def wanted(entry: Delivery) -> bool:
        of_kind = bare is None or any(event.kind == bare for event in entry.events)
        return of_kind and outcome in (None, entry.outcome)

    return _entries(asked, "deliveries", Delivery, wire.delivery, wanted)


async def probes(asked: Asked) -> Json:
    return _entries(asked, "probes", Probe, wire.probe, lambda entry: True)


def _entries(
    asked: Asked, name: str, kind: type[Any], show: Callable[..., Json], wanted: Callable[[Any], bool]
) -> Json:
    """A page of one kind of entries, since the vendor was opened or reset; `next` is the `after` of the next page."""
    journal, emulator = asked.tenant.world.journal, asked.emulator
    after, limit = (
        max(asked.query["after"], journal.begun(emulator.name) - 1),
        min(asked.query["limit"], MOST),
    )
    shown: list[Json] = []
    while len(shown) < limit and (page := journal.page(after, MOST, (kind,), emulator.name)):
        for number, entry in page:
            after = number
            if wanted(entry):
                shown.append(show(number, entry, asked.plane.veil))
                if len(shown) == limit:
                    break
    return {name: shown, "next": after, "lost": journal.lost}
