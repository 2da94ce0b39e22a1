"""Statuses of e-mail, one JSON object a request."""

from __future__ import annotations

from emulators.engine.provider import Occasion, Payload
from emulators.pushwoosh import APPLICATION


def webhook(occasion: Occasion) -> Payload:
    """One status; `hwid` of an e-mail is its address, `payload` its subject."""
    random, given = occasion.random, occasion.given
    platform = given.get("platform") or ("Email" if occasion.kind.startswith("Email") else "Android")
    hwid = given.get("hwid") or (
        occasion.people.email(random) if platform == "Email" else f"{random.getrandbits(64):016x}"
    )
    code = f"{random.getrandbits(80):020X}"
    campaign = occasion.people.campaign(random)
    payload: Payload = {
        "event_name": occasion.kind,
        "message_code": f"{code[:4]}-{code[4:12]}-{code[12:]}",
        "campaign_id": 960_000 + random.getrandbits(13),
        "platform": platform,
        "payload": occasion.people.subject(random),
        "application_code": APPLICATION,
        "hwid": hwid,
        "user_id": str(1_500_000 + occasion.draw("user", hwid).getrandbits(16)),
        "timestamp": occasion.epoch,
        "journey_title": campaign,
        "journey_point_title": f"{random.randint(1, 9)}_{campaign}_promoemail",
    }
    if occasion.options["webhook.message_id"]:
        payload["message_id"] = 20_000_000_000 + random.getrandbits(33)
    return payload
