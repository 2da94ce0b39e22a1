"""How each defect shows: what a clean receiver lets one see, and what the receiver with the defect does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.check.receivers.asking import JSON, ask, heard_meanwhile, in_turn, raw, together
from tests.check.receivers.clean import Clean

EVENT: dict[str, Any] = {
    "broadcastId": 3459207,
    "messageName": "test",
    "iid": "99d591ab-e7a5-49ed-8e16-b3023378fc18",
    "contactId": 1967597908,
    "email": "test1@example.com",
    "mediaType": "email",
    "activityStatus": "DELIVERED",
    "messageId": 2489300,
    "messageInstanceId": 4702518,
    "activityDateTime": "2023-09-14T08:30:03",
    "viewMessageLink": "https://example.com/J9o6EvyAKGmB",
    "statusData": {},
}
SMTP = {
    "event": "opened",
    "timestamp": 1490962764,
    "message_id": 5,
    "recipient": "a@example.com",
    "sender": "b@example.com",
}
PUSH = {"event_name": "Email Sent", "message_id": 7, "hwid": "a@example.com", "timestamp": 1723798222}
FOREIGN = {"vendor": "esputnik"}
LOCKED = {"basic": ("login", "secret")}


class Proof(NamedTuple):
    """`shows(receiver)` is `right` of a clean one and `wrong` of the one with the defect; `given`: how both are made."""

    shows: Callable[[Clean], Any]
    right: Any
    wrong: Any
    given: Mapping[str, Any] = MappingProxyType({})


def but(**changes: Any) -> dict[str, Any]:
    """The event with some fields changed; None as a value stays a null."""
    return {**EVENT, **changes}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in EVENT.items() if key != name}


def status(body: Any, **how: Any) -> Callable[[Clean], int]:
    """The status of the answer to one request."""
    return lambda receiver: ask(receiver.url, body, **how).status


def stored(*bodies: Any, **how: Any) -> Callable[[Clean], int]:
    """How many records there are after some requests."""

    def shows(receiver: Clean) -> int:
        for body in bodies:
            ask(receiver.url, body, **how)
        return len(receiver.records())

    return shows


def field(name: str, *bodies: Any) -> Callable[[Clean], Any]:
    """A field of the last record after some requests."""

    def shows(receiver: Clean) -> Any:
        stored(*bodies)(receiver)
        return receiver.records()[-1][name]

    return shows


def restarted(before: Any, *after: Any) -> Callable[[Clean], int]:
    """How many records there are when there is a restart after the first request."""

    def shows(receiver: Clean) -> int:
        ask(receiver.url, before)
        receiver.restart()
        return stored(*after)(receiver)

    return shows


def verified(receiver: Clean) -> list[int]:
    return [ask(receiver.url, method=method).status for method in ("GET", "HEAD")]


def verified_and_stored(receiver: Clean) -> int:
    ask(receiver.url, method="GET")
    return len(receiver.records())


def raced(receiver: Clean) -> tuple[set[int], bool]:
    """The statuses of eight equal requests at once, and whether they are one record."""
    return set(together(receiver.url, [EVENT], 8)), len(receiver.records()) == 1


def repaired(receiver: Clean) -> int:
    good = but(iid="b")
    return stored([EVENT, 42, good], [EVENT, good])(receiver)


def aged(receiver: Clean) -> int:
    then = datetime.now(UTC) - timedelta(days=3)
    return ask(receiver.url, [but(activityDateTime=then.strftime("%Y-%m-%dT%H:%M:%S"))]).status


def two_headers(receiver: Clean) -> int:
    ask(receiver.url, [EVENT])
    ask(receiver.url, [EVENT], headers={**JSON, "X-Request-Id": "2"})
    return len(receiver.records())


def prompt(receiver: Clean) -> bool:
    """Whether a batch is answered while others ask."""
    body = b"[" + b'{"iid":"a"},' * 99 + b'{"iid":"b"}]'
    sent = b"POST /hook HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    return heard_meanwhile(receiver.url, sent, b"HTTP/1.1 200")


def parted(receiver: Clean) -> str:
    """What is stored of a letter whose two bytes come one after the other."""
    body = json.dumps([but(messageName="Ї")], ensure_ascii=False).encode()
    head = b"POST /hook HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    at = body.index("Ї".encode()) + 1
    in_turn(receiver.url, head + body[:at], body[at:])
    return receiver.records()[-1]["event"]["messageName"]


def kept_alive(receiver: Clean) -> int:
    """Answers to three requests on one connection."""
    return raw(receiver.url, b"POST /hook HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]" * 3).count(b"HTTP/1.1 200")


def refused_then_good(receiver: Clean) -> bytes:
    """The status of a good request behind one that is refused, on one connection."""
    sent = b"POST /nowhere HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc de\r\n\r"
    sent += b"POST /hook HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]"
    return raw(receiver.url, sent).rpartition(b"HTTP/1.1 ")[2][:3]


def half_a_body(receiver: Clean) -> bytes:
    """What comes for a body of which only the beginning is sent."""
    return raw(receiver.url, b"POST /hook HTTP/1.1\r\nContent-Length: 200000\r\n\r\n[")[:12]


def lower_case(receiver: Clean) -> bytes:
    sent = b"POST /hook HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
    return raw(receiver.url, sent).split()[1]


def challenged(receiver: Clean) -> bool:
    return "www-authenticate" in ask(receiver.url, [EVENT]).headers


def hurried(receiver: Clean) -> set[int]:
    return {ask(receiver.url, [but(iid=str(n))]).status for n in range(12)}


def told(body: Any, word: bytes) -> Callable[[Clean], bool]:
    """Whether a word is in the answer."""
    return lambda receiver: word in ask(receiver.url, body).body


NEIGHBOURS = ({**PUSH, "message_id": 2**53}, {**PUSH, "message_id": 2**53 + 1})
LATER = but(activityStatus="UNDELIVERED", activityDateTime="2023-09-14T08:30:07")
BIG = [but(iid=str(n), messageName="Довга назва листа") for n in range(400)]
GZIP = {**JSON, "Content-Encoding": "gzip"}
EMPTY_NAME = but(messageName="")

PROOFS: Mapping[str, Proof] = MappingProxyType(
    {
        "C01": Proof(stored([EVENT, but(iid="b"), but(iid="c")]), 3, 1),
        "C01b": Proof(stored([EVENT, but(iid="b"), but(iid="c")]), 3, 1),
        "C01c": Proof(stored([EVENT, LATER, but(iid="c")]), 3, 2),
        "C02": Proof(status(b'[{"iid":'), 400, 200),
        "C02b": Proof(restarted([EVENT]), 1, 0, {"late": 30}),
        "C02c": Proof(status(b"{}"), 400, 200),
        "C02d": Proof(stored([EVENT, but(iid="b", email=None)]), 2, 0),
        "C03b": Proof(status([EVENT, without("email")]), 200, 500),
        "C03": Proof(status([EVENT, but(messageName="🖤")]), 200, 500),
        "C04": Proof(stored([EVENT], [EVENT]), 1, 2),
        "C04b": Proof(
            lambda receiver: [ask(receiver.url, [EVENT]).status for _ in "ab"], [200, 200], [200, 409]
        ),
        "C05": Proof(raced, ({200}, True), ({200, 500}, True), {"gap": 0.2}),
        "C05b": Proof(raced, ({200}, True), ({200}, False), {"gap": 0.2}),
        "C06": Proof(repaired, 2, 3),
        "C07": Proof(status([EVENT]), 200, 202),
        "C07b": Proof(status([EVENT]), 200, 204),
        "C07c": Proof(status([EVENT]), 200, 201),
        "C08": Proof(prompt, True, False, {"slow": 1}),
        "C08b": Proof(prompt, True, False, {"slow": 30}),
        "C09": Proof(status(BIG), 200, 413),
        "C10": Proof(verified, [200, 200], [405, 405]),
        "C10b": Proof(verified_and_stored, 0, 1),
        "C11": Proof(status([EVENT]), 200, 301),
        "C11b": Proof(status([EVENT], path="/hook/"), 200, 301),
        "C12": Proof(status([but(activityStatus="NEW")]), 200, 400),
        "C12b": Proof(field("status", [but(activityStatus="NEW")]), "NEW", "undelivered"),
        "C12c": Proof(status([but(activityStatus="NEW")]), 200, 500),
        "C13": Proof(status([but(newField=1)]), 200, 422),
        "C13b": Proof(status([without("messageName")]), 200, 500),
        "C14": Proof(status([but(statusData=[])]), 200, 400),
        "C15": Proof(stored(*NEIGHBOURS), 2, 1),
        "C15b": Proof(status([but(contactId=2**31)]), 200, 500),
        "C15c": Proof(status({**PUSH, "campaign_id": 2**64 - 1}), 200, 500),
        "C16": Proof(field("status", [LATER], [EVENT]), "UNDELIVERED", "DELIVERED"),
        "C16b": Proof(field("status", [EVENT], [LATER]), "UNDELIVERED", "DELIVERED"),
        "C17": Proof(stored([EVENT], [LATER]), 2, 1),
        "C17b": Proof(two_headers, 1, 2),
        "C17c": Proof(stored([SMTP], [{**SMTP, "timestamp": 1490962765}]), 2, 1),
        "C18": Proof(status([{**SMTP, "timestamp": 67768036191676800}]), 200, 500),
        "C18b": Proof(field("at", [EVENT]), "2023-09-14T08:30:03Z", "2023-09-14T05:30:03Z"),
        "C19": Proof(status([but(messageName="👩‍👩‍👧")]), 200, 500),
        "C19b": Proof(lambda r: field("event", [but(messageName="Ї")])(r)["messageName"], "Ї", "Ð\x87"),
        "C19c": Proof(lambda r: len(field("event", [but(messageName="a" * 300)])(r)["messageName"]), 300, 64),
        "C20": Proof(status([but(statusDescription="")]), 200, 500),
        "C20c": Proof(status([but(statusDescription=None)]), 200, 500),
        "C20b": Proof(lambda r: "messageName" in field("event", [EMPTY_NAME])(r), True, False),
        "C21": Proof(status([]), 200, 500),
        "C21b": Proof(stored([]), 0, 1),
        "C21c": Proof(status(SMTP), 200, 500),
        "C22": Proof(status([but(email=" Test1@Example.com\n")]), 200, 422),
        "C22b": Proof(
            field("email", [but(email=" Test1@Example.com")]), "test1@example.com", " Test1@Example.com"
        ),
        "C23": Proof(status([EVENT], headers={"Content-Type": "application/json; charset=utf-8"}), 200, 415),
        "C24": Proof(status([EVENT], chunked=True), 200, 411),
        "C24b": Proof(status(gzip.compress(b"[]"), headers=GZIP), 200, 400),
        "C24c": Proof(status([EVENT], headers={**JSON, "Expect": "100-continue"}), 200, 417),
        "C24d": Proof(parted, "Ї", "\ufffd\ufffd"),
        "C25": Proof(kept_alive, 3, 1),
        "C25b": Proof(refused_then_good, b"200", b"400"),
        "C25c": Proof(half_a_body, b"", b"HTTP/1.1 200"),
        "C26": Proof(lower_case, b"200", b"415"),
        "C27": Proof(status([EVENT]), 401, 200, LOCKED),
        "C27b": Proof(challenged, True, False, LOCKED),
        "C27c": Proof(status([EVENT]), 401, 200, LOCKED),
        "C27d": Proof(stored([EVENT]), 0, 1, LOCKED),
        "C28": Proof(status([EVENT]), 200, 403),
        "C28b": Proof(status([EVENT]), 200, 419),
        "C29": Proof(hurried, {200}, {200, 429}, {"most": 3}),
        "C30": Proof(restarted([EVENT], [EVENT]), 1, 2),
        "C30b": Proof(restarted([EVENT]), 1, 0),
        "C31": Proof(aged, 200, 400),
        "C31b": Proof(status([EVENT]), 200, 400),
        "C31c": Proof(lambda r: field("at", [EVENT])(r) == "2023-09-14T08:30:03Z", True, False),
        "C32": Proof(status(b"[" * 100_000), 400, 500),
        "C32b": Proof(status(b'[{"iid":NaN,"iid":"a"}]'), 400, 200),
        "C33": Proof(told([but(messageName="<b>canary")], b"<b>canary"), False, True),
        "C33b": Proof(
            lambda r: field("event", [but(messageName="<b>")])(r)["messageName"], "<b>", "&lt;b&gt;"
        ),
        "C34": Proof(stored([SMTP]), 0, 1, FOREIGN),
        "C34b": Proof(status([SMTP]), 400, 500, FOREIGN),
        "C35": Proof(told(b"hello", b"Traceback"), False, True),
    }
)
