"""Forms that a business drew in its dashboard, as a page shows them, and what visitors fill in."""

from __future__ import annotations

from typing import Any

from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.hellotext import browser, ids, profiles, sessions
from emulators.hellotext.errors import MISSING, Reason, not_found, unprocessable
from emulators.hellotext.reading import check_body, mapping, text

LABELS = (
    ("first_name", "text", "First name"),
    ("last_name", "text", "Last name"),
    ("email", "email", "E-mail"),
    ("phone", "tel", "Phone"),
)


def show(account: Account, call: Call) -> Reply:
    """GET /v1/public/forms/{form}: its steps, which the library builds the page's form of."""
    form, inputs = _form(account, call)
    step = {
        "header": {"content": "<p>Join us</p>"},
        "inputs": [_input(kind) for kind in inputs],
        "button": {"text": "Subscribe"},
        "footer": {"content": ""},
    }
    return json_reply(200, {"id": form, "steps": [step], "business": browser.described(account)})


def submit(account: Account, call: Call) -> Reply:
    """POST /v1/public/forms/{form}/submissions: makes or finds the profile, to which the session then belongs."""
    form, inputs = _form(account, call)
    body = check_body(account, call)
    for kind in inputs:
        if not text(body.get(kind)).strip():
            raise unprocessable(account, Reason(MISSING, kind, f"the {kind} that the form asks for"))
    session = body.get("session")
    profile = profiles.known_as(account, {name: value for name, value in body.items() if name != "session"})
    if isinstance(session, str) and session:
        sessions.give(account, session, profile["id"])
    submission = ids.fresh(account, "submission")
    account.table("submissions").put(submission, {"id": submission, "form": form, "profile": profile["id"]})
    return json_reply(account.options["forms.submitted_status"], {"id": submission})


def _form(account: Account, call: Call) -> tuple[str, tuple[str, ...]]:
    """The form that the path names, and what it asks for."""
    given = call.params.get("form", "")
    drawn = mapping(account.options["forms"])
    if given not in drawn:
        raise not_found(account, "form", f"one of {', '.join(map(str, drawn))} (option forms)", given)
    inputs = drawn[given]
    return given, tuple(map(str, inputs)) if isinstance(inputs, list | tuple) else ()


def _input(kind: str) -> dict[str, Any]:
    known = {name: (how, label) for name, how, label in LABELS}
    how, label = known.get(kind, ("text", kind))
    told = {"kind": kind, "type": how, "label": label, "placeholder": "", "required": True}
    return told if kind in known else {**told, "property": kind}
