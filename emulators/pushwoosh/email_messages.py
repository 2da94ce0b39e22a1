"""createEmailMessage: what the statuses of the webhook are of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.pushwoosh import audience, messages
from emulators.pushwoosh.arguments import Request, application, text, wording
from emulators.pushwoosh.envelope import ok, refusal, request_of
from emulators.pushwoosh.messages import broadcasts, due, listed, notifications

TRANSACTIONS = "transactions"
BODY = ("preset", "email_template", "content")


def create(account: Account, call: Call) -> Reply:
    """createEmailMessage: e-mails to registered addresses; a `transactionId` that was seen within a day sends nothing."""
    request = request_of(account, call)
    code = application(account, request)
    found = [(one, due(account, one, n)) for n, one in enumerate(notifications(account, request))]
    for n, (one, _) in enumerate(found):
        listed(account, one, n)
        if not any(one.get(name) for name in BODY) and account.options["email.missing_preset"] == "refused":
            problem = Problem(f"/request/notifications/{n}/preset", "a preset, or content", "neither")
            raise refusal(account, "preset", problem)
    group = bool(request.get("applications_group")) and not request.get("application")
    answers = [_once(account, code, one, at, group) for one, at in found]
    notes = [note for one, _ in found for note in audience.remarks(one)]
    notes += [note for answer in answers for note in _unheard(answer)]
    notes += broadcasts([one for one, _ in found])
    if account.options["email.response"] == "null":
        return ok(account, None, *notes)
    return ok(
        account,
        messages.answer([one["code"] for one in answers], [one["unknown"] for one in answers]),
        *notes,
    )


def _once(account: Account, code: str, message: Request, at: datetime, group: bool) -> dict[str, Any]:
    """What was answered to this transaction before, or what sending the message leads to."""
    transaction, table = text(message.get("transactionId")), account.table(TRANSACTIONS)
    now = account.now.timestamp()
    seen = table.get(transaction) if transaction else None
    if seen is not None and now - seen["at"] < account.facts["transaction_memory"].value:
        return {**seen, "unknown": []}
    whom = audience.of_mail(account, code, message, group)
    subject = wording(message.get("subject"))
    name = messages.create(account, "email", code, message, at, whom, subject=subject, source="EMAIL_API")
    answer = {"code": name, "unknown": whom.unknown, "at": now}
    if transaction:
        table.put(transaction, answer)
    return answer


def _unheard(answer: Mapping[str, Any]) -> tuple[Problem, ...]:
    expected = "registered addresses (registerEmail, or use_auto_registration); the others get nothing"
    return (
        (Problem("/request/notifications", expected, ", ".join(answer["unknown"])[:80]),)
        if answer["unknown"]
        else ()
    )
