"""Pushwoosh: messages and devices as an app calls for them, and the webhook integration for statuses of e-mail."""

from collections.abc import Mapping
from random import Random

APPLICATION = "3A1B2-C3D41"


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
    return {"token": token, "device_token": device_token, "application": APPLICATION}
