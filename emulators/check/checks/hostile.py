"""What nobody should send: broken and malicious JSON, and texts that mean something to whoever shows them."""

from __future__ import annotations

from collections.abc import Iterator

from emulators.check.catalogue import Check
from emulators.check.checks.answers import each, refused, shown, upset
from emulators.check.checks.edits import written
from emulators.check.checks.sweeping import Found, healthy, look
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Heard, Outcome, Severity, Shot, Verdict
from emulators.engine.codec import encode

DEEP = 20_000
DIGITS = 5000
"""More than Python is willing to turn into a number."""

# -- C32


def broken(session: Session) -> Iterator[Case]:
    """Bodies that are no JSON, or that parsers part over. `True`: a success is a lie; None: many parsers let it pass."""
    sender = session.sender
    event = sender.event()
    whole = encode(sender.wrap([event]))
    open_, close = (b"[", b"]") if sender.batched else (b"", b"")
    one = encode(event)

    def inside(more: bytes) -> bytes:
        """The event with one more field, written by hand."""
        return open_ + one[:-1] + b"," + more + b"}" + close

    first = next(iter(event))
    bodies: tuple[tuple[str, bytes, bool | None], ...] = (
        ("an empty body", b"", True),
        ("JSON that ends in the middle", whole[: len(whole) // 2], True),
        ("a page of HTML", b"<html><body>hello</body></html>", True),
        ("a form", b"a=1&b=2", True),
        ("something after the end", whole + b"}garbage", True),
        ("bytes that are not UTF-8", whole.replace(b'":"', b'":"\xff\xfe', 1), True),
        ("UTF-16", whole.decode().encode("utf-16"), False),
        ("a byte order mark", b"\xef\xbb\xbf" + whole, False),
        (f"{DEEP} arrays in each other", b"[" * DEEP + b"]" * DEEP, True),
        (f"{DEEP} objects in a field", inside(b'"deep":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP), False),
        ("a number of 5000 digits", inside(b'"big":' + b"1" * DIGITS), False),
        ("a number beyond all numbers", inside(b'"big":1e999'), False),
        ("the same name twice", inside(encode(first) + b":" + encode("twice")), None),
        ("NaN", inside(b'"nan":NaN'), None),
        ("__proto__", inside(b'"__proto__":{"isAdmin":true}'), False),
        ("nul bytes", b"\x00" * 64, True),
    )
    for title, body, lie in bodies:
        data = {"about": title, "success": "risk" if lie is not False else "", "minor": lie is None}
        yield Case("C32", title, (Shot(raw=body),), False, "assumed", data)


# -- C33

CANARY = "chk<script>alert(1)</script>"
INJECTED = "x-chk-injected"
CANARIES = (
    f"{CANARY}\"'><img src=x onerror=alert(1)>",
    f"chk\r\n{INJECTED}: yes\r\n\r\nchk",
    "=cmd|' /C calc'!A0",
    "%s%s%n {0} {{7*7}} ${7*7} <%= 7*7 %>",
    "'; DROP TABLE events; --",
)


async def strangers(session: Session) -> Found:
    """What strangers may have written, in a kind that succeeds as it is."""
    await look(session)
    async for found in each(session, harmless, malicious(session)):
        yield found


def malicious(session: Session) -> Iterator[Case]:
    """Canaries in the texts of an event, then where a refusal might quote them."""
    sender = session.sender
    field = sender.vendor.kind_field(sender.feed.name)
    event = max(
        (sender.event(kind) for kind in healthy(session) or sender.kinds),
        key=lambda e: len(written(sender, e)),
    )
    for canary in CANARIES:
        changed = {**event, **dict.fromkeys(written(sender, event), canary)}
        if changed != event and sender.legal(changed):
            yield Case("C33", f"a text such as {shown(canary)}", (Shot((changed,)),), True, "inferred")
    quoted = ({**event, field: CANARY},) if field else ()
    if quoted:
        yield Case("C33", f"the kind {shown(CANARY)}", (Shot(quoted),), False, "assumed")
    for body in (encode(CANARY), b"[" + CANARY.encode()):
        yield Case("C33", f"a body that is {body.decode()}", (Shot(raw=body),), False, "assumed")
    plain = Shot(raw=encode(CANARY), headers=(("Content-Type", f"text/{CANARY}"),))
    yield Case("C33", "a content type with a script in it", (plain,), False, "assumed")


def harmless(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Nothing of it may act: not in the page of the answer, not in its headers, and what people may write must pass."""
    for exchange in outcome.exchanges:
        heard = exchange.heard
        if heard.header(INJECTED) is not None:
            return Failure("header", f"{case.title}: it became a header of the answer")
        if _page(heard) and CANARY.encode() in heard.body:
            return Failure(
                "reflected",
                f"{case.title}: the answer, a page of HTML, holds it as it is; a browser would run it",
                severity=Severity.MEDIUM,
            )
    # How what nobody sends is answered is C32's matter.
    return refused(session, case, outcome) if case.legal else None


def _page(heard: Heard) -> bool:
    """Whether a browser would take the answer for a page; without a type it guesses."""
    named = (heard.header("content-type") or "").lower()
    return "html" in named or "xml" in named or not named


CHECKS = (
    Check(
        "C32",
        "broken and malicious JSON",
        "coverage",
        Severity.MEDIUM,
        Verdict.FAIL,
        "The address is open to all. What is no JSON, or nested a thousand times, is answered 400 by a sound receiver; 500 means "
        "that an error came out where nobody expected one, and a success that nobody looked.",
        "envelope",
        cases=broken,
        judge=upset,
    ),
    Check(
        "C33",
        "texts that mean something elsewhere",
        "coverage",
        Severity.HIGH,
        Verdict.FAIL,
        "Names and subjects are written by strangers, and end up in pages, logs, spreadsheets and statements. Escape where you "
        "show them, pass them as parameters, and quote nothing of a request in an error page.",
        "envelope",
        run=strangers,
        judge=harmless,
    ),
)
