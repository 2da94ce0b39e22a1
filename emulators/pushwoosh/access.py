"""Who may call: a token in the body of the remote API, a header for devices, for messaging v2 and for statistics.

Each route has one of these as its guard; the body is read here with care, because nobody has looked at it yet.
"""

from __future__ import annotations

import json
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.pushwoosh import grpc
from emulators.pushwoosh.envelope import malformed, refusal, trouble

MINUTE = 60
# The documents say Token; tools of others send Key and Api to the statistics.
SCHEMES = frozenset({"token", "key", "api"})


def server(account: Account, call: Call) -> None:
    """Guards a method of the remote API: `auth` of its request is the API access token."""
    auth = _request(account, call).get("auth")
    if auth != account.credentials["token"]:
        raise _unknown_account(account, auth)


def sender(account: Account, call: Call) -> None:
    """The same for createMessage, which may be called 600 times a minute."""
    server(account, call)
    limit(account)


def device(account: Account, call: Call) -> None:
    """Guards a method that apps on devices call: with the device token in a header, with the API access token in the
    body as server libraries may, or with neither, as libraries older than the device token do."""
    auth = _tolerant(call).get("auth")
    if auth is not None:
        if auth != account.credentials["token"]:
            raise _unknown_account(account, auth)
        return
    if presented(call) == account.credentials["device_token"]:
        return
    if call.header("authorization") or account.options["auth.device_token"] == "required":
        raise Refused(wrong_device_token(account, call))


def messaging(account: Account, call: Call) -> None:
    """Guards messaging v2: the API access token in a header."""
    if presented(call) != account.credentials["token"]:
        raise Refused(grpc.error(grpc.UNAUTHENTICATED, "unauthenticated", _header("PUSHWOOSH_TOKEN", call)))


def statistics(account: Account, call: Call) -> None:
    """Guards the statistics, whose page names no scheme: the bare token will do."""
    bare = (call.header("authorization") or "").strip()
    if account.credentials["token"] not in (bare, presented(call)):
        raise Refused(account_not_found(account, call))


def account_not_found(account: Account, call: Call) -> Reply:
    """How the statistics refuse: a dialect of their own."""
    body = {"error": "account not found"}
    return json_reply(account.options["errors.statistics_token"], body, _header("PUSHWOOSH_TOKEN", call))


def wrong_device_token(account: Account, call: Call) -> Reply:
    """What an app on a device is told without the device token."""
    status = account.options["errors.device_token"]
    code = 210 if status == 200 else status
    return trouble(status, code, "Authentication error", _header("PUSHWOOSH_DEVICE_TOKEN", call))


def wrong_server_token(account: Account, call: Call) -> Reply:
    """What a server is told with a token that nobody knows."""
    return _unknown_account(account, _tolerant(call).get("auth")).reply


def presented(call: Call) -> str:
    """The token of the Authorization header; empty if there is none, or one of another scheme."""
    scheme, _, token = (call.header("authorization") or "").strip().partition(" ")
    return token.strip() if scheme.lower() in SCHEMES else ""


def limit(account: Account) -> None:
    """Refuses the call after the 600th of a minute, if limits are enforced."""
    if not account.options["limits.enforced"]:
        return
    most, now = account.facts["create_message_per_minute"].value, account.now.timestamp()
    calls = account.table("limits")
    recent = [at for at in calls.get("createMessage") or () if now - at < MINUTE]
    if len(recent) >= most:
        got = "one more; no emulator time passes between calls on a virtual clock, advance it"
        problem = Problem(
            "", f"at most {most} calls of createMessage a minute", got, "option limits.enforced"
        )
        raise Refused(too_many(problem))
    calls.put("createMessage", [*recent, now])


def too_many(problem: Problem) -> Reply:
    """The remote API's answer to too many calls; only the status is known, from what clients look for."""
    return trouble(429, 429, "Too Many Requests", problem)


def _request(account: Account, call: Call) -> dict[str, Any]:
    found = _body(call)
    if not isinstance(found, dict) or not isinstance(found.get("request"), dict):
        raise Refused(malformed(account, Problem("/request", "a JSON object with the arguments", "none")))
    request: dict[str, Any] = found["request"]
    return request


def _tolerant(call: Call) -> dict[str, Any]:
    found = _body(call)
    request = found.get("request") if isinstance(found, dict) else None
    return request if isinstance(request, dict) else {}


def _body(call: Call) -> Any:
    try:
        return json.loads(call.body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def _unknown_account(account: Account, auth: object) -> Refused:
    got = "nothing" if auth is None else f"{ascii(auth)[:24]}, another token"
    return refusal(account, "account", Problem("/request/auth", "PUSHWOOSH_TOKEN, the API access token", got))


def _header(token: str, call: Call) -> Problem:
    given = call.header("authorization")
    got = f"{ascii(given)[:30]}" if given else "no such header"
    return Problem("", f"the header Authorization: Token {token}", got)
