"""Hellotext: what a backend and a browser tell it. It is not known to send webhooks, so there is no feed."""

from collections.abc import Mapping
from random import Random

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads; the API lives under `/v1`."""
    return {
        "HELLOTEXT_URL": f"{url}/v1",
        "HELLOTEXT_TOKEN": credentials["token"],
        "HELLOTEXT_BUSINESS_ID": credentials["business"],
    }


def credentials(random: Random) -> dict[str, str]:
    """A private token with the prefix of the samples, and a public business id of eight characters."""
    return {
        "token": "ALK_" + "".join(random.choices(LETTERS, k=40)),
        "business": "".join(random.choices(LETTERS, k=8)),
    }
