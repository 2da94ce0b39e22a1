"""The SMTP service over REST: an app sends mails, asks what became of them, and keeps the list of who wants none."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from emulators.engine.provider import Account, Route
from emulators.sendpulse.errors import bearer
from emulators.sendpulse.smtp import bounces, emails, journey, judging, reading, senders, unsubscribed
from emulators.sendpulse.smtp.troubles import ERRORS

__all__ = ["ERRORS", "REACTIONS", "ROUTES"]

EMAILS, UNSUBSCRIBE, DOMAINS = "/smtp/emails", "/smtp/unsubscribe", "/smtp/domains"
SENDERS, SENDER_DOMAINS = "/senders", "/v2/email-service/smtp/sender_domains"

REACTIONS: Mapping[str, Callable[[Account, Mapping[str, Any]], None]] = MappingProxyType(
    {journey.REACTION: journey.happen, unsubscribed.CONFIRMED: unsubscribed.confirmed}
)

ROUTES = (
    Route("send-email", "POST", EMAILS, emails.send, bearer, reading.mail, judging.verdict),
    Route("list-emails", "GET", EMAILS, emails.listed, bearer),
    Route("emails-total", "GET", f"{EMAILS}/total", emails.total, bearer),
    Route("email", "GET", f"{EMAILS}/{{id}}", emails.one, bearer),
    Route("emails-info", "POST", f"{EMAILS}/info", emails.several, bearer, reading.emails, emails.refuse_ids),
    Route("bounces-day", "GET", "/smtp/bounces/day", bounces.listed, bearer),
    Route("bounces-total", "GET", "/smtp/bounces/day/total", bounces.total, bearer),
    Route(
        "unsubscribe",
        "POST",
        UNSUBSCRIBE,
        unsubscribed.unsubscribe,
        bearer,
        reading.emails,
        unsubscribed.refuse_emails,
    ),
    Route(
        "remove-unsubscribed",
        "DELETE",
        UNSUBSCRIBE,
        unsubscribed.remove,
        bearer,
        reading.emails,
        unsubscribed.refuse_emails,
    ),
    Route("list-unsubscribed", "GET", UNSUBSCRIBE, unsubscribed.listed, bearer),
    Route("search-unsubscribed", "GET", f"{UNSUBSCRIBE}/search", unsubscribed.search, bearer),
    Route(
        "resubscribe",
        "POST",
        "/smtp/resubscribe",
        unsubscribed.resubscribe,
        bearer,
        refuse=unsubscribed.refuse_resubscribe,
    ),
    Route("ips", "GET", "/smtp/ips", senders.ips, bearer),
    Route("senders", "GET", "/smtp/senders", senders.senders, bearer),
    Route("add-sender", "POST", SENDERS, senders.add_sender, bearer, refuse=senders.refuse_sender),
    Route("delete-sender", "DELETE", SENDERS, senders.delete_sender, bearer, refuse=senders.refuse_email),
    Route("domains", "GET", DOMAINS, senders.domains, bearer),
    Route("add-domain", "POST", DOMAINS, senders.add_by_email, bearer, refuse=senders.refuse_email),
    Route("verify-domain", "GET", f"{DOMAINS}/{{email}}", senders.verify, bearer),
    Route("sender-domains", "GET", SENDER_DOMAINS, senders.sender_domains, bearer),
    Route("add-sender-domain", "POST", f"{SENDER_DOMAINS}/{{domain}}", senders.add_domain, bearer),
)
