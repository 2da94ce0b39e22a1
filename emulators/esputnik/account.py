"""What the account is: version of the API, owner, balance."""

from __future__ import annotations

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.esputnik.quirks import number


def version(account: Account, call: Call) -> Reply:
    """GET /version: numbers of the API, as text."""
    return json_reply(200, account.facts["api_version"].value)


def info(account: Account, call: Call) -> Reply:
    """GET /account/info: a plugin of the vendor's takes a missing orgId for a wrong key."""
    value = {
        "userEmail": account.options["account.user_email"],
        "organisationName": account.options["account.organisation"],
        "orgId": account.facts["organisation"].value,
    }
    return json_reply(200, value)


def balance(account: Account, call: Call) -> Reply:
    """GET /balance: recorded with numbers as text."""
    return json_reply(
        200,
        {
            name: value if isinstance(value, str) else number(account, value)
            for name, value in account.facts["balance"].value.items()
        },
    )
