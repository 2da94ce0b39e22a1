"""The App Inbox webhook: a message to the inbox of a mobile app, for the server that keeps that inbox."""

from __future__ import annotations

from emulators.engine.provider import Occasion, Payload
from emulators.esputnik import identity


def message(occasion: Occasion) -> Payload:
    """A message; only contacts who have an id in the customer's system get any."""
    random, people = occasion.random, occasion.people
    product = random.getrandbits(16)
    return {
        "externalCustomerId": str(100_000_000 + random.getrandbits(29)),
        "id": identity.uuid4(random),
        "messageId": 2_480_000 + random.getrandbits(14),
        "createdDate": occasion.epoch * 1000 + occasion.now.microsecond // 1000,
        "title": people.subject(random),
        "content": people.product(random),
        "image": f"https://shop.example.com/images/{product}.png",
        "link": f"https://shop.example.com/products/{product}",
        "category": "news",
        "customData": {},
    }
