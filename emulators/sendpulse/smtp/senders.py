"""From where the account may send: IP addresses, senders and domains. Domains have an older and a newer address."""

from __future__ import annotations

import re
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.sendpulse.errors import error
from emulators.sendpulse.smtp.reading import address, brief
from emulators.sendpulse.webhooks import SENDER

DOMAINS, SENDERS = "smtp domains", "smtp senders"
SPF = "v=spf1 include:mxsspf.sendpulse.com +a +mx -all"


def ips(account: Account, call: Call) -> Reply:
    """GET /smtp/ips."""
    return json_reply(200, account.facts["smtp_ips"].value)


def senders(account: Account, call: Call) -> Reply:
    """GET /smtp/senders: those of the option or the one that webhooks name, and those that were added."""
    named = [one for one in account.options["smtp.senders"] if isinstance(one, str) and "@" in one]
    return json_reply(200, [*(named or [SENDER]), *account.table(SENDERS)])


def may_send(account: Account, email: str) -> bool:
    """Whether mails may come from an address: of the option's addresses and domains, or added; none named means any."""
    named = {str(one).lower() for one in account.options["smtp.senders"]}
    email = email.lower()
    return not named or email in named or email.partition("@")[2] in named or email in account.table(SENDERS)


def add_sender(account: Account, call: Call) -> Reply:
    """POST /senders: here the sender may send at once, without the code that a mail would bring."""
    email = address(call.data["email"]).lower()
    if not email:
        return _wrong(
            "email", "is invalid", Problem("/email", "an e-mail address", brief(call.data["email"]))
        )
    if email in account.table(SENDERS) or email == SENDER:
        problem = Problem("/email", "a sender that is not there yet", email)
        return error(422, "Email already in use", 902, problem)
    account.table(SENDERS).put(email, {"name": call.data["name"]})
    return json_reply(200, {"result": True})


def refuse_sender(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """A sender without an address or a name."""
    data = call.fields
    for name in ("email", "name"):
        if not data.get(name):
            return _wrong(name, "missing", *problems)
    return _wrong("email" if not isinstance(data["email"], str) else "name", "is invalid", *problems)


def delete_sender(account: Account, call: Call) -> Reply:
    """DELETE /senders; that one who is not there is no error is assumed."""
    account.table(SENDERS).delete(call.data["email"].lower())
    return json_reply(200, {"result": True})


def domains(account: Account, call: Call) -> Reply:
    """GET /smtp/domains, each with an @ in front."""
    return json_reply(200, [f"@{domain}" for domain in _known(account)])


def add_by_email(account: Account, call: Call) -> Reply:
    """POST /smtp/domains: the domain of an address, to which a link would be sent."""
    email = address(call.data["email"])
    if not email:
        return _invalid(
            account, "is invalid", Problem("/email", "an e-mail address", brief(call.data["email"]))
        )
    _add(account, email.partition("@")[2].lower())
    return json_reply(200, {"result": True})


def refuse_email(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """No address."""
    given = call.data.get("email") if isinstance(call.data, dict) else None
    return _invalid(account, "is invalid" if given else "missing", *problems)


def verify(account: Account, call: Call) -> Reply:
    """GET /smtp/domains/{email}: asks for the link once more."""
    wanted = call.params["email"].rpartition("@")[2].lower()
    if wanted in _known(account):
        return json_reply(200, {"result": True})
    return _invalid(
        account, "is invalid", Problem("", "an address of a domain that was added", brief(wanted))
    )


def sender_domains(account: Account, call: Call) -> Reply:
    """GET /v2/email-service/smtp/sender_domains."""
    rows = [_row(account, place, domain) for place, domain in enumerate(_known(account))]
    return json_reply(200, {"data": {"result": True, "data": rows}})


def add_domain(account: Account, call: Call) -> Reply:
    """POST /v2/email-service/smtp/sender_domains/{domain}; that a known one is refused so is inferred."""
    domain = call.params["domain"].lower()
    if not re.fullmatch(r"[^@\s.]+(\.[^@\s.]+)+", domain) or not domain.isprintable():
        return _invalid(account, "is invalid", Problem("", "a domain", brief(domain)), field="domain")
    if domain in _known(account):
        answer = {"result": False, "error": "domain exists"}
        return json_reply(200, {"data": answer}, Problem("", "a domain that is not there yet", domain[:60]))
    _add(account, domain)
    return json_reply(200, {"data": {"result": True, "error": None}})


def _known(account: Account) -> list[str]:
    return [SENDER.partition("@")[2], *account.table(DOMAINS)]


def _add(account: Account, domain: str) -> None:
    if domain not in _known(account):
        account.table(DOMAINS).put(domain, {"domain": domain})


def _row(account: Account, place: int, domain: str) -> dict[str, Any]:
    """A domain as the page prints one. The first, from which webhooks say that mails come, is set up; nobody set up the others."""
    ready = place == 0
    checks = {name: ready for name in ("check_dkim", "check_spf", "check_dmarc", "all_checks")}
    return {
        "id": 37857 + place,
        "user_id": account.facts["documented_ids"].value["account"],
        "service_type": 3,
        "service_value": domain,
        "status": int(ready),
        "expire_date": None,
        "auto_free_prolong": 0,
        "currency": "",
        "is_default": ready,
        "ssl_type": 0,
        "ssl_expired": None,
        "ssl_generated": None,
        "checks": {**checks, "spf_txt_needed": SPF},
    }


def _wrong(field: str, what: str, *problems: Problem) -> Reply:
    return error(422, f"Argument {field} {what}", 422, *problems)


def _invalid(account: Account, what: str, *problems: Problem, field: str = "email") -> Reply:
    status = account.options["smtp.invalid"]
    return error(status, f"Argument {field} {what}", status, *problems)
