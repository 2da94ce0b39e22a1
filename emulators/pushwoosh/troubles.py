"""What goes wrong at the vendor's without any fault of the request, by name, in the dialect of the route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.pushwoosh import access, grpc
from emulators.pushwoosh.envelope import trouble

REMOTE, MESSAGING = "/json/1.3/", "/messaging/v2/"


def quota(account: Account, call: Call) -> Reply:
    """Too many calls."""
    problem = Problem("", "fewer calls", "a fault that says there were too many")
    if call.path.startswith(MESSAGING):
        return grpc.error(grpc.RESOURCE_EXHAUSTED, "too many requests", problem)
    if call.path.startswith(REMOTE):
        return access.too_many(problem)
    return json_reply(429, {"error": "too many requests"}, problem)


def internal_error(account: Account, call: Call) -> Reply:
    """The documented 500, both in the envelope and as the status."""
    if call.path.startswith(MESSAGING):
        return grpc.error(grpc.INTERNAL, "internal error")
    if call.path.startswith(REMOTE):
        return trouble(account.options["errors.internal"], 500, "Internal error")
    return json_reply(500, {"error": "internal error"})


def server_error(account: Account, call: Call) -> Reply:
    """The page of a web server in front that gets no answer itself."""
    page = "<html><head><title>500 Internal Server Error</title></head><body><h1>500 Internal Server Error</h1></body></html>"
    return Reply(500, page.encode(), (("content-type", "text/html; charset=utf-8"),))


def wrong_token(account: Account, call: Call) -> Reply:
    """A token that was deleted in the control panel."""
    problem = Problem("", "a token that is known", "a fault that says that it is not")
    if call.path.startswith(MESSAGING):
        return grpc.error(grpc.UNAUTHENTICATED, "unauthenticated", problem)
    if call.path.startswith(REMOTE):
        return access.wrong_server_token(account, call)
    return access.account_not_found(account, call)


def token_forbidden(account: Account, call: Call) -> Reply:
    """A token without the permission for this call."""
    problem = Problem("", "a token that may do this", "a fault that says that it may not")
    if call.path.startswith(MESSAGING):
        return grpc.error(grpc.PERMISSION_DENIED, "token restrictions forbid this operation", problem)
    text = "Token restrictions forbid this operation"
    return trouble(account.options["errors.token_forbidden"], 403, text, problem)


ERRORS: Mapping[str, Callable[[Account, Call], Reply]] = MappingProxyType(
    {
        "quota": quota,
        "internal-error": internal_error,
        "server-error": server_error,
        "wrong-token": wrong_token,
        "token-forbidden": token_forbidden,
    }
)
