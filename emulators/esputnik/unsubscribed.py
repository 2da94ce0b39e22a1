"""/emails/unsubscribed: addresses that get no more campaigns."""

from __future__ import annotations

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.esputnik.quirks import many, text

TABLE = "unsubscribed"


def add(account: Account, call: Call) -> Reply:
    """POST .../add."""
    emails, problems = _emails(call)
    for email in emails:
        put(account, email)
    return _done(problems)


def remove(account: Account, call: Call) -> Reply:
    """POST .../delete."""
    emails, problems = _emails(call)
    for email in emails:
        account.table(TABLE).delete(email)
    return _done(problems)


def put(account: Account, email: str) -> None:
    """Adds an address, also because its owner unsubscribed in a message."""
    key = email.lower()
    account.table(TABLE).put(key, {"email": key, "added": account.now.isoformat()})


def lists(account: Account, email: str) -> bool:
    """Whether an address is in the list."""
    return email.lower() in account.table(TABLE)


def _emails(call: Call) -> tuple[list[str], list[Problem]]:
    given = many(call.fields.get("emails"))
    found, problems = [], []
    for index, value in enumerate(given):
        email = (text(value) or "").strip().lower()
        if "@" in email:
            found.append(email)
        else:
            problems.append(Problem(f"/emails/{index}", "an e-mail address", repr(value)[:60]))
    return found, problems


def _done(problems: list[Problem]) -> Reply:
    # The vendor describes no body.
    return Reply(200, b"", (("content-type", "application/json; charset=UTF-8"),), tuple(problems))
