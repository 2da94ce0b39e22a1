"""Each check in words, for whoever reads a finding: what is sent, what counts against a receiver, and the worst of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulators.check.vocabulary import Severity, Verdict


@dataclass(frozen=True, slots=True)
class Explained:
    """`sent`: the requests; `fails` and `risks`: what is found, empty where it finds none of that. `worst`: the gravest finding,
    where it is graver than the check's own grade."""

    sent: str
    fails: str = ""
    risks: str = ""
    worst: tuple[Verdict, Severity] | None = None


REFUSED = "an answer that is no success, or none in the vendor's time"
KEPT = "with an oracle also: acknowledged and not stored, or stored otherwise than it was sent"
LEGAL = f"{REFUSED}; {KEPT}"
BROKEN = "an internal error (5xx), or no answer; a 4xx is right"
UNSENT = "an internal error, or no answer, at what the schema allows and nobody sends"
LIE = "a success for what nobody can have understood"

EXPLAINED: Mapping[str, Explained] = {
    "P01": Explained(
        "the first example of the documents, a few times; dated now, too, if it is refused",
        "any answer but a success (2xx), or one that comes later than the vendor waits",
    ),
    "S01": Explained("every example of the documents, and an event of each kind that they name", LEGAL),
    "C01": Explained(
        "batches of two and of forty; several states of one message; the same broken item first and last",
        "fewer events are stored than were acknowledged, or fewer counted by the receiver itself (--count-pointer)",
        "it matters where in a batch the broken item stands: the others may never be looked at",
    ),
    "C02": Explained(
        "bodies that cannot be understood, then ordinary events that are looked for in the store",
        "what was acknowledged is not stored in the end",
        "a success for what is no event, or one whose body speaks of an error",
    ),
    "C03": Explained(
        "a batch with one unusual but legal event, as often as the vendor would send it; a good one behind it",
        "the same request fails each time, and a good one would pass: with a vendor who keeps the order, nothing comes any more",
    ),
    "C04": Explained(
        "requests that come a second time: unchanged, with fields in another order, after an answer that was lost",
        "the second one is refused; with an oracle also: it is stored twice",
        "the second one is refused as still in progress",
    ),
    "C05": Explained(
        "the same request, eight times at once",
        "one of them fails though the request alone passes; with an oracle also: stored more than once",
    ),
    "C06": Explained(
        "a batch with a broken event in its middle, then the same batch repaired",
        "what stood before the broken event is stored twice, or the repaired one is not stored",
    ),
    "C07": Explained(
        "several ordinary events", "a success (2xx) that is not the one that the vendor waits for"
    ),
    "C08": Explained(
        "requests of 1, 10, 100 and 500 events, then several at once",
        "the answer takes longer than the vendor waits",
        "the fullest request would take longer, reckoned from smaller ones",
    ),
    "C09": Explained(
        "the fullest request that the vendor sends, with ordinary values and with long ones; if it fails, where that begins",
        "a request of the vendor's size is refused; with an oracle also: acknowledged, and not all of it stored",
        "only one with unusually long values is refused",
    ),
    "C10": Explained(
        "the request with which the vendor verifies the address",
        "the vendor would not let the webhook be saved; with an oracle also: something is stored for it",
    ),
    "C11": Explained("an ordinary event, to the address as it was given", "a redirect (3xx)"),
    "C12": Explained(
        "kinds of events, and choices, that the vendor may add tomorrow",
        f"{LEGAL}; with an oracle also: a new kind is stored under the name of a bad one",
    ),
    "C13": Explained("events without their optional fields, and with fields that are new", LEGAL),
    "C14": Explained("events whose fields have another type that the schema allows", LEGAL, UNSENT),
    "C15": Explained(
        "numbers around the ends of 32 and of 53 bits, where the schema allows them", LEGAL, UNSENT
    ),
    "C16": Explained(
        "the events of one message in their order, those of another one backwards",
        "the two are in another state at the end, or an event that follows is not stored",
    ),
    "C17": Explained(
        "two events of one message; one event twice, under other headers",
        "fewer or more records than events that the vendor means",
    ),
    "C18": Explained(
        "times at every edge: where clocks change, at the ends of years and of 32 bits, the zero date",
        f"{LEGAL}; with an oracle also: a time is stored as another instant",
        UNSENT,
    ),
    "C19": Explained(
        "texts in Cyrillic, with emoji, from right to left, long ones, with unusual characters", LEGAL, UNSENT
    ),
    "C20": Explained(
        "fields that are null or empty where the schema allows it, then where it may be feared all the same",
        LEGAL,
        f"null where the schema knows none leads to an internal error; {UNSENT}",
    ),
    "C21": Explained(
        "an empty array, an object in place of an array, an array in an array",
        f"{BROKEN}; with an oracle also: something is stored for the empty array",
        LIE,
    ),
    "C22": Explained(
        "addresses with capitals, plus signs, quotes and letters of other alphabets", LEGAL, UNSENT
    ),
    "C23": Explained(
        "the same body under other content types: with a charset, in capitals, as text/plain, without one",
        "what means the same is acknowledged and not stored",
        "what means the same is refused",
    ),
    "C24": Explained(
        "a body in chunks, Expect: 100-continue, a packed body; a body in two TCP segments, parted inside a letter",
        f"of the body in two segments: {LEGAL}",
        "an internal error, no answer, or a refusal of what HTTP/1.1 demands",
        (Verdict.FAIL, Severity.HIGH),
    ),
    "C25": Explained(
        "requests over one connection that is kept, one after a rest, a refused one in front of a good one; half of a body",
        "a request gets another answer than over a connection of its own",
        "the connection is closed without a word, or a success comes before the request is there",
        (Verdict.FAIL, Severity.HIGH),
    ),
    "C26": Explained("names of headers in lower case and in capitals", LEGAL),
    "C27": Explained(
        "an ordinary event without the credentials, and with wrong ones",
        "a success for a stranger",
        "the refusal does not ask for credentials, or an internal error",
    ),
    "C28": Explained(
        "a POST without a cookie and without a page that it came from",
        "419, or a refusal that speaks of forged requests",
        "403 without a word why",
    ),
    "C29": Explained(
        "a long backlog, each request as soon as the one before is answered",
        risks="a refusal amid requests that are accepted, such as 429; elsewhere the run gives such a receiver time",
    ),
    "C30": Explained(
        "an event, a restart, and the same event or another",
        "what was acknowledged is gone; with an oracle also: what comes again is stored twice",
    ),
    "C31": Explained("events of an hour, three days and a month ago", LEGAL),
    "C32": Explained("bodies that are no JSON, or that parsers read in different ways", BROKEN, LIE),
    "C33": Explained(
        "texts that a page, a header, a spreadsheet or a database would carry out",
        "the answer holds them as they are; legal texts are refused, or lead to an internal error",
    ),
    "C34": Explained("the examples of the other vendors", risks="a success, or an internal error"),
    "C35": Explained(
        "nothing of its own: all answers of the run are read",
        risks="a stack trace, a statement or a secret in an answer",
    ),
    "F01": Explained(
        "batches that Hypothesis draws, at the edges of what the vendor may send; then broken bodies and events",
        f"{REFUSED}; with an oracle also: acknowledged and not stored, or stored twice; of a broken body: {BROKEN}",
        f"{UNSENT}, or at an event that breaks one rule of the schema; with an oracle also: such a legal one is acknowledged and "
        "not stored, or stored twice",
    ),
    "M01": Explained(
        "stories by chance: deliveries, answers that are lost, the same again, restarts",
        "what was acknowledged is not stored once, or a request is refused",
    ),
    "L01": Explained(
        "nothing of its own: all that the run planted is looked for in the store",
        "acknowledged and lost, stored too often, refused and stored, or stored otherwise than it was sent",
    ),
}
