"""eSputnik (Yespo): webhooks that follow the activities of contacts, and the API that makes them."""

from collections.abc import Mapping
from random import Random


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads; the API lives under `/api`."""
    return {"ESPUTNIK_URL": f"{url}/api", "ESPUTNIK_API_KEY": credentials["api_key"]}


def credentials(random: Random) -> dict[str, str]:
    """The API key, the password of Basic authentication."""
    return {"api_key": f"{random.getrandbits(128):032X}"}
