"""POST /v1/attribution/events: an event of a profile or of a session.

The order of the checks is: token, plan, body, action, identity, object, amount. Each status that the documents
leave open is an option of the same name.
"""

from __future__ import annotations

from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext.errors import Refused, json_object

Body = dict[str, Any]


def track(account: Account, call: Call) -> Reply:
    """Takes an event in, or says what is wrong with it."""
    options = account.options
    rule = "events.malformed_body"
    try:
        body = json_object(call, options[rule])
        for rule, check in RULES:
            check(account, body, options.get(rule))
    except Refused as refused:
        return refused.reply(account, f"option {rule}")
    number = account.random("tracked event").getrandbits(40)
    account.table("events").put(f"{number:010x}", {**body, "tracked": account.now.isoformat()})
    return json_reply(account.facts["success_status"].value, {"state": "ok"})


def _action_is_there(account: Account, body: Body, status: Any) -> None:
    action = body.get("action")
    if action is None or action == "":
        raise Refused(status, "parameter_missing", "This parameter is required.", "action", "an action")
    if not isinstance(action, str):
        raise Refused(status, "invalid", "This parameter is invalid.", "action", "text", repr(action))


def _action_is_known(account: Account, body: Body, status: Any) -> None:
    if body["action"] not in actions(account):
        known = ", ".join(sorted(actions(account)))
        raise Refused(
            status,
            "not_found",
            "This action does not exist.",
            "action",
            f"one of {known}",
            repr(body["action"]),
        )


def actions(account: Account) -> dict[str, str | None]:
    """Every action of the business, with the object that it needs."""
    known: dict[str, str | None] = dict(account.facts["actions"].value)
    known.update(account.facts["former_actions"].value)
    if account.options["events.later_actions"]:
        known.update(account.facts["later_actions"].value)
    return known


def _identity_is_there(account: Account, body: Body, status: Any) -> None:
    if identity(body, "profile") is None and identity(body, "session") is None:
        raise Refused(
            status, "parameter_missing", "This parameter is required.", "profile", "a profile or a session"
        )


def identity(body: Body, what: str) -> Any:
    """`profile` or `profile_id`: the page uses the one in its first example and the other in its second."""
    return body.get(what) if body.get(what) is not None else body.get(f"{what}_id")


def _profile_is_known(account: Account, body: Body, status: Any) -> None:
    _known(account, "profiles", "profile", identity(body, "profile"), status)


def _session_is_known(account: Account, body: Body, status: Any) -> None:
    _known(account, "sessions", "session", identity(body, "session"), status)


def _known(account: Account, table: str, what: str, given: Any, status: Any) -> None:
    if given is not None and (not isinstance(given, str) or given not in account.table(table)):
        expected = f"the id of a {what} that exists; create it first"
        raise Refused(status, "not_found", f"This {what} does not exist.", what, expected, repr(given))


def _session_belongs_to_profile(account: Account, body: Body, status: Any) -> None:
    profile, session = identity(body, "profile"), identity(body, "session")
    if profile is None or session is None:
        return
    owner = (account.table("sessions").get(session) or {}).get("profile")
    if owner is not None and owner != profile:
        raise Refused(
            status, "identity_assigned", "This session belongs to another profile.", "session", profile, owner
        )


def _object_is_there(account: Account, body: Body, status: Any) -> None:
    action = body["action"]
    wanted = actions(account)[action]
    if action == "page.viewed":
        if not body.get("url"):
            raise Refused(status, "parameter_missing", "This parameter is required.", "url", "the page's url")
    elif wanted and not any(body.get(name) for name in object_fields(wanted)):
        raise Refused(
            status,
            "parameter_missing",
            "This parameter is required.",
            wanted,
            f"one of {', '.join(object_fields(wanted))}: {action} needs a {wanted}",
        )


def object_fields(kind: str) -> tuple[str, ...]:
    """The names under which an object goes: its id in three spellings, its data in three."""
    return (kind, f"{kind}_id", "object", f"{kind}_attributes", f"{kind}_parameters", "object_parameters")


def _object_is_known(account: Account, body: Body, status: Any) -> None:
    wanted = actions(account)[body["action"]]
    if wanted:
        for name in object_fields(wanted)[:3]:
            _known_object(account, wanted, name, body.get(name), status)


def _known_object(account: Account, kind: str, name: str, given: Any, status: Any) -> None:
    if isinstance(given, dict) or given is None:
        # Older clients put the data itself under the bare name.
        return
    if not isinstance(given, str) or given not in account.table(f"{kind}s"):
        raise Refused(
            status,
            "not_found",
            f"This {kind} does not exist.",
            name,
            f"the id of a known {kind}",
            repr(given),
        )


def _amount_has_currency(account: Account, body: Body, choice: Any) -> None:
    if choice == "refuse" and body.get("amount") is not None and not body.get("currency"):
        raise Refused(422, "parameter_missing", "This parameter is required.", "currency", "a currency")


def _currency_has_amount(account: Account, body: Body, choice: Any) -> None:
    if choice == "refuse" and body.get("currency") and body.get("amount") is None:
        raise Refused(422, "parameter_missing", "This parameter is required.", "amount", "an amount")


RULES = (
    ("events.missing_action", _action_is_there),
    ("events.unknown_action", _action_is_known),
    ("events.missing_identity", _identity_is_there),
    ("events.unknown_profile", _profile_is_known),
    ("events.unknown_session", _session_is_known),
    ("events.session_of_another_profile", _session_belongs_to_profile),
    ("events.missing_object", _object_is_there),
    ("events.unknown_object", _object_is_known),
    ("events.amount_without_currency", _amount_has_currency),
    ("events.currency_without_amount", _currency_has_amount),
)
