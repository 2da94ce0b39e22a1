"""/smtp/emails: sends mails, and tells what became of them."""

from __future__ import annotations

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.sendpulse.errors import error
from emulators.sendpulse.smtp import journey, judging, records
from emulators.sendpulse.smtp.reading import brief, day, filters, page

# Of the Python library's description of `limit`.
MOST_RECORDS = 100


def send(account: Account, call: Call) -> Reply:
    """POST /smtp/emails: one record, and a story for each recipient."""
    mail = judging.judge(account, call)
    if isinstance(mail, Reply):
        return mail
    subject: str = mail.fields["subject"]
    stored = records.new(account, mail.sender, subject, mail.recipients, mail.size, mail.html or b"")
    dropped = journey.begin(account, stored, mail.recipients)
    notes = [
        Problem("/email", "a recipient who did not unsubscribe: nothing is sent to this one", who)
        for who in dropped
    ]
    return json_reply(200, {"result": True, "id": stored["id"]}, *judging.remarks(mail), *notes)


def listed(account: Account, call: Call) -> Reply:
    """GET /smtp/emails: the records, the newest first."""
    given, notes = filters(account, call)
    since, until = day(given, "from"), day(given, "to")
    sender, recipient = given.get("sender", "").lower(), given.get("recipient", "").lower()
    found = [
        stored
        for stored in records.everyone(account)
        if (not since or stored["send_date"] >= since)
        and (not until or stored["send_date"][: len(until)] <= until)
        and (not sender or stored["sender"].lower() == sender)
        and (not recipient or records.went_to(account, stored, recipient))
    ]
    country = given.get("country") != "off"
    rows = [records.shown(account, stored, country) for stored in page(given, found[::-1], MOST_RECORDS)]
    return json_reply(200, rows, *notes)


def total(account: Account, call: Call) -> Reply:
    """GET /smtp/emails/total."""
    return json_reply(200, {"total": sum(1 for _ in account.table(records.TABLE))})


def one(account: Account, call: Call) -> Reply:
    """GET /smtp/emails/{id}."""
    stored = records.find(account, call.params["id"])
    if stored is None:
        problem = Problem("", "the id that POST /smtp/emails answered", brief(call.params["id"]))
        return error(400, "No such email", 14, problem)
    return json_reply(200, records.shown(account, stored))


def several(account: Account, call: Call) -> Reply:
    """POST /smtp/emails/info: those of up to 500 ids that exist."""
    ids = call.data["emails"]
    known = [
        stored
        for one in dict.fromkeys(ids)
        if isinstance(one, str) and (stored := records.find(account, one))
    ]
    if not known:
        return error(
            400, "No such emails", 14, Problem("/emails", "ids that POST /smtp/emails answered", brief(ids))
        )
    return json_reply(200, [records.shown(account, stored) for stored in known])


def refuse_ids(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """No list of at most 500 ids."""
    return error(400, "Emails param empty or incorrect", 832, *problems)
