"""Sessions: what a browser did before anybody knew who it was, and whose it is since then."""

from __future__ import annotations

from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext import ids
from emulators.hellotext.errors import MISSING, NOT_FOUND, Reason, not_found, refused, shown
from emulators.hellotext.reading import Record, check_body, mapping

TABLE = "sessions"


def known(account: Account, session: object) -> Record | None:
    """A session that was heard of."""
    return account.table(TABLE).get(session) if isinstance(session, str) else None


def heard_of(account: Account, session: str) -> Record:
    """The session; one that is new comes into being by being heard of."""
    record = known(account, session)
    if record is None:
        record = {
            "id": ids.fresh(account, "session"),
            "session": session,
            "profile": None,
            "created_at": ids.now(account),
        }
        account.table(TABLE).put(session, record)
    return record


def owner(account: Account, session: object) -> Any:
    """The profile that a session belongs to; None: to none."""
    return mapping(known(account, session)).get("profile")


def give(account: Account, session: str, profile: str) -> Record:
    """The session, which is the profile's from now on, unless it is another's: then it is not moved."""
    record = {**heard_of(account, session)}
    if not record["profile"]:
        record["profile"] = profile
        account.table(TABLE).put(session, record)
    return record


def mint(account: Account, call: Call) -> Reply:
    """POST /v1/track/sessions: browsers asked for a session until 2025, the library for iOS still does."""
    token = ids.session_token(account)
    heard_of(account, token)
    return json_reply(account.options["sessions.minted_status"], {"id": token})


def attach(account: Account, call: Call) -> Reply:
    """PATCH (formerly POST) /v1/sessions/{session}: everything it did becomes the profile's."""
    body = check_body(account, call)
    session = call.params.get("session", "")
    if known(account, session) is None:
        raise not_found(account, "session", "a session that something was tracked with", session)
    names = ("profile", "profile_id") if account.options["events.id_spellings"] == "accept" else ("profile",)
    profile = next((body[name] for name in names if body.get(name)), None)
    if profile is None:
        raise refused(account, "sessions.missing_profile", Reason(MISSING, "profile", "the id of a profile"))
    if not isinstance(profile, str) or profile not in account.table("profiles"):
        reason = Reason(
            NOT_FOUND, "profile", "the id of a profile that exists; create it first", shown(profile)
        )
        raise refused(account, "sessions.unknown_profile", reason)
    record = give(account, session, profile)
    answer = {
        "id": record["id"],
        "type": "session",
        "profile": record["profile"],
        "created_at": record["created_at"],
    }
    return json_reply(account.facts["attached_status"].value[call.method], answer)
