"""SendPulse, all of it: the table of contents."""

from emulators.engine.provider import Feed, Provider, Route
from emulators.sendpulse import (
    automation360,
    credentials,
    email_service,
    env,
    errors,
    events,
    flows,
    oauth,
    receivers,
    smtp,
    webhooks,
)

RECEIVERS = "/v2/email-service/webhook"


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
