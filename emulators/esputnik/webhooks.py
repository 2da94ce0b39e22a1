"""Activities of contacts, as the vendor's bulk and triggered samples show them."""

from __future__ import annotations

from datetime import timedelta

from emulators.engine.provider import Occasion, Payload
from emulators.esputnik import identity

# What a media type carries to name the contact. The only Viber sample has its phone in `sms`.
ADDRESS_FIELDS = {
    "email": "email",
    "sms": "sms",
    "viber": "sms",
    "mobilepush": "mobilepush",
    "webpush": "webpush",
}

# What the kinds of widgets are on the wire.
WIDGETS = {
    "WIDGET_SUBSCRIPTION": "SUBSCRIPTION_CHANGED",
    "WIDGET_VIEW": "READ",
    "WIDGET_CONVERSION": "CLICKED",
}


def activity(occasion: Occasion) -> Payload:
    """An activity: of a campaign, or of a workflow as soon as a field of a workflow is given."""
    status, media = _status_and_media(occasion)
    triggered = any(
        name.startswith(("workflow", "sourceEvent")) and value is not None
        for name, value in occasion.given.items()
    )
    payload: Payload = {
        **_contact(occasion, media),
        **_message(occasion, media, triggered),
        "mediaType": media,
        "activityStatus": status,
        "activityDateTime": occasion.now.isoformat(timespec="seconds")[:19],
        "statusData": _status_data(occasion, status),
    }
    if triggered:
        payload.update(_workflow(occasion))
    else:
        # Campaigns have a random id; a workflow's message carries the time in its id.
        payload["broadcastId"] = 3_450_000 + occasion.random.getrandbits(13)
        payload["iid"] = identity.uuid4(occasion.random)
    payload.update(_details(occasion, status, media))
    return payload


def _status_and_media(occasion: Occasion) -> tuple[str, str]:
    if occasion.kind in WIDGETS:
        return WIDGETS[occasion.kind], "widget"
    given = occasion.given
    if "mediaType" in given:
        return occasion.kind, str(given["mediaType"])
    named = next(
        (field for field in ("email", "sms", "viber", "mobilepush", "webpush") if given.get(field)), None
    )
    # The pages list SENT for mobile push only.
    return occasion.kind, named or ("mobilepush" if occasion.kind == "SENT" else "email")


def _contact(occasion: Occasion, media: str) -> Payload:
    """The same address is always the same contact."""
    field = ADDRESS_FIELDS.get(media, "email")
    if media == "viber":
        field = occasion.options["activity.viber_number"]
    address = occasion.given.get(field)
    if address is None:
        if field == "email":
            address = occasion.people.email(occasion.random)
        elif field in ("sms", "viber"):
            address = occasion.people.person(occasion.random).phone.lstrip("+")
        else:
            address = f"{occasion.random.getrandbits(128):032x}"
    number, external = identity.contact_of(str(address))
    contact: Payload = {"contactId": number, field: address}
    if external:
        contact["externalCustomerId"] = external
    return contact


def _message(occasion: Occasion, media: str, triggered: bool) -> Payload:
    random = occasion.random
    message: Payload = {
        "messageName": occasion.people.campaign(random),
        "messageId": 2_480_000 + random.getrandbits(14),
        "messageInstanceId": 4_700_000 + random.getrandbits(14),
    }
    if media == "email":
        # Codes have 12 characters in campaigns and 18 in workflows.
        code = identity.link_code(random, 18 if triggered else 12)
        message["viewMessageLink"] = f"https://u51739.esclick.me/{code}"
    if media in ("email", "sms", "viber"):
        # Later states of the documents have this field, elsewhere it is dropped.
        message["from"] = occasion.options["account.organisation"]
    return message


def _workflow(occasion: Occasion) -> Payload:
    random = occasion.random
    run = str(occasion.given.get("workflowInstanceId") or "")
    return {
        "workflowId": 340_000 + random.getrandbits(10),
        "workflowBlockId": f"_{random.getrandbits(128):032x}",
        "sourceEventKey": identity.uuid4(random),
        "sourceEventTypeKey": "productViewed",
        # Launch, message and activity lie seconds apart in the vendor's triggered sample.
        "workflowInstanceId": run or identity.uuid1(random, occasion.now - timedelta(seconds=68)),
        "iid": identity.uuid1(random, occasion.now - timedelta(seconds=2)),
    }


def _details(occasion: Occasion, status: str, media: str) -> Payload:
    """The fields that one status alone has."""
    random = occasion.random
    if status == "CLICKED":
        return {"clickEventLink": f"https://shop.example.com/products/{random.getrandbits(16)}"}
    if status == "UNDELIVERED":
        reasons = {
            "email": (
                "5.1.2 (bad destination system: no such domain)",
                "5.1.1 (bad destination mailbox address)",
            ),
            "viber": ("401: null",),
        }
        # False unless the contact is on the blacklist: even the sample of a missing domain has false.
        return {"hardBounce": False, "statusDescription": random.choice(reasons.get(media, ("401: null",)))}
    return {}


def _status_data(occasion: Occasion, status: str) -> Payload:
    if status != "SUBSCRIPTION_CHANGED":
        return {}
    keys = ["news", "promo"]
    if occasion.options.get("activity.subscription_spelling") == "subscripton":
        return {"subscripton": {"subscriptons": keys}}
    return {"subscription": {"subscriptions": keys}}
