"""Every call that is answered: the remote API 1.3, messaging v2 and the list of messages."""

from __future__ import annotations

from collections.abc import Callable

from emulators.engine.provider import Account, Call, Reply, Route
from emulators.pushwoosh import (
    access,
    devices,
    email_messages,
    emails,
    envelope,
    messages,
    messaging_v2,
    results,
    statistics,
    users,
)


def _remote(
    name: str,
    method: str,
    handle: Callable[[Account, Call], Reply],
    guard: Callable[[Account, Call], None],
) -> Route:
    return Route(name, "POST", f"/json/1.3/{method}", handle, guard, refuse=envelope.refuse)


MESSAGES = (
    _remote("create-message", "createMessage", messages.create_message, access.sender),
    _remote(
        "create-targeted-message", "createTargetedMessage", messages.create_targeted_message, access.server
    ),
    _remote("compile-filter", "compileFilter", messages.compile_filter, access.server),
    _remote("create-email-message", "createEmailMessage", email_messages.create, access.server),
    _remote("create-sms-message", "createSMSMessage", messages.create_sms_message, access.server),
    _remote("delete-message", "deleteMessage", messages.delete_message, access.server),
    _remote("cancel-message", "cancelMessage", messages.cancel_message, access.server),
    _remote("get-message-details", "getMessageDetails", messages.get_message_details, access.server),
    _remote("get-msg-stats", "getMsgStats", results.get_msg_stats, access.server),
    _remote("get-results", "getResults", results.get_results, access.server),
)

DEVICES = (
    _remote("register-device", "registerDevice", devices.register_device, access.device),
    _remote("unregister-device", "unregisterDevice", devices.unregister_device, access.device),
    _remote("delete-device", "deleteDevice", devices.delete_device, access.device),
    _remote("check-device", "checkDevice", devices.check_device, access.device),
    _remote("set-tags", "setTags", devices.set_tags, access.device),
    _remote("get-tags", "getTags", devices.get_tags, access.device),
    _remote("set-badge", "setBadge", users.report("setBadge", "badges"), access.device),
    _remote("application-open", "applicationOpen", users.report("applicationOpen"), access.device),
    _remote("push-stat", "pushStat", users.report("pushStat", "hash"), access.device),
    _remote(
        "message-delivery-event",
        "messageDeliveryEvent",
        users.report("messageDeliveryEvent", "hash"),
        access.device,
    ),
    _remote("get-nearest-zone", "getNearestZone", users.nearest_zone, access.device),
    _remote("register-user", "registerUser", users.register_user, access.device),
    _remote("post-event", "postEvent", users.post_event, access.device),
    _remote("register-email", "registerEmail", emails.register_email, access.device),
    _remote("register-email-user", "registerEmailUser", emails.register_email_user, access.device),
    _remote("set-email-tags", "setEmailTags", emails.set_email_tags, access.device),
    _remote("delete-email", "deleteEmail", emails.delete_email, access.device),
)

NEWER = (
    Route(
        "notify",
        "POST",
        "/messaging/v2/notify",
        messaging_v2.notify,
        access.messaging,
        messaging_v2.snake_case,
        messaging_v2.refuse,
    ),
    Route(
        "cancel",
        "POST",
        "/messaging/v2/cancel",
        messaging_v2.cancel,
        access.messaging,
        messaging_v2.snake_case,
        messaging_v2.refuse,
    ),
    Route(
        "list-messages",
        "POST",
        "/api/v2/messages:list",
        statistics.list_messages,
        access.statistics,
        statistics.unwrap,
        statistics.refuse,
    ),
)

ROUTES = (*MESSAGES, *DEVICES, *NEWER)
