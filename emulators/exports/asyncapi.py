"""A revision as AsyncAPI 3: a channel, an operation and a message for each feed, seen from the vendor, who sends."""

from __future__ import annotations

from emulators.engine.profile import FeedProfile
from emulators.exports import bodies, describing, hooks
from emulators.exports.components import components, reference
from emulators.exports.material import Json, Material


def document(material: Material) -> Json:
    """The whole document; without feeds it has no channels. It refers to nothing outside itself."""
    profile = material.profile
    feeds = profile.feeds
    schemas = components(material.schemas, (feed for feed in feeds if feed in material.schemas))
    return {
        "asyncapi": "3.0.0",
        "info": describing.info(material, "Webhooks", schemas),
        "defaultContentType": bodies.JSON,
        "channels": {name: _channel(feed) for name, feed in feeds.items()},
        "operations": {f"send-{name}": _operation(feed) for name, feed in feeds.items()},
        "components": {
            "messages": {name: _message(material, feed) for name, feed in feeds.items()},
            "schemas": schemas,
        },
        "x-sources": describing.sources(profile),
    }


def _channel(feed: FeedProfile) -> Json:
    return {
        # Who receives says where; a document cannot know.
        "address": None,
        "title": feed.title,
        "messages": {feed.name: {"$ref": f"#/components/messages/{feed.name}"}},
    }


def _operation(feed: FeedProfile) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{feed.name}"},
        "title": feed.title,
        "messages": [{"$ref": f"#/channels/{feed.name}/messages/{feed.name}"}],
        "bindings": {"http": {"method": feed.policy["method"].value}},
        "x-delivery": hooks.delivery(feed),
    }


def _message(material: Material, feed: FeedProfile) -> Json:
    made: Json = {
        "name": feed.name,
        "title": feed.title,
        "contentType": bodies.JSON,
        "payload": reference(feed.name),
        "x-kinds": hooks.kinds(feed),
    }
    examples = [
        {"name": one.name, "summary": one.title or "An example of this project.", "payload": one.value}
        for one in material.examples_of(feed.name)
    ]
    return {**made, "examples": examples} if examples else made
