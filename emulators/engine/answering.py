"""An inbound call: which route, what the vendor says to it, and everything that it caused, as one entry."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from emulators.engine.account import Draft
from emulators.engine.clock import Instant
from emulators.engine.codec import decode
from emulators.engine.journal import Effects, Exchange
from emulators.engine.provider import Call, Contract, Reply, Route, json_reply
from emulators.errors import BrokenContract

NOT_IMITATED = "not imitated"


def find(routes: Sequence[Route], call: Call) -> tuple[Route, dict[str, str]] | None:
    """The route of a call, and the segments of its path that have names."""
    segments = call.path.strip("/").split("/")
    for route in routes:
        pattern = route.path.strip("/").split("/")
        if route.method != call.method or len(pattern) != len(segments):
            continue
        pairs = list(zip(pattern, segments, strict=True))
        if all(wanted == got or (wanted.startswith("{") and got) for wanted, got in pairs):
            return route, {wanted[1:-1]: got for wanted, got in pairs if wanted.startswith("{")}
    return None


class Answerer:
    """Answers calls for one emulator. `draft` opens an account for one step."""

    def __init__(
        self,
        title: str,
        name: str,
        routes: Sequence[Route],
        contract: Contract,
        draft: Callable[[Instant], Draft],
        complain: Callable[[str], None],
    ) -> None:
        self._title = title
        self._name = name
        self._routes = routes
        self._contract = contract
        self._draft = draft
        self._complain = complain

    def answer(self, call: Call, instant: Instant) -> Exchange:
        """The exchange that the call leads to, not committed yet."""
        found = find(self._routes, call)
        if found is None:
            return self._not_imitated(call, instant)
        route, params = found
        draft = self._draft(instant)
        try:
            reply = route.handle(draft, replace(call, params=params))
            self._check(route, reply)
        except Exception as error:  # noqa: BLE001 - told, not swallowed
            # Ours, not the app's: the app sees a 500, and the test or process that runs us is told all.
            self._complain(
                f"{self._title}: {call.method} {call.path} broke the emulator:\n{traceback.format_exc()}"
            )
            return self._exchange(
                instant, route.name, call, _trouble(500, f"{type(error).__name__}: {error}")
            )
        return self._exchange(instant, route.name, call, reply, draft.effects())

    def _exchange(
        self, instant: Instant, route: str, call: Call, reply: Reply, effects: Effects | None = None
    ) -> Exchange:
        return Exchange(instant, self._name, route, call, reply, effects or Effects())

    def _check(self, route: Route, reply: Reply) -> None:
        if route.response is None or not 200 <= reply.status < 300:
            return
        value = decode(reply.body)
        if not self._contract.valid(route.response, value):
            told = "; ".join(map(str, self._contract.explain(route.response, value)))
            raise BrokenContract(f"our own reply breaks the schema {route.response}: {told}")

    def _not_imitated(self, call: Call, instant: Instant) -> Exchange:
        known = ", ".join(f"{route.method} {route.path}" for route in self._routes) or "none"
        text = f"{self._title} as imitated here has no {call.method} {call.path}; it has: {known}"
        self._complain(text)
        return self._exchange(instant, NOT_IMITATED, call, _trouble(501, text))


def _trouble(status: int, text: str) -> Reply:
    reply = json_reply(status, {"emulator_error": text})
    header = " ".join(text.split()).encode("ascii", "replace").decode()
    return replace(reply, headers=(*reply.headers, ("x-emulator-error", header[:500])))
