"""How Hellotext refuses: `{"errors": [{"type", "message", "parameter"}]}`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from emulators.engine import provider
from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply


class Refused(Exception):
    """A call that is refused with `status` for one reason."""

    def __init__(
        self, status: int, kind: str, text: str, parameter: str = "", expected: str = "", got: str = ""
    ) -> None:
        super().__init__(text)
        self.status = status
        self.kind = kind
        self.text = text
        self.parameter = parameter
        self.expected = expected or text
        self.got = got or "nothing"

    def reply(self, account: Account, rule: str) -> Reply:
        """The vendor's error; `rule` says which option or page it rests on."""
        error: dict[str, Any] = {"type": self.kind}
        error.update({name: self.text for name in account.options["errors.text_fields"]})
        if self.parameter:
            error["parameter"] = self.parameter
        pointer = f"/{self.parameter}" if self.parameter else ""
        problem = Problem(pointer, self.expected, self.got, rule)
        return json_reply(self.status, {"errors": [error]}, problem)


def token_or(rule: str) -> Callable[[Account, Call], None]:
    """Lets in who has the token, and whose plan allows writing; `rule` is the option with the status of others."""

    def guard(account: Account, call: Call) -> None:
        checked = rule
        try:
            authenticate(account, call, account.options[rule])
            checked = "account.may_write"
            may_write(account)
        except Refused as refused:
            raise provider.Refused(refused.reply(account, f"option {checked}")) from None

    return guard


def authenticate(account: Account, call: Call, status: int) -> None:
    """The private token, as a Bearer."""
    scheme, _, token = (call.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or token.strip() != account.credentials["token"]:
        got = "no Authorization header" if not scheme else f"scheme {scheme!r} with another token"
        raise Refused(
            status,
            "not_allowed",
            "Invalid or missing token.",
            expected="the header Authorization: Bearer HELLOTEXT_TOKEN",
            got=got,
        )


def may_write(account: Account) -> None:
    """Some plans may only read."""
    if not account.options["account.may_write"]:
        raise Refused(
            403,
            "not_allowed",
            "Your subscription does not allow this.",
            expected="a plan that allows writing",
            got="one that does not",
        )


def json_object(call: Call, status: int) -> dict[str, Any]:
    """The body, which must be a JSON object: a form is not equivalent on these routes."""
    try:
        body = json.loads(call.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        got = call.body[:40].decode("utf-8", "replace") or "an empty body"
        raise Refused(status, "invalid", "The body must be a JSON object.", "", "a JSON object", got)
    return body
