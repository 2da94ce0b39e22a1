"""The verbs of a scenario: what each is about, and which keys it takes. The one table that files are checked by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields

from emulators import faults
from emulators.engine.journal import OUTCOMES
from emulators.scenarios.forms import (
    FIELDS,
    FLAG,
    JSON,
    LINE,
    NAME,
    NUMBER,
    REFERABLE,
    SPAN,
    STATUS,
    TABLE,
    TEXT,
    TEXTS,
    Form,
    is_whole,
    list_of,
    one_of,
    whole,
)

VENDOR = Form('a vendor such as "esputnik"', LINE.fits)


@dataclass(frozen=True, slots=True)
class Verb:
    """`subject` is the form of the verb's own value. `rest` says what may stand behind the vendor and a dot: it
    `must`, it `may`, or nothing (empty). `handle`: a name given with `as` may stand there instead of a vendor."""

    subject: Form
    keys: Mapping[str, Form] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    rest: str = ""
    handle: str = ""


def dotted(what: str, example: str) -> Form:
    """A vendor and something of his."""
    return Form(f'a vendor and {what}, such as "{example}"', LINE.fits)


COUNTS = {"count": whole(0), "at_least": whole(0), "at_most": whole(0)}
UNHEARD = {"error": one_of(["NobodyListens"])}
HANDLE = Form("a subscription by the name that `as` gave it, or its vendor", LINE.fits)
STATES = ("inactive", "active", "paused", "replaced", "cancelled")

VERBS: Mapping[str, Verb] = {
    "subscribe": Verb(
        Form('a vendor, or one of his feeds such as "esputnik.workflow"', LINE.fits),
        {
            "url": REFERABLE,
            "kinds": TEXTS,
            "auth": TABLE,
            "headers": TABLE,
            "policy": FIELDS,
            "as": NAME,
            "refused": STATUS,
        },
        ("url",),
        rest="may",
    ),
    "emit": Verb(
        dotted("a kind of event", "esputnik.READ"),
        {"fields": FIELDS, "without": TEXTS, "count": whole(1), **UNHEARD},
        rest="must",
    ),
    "send": Verb(VENDOR, {"json": JSON, "text": TEXT, **UNHEARD}),
    "replay": Verb(dotted("a sample of his documents", "esputnik.activity.bulk"), UNHEARD, rest="must"),
    "flush": Verb(VENDOR),
    "advance": Verb(SPAN),
    "drain": Verb(SPAN, {"error": one_of(["StillOwed"])}),
    "fault": Verb(dotted("a fault", "esputnik.LostAck"), {"as": NAME}, rest="must"),
    "clear_faults": Verb(
        Form("a vendor, or a fault by the name that `as` gave it", LINE.fits), handle="fault"
    ),
    "pause": Verb(HANDLE, handle="subscription"),
    "resume": Verb(HANDLE, handle="subscription"),
    "cancel": Verb(HANDLE, handle="subscription"),
    "reset": Verb(VENDOR),
    "wait": Verb(
        dotted("a route that the app will call", "sendpulse.send-email"),
        {"fields": FIELDS, "timeout": SPAN},
        rest="must",
    ),
    "call": Verb(
        dotted("METHOD /path", "hellotext.POST /v1/attribution/events"),
        {
            "json": JSON,
            "text": TEXT,
            "headers": TABLE,
            "bearer": TEXT,
            "basic": TEXT,
            "status": whole(200, 599),
            "reply": FIELDS,
            "timeout": SPAN,
        },
        rest="must",
    ),
    "expect": Verb(dotted("a question", "esputnik.deliveries"), rest="must"),
}

QUESTIONS: Mapping[str, Mapping[str, Form]] = {
    "deliveries": {
        "kind": TEXT,
        "outcome": one_of(OUTCOMES),
        "status": STATUS,
        "attempt": whole(1),
        "to": NAME,
        "fields": FIELDS,
        "statuses": list_of(STATUS),
        "outcomes": list_of(one_of(OUTCOMES)),
        "events": list_of(whole(0)),
        "at": list_of(SPAN),
        **COUNTS,
    },
    "delivered": {"kind": TEXT, "fields": FIELDS, **COUNTS},
    "calls": {"route": TEXT, "status": STATUS, "fields": FIELDS, **COUNTS},
    "called": {"route": TEXT, "fields": FIELDS, **COUNTS},
    "not_called": {"route": TEXT, "fields": FIELDS},
    "probes": {"status": STATUS, "accepted": FLAG, **COUNTS},
    "subscriptions": {"state": one_of(STATES), "feed": TEXT, **COUNTS},
    "struck": {"of": NAME, **COUNTS},
}
NEEDED: Mapping[str, tuple[str, ...]] = {"delivered": ("kind",), "called": ("route",)}
LISTS = ("statuses", "outcomes", "events", "at")
"""What `deliveries` may be asked for as a whole, in order."""

FAULTS = faults.KINDS
_FAULT_FORMS: Mapping[str, Form] = {
    "times": Form('a whole number from 1, or "always"', lambda v: v == "always" or (is_whole(v) and v >= 1)),
    "probability": NUMBER,
    "kind": TEXT,
    "route": TEXT,
    "name": TEXT,
    "status": whole(200, 599),
    "body": JSON,
    "seconds": NUMBER,
    "processed": FLAG,
    "chunk": whole(1),
    "pause": NUMBER,
}


def keys(verb: str, rest: str) -> tuple[dict[str, Form], tuple[str, ...]]:
    """The keys that a step takes besides its verb and `title`, and those that it needs."""
    known = VERBS[verb]
    forms, required = dict(known.keys), known.required
    if verb == "fault" and rest in FAULTS:
        own = fields(FAULTS[rest])
        forms |= {f.name: _FAULT_FORMS[f.name] for f in own}
        required = tuple(f.name for f in own if f.default is MISSING)
    elif verb == "expect" and rest in QUESTIONS:
        forms |= QUESTIONS[rest]
        required = NEEDED.get(rest, ())
    return forms, required
