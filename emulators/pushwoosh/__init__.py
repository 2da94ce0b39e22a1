"""Pushwoosh: messages and devices as an app calls for them, and the webhook integration for statuses of e-mail."""

from collections.abc import Mapping
from random import Random

from emulators.engine.provider import Feed, Provider
from emulators.pushwoosh import envelope, sending, webhooks
from emulators.pushwoosh.routes import ROUTES
from emulators.pushwoosh.troubles import ERRORS


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads; the remote API lives under `/json/1.3`."""
    return {
        "PUSHWOOSH_URL": f"{url}/json/1.3",
        "PUSHWOOSH_TOKEN": credentials["token"],
        "PUSHWOOSH_DEVICE_TOKEN": credentials["device_token"],
        "PUSHWOOSH_APPLICATION": credentials["application"],
    }


def credentials(random: Random) -> dict[str, str]:
    """The API access token of 84 letters and digits, as recorded once, that of apps on devices, and an application code."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    token, device_token = ("".join(random.choices(letters, k=84)) for _ in range(2))
    return {"token": token, "device_token": device_token, "application": webhooks.APPLICATION}


PROVIDER = Provider(
    name="pushwoosh",
    title="Pushwoosh",
    locale="en_US",
    env=env,
    credentials=credentials,
    feeds=(Feed("webhook", webhooks.webhook, kind_field="event_name"),),
    routes=ROUTES,
    reactions={"send-message": sending.send, "message-step": sending.step, "message-done": sending.done},
    refuse=envelope.refuse,
    errors=ERRORS,
    cors="cors.origin",
)
