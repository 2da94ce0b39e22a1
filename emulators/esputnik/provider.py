"""eSputnik, all of it: the table of contents."""

from collections.abc import Callable
from typing import Any

from emulators.engine.provider import Account, Call, Feed, Provider, Refusing, Reply, Route, lenient
from emulators.esputnik import (
    account,
    activities,
    app_inbox,
    contacts,
    credentials,
    env,
    errors,
    events,
    groups,
    history,
    importing,
    journey,
    messages,
    one_contact,
    orders,
    searching,
    settings,
    status,
    subscribing,
    unsubscribed,
    webhook_block,
    webhooks,
    workflows,
)


def furnish(account: Account) -> None:
    """What the vendor's samples name is there from the start."""
    contacts.furnish(account)
    workflows.furnish(account)


def _call(
    name: str,
    method: str,
    path: str,
    handle: Callable[[Account, Call], Reply],
    normalise: Callable[[Any], Any] | None = None,
    refuse: Refusing | None = None,
    schema: str = "",
) -> Route:
    """A route under `/api` that asks for the key."""
    return Route(name, method, f"/api{path}", handle, errors.authenticate, normalise, refuse, schema)


PROVIDER = Provider(
    name="esputnik",
    title="eSputnik",
    locale="uk_UA",
    env=env,
    credentials=credentials,
    furnish=furnish,
    feeds=(
        Feed("activity", webhooks.activity, kind_field="activityStatus"),
        Feed("workflow", webhook_block.webhook, compose=webhook_block.compose, answered="webhook-answered"),
        Feed("app-inbox", app_inbox.message),
    ),
    routes=(
        # The account.
        _call("version", "GET", "/v1/version", account.version),
        _call("version-v2", "GET", "/v2/version", account.version, schema="version"),
        _call("account-info", "GET", "/v1/account/info", account.info),
        _call("balance", "GET", "/v1/balance", account.balance),
        # Contacts and their segments.
        _call("create-contact", "POST", "/v1/contact", one_contact.create),
        _call("contact", "GET", "/v1/contact/{id}", one_contact.show),
        _call("update-contact", "PUT", "/v1/contact/{id}", one_contact.update),
        _call(
            "delete-contact",
            "DELETE",
            "/v1/contact/{id}",
            one_contact.delete,
            one_contact.query_alone,
            lenient,
        ),
        _call(
            "delete-contact-by-external-id",
            "DELETE",
            "/v1/contact",
            one_contact.delete_by_external_id,
            one_contact.query_alone,
            lenient,
        ),
        _call("subscribe-contact", "POST", "/v1/contact/subscribe", subscribing.subscribe),
        _call("search-contacts", "GET", "/v1/contacts", searching.search),
        _call("import-contacts", "POST", "/v1/contacts", importing.begin, refuse=importing.refuse),
        _call("import-status", "GET", "/v1/importstatus/{session}", importing.status),
        _call("groups", "GET", "/v1/groups", groups.list_all),
        _call("group-contacts", "GET", "/v1/group/{id}/contacts", groups.members),
        _call("attach-contacts", "POST", "/v1/group/{id}/contacts/attach", groups.attach),
        _call(
            "detach-contacts",
            "POST",
            "/v1/group/{id}/contacts/detach",
            groups.detach,
            groups.or_nothing,
        ),
        _call("add-unsubscribed", "POST", "/v1/emails/unsubscribed/add", unsubscribed.add),
        _call("remove-unsubscribed", "POST", "/v1/emails/unsubscribed/delete", unsubscribed.remove),
        # Orders.
        _call("add-orders", "POST", "/v1/orders", orders.add, refuse=orders.refuse),
        # Events.
        _call("event-v1", "POST", "/v1/event", events.generate_v1, refuse=events.refuse, schema="event"),
        _call("event-v2", "POST", "/v2/event", events.generate_v2, refuse=events.refuse),
        _call("event-v3", "POST", "/v3/event", events.generate_v3, refuse=events.refuse),
        # Messages, and what became of them.
        _call("smartsend", "POST", "/v1/message/{id}/smartsend", messages.smartsend),
        _call("send", "POST", "/v1/message/{id}/send", messages.send),
        _call("send-email", "POST", "/v1/message/email", messages.send_email),
        _call("send-sms", "POST", "/v1/message/sms", messages.send_sms),
        _call("send-viber", "POST", "/v1/message/viber", messages.send_viber),
        _call("message-status", "GET", "/v1/message/status", status.status),
        _call("email-status", "GET", "/v1/message/email/status", status.status, schema="message-status"),
        _call("sms-status", "GET", "/v1/message/sms/status", status.status, schema="message-status"),
        _call("activity", "GET", "/v2/contacts/activity", activities.activity, refuse=activities.refuse),
        _call("contact-messages", "GET", "/v2/contacts/messages", history.messages, refuse=activities.refuse),
    ),
    reactions={
        "begin-import": importing.work,
        "finish-import": importing.finish,
        "activity": journey.activity,
        "go-on": workflows.go_on,
        "webhook-answered": workflows.answered,
    },
    refuse=errors.refuse,
    errors={
        "quota": errors.quota,
        "duplicate": errors.duplicate,
        "wrong-key": errors.wrong_key,
        "account-disabled": errors.account_disabled,
        "server-error": errors.server_error,
    },
    check_options=settings.check_options,
)
