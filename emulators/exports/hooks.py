"""A feed as the receiver sees it: OpenAPI's `webhooks`."""

from __future__ import annotations

from emulators.engine.profile import FeedProfile
from emulators.exports import bodies, describing
from emulators.exports.components import reference
from emulators.exports.material import Json, Material

MEANINGS = {
    "acknowledge": "The vendor takes it as delivered.",
    "retry": "The vendor tries again.",
    "abandon": "The vendor gives up.",
    "accept": "The vendor takes the address.",
    "refuse": "The vendor does not take the address.",
}


def path_item(material: Material, feed: FeedProfile) -> Json:
    """What the receiver is sent, and what each of its answers means to the vendor."""
    method = str(feed.policy["method"].value).lower()
    made: Json = {}
    if feed.policy["probe"].value:
        probe = feed.policy["probe"]
        made[str(probe.value).lower()] = {
            "operationId": f"{feed.name}-verification",
            "summary": f"{feed.title}: the address is verified",
            "x-basis": probe.basis,
            "x-source": probe.source,
            "responses": _answers(feed, "probe_answers"),
        }
    made[method] = {
        "operationId": feed.name,
        "summary": feed.title,
        "requestBody": {"required": True, "content": {bodies.JSON: content(material, feed)}},
        "responses": _answers(feed, "answers"),
        "x-delivery": delivery(feed),
        "x-kinds": kinds(feed),
    }
    return made


def content(material: Material, feed: FeedProfile) -> Json:
    """Schema and examples of what travels."""
    made: Json = {"schema": reference(feed.name)}
    examples = bodies.named(material.examples_of(feed.name))
    return {**made, "examples": examples} if examples else made


def delivery(feed: FeedProfile) -> Json:
    """The numbers of the delivery, each with its basis."""
    return {
        name: {"value": fact.value, **({"unit": fact.unit} if fact.unit else {}), **describing.stated(fact)}
        for name, fact in feed.policy.items()
    }


def kinds(feed: FeedProfile) -> Json:
    """The kinds of events, each with its basis."""
    return {name: describing.stated(kind) for name, kind in feed.kinds.items()}


def _answers(feed: FeedProfile, policy: str) -> Json:
    answers = feed.policy[policy]
    return {
        "default" if status == "*" else status.upper(): {
            "description": MEANINGS.get(meaning, meaning),
            "x-meaning": meaning,
            **describing.stated(answers),
        }
        for status, meaning in answers.value.items()
    }
