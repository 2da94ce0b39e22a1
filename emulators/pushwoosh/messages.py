"""createMessage and its kin: push messages, SMS, and what one may do with a message afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.pushwoosh import audience, devices, sending
from emulators.pushwoosh.arguments import Request, application, needed, text, when, wording
from emulators.pushwoosh.audience import Audience
from emulators.pushwoosh.envelope import ok, refusal, request_of

NOT_AVAILABLE = "CODE_NOT_AVAILABLE"
MOST = 1000


def create_message(account: Account, call: Call) -> Reply:
    """createMessage: a code for each notification. Without `devices`, users and conditions it reaches everybody."""
    request = request_of(account, call)
    code = application(account, request)
    found = [(one, due(account, one, n)) for n, one in enumerate(notifications(account, request))]
    for n, (one, _) in enumerate(found):
        listed(account, one, n)
        if "android_root_params" in one and not isinstance(one["android_root_params"], dict):
            problem = _problem(n, "android_root_params", "an object", one["android_root_params"])
            raise refusal(account, "android_root_params", problem)
    codes: list[str] = []
    unheard: list[list[str]] = []
    for one, at in found:
        whom = audience.of_push(account, one)
        codes.append(create(account, "push", code, one, at, whom, subject=wording(one.get("content"))))
        unheard.append(whom.unknown if isinstance(one.get("devices"), list) else [])
    notes = [note for one, _ in found for note in audience.remarks(one)]
    return ok(account, answer(codes, unheard), *notes, *broadcasts([one for one, _ in found]))


def create_targeted_message(account: Account, call: Call) -> Reply:
    """createTargetedMessage: a flat request in the language of filters, and one code under another name."""
    request = request_of(account, call)
    needed(account, request, "devices_filter")
    at = due(account, request, None)
    # The application is named inside of the filter, which is not read.
    code = account.credentials["application"]
    whom = Audience(None, [], [], "AND")
    name = sending.create(account, "push", code, request, at, whom, subject=wording(request.get("content")))
    return ok(account, {"messageCode": name}, *audience.remarks(request))


def compile_filter(account: Account, call: Call) -> Reply:
    """compileFilter: how many devices a filter finds; here all that are registered."""
    request = request_of(account, call)
    needed(account, request, "devices_filter")
    return ok(account, {"devices_count": sum(1 for _ in devices.phones(account))}, *audience.remarks(request))


def create_sms_message(account: Account, call: Call) -> Reply:
    """createSMSMessage: one number for each notification."""
    request = request_of(account, call)
    code = application(account, request)
    found = [(one, due(account, one, n)) for n, one in enumerate(notifications(account, request))]
    for n, (one, _) in enumerate(found):
        if not isinstance(one.get("devices"), list):
            # The one refusal that a page prints, with an empty list beside it.
            problem = _problem(n, "devices", "an array of one number", one.get("devices"))
            raise refusal(account, "devices", problem, {"Messages": []})
        if len(one["devices"]) != 1:
            problem = _problem(n, "devices", "only one number", one["devices"])
            raise refusal(account, "one_number", problem, {"Messages": []})
    return ok(account, {"Messages": [_sms(account, code, one, at) for one, at in found]})


def delete_message(account: Account, call: Call) -> Reply:
    """deleteMessage: of a message that did not leave nothing will come; its record goes."""
    stored = known(account, call)
    sending.delete(account, stored)
    return ok(account)


def cancel_message(account: Account, call: Call) -> Reply:
    """cancelMessage: the same, and the record stays. What was sent already is not taken back."""
    stored = known(account, call)
    if stored["status"] in sending.CANCELABLE:
        sending.cancel(account, stored)
    return ok(account)


def get_message_details(account: Account, call: Call) -> Reply:
    """getMessageDetails: numbers and lists are texts in it, but for the id."""
    stored = sending.entire(account, known(account, call))
    message = stored["message"]
    content = message.get("content")
    platforms = message.get("platforms") if isinstance(message.get("platforms"), list) else []
    details = {
        "id": stored["id"],
        "created": stored["created"],
        "send_date": stored["send_date"],
        "status": stored["status"].lower(),
        "content": content if isinstance(content, dict) else {"default": wording(content)},
        "platforms": json.dumps(platforms, separators=(",", ":")),
        "ignore_user_timezone": "1" if message.get("ignore_user_timezone") else "0",
        "code": stored["code"],
        "data": json.dumps(message["data"]) if message.get("data") is not None else None,
        "conditions": json.dumps(stored["conditions"]) if stored["conditions"] else None,
        "conditions_operator": stored["operator"],
    }
    return ok(account, {"message": details})


def known(account: Account, call: Call) -> dict[str, Any]:
    """The message that a request names."""
    request = request_of(account, call)
    code = needed(account, request, "message")
    stored = sending.find(account, code)
    if stored is None:
        expected = "the code of a message that was created"
        if code == NOT_AVAILABLE:
            expected += f"; {NOT_AVAILABLE} stands for messages that have none"
        raise refusal(account, "message", Problem("/request/message", expected, ascii(code)[:60]))
    return stored


def notifications(account: Account, request: Request) -> list[dict[str, Any]]:
    """The messages of a request; an empty list is taken and leads to none."""
    found = request.get("notifications")
    if not isinstance(found, list):
        problem = Problem("/request/notifications", "an array", ascii(found)[:40])
        raise refusal(account, "notifications", problem)
    return [one if isinstance(one, dict) else {} for one in found]


def due(account: Account, message: Request, place: int | None) -> datetime:
    """When a message leaves."""
    at = when(account, message)
    if at is None:
        problem = _problem(place, "send_date", "'now' or YYYY-MM-DD HH:mm", message.get("send_date"))
        raise refusal(account, "send_date", problem)
    return at


def listed(account: Account, message: Request, place: int) -> None:
    """What the vendor says of lists of devices and users."""
    for name in ("devices", "users"):
        value = message.get(name)
        if value is not None and not isinstance(value, list):
            raise refusal(account, name, _problem(place, name, "an array", value))
        if isinstance(value, list) and len(value) > MOST:
            raise refusal(account, f"too_many_{name}", _problem(place, name, f"at most {MOST}", len(value)))


def create(
    account: Account,
    kind: str,
    code: str,
    message: Request,
    at: datetime,
    whom: Audience,
    subject: str,
    source: str = "API",
) -> str:
    """Creates a message if its list of devices has anybody who is registered; returns what is answered as its code."""
    by_device = isinstance(message.get("devices"), list) and whom.hwids is not None
    if by_device and whom.unknown and not whom.hwids:
        return NOT_AVAILABLE
    name = sending.create(account, kind, code, message, at, whom, subject, source)
    hidden = by_device and account.options["messages.code_of_listed"] == "not-available"
    return NOT_AVAILABLE if hidden else name


def answer(codes: Sequence[str], unknown: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The codes of messages, and which listed devices nobody knows: by code, or by an empty key where there is none."""
    found: dict[str, list[str]] = {}
    for code, names in zip(codes, unknown, strict=True):
        if names:
            key = "" if code == NOT_AVAILABLE else code
            found[key] = [*found.get(key, []), *names]
    return {"Messages": list(codes), "UnknownDevices": found} if found else {"Messages": list(codes)}


def broadcasts(messages: Sequence[Request]) -> tuple[Problem, ...]:
    """A note beside the wire for everybody who forgot whom to send to."""
    choices = ("devices", "users", "conditions", "filter", "geozone")
    return tuple(
        Problem(
            f"/request/notifications/{n}", f"{', '.join(choices)}: without any it reaches everybody", "none"
        )
        for n, one in enumerate(messages)
        if not any(one.get(name) for name in choices)
    )


def _sms(account: Account, code: str, message: Request, at: datetime) -> str:
    number = text(message["devices"][0])
    row = account.table(devices.TABLE).get(number) if number else None
    if row is None and number and message.get("use_auto_registration") is True:
        devices.register(account, code, number, {"device_type": 18})
        row = account.table(devices.TABLE).get(number)
    if row is None:
        return NOT_AVAILABLE
    whom = Audience([number], [], [], "AND")
    return sending.create(account, "sms", code, message, at, whom, subject=wording(message.get("content")))


def _problem(place: int | None, name: str, expected: str, got: object) -> Problem:
    where = f"/request/{name}" if place is None else f"/request/notifications/{place}/{name}"
    return Problem(where, expected, ascii(got)[:60])
