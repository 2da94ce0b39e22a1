"""What is wrong with a mail, in the vendor's words: the errors that he lists for POST /smtp/emails.

All are answered 422; `error_code` is another number. That the first of them in this order is told is inferred from the order of
his list; what stands before it here is what has to be known first: whether the mail, `from` and `template` can be read at all.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.sendpulse.errors import error
from emulators.sendpulse.smtp.reading import PHP, address, brief, written_as
from emulators.sendpulse.smtp.senders import may_send

# A template that the vendor's own example sends.
DOCUMENTED_TEMPLATE = "123456"
# The page prints the name of this field with Cyrillic letters once.
LOOK_ALIKE = "сс"


class Mail(NamedTuple):
    """A mail under judgement, with what is read out of it once. `written` says as which text it came, empty: as an object."""

    fields: Mapping[str, Any]
    options: Mapping[str, Any]
    may_send: Callable[[str], bool]
    written: str
    sender: str
    recipients: list[str]
    size: int
    html: bytes | None
    template: Any


class Rule(NamedTuple):
    """An error and when it comes: `broken` says what came instead, or None."""

    message: str
    code: int
    pointer: str
    expected: str
    broken: Callable[[Mail], str | None]


def people(value: Any) -> list[Any]:
    """The entries of `to`, `cc` or `bcc`; PHP arrays with gaps are objects in JSON."""
    if isinstance(value, dict) and "email" not in value:
        value = list(value.values())
    return value if isinstance(value, list) else []


def recipients(fields: Mapping[str, Any]) -> list[str]:
    """Every address that gets the mail, each once, as it was written first."""
    entries = [entry for name in ("to", "cc", "bcc") for entry in people(fields.get(name))]
    found = [address(entry.get("email")) for entry in entries if isinstance(entry, dict)]
    return list({known.lower(): known for known in reversed(found) if known}.values())[::-1]


def decoded(html: Any) -> bytes | None:
    """The HTML of a mail out of its Base64, in which libraries may have put line breaks; None: it is none."""
    try:
        return b64decode("".join(html.split()), validate=True) if isinstance(html, str) else None
    except (NotBase64, ValueError):
        return None


def size(fields: Mapping[str, Any]) -> int:
    """Bytes of the parts of a mail."""
    texts = [fields.get("subject"), fields.get("text"), fields.get("html")]
    for name in ("attachments", "attachments_binary"):
        files = fields.get(name)
        texts += files.values() if isinstance(files, dict) else []
    return sum(len(text.encode("utf-8", "replace")) for text in texts if isinstance(text, str))


def _encoded(mail: Mail) -> str | None:
    refused = mail.written and mail.options["smtp.email_as_text"] == "refused"
    return f"{mail.written} within a string" if refused else None


def _from(mail: Mail) -> str | None:
    sender = mail.fields.get("from")
    return None if sender is None or isinstance(sender, dict) or sender == [] else brief(sender)


def _from_email(mail: Mail) -> str | None:
    sender = mail.fields.get("from")
    return None if isinstance(sender, dict) and sender.get("email") else "nothing"


def _from_address(mail: Mail) -> str | None:
    return None if mail.sender else brief(mail.fields["from"]["email"])


def _to(mail: Mail) -> str | None:
    return None if people(mail.fields.get("to")) else brief(mail.fields.get("to"))


def _subject(mail: Mail) -> str | None:
    subject = mail.fields.get("subject")
    return None if isinstance(subject, str) and subject.strip() else brief(subject)


def _body(mail: Mail) -> str | None:
    parts = [isinstance(mail.fields.get(name), str) and bool(mail.fields[name]) for name in ("html", "text")]
    enough = all(parts) if mail.options["smtp.body"] == "html-and-text" else any(parts)
    return None if enough or mail.template is not None else "neither" if not any(parts) else "one of them"


def _html(mail: Mail) -> str | None:
    raw = mail.html is None and mail.options["smtp.html"] == "refused"
    return brief(mail.fields["html"]) if raw and mail.fields.get("html") else None


def _template(mail: Mail) -> str | None:
    return None if mail.template is None or isinstance(mail.template, dict) else brief(mail.template)


def _template_id(mail: Mail) -> str | None:
    return None if mail.template is None or _named(mail) else "nothing"


def _attachments(mail: Mail) -> str | None:
    files = mail.fields.get("attachments_binary") or {}
    if isinstance(files, dict) and all(decoded(content) is not None for content in files.values()):
        return None
    return brief(files)


def _too_many(mail: Mail) -> str | None:
    found = len(mail.recipients)
    return str(found) if found > mail.options["smtp.max_recipients"] else None


def _recipient(field: str, mail: Mail) -> str | None:
    value = mail.fields.get(field)
    for entry in people(value) or ([value] if value else []):
        if not isinstance(entry, dict) or not address(entry.get("email")):
            return brief(entry)
    return None


def _unknown_template(mail: Mail) -> str | None:
    if mail.template is None or mail.options["smtp.unknown_template"] == "taken":
        return None
    return None if _named(mail) in _templates(mail) else _named(mail)[:60]


def _empty_template(mail: Mail) -> str | None:
    empty = mail.template is not None and _templates(mail).get(_named(mail)) == ""
    return "a template without a body" if empty else None


def _variables(mail: Mail) -> str | None:
    # PHP writes an empty map as [].
    variables = (mail.template or {}).get("variables") or {}
    return None if isinstance(variables, dict) else brief(variables)


def _size(mail: Mail) -> str | None:
    return f"{mail.size} bytes" if mail.size > mail.options["smtp.max_size"] else None


def _sender(mail: Mail) -> str | None:
    return None if mail.may_send(mail.sender) else mail.sender


def _templates(mail: Mail) -> dict[str, Any]:
    known = {DOCUMENTED_TEMPLATE: "the one of the examples", **mail.options["smtp.templates"]}
    return {str(name): body for name, body in known.items()}


def _named(mail: Mail) -> str:
    """The id of the template as text."""
    value = mail.template.get("id")
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


RULES = (
    Rule("Badly formed incoming data", 999, "/email", "an object (option smtp.email_as_text)", _encoded),
    Rule("Argument from is invalid", 422, "/email/from", "an object", _from),
    Rule("Argument from.email missing", 10, "/email/from/email", "the address of the sender", _from_email),
    Rule("Argument from.email is invalid", 10, "/email/from/email", "an e-mail address", _from_address),
    Rule("Argument email.to is invalid", 11, "/email/to", "an array of recipients", _to),
    Rule("Argument subject missing", 12, "/email/subject", "a text", _subject),
    Rule("Missed email body", 13, "/email", "html, text or a template (option smtp.body)", _body),
    Rule("Badly formed incoming data", 999, "/email/html", "Base64 (option smtp.html)", _html),
    Rule("Argument template is invalid", 422, "/email/template", "an object", _template),
    Rule("Argument template.id missing", 10, "/email/template/id", "the id of a template", _template_id),
    Rule(
        "Argument attachments_binary is invalid",
        422,
        "/email/attachments_binary",
        "an object of names and contents in Base64",
        _attachments,
    ),
    Rule(
        "5.5.3 Too many recipients", 550, "/email", "fewer recipients (option smtp.max_recipients)", _too_many
    ),
    *(
        Rule(
            "Recipient email is invalid",
            422,
            f"/email/{name}",
            'entries such as {"email": "ann@example.com"}',
            partial(_recipient, name),
        )
        for name in ("to", "cc", "bcc")
    ),
    Rule(
        "Template not found",
        31,
        "/email/template/id",
        "a template that exists: option smtp.templates says which",
        _unknown_template,
    ),
    Rule("Template body is empty", 32, "/email/template/id", "a template with a body", _empty_template),
    Rule(
        "Variables list passed in wrong format",
        731,
        "/email/template/variables",
        "an object of names and values",
        _variables,
    ),
    Rule("Message size limit exceeded", 422, "/email", "a smaller mail (option smtp.max_size)", _size),
    Rule("Sender is not valid", 422, "/email/from/email", "a sender of the option smtp.senders", _sender),
)


def verdict(account: Account, call: Call, problems: tuple[Problem, ...] = ()) -> Reply | None:
    """The refusal of a mail that breaks rules of the schema; None: it is taken."""
    judged = judge(account, call, problems)
    return judged if isinstance(judged, Reply) else None


def judge(account: Account, call: Call, problems: tuple[Problem, ...] = ()) -> Mail | Reply:
    """A mail that is taken, or the refusal of it with the rules of the schema that it breaks."""
    if any(problem.rule == "unreadable" for problem in problems):
        return error(422, "Badly formed incoming data", 999, *problems)
    fields = call.data.get("email") if isinstance(call.data, dict) else None
    if not fields:
        return error(422, "Argument email missing", 422, *problems)
    if not isinstance(fields, dict):
        return error(422, "Badly formed incoming data", 999, *problems)
    sender = fields.get("from")
    mail = Mail(
        fields,
        account.options,
        partial(may_send, account),
        written_as(call, "email"),
        address(sender.get("email")) if isinstance(sender, dict) else "",
        recipients(fields),
        size(fields),
        decoded(fields.get("html")),
        fields.get("template") or None,
    )
    for rule in RULES:
        got = rule.broken(mail)
        if got is not None:
            own = Problem(rule.pointer, rule.expected, got)
            return error(422, rule.message, rule.code, own, *(p for p in problems if _same_place(p, rule)))
    return mail


def _same_place(problem: Problem, rule: Rule) -> bool:
    """Whether a rule of the schema speaks of what this one speaks of."""
    if rule.pointer == "/email":
        return problem.pointer == "/email"
    return problem.pointer.startswith(rule.pointer) or rule.pointer.startswith(f"{problem.pointer}/email")


def remarks(mail: Mail) -> tuple[Problem, ...]:
    """What a mail that is taken will be sorry for at the vendor's."""
    found = []
    if mail.html is None and (html := mail.fields.get("html")):
        found.append(Problem("/email/html", "Base64: raw HTML arrives garbled", brief(html)))
    if LOOK_ALIKE in mail.fields:
        found.append(
            Problem(f"/email/{LOOK_ALIKE}", "cc in Latin letters: nobody gets a copy", "two Cyrillic letters")
        )
    if mail.written == PHP:
        expected = "an object: users report that this text is answered with 999 since 2021"
        found.append(
            Problem(
                "/email", expected, "PHP's serialized text", "observed by users; option smtp.email_as_text"
            )
        )
    return tuple(found)
