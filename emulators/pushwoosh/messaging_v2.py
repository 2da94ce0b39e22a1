"""Messaging v2: notify creates one message for any channel, cancel takes it back. Errors are those of a gRPC gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.pushwoosh import audience, grpc, sending
from emulators.pushwoosh.arguments import scheduled, texts, wording
from emulators.pushwoosh.audience import Audience

KINDS = ("segment", "transactional")
LISTS = ("hwids", "users", "push_tokens")
CHOICES = ("code", "expression", "filter_expression")


def snake_case(data: Any) -> Any:
    """A request with the documented names of its fields: such gateways take them in camelCase too."""
    return _renamed(data, 4)


def notify(account: Account, call: Call) -> Reply:
    """Creates one message, for a segment or for those who are listed."""
    kind, request = _kind(account, call.data)
    application = _application(account, kind, request)
    at = scheduled(account, request.get("schedule"))
    if at is None:
        raise _invalid(f"/{kind}/schedule", "schedule is required: at or after", request.get("schedule"))
    email, push = request.get("email_payload"), request.get("payload")
    if isinstance(email, dict) == isinstance(push, dict):
        raise _invalid(f"/{kind}/payload", "exactly one of payload, email_payload is required", None)
    mail = isinstance(email, dict)
    whom = _listed(account, request, mail) if kind == "transactional" else _segment(request)
    subject = wording(email.get("subject")) if isinstance(email, dict) else _pushed(push)
    name = _create(account, application, request, at, whom, mail, subject)
    asked = request.get("return_unknown_identifiers") is True
    notes: tuple[Problem, ...] = ()
    if kind == "segment":
        expected = "users, hwids or push_tokens: segments are not imitated, this reaches everybody"
        notes = (Problem("/segment", expected, next((n for n in CHOICES if request.get(n)), "")),)
    result = {"message_code": name, "unknown_identifiers": whom.unknown if asked else []}
    return json_reply(200, {"result": result}, *notes)


def cancel(account: Account, call: Call) -> Reply:
    """Takes a message back that has not left yet."""
    data = call.fields
    code = data.get("message_code")
    if not isinstance(code, str) or not code:
        raise _invalid("/message_code", "message_code is required", code)
    stored = sending.find(account, code)
    if stored is None:
        problem = Problem("/message_code", "the code of a message that was created", ascii(code)[:60])
        raise Refused(grpc.error(grpc.NOT_FOUND, "message not found", problem))
    if stored["status"] not in sending.CANCELABLE:
        problem = Problem("/message_code", "a message that has not left yet", stored["status"])
        raise Refused(grpc.error(grpc.FAILED_PRECONDITION, "message is not in a cancelable state", problem))
    sending.cancel(account, stored)
    return json_reply(200, {})


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """What is no JSON object, or has a field of another type, such a gateway does not take in."""
    grave = [p for p in problems if p.rule in ("unreadable", "type", "enum")]
    if not isinstance(call.data, dict):
        return grpc.error(
            grpc.INVALID_ARGUMENT, "request body is not a JSON object that can be read", *problems
        )
    return (
        grpc.error(grpc.INVALID_ARGUMENT, f"invalid value for {grave[0].pointer}", *grave) if grave else None
    )


def _kind(account: Account, data: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(data, dict):
        raise _invalid("", "request body is not a JSON object that can be read", None)
    found = [name for name in KINDS if isinstance(data.get(name), dict)]
    if len(found) != 1:
        raise _invalid("", "exactly one of segment, transactional is required", ", ".join(found))
    return found[0], data[found[0]]


def _application(account: Account, kind: str, request: Mapping[str, Any]) -> str:
    code = request.get("application")
    own = account.credentials["application"]
    if not isinstance(code, str) or code not in (own, *account.options["applications"]):
        problem = Problem(f"/{kind}/application", f"a known application code: {own}", ascii(code)[:60])
        raise Refused(grpc.error(grpc.NOT_FOUND, "application not found", problem))
    return code


def _listed(account: Account, request: Mapping[str, Any], mail: bool) -> Audience:
    """Those who are listed under one name. Push tokens are looked for among hwids, as in the older API."""
    found = [name for name in LISTS if isinstance(request.get(name), dict)]
    if len(found) != 1:
        raise _invalid("/transactional", f"exactly one of {', '.join(LISTS)} is required", ", ".join(found))
    listed = texts(request[found[0]].get("list"))
    message = {"users" if found[0] == "users" else "devices": listed}
    application = account.credentials["application"]
    return audience.of_mail(account, application, message) if mail else audience.of_push(account, message)


def _segment(request: Mapping[str, Any]) -> Audience:
    found = [name for name in CHOICES if request.get(name)]
    if len(found) != 1:
        raise _invalid("/segment", f"exactly one of {', '.join(CHOICES)} is required", ", ".join(found))
    return Audience(None, [], [], "AND")


def _create(
    account: Account,
    application: str,
    request: Mapping[str, Any],
    at: datetime,
    whom: Audience,
    mail: bool,
    subject: str,
) -> str:
    kind, source = ("email", "EMAIL_API") if mail else ("push", "API")
    message = dict(request)
    if mail:
        message["preset"] = request["email_payload"].get("email_template")
    return sending.create(account, kind, application, message, at, whom, subject=subject, source=source)


def _pushed(payload: Any) -> str:
    """The text of a push message in the first language and on the first platform."""
    content = payload.get("content") if isinstance(payload, dict) else None
    localized = content.get("localized_content") if isinstance(content, dict) else None
    for language in localized.values() if isinstance(localized, dict) else ():
        for platform in language.values() if isinstance(language, dict) else ():
            if isinstance(platform, dict) and isinstance(platform.get("body"), str):
                return str(platform["body"])
    return ""


def _invalid(pointer: str, message: str, got: object) -> Refused:
    return Refused(grpc.error(grpc.INVALID_ARGUMENT, message, Problem(pointer, message, ascii(got)[:60])))


def _renamed(value: Any, levels: int) -> Any:
    if not isinstance(value, dict) or not levels:
        return value
    # The keys of these are the app's own.
    free = ("dynamic_content_placeholders", "meta_data")
    renamed = {(_snake(key) if isinstance(key, str) else key): inner for key, inner in value.items()}
    return {key: inner if key in free else _renamed(inner, levels - 1) for key, inner in renamed.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)
