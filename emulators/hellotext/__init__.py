"""Hellotext: what a backend tells it. It is not known to send webhooks, so there is no feed."""

from collections.abc import Mapping
from random import Random

from emulators.engine.provider import Account, Provider, Route
from emulators.hellotext import errors, events, profiles


def env(url: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """What an app reads; the API lives under `/v1`."""
    return {
        "HELLOTEXT_URL": f"{url}/v1",
        "HELLOTEXT_TOKEN": credentials["token"],
        "HELLOTEXT_BUSINESS_ID": credentials["business"],
    }


def credentials(random: Random) -> dict[str, str]:
    """A private token with the prefix of the samples, and a public business id of eight characters."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return {
        "token": "ALK_" + "".join(random.choices(letters, k=40)),
        "business": "".join(random.choices(letters, k=8)),
    }


def furnish(account: Account) -> None:
    """The ids that the documents' samples use."""
    for table, ids in account.facts["documented_ids"].value.items():
        for known in ids:
            account.table(table).put(known, {"id": known})


PROVIDER = Provider(
    name="hellotext",
    title="Hellotext",
    locale="es_ES",
    env=env,
    credentials=credentials,
    furnish=furnish,
    routes=(
        Route(
            "track-event",
            "POST",
            "/v1/attribution/events",
            events.track,
            guard=errors.token_or("events.missing_token"),
        ),
        Route(
            "create-profile",
            "POST",
            "/v1/profiles",
            profiles.create,
            guard=errors.token_or("profiles.missing_token"),
        ),
    ),
)
