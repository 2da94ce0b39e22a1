"""Questions to the journal, and the messages of assertions: the nearest entry and where it differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulators.engine.clock import moment
from emulators.engine.journal import Delivery, Exchange
from emulators.engine.pointer import look_up
from emulators.engine.provider import Event, Provider
from emulators.engine.routing import fits
from emulators.errors import UnknownName, unknown

MISSING = object()


def check_route(provider: Provider, route: str | None, exchanges: Iterable[Exchange]) -> None:
    """Refuses a route that does not exist and a path that no route has, unless somebody called it."""
    if route is None:
        return
    if "/" not in route:
        names = [known.name for known in provider.routes]
        if route not in names:
            raise unknown(f"route of {provider.name}", route, names)
        return
    path = "/" + route.partition("/")[2]
    if all(not fits(known.path, path) for known in provider.routes) and not any(
        exchange.path == path for exchange in exchanges
    ):
        raise unknown(f"path of {provider.name}", path, {known.path for known in provider.routes})


def is_route(exchange: Exchange, route: str | None) -> bool:
    """Whether a call went to `route`: its name, `/path` or `METHOD /path`."""
    wanted = (exchange.route, exchange.path, f"{exchange.method} {exchange.path}")
    return route is None or route in wanted


def differences(body: Any, fields: Mapping[str, Any]) -> list[str]:
    """Where a JSON value differs from the fields wanted of it. A name that begins with `/` is a JSON pointer; of
    an object only the fields that are named count, all the way down."""
    found = []
    for name, wanted in fields.items():
        got = look_up(body, name if name.startswith("/") else f"/{name}", MISSING)
        if got is MISSING or not _holds(got, wanted):
            elsewhere = f" (it is at {place})" if got is MISSING and (place := _place(body, name)) else ""
            found.append(
                f"{name}: expected {wanted!r}, got {'nothing' if got is MISSING else repr(got)}{elsewhere}"
            )
    return found


def _holds(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return all(name in got and _holds(got[name], value) for name, value in wanted.items())
    if isinstance(wanted, list | tuple) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(_holds, got, wanted))
    return bool(got == wanted)


def _place(value: Any, name: str, pointer: str = "") -> str:
    """Where in a JSON value a field of this name is; empty: nowhere."""
    inner = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in inner:
        here = f"{pointer}/{key}"
        if key == name or (found := _place(item, name, here)):
            return here if key == name else found
    return ""


def matching_calls(
    exchanges: Iterable[Exchange], route: str | None, fields: Mapping[str, Any]
) -> list[Exchange]:
    """The calls to a route whose data have these fields.

    Raises `UnknownName` for a field that these calls have only deeper inside: nobody would mean that.
    """
    calls = [e for e in exchanges if is_route(e, route)]
    for name in fields:
        if all(
            look_up(e.body, name if name.startswith("/") else f"/{name}", MISSING) is MISSING for e in calls
        ):
            place = next((place for e in calls if (place := _place(e.body, name))), "")
            if place:
                raise UnknownName(
                    f"no call has a field {name!r} at its top, but at {place}: "
                    f"name the objects around it, or pass **{{{place!r}: ...}}"
                )
    return [e for e in calls if not (fields and differences(e.body, fields))]


def no_such_call(exchanges: Sequence[Exchange], route: str, fields: Mapping[str, Any]) -> str:
    """Why `assert_called` fails."""
    wanted = f"a call to {route!r}" + (f" with {_shown(fields)}" if fields else "")
    same_route = [e for e in exchanges if is_route(e, route)]
    if not exchanges:
        return f"expected {wanted}, but the app made no call at all"
    if not same_route:
        others = ", ".join(dict.fromkeys(f"{e.route} ({e.method} {e.path})" for e in exchanges))
        return f"expected {wanted}, but the app called only: {others}"
    nearest = min(same_route, key=lambda e: (len(differences(e.body, fields)), not e.taken))
    lines = [f"expected {wanted}; the nearest of {len(same_route)} call(s):"]
    lines += [f"  {difference}" for difference in differences(nearest.body, fields)]
    lines += [
        f"  it was {nearest.method} {nearest.path} at {nearest.at.isoformat()}, answered {nearest.status}"
    ]
    if not nearest.taken:
        lines += [f"  refused because {problem}" for problem in nearest.problems]
        lines += [f"  accepted would be, for example: {nearest.nearest}"] if nearest.nearest else []
    return "\n".join(lines)


def unwanted_call(found: Sequence[Exchange], route: str | None) -> str:
    """Why `assert_not_called` fails."""
    first = found[0]
    return (
        f"expected no call to {route or 'anything'!r}, but there were {len(found)}; the first: "
        f"{first.method} {first.path} at {first.at.isoformat()} with {first.body!r}, answered {first.status}"
    )


def acknowledged_events(
    deliveries: Iterable[Delivery], kind: str, fields: Mapping[str, Any]
) -> list[tuple[Delivery, Event]]:
    """The acknowledged events of a kind that have these fields, each with the delivery that brought it."""
    return [
        (delivery, event)
        for delivery in deliveries
        if delivery.outcome == "acknowledged"
        for event in delivery.events
        if event.kind == kind and not (fields and differences(event.payload, fields))
    ]


def not_delivered(
    deliveries: Sequence[Delivery], kind: str, fields: Mapping[str, Any], feed: str = "", unheard: int = 0
) -> str:
    """Why `assert_delivered` fails; `unheard`: how many such events no subscription of the feed wanted."""
    wanted = f"an acknowledged {kind!r} event" + (f" with {_shown(fields)}" if fields else "")
    carried = [(d, e) for d in deliveries for e in d.events if e.kind == kind]
    if not carried and unheard:
        return (
            f"expected {wanted}; it happened {unheard} time(s), but no subscription of the feed {feed!r} wanted it: "
            f"subscribe(url, feed={feed!r})"
        )
    if not deliveries:
        return f"expected {wanted}, but nothing was sent; did time pass? advance('1m') sends what is due"
    if not carried:
        kinds = ", ".join(sorted({e.kind for d in deliveries for e in d.events}))
        if not kinds:
            return (
                f"expected {wanted}, but only bodies given to send or replay went out, which hold no events"
            )
        return f"expected {wanted}, but only these kinds were sent: {kinds}"
    delivery, event = min(
        carried,
        key=lambda pair: (len(differences(pair[1].payload, fields)), pair[0].outcome != "acknowledged"),
    )
    lines = [f"expected {wanted}; the nearest of {len(carried)} sent:"]
    lines += [f"  {difference}" for difference in differences(event.payload, fields)]
    again = f", next attempt at {moment(delivery.next_instant).isoformat()}" if delivery.next_instant else ""
    lines += [
        f"  attempt {delivery.attempt} at {delivery.at.isoformat()} was answered {delivery.status} and "
        f"{delivery.outcome}{again}{'; ' + delivery.reason if delivery.reason else ''}"
    ]
    return "\n".join(lines)


def _shown(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in fields.items())
