"""POST /v1/attribution/events: a backend tells of an event of a profile or of a session.

The order of the checks is: token, plan, body, action, names, identity, object, values. Each status that the
documents leave open is an option of the same name.
"""

from __future__ import annotations

from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext import listing, sessions, tracking, vocabulary
from emulators.hellotext.errors import MISSING, NOT_FOUND, Reason, refused, shown
from emulators.hellotext.reading import check_body, mapping
from emulators.hellotext.tracking import Told


def track(account: Account, call: Call) -> Reply:
    """Takes an event in, or says what is wrong with it."""
    told = tracking.understood(account, check_body(account, call), vocabulary.private(account))
    tracking.check_names(account, told)
    profile, session = _identity(account, told)
    thing = tracking.about(account, told)
    tracking.check_values(account, told)
    tracking.keep(account, told, thing, {"profile": profile, "session": session, "told_by": "backend"})
    return json_reply(
        account.facts["success_status"].value, account.facts["success_body"].value, *_mixed(account, told)
    )


def listed(account: Account, call: Call) -> Reply:
    """GET /v1/attribution/events, latest first: what a session did is its profile's once it has one."""
    table = account.table(tracking.TABLE)
    rows = [mapping(table.get(key)) for key in table]
    owned = [
        {**row, "profile": row.get("profile") or sessions.owner(account, row.get("session"))} for row in rows
    ]
    return listing.answer(account, call, tracking.TABLE, owned)


def _identity(account: Account, told: Told) -> tuple[Any, Any]:
    """Profile and session, of which one must be there; both must be known, and belong together."""
    profile, session = told.part("profile"), told.part("session")
    if profile.value is None and session.value is None:
        raise refused(
            account, "events.missing_identity", Reason(MISSING, "profile", "a profile or a session")
        )
    if profile.value is not None and not _is_in(account, "profiles", profile.value):
        raise refused(account, "events.unknown_profile", _unknown("profile", profile.name, profile.value))
    if session.value is not None and not _is_in(account, sessions.TABLE, session.value):
        raise refused(account, "events.unknown_session", _unknown("session", session.name, session.value))
    if profile.value is not None and session.value is not None:
        _check_owner(account, profile.value, session.value)
    return profile.value, session.value


def _check_owner(account: Account, profile: str, session: str) -> None:
    owner = sessions.owner(account, session)
    if owner == profile:
        return
    if owner is not None:
        reason = Reason(
            "identity_assigned", "session", profile, str(owner), "This session belongs to another profile."
        )
        raise refused(account, "events.session_of_another_profile", reason)
    if account.options["events.unassigned_session"] == "refuse":
        reason = Reason(
            "invalid", "session", "a session that was attached to the profile before", "one of nobody"
        )
        raise refused(account, "events.unassigned_session", reason, 422)
    sessions.give(account, session, profile)


def _is_in(account: Account, table: str, given: object) -> bool:
    return isinstance(given, str) and given in account.table(table)


def _unknown(what: str, name: str, given: object) -> Reason:
    expected = f"the id of a {what} that exists; create it first"
    return Reason(NOT_FOUND, name, expected, shown(given), f"This {what} does not exist.")


def _mixed(account: Account, told: Told) -> tuple[Problem, ...]:
    """A note on names of two ages in one body: the guide itself has them, but never mixed."""
    with_id = [name for name in told.body if name in ("profile_id", "session_id", f"{told.kind}_id")]
    without = [name for name in told.body if name in ("profile", "session", told.kind, "object")]
    if not with_id or not without:
        return ()
    expected = f"either names with _id or those without: {with_id[0]} beside {without[0]}"
    return (Problem(f"/{with_id[0]}", expected, "both", "option events.id_spellings"),)
