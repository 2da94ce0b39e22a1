"""An inbound call: which route, what the vendor says to it, and everything that it caused, as one entry."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

from emulators.engine.account import Draft
from emulators.engine.call_faults import Answer, Garbage, VendorError, swallowed
from emulators.engine.clock import Instant
from emulators.engine.codec import decode
from emulators.engine.explaining import ANSWERED_IN, explained, nearest_accepted, nearest_route
from emulators.engine.faulting import Armed
from emulators.engine.journal import Effects, Exchange
from emulators.engine.profile import Problem
from emulators.engine.provider import Call, Contract, Provider, Refused, Reply, Route, json_reply
from emulators.engine.reading import Unreadable, check_depth, read
from emulators.engine.routing import Table
from emulators.errors import BrokenContract

NOT_IMITATED = "not imitated"
PREFLIGHT = "preflight"
EXPOSED = ("access-control-expose-headers", f"{ANSWERED_IN}, x-emulator-error")


class Step(NamedTuple):
    """What became of a call. One that is refused, which some vendors do with a 200, leaves nothing behind."""

    call: Call
    reply: Reply
    effects: Effects
    refused: bool


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers calls for one emulator. `open` starts a draft; `strike` says which fault applies to a route."""

    provider: Provider
    routes: Table
    name: str
    options: Mapping[str, Any]
    contract: Contract
    open: Callable[[Instant], Draft]
    strike: Callable[[Route, int], Armed | None]
    draw: Callable[[str, object], Random]
    complain: Callable[[str], None]
    doubt: Callable[[Route], str]
    """Why a call is not answered although it is imitated; empty: it is."""

    def answer(self, call: Call, instant: Instant) -> Exchange:
        """The exchange that the call leads to, not committed yet."""
        found = self.routes.find(call)
        if found is None:
            return self._elsewhere(call, instant)
        route, params = found
        if reason := self.doubt(route):
            return self._doubted(route, call, instant, reason)
        draft = self.open(instant)
        number = draft.number("call")
        armed = self.strike(route, number)
        try:
            step = self._step(route, call, params, draft, armed)
        except Exception as error:  # noqa: BLE001 - told, not swallowed
            # Ours, not the app's: the app sees a 500, and the test or process that runs us is told all.
            self.complain(
                f"{self.provider.title}: {call.method} {call.path} broke the emulator:\n{traceback.format_exc()}"
            )
            trouble = self._shared(_trouble(500, f"{type(error).__name__}: {error}"))
            return Exchange(instant, self.name, route.name, call, trouble, Effects(), refused=True)
        reply, effects = step.reply, step.effects
        if isinstance(armed and armed.fault, Garbage):
            reply = replace(reply, body=self.draw("garbage", number).randbytes(64))
        nearest = nearest_accepted(route, self.contract) if step.refused and armed is None else ""
        return Exchange(
            instant,
            self.name,
            route.name,
            _seen(step.call) if step.refused else step.call,
            explained(call, self._shared(reply), nearest),
            effects if effects.ordinals else Effects(ordinals={"call": number}),
            step.refused,
            nearest,
            armed.fault if armed else None,
            armed.id if armed else None,
        )

    def _step(
        self, route: Route, call: Call, params: Mapping[str, str], draft: Draft, armed: Armed | None
    ) -> Step:
        """What the vendor does with a call: authenticate, read, check, handle."""
        fault = armed.fault if armed else None
        if isinstance(fault, Answer):
            return Step(call, fault.reply(), Effects(), refused=True)
        if isinstance(fault, VendorError):
            reply = self.provider.errors[fault.name](draft, call)
            return Step(call, reply, draft.effects(), refused=True)
        if fault and swallowed(fault):
            return Step(call, Reply(0), Effects(), refused=True)
        problems: tuple[Problem, ...] = ()
        try:
            if route.guard:
                route.guard(draft, call)
            call, problems = self._read(route, call, params)
            refusal = (route.refuse or self.provider.refuse)(draft, call, problems) if problems else None
            reply = refusal or route.handle(draft, call)
            refused = refusal is not None or reply.status >= 400
        except Refused as error:
            reply, refused = error.reply, True
        self._check(route, reply)
        if refused:
            return Step(call, replace(reply, problems=reply.problems or problems), Effects(), refused)
        if problems:
            reply = replace(reply, problems=(*problems, *reply.problems))
        return Step(call, reply, draft.effects(), refused)

    def _read(self, route: Route, call: Call, params: Mapping[str, str]) -> tuple[Call, tuple[Problem, ...]]:
        """The call with its data, and the rules of the documents that these break."""
        try:
            data = read(call)
            if route.normalise:
                data = route.normalise(data)
                check_depth(call.body, data)
        except Unreadable as error:
            problem = Problem("", "a body that can be read", str(error), rule="unreadable")
            return replace(call, params=params), (problem,)
        call = Call(call.method, call.path, call.query, call.headers, call.body, params, data)
        schema = f"{route.stem}.request"
        if self.contract.valid(schema, data):
            return call, ()
        return call, self.contract.explain(schema, data)

    def _check(self, route: Route, reply: Reply) -> None:
        """Our own replies keep to our own schemas."""
        if 200 <= reply.status < 300:
            schema = f"{route.stem}.response"
        elif 400 <= reply.status < 500:
            schema = "errors.response"
        else:
            return
        value = _value(reply)
        if not self.contract.valid(schema, value):
            told = "; ".join(map(str, self.contract.explain(schema, value)))
            raise BrokenContract(f"our own reply breaks the schema {schema}: {told}")

    def _elsewhere(self, call: Call, instant: Instant) -> Exchange:
        """A call that no route takes: a browser's preflight, or one that is not imitated."""
        methods = self.routes.methods(call)
        if call.method == "OPTIONS" and methods and self._origin:
            wanted = call.header("access-control-request-headers") or "*"
            headers = (
                ("access-control-allow-methods", ", ".join((*methods, "OPTIONS"))),
                ("access-control-allow-headers", wanted if wanted.isprintable() else "*"),
                ("access-control-max-age", "600"),
            )
            reply = self._shared(Reply(204, headers=headers))
            return Exchange(instant, self.name, PREFLIGHT, call, reply, Effects())
        nearest = nearest_route(self.provider.routes, call)
        text = f"{self.provider.title} as imitated here has no {call.method} {call.path}; {nearest}"
        self.complain(text)
        trouble = self._shared(_trouble(501, text))
        return Exchange(instant, self.name, NOT_IMITATED, _seen(call), trouble, Effects(), True, nearest)

    def _doubted(self, route: Route, call: Call, instant: Instant, reason: str) -> Exchange:
        """A call whose answer would be made up, where that is not wanted."""
        text = (
            f"{self.provider.title}: {call.method} {call.path} ({route.name}) is refused, as strictness is 'documented': "
            f"{reason}"
        )
        self.complain(text)
        return Exchange(instant, self.name, route.name, call, _trouble(501, text), Effects(), refused=True)

    @property
    def _origin(self) -> str:
        return str(self.options[self.provider.cors]) if self.provider.cors else ""

    def _shared(self, reply: Reply) -> Reply:
        """The reply as a browser on another origin may read it."""
        if not self._origin:
            return reply
        # Ours beside the vendor's, or a web page could not read why it was refused.
        shared = (("access-control-allow-origin", self._origin), EXPOSED)
        return Reply(reply.status, reply.body, (*reply.headers, *shared), reply.problems)


def _seen(call: Call) -> Call:
    """A call that was refused before it was read, with its data for whoever looks back."""
    if call.data is not None:
        return call
    try:
        return replace(call, data=read(call))
    except Unreadable:
        return call


def _value(reply: Reply) -> Any:
    """What a schema of a reply speaks of: JSON, text as a string, nothing as null."""
    if not reply.body:
        return None
    kind = dict(reply.headers).get("content-type", "")
    return (
        decode(reply.body) if kind.startswith("application/json") else reply.body.decode("utf-8", "replace")
    )


def _trouble(status: int, text: str) -> Reply:
    reply = json_reply(status, {"emulator_error": text})
    header = " ".join(text.split()).encode("ascii", "replace").decode()
    return replace(reply, headers=(*reply.headers, ("x-emulator-error", header[:500])))
