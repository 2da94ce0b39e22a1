"""Lists: newest first, a page between two ids."""

from __future__ import annotations

from collections.abc import Sequence

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext.errors import INVALID, Reason, not_found, shown, unprocessable
from emulators.hellotext.reading import Record, mapping


def answer(account: Account, call: Call, name: str, rows: Sequence[Record]) -> Reply:
    """A page of `rows`, which stand oldest first; `name` is what they are called together."""
    page = _page(account, mapping(call.data), [*reversed(rows)])
    wrapper = account.options["lists.wrapper"]
    if wrapper == "none":
        return json_reply(200, page)
    return json_reply(200, {name if wrapper == "resource" else wrapper: page})


def _page(account: Account, query: Record, rows: list[Record]) -> list[Record]:
    limit = _limit(account, query.get("limit"))
    if after := query.get("starting_after"):
        return rows[_place(account, rows, "starting_after", after) + 1 :][:limit]
    if before := query.get("ending_before"):
        return rows[: _place(account, rows, "ending_before", before)][-limit:]
    return rows[:limit]


def _limit(account: Account, given: object) -> int:
    limits = account.facts["list_limit"].value
    if given in (None, ""):
        return int(limits["default"])
    if not isinstance(given, str) or not (given.isascii() and given.isdigit()) or int(given[:9]) == 0:
        raise unprocessable(account, Reason(INVALID, "limit", "a number from 1", shown(given)))
    return min(int(given[:9]), int(limits["most"]))


def _place(account: Account, rows: list[Record], name: str, wanted: object) -> int:
    found = next((place for place, row in enumerate(rows) if row.get("id") == wanted), None)
    if found is None:
        raise not_found(account, name, "the id of one of the list", wanted)
    return found
