"""How eSputnik refuses: in plain text, but for 401, whose clients look for `status` and `message`. And who may call, how often.

The words are those by which the vendor's specification describes each status; the bodies themselves are printed nowhere.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from itertools import takewhile
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply, text_reply
from emulators.esputnik.quirks import tolerated

MINUTE = 60


def refusal(status: int, told: str | dict[str, Any], *problems: Problem) -> Reply:
    """A refusal in the vendor's house style: text, rarely an object; `problems` explain it beside the wire."""
    if isinstance(told, dict):
        return json_reply(status, told, *problems)
    return text_reply(status, told, *problems)


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """What is refused of a request that breaks its schema: numbers as text, single objects for lists and
    nulls are taken."""
    grave = [problem for problem in problems if not tolerated(call.data, problem)]
    return refusal(400, "Bad request", *grave) if grave else None


def not_found(told: str, problem: Problem) -> Refused:
    """A thing that the account does not have."""
    return Refused(refusal(404, told, problem))


def authenticate(account: Account, call: Call) -> None:
    """Guards a route: any user name, or none, and the API key as the password."""
    expected = "the header Authorization: Basic, any user name and ESPUTNIK_API_KEY as the password"
    scheme, _, encoded = (call.header("authorization") or "").strip().partition(" ")
    if scheme.lower() != "basic":
        raise Refused(unauthorized(Problem("", expected, f"scheme {scheme[:20]!r}" if scheme else "nothing")))
    try:
        user, colon, key = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise Refused(unauthorized(Problem("", expected, "no base64 of user:key"))) from None
    if not colon or key != account.credentials["api_key"]:
        got = f"another password, user {user[:40]!r}" if colon else "no colon before the password"
        raise Refused(unauthorized(Problem("", expected, got)))
    _limit(account, call)
    _media_type(account, call)


def unauthorized(problem: Problem) -> Reply:
    """The answer without the key. One vendor's plugin parses it as JSON, another looks for `status` in it."""
    return json_reply(401, {"status": 401, "message": "Unauthorized"}, problem)


def once_a_minute(account: Account, call: Call) -> None:
    """Refuses the same request within a minute; one that was refused itself does not count."""
    if not account.options["duplicates.refused"]:
        return
    requests, now = account.table("requests"), int(account.now.timestamp())
    for key in list(takewhile(lambda key: now - (requests.get(key) or 0) >= MINUTE, requests)):
        requests.delete(key)
    # No two of the calls that ask have one path, so that the method need not be looked at.
    digest = hashlib.sha256(f"{call.path} ".encode("utf-8", "replace") + call.body).hexdigest()
    # Of a key that is put again the place would stay; with the minute in it every key is new, and the oldest is first.
    minute = now // MINUTE
    for key in (f"{digest} {minute}", f"{digest} {minute - 1}"):
        if (then := requests.get(key)) is not None:
            problem = Problem(
                "",
                "another request, or a minute between the two",
                f"the same one again after {now - then} s",
                "option duplicates.refused",
            )
            raise Refused(refusal(409, "Duplicated request", problem))
    requests.put(f"{digest} {minute}", now)


def quota(account: Account, call: Call) -> Reply:
    """More calls than the vendor takes from one account."""
    return _too_many(Problem("", "no more calls than the account may make", "a fault that says there were"))


def duplicate(account: Account, call: Call) -> Reply:
    """As if the same request had come within a minute."""
    problem = Problem("", "a request that did not just come", "a fault that says that it did")
    return refusal(409, "Duplicated request", problem)


def wrong_key(account: Account, call: Call) -> Reply:
    """A key that was deleted."""
    return unauthorized(Problem("", "a key that is known", "a fault that says that it is not"))


def account_disabled(account: Account, call: Call) -> Reply:
    """A key that was switched off, as happens after 90 days without a call."""
    problem = Problem("", "a key that is switched on", "a fault that says that it is not")
    return refusal(account.options["errors.disabled_key"], "Forbidden", problem)


def server_error(account: Account, call: Call) -> Reply:
    """The page of a web server that has no answer."""
    page = "<html><head><title>500 Internal Server Error</title></head><body><h1>500 Internal Server Error</h1></body></html>"
    return Reply(500, page.encode(), (("content-type", "text/html; charset=utf-8"),))


def _media_type(account: Account, call: Call) -> None:
    given = (call.header("content-type") or "").partition(";")[0].strip().lower()
    if not given or "json" in given or call.method not in ("POST", "PUT") or not call.body.strip():
        return
    if account.options["errors.media_type"] == 415:
        problem = Problem("", "Content-Type: application/json", repr(given[:60]), "option errors.media_type")
        raise Refused(refusal(415, "Unsupported media type", problem))


def _limit(account: Account, call: Call) -> None:
    """Refuses calls beyond the limit of their kind, if limits are enforced; a window is a whole second or hour."""
    if not account.options["limits.enforced"]:
        return
    limits = account.facts["limits"].value
    name = next((name for name, limit in limits.items() if _is_meant(limit, call)), "others")
    limit = limits[name]
    window = int(account.now.timestamp()) // limit["seconds"]
    counted = account.table("limits").get(name) or {"window": window, "calls": 0}
    calls = counted["calls"] + 1 if counted["window"] == window else 1
    if calls > limit["calls"]:
        expected = f"at most {limit['calls']} calls in {limit['seconds']} s ({name})"
        got = "one more; no emulator time passes between calls on a virtual clock, advance it"
        raise Refused(_too_many(Problem("", expected, got, "option limits.enforced")))
    account.table("limits").put(name, {"window": window, "calls": calls})


def _is_meant(limit: dict[str, Any], call: Call) -> bool:
    path = "/" + call.path.strip("/")
    return limit.get("method", call.method) == call.method and bool(re.fullmatch(limit["path"], path))


def _too_many(problem: Problem) -> Reply:
    return refusal(429, "Too many requests", problem)
