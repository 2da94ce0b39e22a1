"""Why a call was refused, beside the wire: for the journal, for messages and, if the app asks, in a header."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from emulators.engine.codec import encode
from emulators.engine.provider import Call, Contract, Reply, Route
from emulators.engine.routing import fits

ASKED_BY = "x-emulator-explain"
ANSWERED_IN = "x-emulator-explanation"
# Clients give up on headers of more than 8 KiB.
LONGEST = 7000
WORDY = 1000


def nearest_route(routes: Sequence[Route], call: Call) -> str:
    """Where a call that no route takes was perhaps meant to go."""
    here = [f"{route.method} {route.path}" for route in routes if fits(route.path, call.path)]
    known = [f"{route.method} {route.path}" for route in routes]
    near = here or difflib.get_close_matches(f"{call.method} {call.path}", known, n=1, cutoff=0.6)
    if near:
        return f"nearest: {', '.join(near)}"
    return f"it has: {', '.join(known) or 'none'}" if len(known) < 6 else f"it has {len(known)} others"


def nearest_accepted(route: Route, contract: Contract) -> str:
    """A call to the same route that keeps to the vendor's documents; empty where none is known."""
    example = contract.example(f"{route.stem}.request")
    if example is None:
        return ""
    if route.method == "GET" and isinstance(example, dict):
        return f"{route.method} {route.path}" + (f"?{urlencode(example)}" if example else "")
    return f"{route.method} {route.path} {encode(example).decode()}"


def explained(call: Call, reply: Reply, nearest: str) -> Reply:
    """The reply with its explanation in a header, if the call asks for one."""
    if call.header(ASKED_BY) is None:
        return reply
    told: dict[str, Any] = {"problems": [], "nearest_accepted": nearest[:WORDY]}
    for problem in reply.problems:
        fields = ("pointer", "expected", "got", "source")
        more = {field: getattr(problem, field)[:WORDY] for field in fields}
        if len(json.dumps({**told, "problems": [*told["problems"], more]})) > LONGEST:
            told["left_out"] = len(reply.problems) - len(told["problems"])
            break
        told["problems"].append(more)
    return replace(reply, headers=(*reply.headers, (ANSWERED_IN, json.dumps(told))))
