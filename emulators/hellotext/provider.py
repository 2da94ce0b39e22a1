"""Hellotext, all of it: the table of contents."""

from emulators.engine.provider import Account, Provider, Route
from emulators.hellotext import (
    browser,
    credentials,
    env,
    errors,
    events,
    forms,
    messages,
    profiles,
    resources,
    sessions,
)
from emulators.hellotext.errors import reader, writer
from emulators.hellotext.reading import nothing_is_empty, refusing

READ, WRITE = resources.READ, resources.WRITE
EVENTS, PROFILES, SESSION = "/v1/attribution/events", "/v1/profiles", "/v1/sessions/{session}"
MESSAGES, FORM = "/v1/messages", "/v1/public/forms/{form}"


def furnish(account: Account) -> None:
    """The ids that the documents' samples use."""
    for table, known in account.facts["documented_ids"].value.items():
        for each in known:
            if table == sessions.TABLE:
                sessions.heard_of(account, each)
            else:
                kind = "property" if table == "properties" else table.removesuffix("s")
                account.table(table).put(each, {"id": each, "type": kind})


PROVIDER = Provider(
    name="hellotext",
    title="Hellotext",
    locale="es_ES",
    env=env,
    credentials=credentials,
    furnish=furnish,
    routes=(
        Route("track-event", "POST", EVENTS, events.track, writer("events.missing_token")),
        Route("list-events", "GET", EVENTS, events.listed, READ, schema="list"),
        Route(
            "create-profile",
            "POST",
            PROFILES,
            profiles.create,
            writer("profiles.missing_token"),
            refuse=refusing(),
        ),
        Route(
            "list-profiles", "GET", PROFILES, profiles.listed, reader("profiles.missing_token"), schema="list"
        ),
        Route("profile", "GET", f"{PROFILES}/{{profile}}", profiles.show, READ, schema="record"),
        Route(
            "update-profile",
            "PATCH",
            f"{PROFILES}/{{profile}}",
            profiles.update,
            WRITE,
            nothing_is_empty,
            refusing(),
        ),
        Route("attach-session", "PATCH", SESSION, sessions.attach, WRITE),
        Route("attach-session-by-post", "POST", SESSION, sessions.attach, WRITE, schema="attach-session"),
        *resources.PRODUCT.routes("list create show update"),
        *resources.ORDER.routes("list create show update"),
        *resources.CART.routes("list"),
        *resources.COUPON.routes("list create show update delete"),
        *resources.PROPERTY.routes("list create"),
        *resources.ACTION.routes("list create show update delete"),
        *resources.OBJECT.routes("list create show update delete"),
        *resources.TEMPLATE.routes("list create show"),
        Route("send-message", "POST", MESSAGES, messages.send, WRITE, nothing_is_empty, refusing(forms=True)),
        Route("list-messages", "GET", MESSAGES, messages.listed, READ, schema="list"),
        Route("message", "GET", f"{MESSAGES}/{{message}}", messages.show, READ, schema="record"),
        Route("track", "POST", "/v1/track/events", browser.track, errors.browser),
        Route("mint-session", "POST", "/v1/track/sessions", sessions.mint, errors.browser),
        Route("acknowledge", "POST", "/v1/public/acks", browser.acknowledge, errors.browser),
        Route("identify", "POST", "/v1/public/identifications", browser.identify, errors.browser),
        Route("business", "GET", "/v1/public/businesses/{business}", browser.business, errors.browser),
        Route("form", "GET", FORM, forms.show, errors.browser),
        Route("submit-form", "POST", f"{FORM}/submissions", forms.submit, errors.browser),
    ),
    reactions={messages.REACTION: messages.move_on},
    errors={
        "account-disabled": errors.account_disabled,
        "revoked-token": errors.revoked_token,
        "server-error": errors.server_error,
        "unavailable": errors.unavailable,
    },
    cors="cors.origin",
)
