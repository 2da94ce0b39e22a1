"""Pushwoosh: the webhook integration for statuses of e-mail."""

from collections.abc import Mapping
from random import Random

from emulators.engine.provider import Feed, Provider
from emulators.pushwoosh import webhooks


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads; the API lives under `/json/1.3`."""
    return {
        "PUSHWOOSH_URL": f"{url}/json/1.3",
        "PUSHWOOSH_TOKEN": credentials["token"],
        "PUSHWOOSH_APPLICATION": credentials["application"],
    }


def credentials(random: Random) -> dict[str, str]:
    """An API token of 84 letters and digits, as recorded once, and an application code."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return {"token": "".join(random.choices(letters, k=84)), "application": webhooks.APPLICATION}


PROVIDER = Provider(
    name="pushwoosh",
    title="Pushwoosh",
    locale="en_US",
    env=env,
    credentials=credentials,
    feeds=(Feed("webhook", webhooks.webhook, kind_field="event_name"),),
)
