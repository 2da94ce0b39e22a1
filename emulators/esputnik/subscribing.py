"""POST /contact/subscribe: a form on the customer's site. A new contact is not confirmed until it clicks in a letter."""

from __future__ import annotations

from emulators.engine.provider import Account, Call, Refused, Reply, json_reply
from emulators.esputnik import cards, contacts, events, groups, unsubscribed
from emulators.esputnik.cards import BadContact
from emulators.esputnik.contacts import Contact
from emulators.esputnik.errors import once_a_minute, refusal
from emulators.esputnik.matching import match
from emulators.esputnik.quirks import many, text


def subscribe(account: Account, call: Call) -> Reply:
    """Creates or updates a contact, and an event that may start a workflow."""
    once_a_minute(account, call)
    data = call.fields
    try:
        card = cards.read_new(data.get("contact"), "/contact")
    except BadContact as bad:
        raise Refused(refusal(400, bad.told, bad.problem)) from None
    contact = match(account, card)
    new = contact is None or contact["deleted"]
    before = None if new else contact
    if contact is None:
        contact = contacts.blank(account, cards.first_address(card))
    status = _status(account, card, before)
    contact["deleted"] = False
    if new:
        contact["confirmed"] = not account.options["subscribe.double_opt_in"]
    # What is there stays: who fills in a form must not move another one's letters.
    cards.lay_over(contact, card, keep_channels=True)
    categories = [*contact["subscriptions"], *filter(None, map(text, many(data.get("subscriptions"))))]
    contact["subscriptions"] = list(dict.fromkeys(categories))
    groups.put_into(account, contact, filter(None, map(text, many(data.get("groups")))))
    contacts.save(account, contact)
    answer = {"id": contact["id"], **({"emailStatus": status} if status else {}), "new": new}
    _tell(account, contact, bool(new), text(data.get("formType")))
    return json_reply(200, answer)


def _tell(account: Account, contact: Contact, new: bool, form: str | None) -> None:
    event_type = f"subscribe{'' if new else 'Update'}From{account.options['subscribe.event_suffix']}"
    email = contacts.address(contact, "email")
    params = {"ContactId": str(contact["id"]), **({"EmailAddress": email} if email else {})}
    events.happen(account, f"{event_type}-{form}" if form else event_type, str(contact["id"]), params)


def _status(account: Account, card: cards.Card, before: Contact | None) -> str | None:
    """What is said of the e-mail address that was sent; nothing, if there is none."""
    email = next((channel["value"] for channel in card["channels"] if channel["type"] == "email"), None)
    if email is None:
        return None
    if unsubscribed.lists(account, email):
        return "BLACKLISTED"
    if before is not None and before["confirmed"]:
        return "ALREADY_SUBSCRIBED"
    return "NEED_CONFIRMATION" if account.options["subscribe.double_opt_in"] else "SUBSCRIBED"
