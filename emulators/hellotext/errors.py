"""How Hellotext refuses: `{"errors": [{"type", "message", "parameter"}]}`. And whom it lets in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply

MISSING, EMPTY, INVALID = "parameter_missing", "parameter_invalid_empty", "invalid"
NOT_FOUND, NOT_UNIQUE, NOT_ALLOWED = "not_found", "parameter_not_unique", "not_allowed"


class Reason(NamedTuple):
    """One thing that is wrong, in the vendor's types; `expected` and `got` explain it beside the wire."""

    kind: str
    parameter: str
    expected: str
    got: str = "nothing"
    text: str = ""
    pointer: str = ""

    def told(self) -> str:
        """The sentence for people; that of a missing parameter is the vendor's."""
        if self.text:
            return self.text
        match self.kind:
            case "parameter_missing":
                return "This parameter is required."
            case "parameter_invalid_empty":
                return "This parameter is required and must not be empty."
            case "parameter_not_unique":
                return (
                    "The value must be unique and it is already present in another object of the same type."
                )
            case "not_found":
                return "This object does not exist."
            case _:
                return "This parameter is invalid."


def refusal(account: Account, status: int, source: str, *reasons: Reason) -> Reply:
    """The vendor's answer; `source` is the option or the page that it rests on."""
    listed, problems = [], []
    for reason in reasons:
        error: dict[str, Any] = {"type": reason.kind}
        error.update({name: reason.told() for name in account.options["errors.text_fields"]})
        if reason.parameter:
            error["parameter"] = reason.parameter
        listed.append(error)
        pointer = reason.pointer or (f"/{reason.parameter}" if reason.parameter else "")
        problems.append(Problem(pointer, reason.expected, reason.got, source))
    return json_reply(status, {"errors": listed}, *problems)


def refused(account: Account, rule: str, reason: Reason, status: int | None = None) -> Refused:
    """To be raised: the option `rule` says with which status, unless the documents do."""
    if status is None:
        status = int(account.options[rule])
    source = f"option {rule}" if rule in account.options else rule
    return Refused(refusal(account, status, source, reason))


def unprocessable(account: Account, reason: Reason) -> Refused:
    """To be raised where the documents themselves say 422."""
    return refused(account, "the vendor's guides: 422 for values that fail validation", reason, 422)


def not_found(account: Account, parameter: str, expected: str, got: object) -> Refused:
    """To be raised where the documents themselves say 404."""
    reason = Reason(NOT_FOUND, parameter, expected, shown(got))
    return refused(account, "the vendor's guides: 404 for what the business does not have", reason, 404)


def shown(value: object) -> str:
    """A value as messages show it."""
    return repr(value)[:60]


def reader(rule: str) -> Callable[[Account, Call], None]:
    """Lets in who has the private token; the option `rule` says with which status others are refused."""

    def guard(account: Account, call: Call) -> None:
        _authenticate(account, call, "token", "HELLOTEXT_TOKEN", rule)

    return guard


def writer(rule: str) -> Callable[[Account, Call], None]:
    """The same, and the plan must allow writing."""
    authenticate = reader(rule)

    def guard(account: Account, call: Call) -> None:
        authenticate(account, call)
        if not account.options["account.may_write"]:
            reason = Reason(
                NOT_ALLOWED,
                "",
                "a plan that allows writing",
                "one that does not",
                "Your subscription does not allow this.",
            )
            raise refused(account, "account.may_write", reason, 403)

    return guard


def browser(account: Account, call: Call) -> None:
    """Lets in who knows the public id of the business: a page, a plugin or an app on a telephone."""
    _authenticate(account, call, "business", "HELLOTEXT_BUSINESS_ID", "browser.missing_business")


def _authenticate(account: Account, call: Call, credential: str, variable: str, rule: str) -> None:
    scheme, _, token = (call.header("authorization") or "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip() == account.credentials[credential]:
        return
    got = "no Authorization header" if not scheme else f"scheme {scheme[:20]!r} with another token"
    other = "token" if credential == "business" else "business"
    if token.strip() == account.credentials[other]:
        got = f"the {'private token' if other == 'token' else 'public id of the business'}"
    reason = Reason(
        NOT_ALLOWED, "", f"the header Authorization: Bearer {variable}", got, "Invalid or missing token."
    )
    raise refused(account, rule, reason)


def account_disabled(account: Account, call: Call) -> Reply:
    """What a business gets whose subscription has ended."""
    reason = Reason(
        NOT_ALLOWED,
        "",
        "an active subscription",
        "a fault that says there is none",
        "Your subscription is not active.",
    )
    return refusal(account, 403, "the vendor's guides: 403 for plans and subscriptions", reason)


def revoked_token(account: Account, call: Call) -> Reply:
    """What a token gets that was revoked in the settings."""
    reason = Reason(
        NOT_ALLOWED,
        "",
        "a token that is in force",
        "a fault that says it was revoked",
        "Invalid or missing token.",
    )
    return refusal(account, 401, "the vendor's guides: 401 for revoked tokens", reason)


def server_error(account: Account, call: Call) -> Reply:
    """The page of a web application that broke: no JSON."""
    page = b"<!DOCTYPE html>\n<html><head><title>500</title></head><body>We're sorry, but something went wrong.</body></html>\n"
    return Reply(500, page, (("content-type", "text/html; charset=utf-8"),))


def unavailable(account: Account, call: Call) -> Reply:
    """What a load balancer says while nobody is behind it: nothing."""
    return Reply(503)
