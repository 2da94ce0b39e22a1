"""POST /v1/profiles: a profile, which events can then be tracked for."""

from __future__ import annotations

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext.errors import Refused, json_object


def create(account: Account, call: Call) -> Reply:
    """Creates a profile, or finds the one with the same phone or e-mail; answers with its `id` at the top."""
    rule = "events.malformed_body"
    try:
        body = json_object(call, account.options[rule])
    except Refused as refused:
        return refused.reply(account, f"option {rule}")
    profiles = account.table("profiles")
    found = next((key for key in profiles if _same_person(profiles.get(key) or {}, body)), None)
    if found is None:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        # Ids of the vendor have eight letters and digits.
        found = "".join(account.random("profile").choices(letters, k=8))
    profile = {**(profiles.get(found) or {}), **body, "id": found}
    profiles.put(found, profile)
    session = body.get("session")
    # A session that belongs to another profile is not moved.
    if isinstance(session, str) and not (account.table("sessions").get(session) or {}).get("profile"):
        account.table("sessions").put(session, {"id": session, "profile": found})
    return json_reply(account.options["profiles.created_status"], profile)


def _same_person(profile: dict[str, object], body: dict[str, object]) -> bool:
    return any(body.get(name) and profile.get(name) == body.get(name) for name in ("phone", "email"))
