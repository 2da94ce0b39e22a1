"""/smtp/unsubscribe: addresses to which nothing is sent any more, whoever put them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.sendpulse.errors import error
from emulators.sendpulse.smtp import records
from emulators.sendpulse.smtp.reading import address, brief, day, filters, page

TABLE = "smtp unsubscribed"
MOST_ROWS = 100
CONFIRMED = "smtp-resubscribed"
CONFIRMATION = "Confirm your subscription"
REASONS = ("unsubscribe_by_link", "unsubscribe_by_user", "spam_complaint")


def is_listed(account: Account, email: str) -> bool:
    """Whether nothing may be sent to an address."""
    return email.lower() in account.table(TABLE)


def add(account: Account, email: str, reason: str) -> None:
    """Puts an address on the list; who is on it already has one more reason."""
    table = account.table(TABLE)
    known = table.get(email.lower()) or {}
    row = {
        "email": email,
        **{name: known.get(name, 0) for name in REASONS},
        "date": records.date(account.now),
    }
    table.put(email.lower(), {**row, reason: 1})


def unsubscribe(account: Account, call: Call) -> Reply:
    """POST /smtp/unsubscribe: the account's owner puts addresses on the list."""
    for email in _named(call):
        add(account, email, "unsubscribe_by_user")
    return json_reply(200, {"result": True})


def remove(account: Account, call: Call) -> Reply:
    """DELETE /smtp/unsubscribe: takes addresses off it, whether or not they are on it."""
    for email in _named(call):
        take_off(account, email)
    return json_reply(200, {"result": True})


def refuse_emails(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """A body without a list of addresses; a list with something else in it is read as far as it goes."""
    emails = call.data.get("emails") if isinstance(call.data, dict) else None
    return None if isinstance(emails, list) and emails else _empty(*problems)


def listed(account: Account, call: Call) -> Reply:
    """GET /smtp/unsubscribe, in the order in which they came."""
    given, notes = filters(account, call)
    table, date = account.table(TABLE), day(given, "date")
    rows = [row for email in table if (row := table.get(email)) and row["date"].startswith(date[:10])]
    return json_reply(200, page(given, rows, MOST_ROWS), *notes)


def search(account: Account, call: Call) -> Reply:
    """GET /smtp/unsubscribe/search: `result` is the answer itself, not whether the call went well."""
    given, notes = filters(account, call)
    if not given.get("email", "").strip():
        return error(422, "Empty email parameter", 422, Problem("/email", "?email=", "nothing"), *notes)
    email = address(given["email"])
    if not email:
        problem = Problem("/email", "an e-mail address", brief(given["email"]))
        return error(422, "Wrong email parameter", 422, problem)
    return json_reply(200, {"result": is_listed(account, email)}, *notes)


def resubscribe(account: Account, call: Call) -> Reply:
    """POST /smtp/resubscribe: a mail asks somebody whether he wants to be written to again."""
    email, sender = address(call.data["email"]), address(call.data["sender"])
    if not email:
        return _invalid(
            "email", "is invalid", Problem("/email", "an e-mail address", brief(call.data["email"]))
        )
    if not sender:
        return _invalid(
            "sender", "missing", Problem("/sender", "an e-mail address", brief(call.data["sender"]))
        )
    if not is_listed(account, email) and email != account.facts["documented_mail"].value["unsubscribed"]:
        problem = Problem("/email", "an address that unsubscribed", email)
        return error(422, "Blocked email not found", 422, problem)
    sent = [
        at for at in account.table(CONFIRMED).get("sent") or () if account.now.timestamp() - at < 24 * 3600
    ]
    most = account.facts["resubscriptions_per_day"].value
    if len(sent) >= most:
        problem = Problem("", f"at most {most} within 24 hours", "one more")
        return error(422, f"No more than {most} are allowed per day", 422, problem)
    account.table(CONFIRMED).put("sent", [*sent, account.now.timestamp()])
    stored = records.new(account, sender, CONFIRMATION, [email], len(CONFIRMATION))
    if account.options["smtp.resubscription"] == "confirmed":
        account.after(account.facts["resubscription_delay"].value, CONFIRMED, email=email, sender=sender)
    return json_reply(200, {"result": True, "id": stored["id"]})


def refuse_resubscribe(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """A request that names no address, no sender, or a language that is no text."""
    data = call.fields
    for name in ("email", "sender"):
        if not data.get(name):
            return _invalid(name, "missing", *problems)
    for name in ("email", "lang"):
        if not isinstance(data.get(name, ""), str):
            return _invalid(name, "must be string" if name == "lang" else "is invalid", *problems)
    return None


def confirmed(account: Account, data: Mapping[str, Any]) -> None:
    """Somebody said yes; where the documents know of a webhook for it, an option lets it be sent."""
    take_off(account, data["email"])
    if account.options.get("smtp.resubscribed"):
        account.emit(
            "smtp.resubscribed", recipient=data["email"], sender=data["sender"], subject=CONFIRMATION
        )


def take_off(account: Account, email: str) -> None:
    """Takes an address off the list."""
    account.table(TABLE).delete(email.lower())


def _named(call: Call) -> list[str]:
    """The addresses of a body, each alone or as `email` of an object; refuses a body without any."""
    entries = call.data["emails"]
    found = [address(entry.get("email") if isinstance(entry, dict) else entry) for entry in entries]
    if not any(found):
        raise Refused(_empty(Problem("/emails", "e-mail addresses", brief(entries))))
    return [email for email in found if email]


def _empty(*problems: Problem) -> Reply:
    return error(400, "Empty emails", 14, *problems)


def _invalid(field: str, what: str, *problems: Problem) -> Reply:
    return error(422, f"Argument {field} {what}", 422, *problems)
