"""Pushwoosh, all of it: the table of contents."""

from emulators.engine.provider import Feed, Provider
from emulators.pushwoosh import credentials, env, envelope, sending, webhooks
from emulators.pushwoosh.routes import ROUTES
from emulators.pushwoosh.troubles import ERRORS

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
