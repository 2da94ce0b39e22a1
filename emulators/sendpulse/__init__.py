"""SendPulse: events for Automation 360, mails over the SMTP API, and the webhooks of three of its services."""

from collections.abc import Mapping
from random import Random


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads."""
    return {
        "SENDPULSE_URL": url,
        "SENDPULSE_CLIENT_ID": credentials["client_id"],
        "SENDPULSE_CLIENT_SECRET": credentials["client_secret"],
        "SENDPULSE_API_KEY": credentials["api_key"],
    }


def credentials(random: Random) -> dict[str, str]:
    """The id and secret of the API, 32 hex digits each, and a key that is a token for good."""
    return {
        "client_id": f"{random.getrandbits(128):032x}",
        "client_secret": f"{random.getrandbits(128):032x}",
        "api_key": f"{random.getrandbits(128):032x}",
    }
