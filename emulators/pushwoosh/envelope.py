"""How the remote API answers: `{"status_code", "status_message", "response"}`, mostly with HTTP 200 whatever the code is.

A refusal is 210 inside of HTTP 200. What no request can be read from is answered with HTTP 400.
"""

from __future__ import annotations

from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply

OK, ARGUMENT_ERROR = 200, 210


def ok(account: Account, response: Any = None, *problems: Problem) -> Reply:
    """What was asked for was done; `problems` are remarks beside the wire."""
    body: dict[str, Any] = {"status_code": OK, "status_message": "OK", "response": response}
    if account.options["envelope.base_url"]:
        body["base_url"] = account.options["envelope.base_url"]
    return json_reply(200, body, *problems)


def refusal(account: Account, text: str, problem: Problem, response: Any = None) -> Refused:
    """An argument error; `text` names one of the profile's texts, or is the text itself."""
    told = account.facts["error_texts"].value | account.facts["assumed_error_texts"].value
    body = {"status_code": ARGUMENT_ERROR, "status_message": told.get(text, text), "response": response}
    return Refused(json_reply(200, body, problem))


def trouble(http_status: int, code: int, text: str, *problems: Problem) -> Reply:
    """An answer that is none of the two above."""
    return json_reply(http_status, {"status_code": code, "status_message": text, "response": None}, *problems)


def malformed(account: Account, *problems: Problem) -> Reply:
    """The answer to a body that is not JSON, or has no `request`."""
    if account.options["errors.malformed_body"] == "empty":
        return Reply(400, problems=problems)
    return trouble(400, 400, "Malformed request string", *problems)


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """Only what cannot be read is refused by its form; what is wrong with arguments, the handlers say in the vendor's words."""
    if not isinstance(call.data, dict) or not isinstance(call.data.get("request"), dict):
        return malformed(account, *problems)
    return None


def request_of(account: Account, call: Call) -> dict[str, Any]:
    """The arguments of a call."""
    request: dict[str, Any] = call.data["request"]
    return request
