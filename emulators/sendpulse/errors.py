"""How SendPulse refuses: `{"message", "error_code"}`, and who may call.

The code is often not the status of the answer. Clients add `is_error` and `http_code` by themselves; the vendor does not send them.
"""

from __future__ import annotations

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply

TOO_FAST = 2020202020


def error(status: int, message: str, code: int, *problems: Problem) -> Reply:
    """A refusal in the vendor's house style; `problems` explain it beside the wire."""
    return json_reply(status, {"message": message, "error_code": code}, *problems)


def bearer(account: Account, call: Call) -> None:
    """Guards a route: a token of /oauth/access_token that did not expire, or the API key."""
    problem = _token_problem(account, presented(call))
    if problem:
        raise Refused(unauthorized(problem))
    _limit(account)


def presented(call: Call) -> str:
    """The token of the Authorization header as it came; empty if there is none."""
    scheme, _, token = (call.header("authorization") or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def unauthorized(problem: Problem) -> Reply:
    """The vendor's answer without a token that he knows."""
    return error(401, "Unauthorized!", 401, problem)


def expired_token(account: Account, call: Call) -> Reply:
    """The token that came expires now: it is unknown from here on, and the call is refused."""
    account.table("tokens").delete(presented(call))
    return unauthorized(Problem("", "a token that did not expire", "one that a fault let expire"))


def too_fast(account: Account, call: Call) -> Reply:
    """More than ten calls a second."""
    problem = Problem("", f"at most {account.facts['calls_per_second'].value} calls a second", "more")
    return error(429, "Too many requests", TOO_FAST, problem)


def quota(account: Account, call: Call) -> Reply:
    """More calls than the plan allows in a minute or in a day."""
    problem = Problem("", "as many calls as the plan allows", "a fault that says there were more")
    return error(429, "Too many requests", 429, problem)


def _token_problem(account: Account, token: str) -> Problem | None:
    if token == account.credentials["api_key"]:
        return None
    expected = "the header Authorization: Bearer, with a token of POST /oauth/access_token or the API key"
    if not token:
        return Problem("", expected, "no such header")
    row = account.table("tokens").get(token)
    if row is None:
        got = f"{token[:24]!r}, which this emulator did not issue"
        if token.startswith(("b'", 'b"')):
            got += ": it is the repr of Python bytes, which the client made of a token that it had stored"
        return Problem("", expected, got)
    if row["expires"] is not None and account.now.timestamp() >= row["expires"]:
        return Problem("", expected, f"one that expired after {account.facts['token_lifetime'].value} s")
    return None


def _limit(account: Account) -> None:
    """Refuses the eleventh call within a second, if limits are enforced."""
    if not account.options["limits.enforced"]:
        return
    now, calls = account.now.timestamp(), account.table("limits")
    recent = [at for at in calls.get("calls") or () if now - at < 1]
    if len(recent) >= account.facts["calls_per_second"].value:
        problem = Problem(
            "",
            f"at most {account.facts['calls_per_second'].value} calls a second",
            "one more; no emulator time passes between calls on a virtual clock, advance it",
            "option limits.enforced",
        )
        raise Refused(error(429, "Too many requests", TOO_FAST, problem))
    calls.put("calls", [*recent, now])
