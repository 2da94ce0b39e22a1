"""/v2/email-service/webhook: where the e-mail service sends its events. A row is one URL for one type of event.

A receiver that was registered otherwise, perhaps for all types at once, is listed as its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Listener, Reply, json_reply
from emulators.sendpulse.email_service import BUILDERS
from emulators.sendpulse.errors import error

FEED = "email-service"
ACTIONS = tuple(BUILDERS)


class Row(NamedTuple):
    """A registered webhook as the vendor counts them: `listener` may be behind other rows too."""

    id: int
    action: str
    listener: Listener


def rows(account: Account) -> Iterator[Row]:
    """Every row, receivers in the order of their registration."""
    ids = account.table("webhook rows")
    for listener in account.subscriptions(FEED):
        for place, action in enumerate(ACTIONS, 1):
            if listener.kinds is None or action in listener.kinds:
                yield Row(ids.get(f"{listener.id} {action}") or listener.id * 100 + place, action, listener)


def list_all(account: Account, call: Call) -> Reply:
    """GET: every row."""
    return _success([_shown(account, row) for row in rows(account)])


def show(account: Account, call: Call) -> Reply:
    """GET with an id."""
    row = _find(account, call)
    return _success(_shown(account, row)) if row else _unknown(account, call)


def create(account: Account, call: Call) -> Reply:
    """POST: a row for each action."""
    url, actions = call.data["url"], list(dict.fromkeys(call.data["actions"]))
    if not _can_be_called(url):
        return _invalid(account, "url", "is invalid", _no_address(url))
    there = {row.action: row for row in rows(account) if row.listener.url == url}
    repeated = account.options["webhooks.repeated"]
    if repeated == "refuse" and not there.keys().isdisjoint(actions):
        return _repeated(account, "actions", [action for action in actions if action in there])
    created = []
    for action in actions:
        if repeated == "keep" and action in there:
            created.append(there[action].id)
            continue
        number = account.subscribe(FEED, url, [action])
        created.append(number * 100 + ACTIONS.index(action) + 1)
    return _success([_shown(account, row) for row in rows(account) if row.id in created])


def update(account: Account, call: Call) -> Reply:
    """PUT: another URL, or another action."""
    row = _find(account, call)
    if row is None:
        return _unknown(account, call)
    url, actions = call.data.get("url"), call.data.get("actions")
    if url is not None and not _can_be_called(url):
        return _invalid(account, "url", "is invalid", _no_address(url))
    action, address = actions[0] if actions else row.action, url or row.listener.url
    number = row.listener.id
    if account.options["webhooks.repeated"] != "add" and any(
        (other.listener.url, other.action) == (address, action) and other.id != row.id
        for other in rows(account)
    ):
        return _repeated(account, "actions" if actions else "url", [action])
    if row.listener.kinds == frozenset([row.action]):
        account.resubscribe(number, url, [action])
    else:
        # The other rows of this receiver stay as they are.
        _take_out(account, row)
        number = account.subscribe(FEED, address, [action])
    account.table("webhook rows").put(f"{number} {action}", row.id)
    return _success([True])


def delete(account: Account, call: Call) -> Reply:
    """DELETE: this row alone."""
    row = _find(account, call)
    if row is None:
        return _unknown(account, call)
    _take_out(account, row)
    return _success([True])


def nothing(data: Any) -> Any:
    """A request whose body says nothing; one client of the vendor's sends an empty array."""
    return {}


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """A body that names no URL or no types of event."""
    if any(problem.rule == "unreadable" for problem in problems):
        status = account.options["webhooks.malformed_body"]
        return error(status, "Badly formed incoming data", status, *problems)
    field = problems[0].pointer.strip("/").partition("/")[0] or "url"
    given = call.data.get(field) if isinstance(call.data, dict) else None
    if given is None:
        return _invalid(account, field, "missing", *problems)
    if field == "actions" and not isinstance(given, list):
        return _invalid(account, field, "must be array", *problems)
    return _invalid(account, field, "is invalid", *problems)


def _find(account: Account, call: Call) -> Row | None:
    return next((row for row in rows(account) if str(row.id) == call.params["id"]), None)


def _shown(account: Account, row: Row) -> dict[str, Any]:
    user = account.facts["documented_ids"].value["account"]
    return {"id": row.id, "user_id": user, "url": row.listener.url, "action": row.action}


def _take_out(account: Account, row: Row) -> None:
    rest = [action for action in row.listener.kinds or ACTIONS if action != row.action]
    if rest:
        account.resubscribe(row.listener.id, kinds=rest)
    else:
        account.unsubscribe(row.listener.id)


def _can_be_called(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _no_address(url: str) -> Problem:
    return Problem("/url", "an address such as https://shop.example.com/hook", repr(url[:80]))


def _success(data: Any) -> Reply:
    return json_reply(200, {"success": True, "data": data})


def _invalid(account: Account, field: str, what: str, *problems: Problem) -> Reply:
    status = account.options["webhooks.invalid"]
    return error(status, f"Argument {field} {what}", status, *problems)


def _repeated(account: Account, field: str, actions: list[str]) -> Reply:
    expected, got = "types that are not registered for this URL", ", ".join(actions)
    return _invalid(
        account, field, "is invalid", Problem(f"/{field}", expected, got, "option webhooks.repeated")
    )


def _unknown(account: Account, call: Call) -> Reply:
    status = account.options["webhooks.unknown"]
    ids = ", ".join(str(row.id) for row in rows(account)) or "there is none"
    problem = Problem("", f"the id of a webhook of the e-mail service: {ids}", call.params["id"][:40])
    return error(status, "Webhook not found", status, problem)
