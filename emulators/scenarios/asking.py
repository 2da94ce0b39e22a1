"""The questions of `expect`: whether it is so, and if not, the nearest entry and what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulators.engine import codec, queries
from emulators.engine.clock import Instant, duration
from emulators.engine.emulator import Emulator
from emulators.engine.handles import Subscription
from emulators.engine.injecting import Injection
from emulators.engine.journal import Delivery, Exchange, Probe
from emulators.engine.timeline import elapsed
from emulators.scenarios.forms import NO_ANSWER
from emulators.scenarios.verbs import LISTS

Differs = Callable[[Any], list[str]]
Args = Mapping[str, Any]


class Asking:
    """Questions about one emulator. `start` is when the scenario began; `subscriptions` and `faults` are those that
    have names. Every question returns why it does not hold; empty: it does."""

    def __init__(
        self,
        emulator: Emulator,
        start: Instant,
        subscriptions: Mapping[str, Subscription],
        faults: Sequence[tuple[str, Injection]],
    ) -> None:
        self._emulator = emulator
        self._start = start
        self._subscriptions = subscriptions
        self._faults = faults

    def ask(self, question: str, args: Args) -> str:
        """Why it is not so."""
        answers: Mapping[str, Callable[[Args], str]] = {
            "deliveries": self._deliveries,
            "delivered": self._delivered,
            "calls": self._calls,
            "called": self._called,
            "not_called": self._not_called,
            "probes": self._probes,
            "subscriptions": self._registered,
            "struck": self._struck,
        }
        return answers[question](args)

    def _deliveries(self, args: Args) -> str:
        kind = self._emulator.writer.resolve(args["kind"])[1].name if "kind" in args else None

        def differs(delivery: Delivery) -> list[str]:
            kinds = list(dict.fromkeys(event.kind for event in delivery.events))
            found = [] if kind is None or kind in kinds else [f"kind: expected {kind!r}, got {kinds}"]
            found += _unequal("outcome", args, delivery.outcome) + _unequal("attempt", args, delivery.attempt)
            found += _unequal("status", args, _status(delivery.status))
            if "to" in args and delivery.subscription != self._subscriptions[args["to"]].id:
                found.append(f"to: expected {args['to']!r}, got {delivery.url}")
            if "fields" in args:
                bodies = [event.payload for event in delivery.events if kind in (None, event.kind)]
                ways = [queries.differences(body, args["fields"]) for body in bodies or _decoded(delivery)]
                nearest = min(ways, key=len) if ways else ["fields: it holds no event with fields"]
                found += nearest
            return found

        entries = self._emulator.deliveries()
        asked = {key: args[key] for key in LISTS if key in args}
        if not asked:
            return _judge("deliveries", entries, differs, self._told, args)
        found = [entry for entry in entries if not differs(entry)]
        problems = []
        for key, wanted in asked.items():
            got = [self._listed(key, entry) for entry in found]
            same = [duration(at) for at in wanted] == got if key == "at" else wanted == got
            if not same:
                shown = [elapsed(at) for at in got] if key == "at" else got
                problems.append(f"{key}: expected {wanted}, got {shown}")
        return "\n".join([*problems, *(f"  {self._told(entry)}" for entry in found[:20])]) if problems else ""

    def _listed(self, key: str, delivery: Delivery) -> Any:
        if key == "at":
            return delivery.instant - self._start
        return {
            "statuses": _status(delivery.status),
            "outcomes": delivery.outcome,
            "events": len(delivery.events),
        }[key]

    def _delivered(self, args: Args) -> str:
        emulator, fields = self._emulator, args.get("fields", {})
        feed, kind = emulator.writer.resolve(args["kind"])
        found = queries.acknowledged_events(emulator.deliveries(), kind.name, fields)
        problem = _count(len(found), args)
        if not problem or found:
            return problem and f"acknowledged {kind.name} events like that: {problem}, got {len(found)}"
        unheard = emulator.account.unheard.get(f"{feed.name}.{kind.name}", 0)
        return queries.not_delivered(emulator.deliveries(), kind.name, fields, feed.name, unheard)

    def _calls(self, args: Args) -> str:
        def differs(call: Exchange) -> list[str]:
            route = args.get("route")
            found = (
                [] if queries.is_route(call, route) else [f"route: expected {route!r}, got {call.route!r}"]
            )
            return found + _unequal("status", args, _status(call.status)) + _fields(call.body, args)

        return _judge("calls", self._emulator.calls(), differs, self._told, args)

    def _called(self, args: Args) -> str:
        calls, fields = self._emulator.calls(), args.get("fields", {})
        found = [call for call in queries.matching_calls(calls, args["route"], fields) if call.taken]
        problem = _count(len(found), args)
        if not problem or found:
            return problem and f"such calls that were taken: {problem}, got {len(found)}"
        return queries.no_such_call(calls, args["route"], fields)

    def _not_called(self, args: Args) -> str:
        route = args.get("route")
        found = queries.matching_calls(self._emulator.calls(), route, args.get("fields", {}))
        return queries.unwanted_call(found, route) if found else ""

    def _probes(self, args: Args) -> str:
        def differs(probe: Probe) -> list[str]:
            return _unequal("status", args, _status(probe.status)) + _unequal(
                "accepted", args, probe.accepted
            )

        return _judge("probes", self._emulator.probes(), differs, self._told, args)

    def _registered(self, args: Args) -> str:
        def differs(subscription: Subscription) -> list[str]:
            return _unequal("state", args, subscription.state) + _unequal("feed", args, subscription.feed)

        return _judge("subscriptions", self._emulator.subscriptions(), differs, repr, args)

    def _struck(self, args: Args) -> str:
        wanted = [fault for name, fault in self._faults if args.get("of") in (None, name)]
        struck = sum(fault.struck for fault in wanted)
        problem = _count(struck, args)
        return problem and f"strikes: {problem}, got {struck}"

    def _told(self, entry: Delivery | Exchange | Probe) -> str:
        """An entry in one line."""
        where = entry.path if isinstance(entry, Exchange) else entry.url
        answer = "no answer" if entry.status is None else f"answered {entry.status}"
        said = f"{elapsed(entry.instant - self._start)} {entry.method} {where}, {answer}"
        if isinstance(entry, Exchange):
            return said
        reason = f"; {entry.reason}" if entry.reason else ""
        if isinstance(entry, Probe):
            return f"{said}, {'accepted' if entry.accepted else 'refused'}{reason}"
        return f"{said}, {entry.outcome}, attempt {entry.attempt}, {len(entry.events)} event(s){reason}"


def _judge(
    what: str, entries: Sequence[Any], differs: Differs, told: Callable[[Any], str], args: Args
) -> str:
    """Whether there are as many entries as expected, and if not, what there is instead."""
    found = [entry for entry in entries if not differs(entry)]
    problem = _count(len(found), args)
    if not problem:
        return ""
    asked = {key: value for key, value in args.items() if key not in ("count", "at_least", "at_most")}
    like = f" with {', '.join(f'{key}={value!r}' for key, value in asked.items())}" if asked else ""
    lines = [f"{what}{like}: {problem}, got {len(found)} of {len(entries)}"]
    if found:
        lines += [f"  {told(entry)}" for entry in found[:10]]
    elif entries:
        nearest = min(entries, key=lambda entry: len(differs(entry)))
        lines += [f"the nearest: {told(nearest)}", *(f"  {difference}" for difference in differs(nearest))]
    return "\n".join(lines)


def _count(got: int, args: Args) -> str:
    """What was expected, if it is something else; unless anything is said, at least one."""
    if "count" in args:
        return "" if got == args["count"] else f"expected {args['count']}"
    least, most = args.get("at_least", 0 if "at_most" in args else 1), args.get("at_most")
    if got < least:
        return f"expected at least {least}"
    return f"expected at most {most}" if most is not None and got > most else ""


def _unequal(key: str, args: Args, got: Any) -> list[str]:
    return [f"{key}: expected {args[key]!r}, got {got!r}"] if key in args and args[key] != got else []


def _fields(body: Any, args: Args) -> list[str]:
    return queries.differences(body, args["fields"]) if "fields" in args else []


def _status(status: int | None) -> int | str:
    return NO_ANSWER if status is None else status


def _decoded(delivery: Delivery) -> list[Any]:
    """What a body holds that was sent or replayed as it is."""
    try:
        body = codec.decode(delivery.body)
    except ValueError:
        return []
    return body if isinstance(body, list) else [body]
