"""E-mail addresses of an application, and the users whose they are."""

from __future__ import annotations

from emulators.engine.provider import Account, Call, Reply
from emulators.pushwoosh import devices
from emulators.pushwoosh.arguments import E_MAIL, address, application, needed
from emulators.pushwoosh.envelope import ok, request_of


def register_email(account: Account, call: Call) -> Reply:
    """registerEmail: from now on e-mails reach the address."""
    request = request_of(account, call)
    code, mail = application(account, request), address(account, request)
    devices.register(account, code, mail, {**request, "device_type": E_MAIL})
    return ok(account)


def register_email_user(account: Account, call: Call) -> Reply:
    """registerEmailUser: the address belongs to a user."""
    request = request_of(account, call)
    needed(account, request, "userId")
    return register_email(account, call)


def set_email_tags(account: Account, call: Call) -> Reply:
    """setEmailTags: tags of an address."""
    request = request_of(account, call)
    application(account, request)
    mail, row = devices.known(account, address(account, request))
    devices.tag(account, mail, row, request.get("tags"))
    return ok(account)


def delete_email(account: Account, call: Call) -> Reply:
    """deleteEmail: nothing of an address stays."""
    request = request_of(account, call)
    application(account, request)
    mail, _ = devices.known(account, address(account, request))
    account.table(devices.TABLE).delete(mail)
    return ok(account)
