"""How messaging v2 refuses: the envelope of a gRPC gateway with a real HTTP status."""

from __future__ import annotations

from emulators.engine.profile import Problem
from emulators.engine.provider import Reply, json_reply

INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED = 3, 5, 7, 8
FAILED_PRECONDITION, INTERNAL, UNAUTHENTICATED = 9, 13, 16


def error(code: int, message: str, *problems: Problem) -> Reply:
    """A refusal; its HTTP status is the one that such gateways give the code."""
    match code:
        case 5:
            status = 404
        case 7:
            status = 403
        case 8:
            status = 429
        case 13:
            status = 500
        case 16:
            status = 401
        case _:
            status = 400
    return json_reply(status, {"code": code, "message": message, "details": []}, *problems)
