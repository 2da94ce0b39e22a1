"""SendPulse: webhooks of its SMTP service."""

from collections.abc import Mapping
from random import Random

from emulators.engine.provider import Feed, Provider
from emulators.sendpulse import webhooks


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads."""
    return {
        "SENDPULSE_URL": url,
        "SENDPULSE_CLIENT_ID": credentials["client_id"],
        "SENDPULSE_CLIENT_SECRET": credentials["client_secret"],
    }


def credentials(random: Random) -> dict[str, str]:
    """The id and secret of the API, 32 hex digits each."""
    return {
        "client_id": f"{random.getrandbits(128):032x}",
        "client_secret": f"{random.getrandbits(128):032x}",
    }


PROVIDER = Provider(
    name="sendpulse",
    title="SendPulse",
    locale="ru_RU",
    env=env,
    credentials=credentials,
    feeds=(Feed("smtp", webhooks.smtp, kind_field="event"),),
)
