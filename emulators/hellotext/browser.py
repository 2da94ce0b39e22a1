"""What pages, plugins and telephones tell, with the public id of the business and a session of their own.

The vendor's own library for browsers takes an event for tracked only if the answer is exactly 200 and JSON.
"""

from __future__ import annotations

from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext import profiles, sessions, tracking, vocabulary
from emulators.hellotext.errors import INVALID, MISSING, Reason, not_found, refused, shown, unprocessable
from emulators.hellotext.reading import Record, check_body, text

RECEIVED = "received"


def track(account: Account, call: Call) -> Reply:
    """POST /v1/track/events: an event of a session, which comes into being by it."""
    body = check_body(account, call)
    told = tracking.understood(account, body, vocabulary.public(account))
    session = _session(account, body)
    thing = tracking.about(account, told)
    tracking.check_values(account, told)
    profile = None
    if session is not None:
        profile = sessions.heard_of(account, session)["profile"]
    tracking.keep(account, told, thing, {"profile": profile, "session": session, "told_by": "browser"})
    return json_reply(200, {"status": RECEIVED})


def acknowledge(account: Account, call: Call) -> Reply:
    """POST /v1/public/acks: a session shows itself; the library sends one before there is any, too."""
    body = check_body(account, call)
    session = body.get("session")
    if account.options["acks.make_session_known"] and isinstance(session, str) and session:
        sessions.heard_of(account, session)
    return json_reply(200, {"status": RECEIVED})


def identify(account: Account, call: Call) -> Reply:
    """POST /v1/public/identifications: a page says who its visitor is."""
    body = check_body(account, call)
    if not text(body.get("user_id")):
        raise unprocessable(account, Reason(MISSING, "user_id", "the id of the user"))
    identities = account.table("identities")
    key = f"{text(body.get('source'))}:{text(body.get('user_id'))}"
    attributes = {name: text(body[name]) for name in ("email", "phone", "name") if text(body.get(name))}
    before = account.table(profiles.TABLE).get(identities.get(key) or "")
    if before is None:
        profile = profiles.known_as(account, attributes)
    else:
        profile = profiles.store(account, {**before, **attributes}, before)
    identities.put(key, profile["id"])
    session = body.get("session")
    if isinstance(session, str) and session:
        sessions.give(account, session, profile["id"])
    return json_reply(200, {"status": RECEIVED})


def business(account: Account, call: Call) -> Reply:
    """GET /v1/public/businesses/{business}: what the library wants to know of the business at its start."""
    given = call.params.get("business", "")
    if given != account.credentials["business"]:
        raise not_found(account, "business", "HELLOTEXT_BUSINESS_ID", given)
    return json_reply(200, described(account))


def described(account: Account) -> Record:
    """The business as browsers see it."""
    told: dict[str, Any] = {"id": account.credentials["business"], **account.facts["business"].value}
    return {**told, "locale": account.options["business.locale"]}


def _session(account: Account, body: Record) -> str | None:
    session = body.get("session")
    if session in (None, ""):
        if account.options["browser.missing_session"] == "refuse":
            reason = Reason(MISSING, "session", "the session of the visitor")
            raise refused(account, "browser.missing_session", reason, 422)
        return None
    if not isinstance(session, str):
        reason = Reason(INVALID, "session", "the session of the visitor, text", shown(session))
        raise refused(account, "browser.missing_session", reason, 422)
    return session
