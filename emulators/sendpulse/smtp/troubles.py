"""Refusals that no request provokes by itself: what an account may run into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.sendpulse.errors import error

Answer = Callable[[Account, Call], Reply]

PAGE = """<!DOCTYPE html>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Server Error</title>
    </head>
    <body>
        <div class="code">500</div>
        <div class="message">Server Error</div>
    </body>
</html>
"""


def server_error(account: Account, call: Call) -> Reply:
    """A page in HTML instead of JSON, as users of the vendor's Node library met."""
    return Reply(500, PAGE.encode(), (("content-type", "text/html; charset=UTF-8"),), (_injected(),))


def result_false(account: Account, call: Call) -> Reply:
    """A failure that only the body tells."""
    return json_reply(200, {"result": False}, _injected())


def _refusal(status: int, message: str, code: int) -> Answer:
    return lambda account, call: error(status, message, code, _injected())


def _injected() -> Problem:
    return Problem("", "an account without this trouble", "a fault that was injected")


ERRORS: Mapping[str, Answer] = MappingProxyType(
    {
        "account-expired": _refusal(403, "Account expired", 403),
        "unauthorized-action": _refusal(403, "Unauthorized action.", 800),
        "no-smtp-user": _refusal(422, "No such SMTP user, you need to create SMTP account first", 400),
        "sending-limited": _refusal(
            422, "Sending from your account is currently limited. Please try later.", 422
        ),
        "sending-quota": _refusal(422, "Sending quota or bandwidth exceeded", 422),
        "sender-not-valid": _refusal(422, "Sender is not valid", 422),
        "tariff-not-allowed": _refusal(422, "Your tariff does not allow the operation", 422),
        "server-error": server_error,
        "result-false": result_false,
    }
)
