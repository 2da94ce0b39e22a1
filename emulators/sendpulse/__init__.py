"""SendPulse: events for Automation 360, mails over the SMTP API, and the webhooks of three of its services."""

from collections.abc import Mapping
from random import Random

from emulators.engine.provider import Feed, Provider, Route
from emulators.sendpulse import (
    automation360,
    email_service,
    errors,
    events,
    flows,
    oauth,
    receivers,
    smtp,
    webhooks,
)

RECEIVERS = "/v2/email-service/webhook"


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


PROVIDER = Provider(
    name="sendpulse",
    title="SendPulse",
    locale="ru_RU",
    env=env,
    credentials=credentials,
    feeds=(
        Feed("smtp", webhooks.smtp, kind_field="event"),
        Feed("email-service", email_service.event, kind_field="event"),
        Feed("automation360", automation360.webhook),
    ),
    routes=(
        Route("oauth-token", "POST", "/oauth/access_token", oauth.token, refuse=oauth.refuse),
        Route(
            "event-by-id",
            "POST",
            "/events/id/{event}/{account}",
            events.by_id,
            refuse=events.refuse,
            schema="event",
        ),
        Route(
            "event-by-name",
            "POST",
            "/events/name/{name}",
            events.by_name,
            guard=errors.bearer,
            refuse=events.refuse,
            schema="event",
        ),
        Route("list-webhooks", "GET", RECEIVERS, receivers.list_all, guard=errors.bearer),
        Route("webhook", "GET", f"{RECEIVERS}/{{id}}", receivers.show, guard=errors.bearer),
        Route(
            "create-webhooks",
            "POST",
            RECEIVERS,
            receivers.create,
            guard=errors.bearer,
            refuse=receivers.refuse,
        ),
        Route(
            "update-webhook",
            "PUT",
            f"{RECEIVERS}/{{id}}",
            receivers.update,
            errors.bearer,
            refuse=receivers.refuse,
        ),
        Route(
            "delete-webhook",
            "DELETE",
            f"{RECEIVERS}/{{id}}",
            receivers.delete,
            errors.bearer,
            receivers.nothing,
        ),
        *smtp.ROUTES,
    ),
    reactions={"send-webhook": automation360.send_webhook, **smtp.REACTIONS},
    errors={
        "expired-token": errors.expired_token,
        "too-many-requests": errors.too_fast,
        "quota": errors.quota,
        **smtp.ERRORS,
    },
    cors="cors.origin",
    check_options=flows.check_options,
)
