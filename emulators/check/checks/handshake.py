"""What can go wrong before the first event is looked at: the status, the verification, redirects, headers, forged forms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from emulators.check.catalogue import Check
from emulators.check.checks.answers import answered, legal, lost, manner, success
from emulators.check.checks.growing import certain, stored
from emulators.check.checks.parts import ordinary
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict

_FORGED = ("csrf", "xsrf", "forgery", "page expired", "authenticity token", "session expired")


# -- C07


def exact(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """The vendor's own success, not another 2xx. Refusals are judged elsewhere."""
    for exchange in outcome.exchanges:
        status = exchange.heard.status
        if success(exchange.heard) and not session.sender.acknowledges(status):
            return Failure(
                f"status {status}",
                f"{case.title}: the receiver answered {status}; {session.sender.title} takes only {session.sender.wanted} for a "
                "success and would send it again",
            )
    return None


async def statuses(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """Several events; where they all get one other 2xx, that is what this receiver means by success, and is not complained of
    again."""
    sender = session.sender
    named = [(kind, (sender.event(kind),)) for kind in sender.kinds[:3]]
    cases = [Case("C07", f"one event, {kind}", (Shot(events),)) for kind, events in named]
    if sender.batched and sender.most > 1:
        cases.append(Case("C07", "two events", (Shot(sender.some(2)),)))
    heard: set[int | None] = set()
    failures: list[tuple[Failure, Case]] = []
    for case in cases:
        outcome = await session.run(case)
        heard |= {exchange.heard.status for exchange in outcome.exchanges}
        failure = exact(session, case, outcome)
        if failure is not None:
            failures.append((failure, case))
    if len(failures) == len(cases) and len(heard) == 1:
        session.lenient = heard.pop()
    for found in failures:
        yield found


# -- C10


def verified(sender: Sender) -> str:
    """Why no verification is expected; empty: it is."""
    if sender.policy.probe:
        return ""
    return f"{sender.title} is not known to ask an address for anything before he sends to it"


def probes(session: Session) -> Iterable[Case]:
    """The vendor's verification request."""
    method = session.sender.policy.probe or "GET"
    yield Case("C10", f"{method} when the webhook is saved", (Shot(method=method),))


async def verification(session: Session) -> AsyncIterator[tuple[Failure, Case]]:
    """The vendor's verification; that it stores something is made sure of."""
    for case in probes(session):
        outcome = await session.run(case, lambda told: None, oracle=True)
        failure = admitted(session, case, outcome)
        if failure is not None and (not outcome.grown or await certain(session, case, outcome)):
            yield failure, case


def admitted(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """Whether the vendor would let the webhook be saved, and nothing else comes of it."""
    heard = outcome.exchanges[0].heard
    if not session.sender.policy.admits(heard.status):
        says = f"{case.title}: the receiver {answered(heard)}; the webhook could not be saved"
        return Failure(manner(heard), says, lasting=True)
    if heard.seconds > session.timeout:
        return Failure("late", f"{case.title}: answered after {heard.seconds:.1f} s; {session.waits}")
    return stored(case, outcome)


# -- C11


def straight(session: Session) -> Iterable[Case]:
    """The address as it was given."""
    yield Case("C11", "one event", (Shot((session.sender.event(),)),))


def not_redirected(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """No vendor is known to follow a redirect."""
    heard = outcome.exchanges[0].heard
    if heard.status is None or heard.status // 100 != 3:
        return None
    there = heard.header("location") or "nowhere"
    return Failure(
        "3xx",
        f"{case.title}: redirected ({heard.status}) to {there}. Nobody follows: register the address it leads to",
    )


# -- C23


def content_types(session: Session) -> Iterable[Case]:
    """The same body under other names. The first ones mean the same; with the others a receiver may refuse, not pretend."""
    event = ordinary(session, 1)[0]
    usual = session.sender.policy.content_type
    same = (f"{usual}; charset=utf-8", f"{usual};charset=UTF-8", usual.title().replace("Json", "JSON"))
    for value, alike in (*((value, True) for value in same), ("text/plain", False), ("", False)):
        title = f"Content-Type: {value}" if value else "no Content-Type"
        shot = Shot((event,), headers=(("Content-Type", value),))
        yield Case("C23", title, (shot,), legal=alike, basis="assumed", data={"same": alike})


def any_type(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """What means the same must succeed. What does not may be refused; acknowledged and not read it is lost."""
    heard = outcome.exchanges[0].heard
    same = case.data["same"]
    if heard.status is None or heard.status >= 500 or (same and not outcome.exchanges[0].acknowledged):
        meant = ", which means the same as the vendor's own header" if same else ""
        says = f"{case.title}{meant}: the receiver {answered(heard)}"
        return Failure(manner(heard), says, Verdict.RISK, Severity.MEDIUM, True)
    found = lost(session, case, outcome)
    return found if found is None or same else replace(found, verdict=Verdict.RISK, severity=Severity.MEDIUM)


# -- C26


def names(session: Session) -> Iterable[Case]:
    """Names of headers in lower case, as HTTP/2 writes them, and in capitals."""
    for framing in ("lower", "upper"):
        shot = Shot((session.sender.event(),), framing=framing)
        yield Case("C26", f"names of headers in {framing} case", (shot,), basis="inferred")


# -- C28


def unforged(session: Session) -> Iterable[Case]:
    """A POST without a cookie and without a page that it came from, as machines send it."""
    yield Case("C28", "a POST without a session", (Shot((session.sender.event(),)),))


def no_token(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """419, or a refusal that speaks of forged requests."""
    heard = outcome.exchanges[0].heard
    page = heard.body.lower().decode("utf-8", "replace")
    if heard.status == 419 or (
        heard.status in (400, 401, 403, 422) and any(word in page for word in _FORGED)
    ):
        return Failure(
            "forged",
            f"{case.title}: answered {heard.status}. The protection against forged forms is on: exempt this address from it",
        )
    if heard.status == 403 and heard.header("www-authenticate") is None:
        return Failure(
            "403",
            f"{case.title}: answered 403 without a reason. If it is the protection against forged forms, exempt this address from"
            " it; if credentials are wanted, give them to the check",
            Verdict.RISK,
        )
    return None


CHECKS = (
    Check(
        "C07",
        "the vendor's own success status",
        "handshake",
        Severity.CRITICAL,
        Verdict.FAIL,
        "Frameworks like to answer 201, 202 or 204. A vendor who waits for exactly 200 takes that for a failure and sends the "
        "same again, at times for ever, with everything else behind it. Answer the status that he documents.",
        run=statuses,
        judge=exact,
    ),
    Check(
        "C10",
        "the verification request",
        "handshake",
        Severity.HIGH,
        Verdict.FAIL,
        "The vendor asks with GET when the address is saved. Routes that know POST alone answer 404 or 405, and the webhook "
        "cannot be saved. Answer GET with 200, and do nothing else.",
        "probe",
        verified,
        run=verification,
        judge=admitted,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C11",
        "no redirect",
        "handshake",
        Severity.HIGH,
        Verdict.FAIL,
        "Frameworks redirect an address without its last slash, or from http to https. Vendors do not follow, or follow with a "
        "GET and without the body. Register the address that answers itself.",
        "answers",
        cases=straight,
        judge=not_redirected,
    ),
    Check(
        "C23",
        "the content type in other words",
        "handshake",
        Severity.HIGH,
        Verdict.FAIL,
        "A comparison to the letter refuses `application/json; charset=utf-8`, and a body parser that does not know the type "
        "hands on an empty body, which is then acknowledged. Compare the media type without its parameters and its case.",
        "content_type",
        cases=content_types,
        judge=any_type,
        reads_oracle=True,
        blind=True,
    ),
    Check(
        "C26",
        "names of headers in any case",
        "handshake",
        Severity.MEDIUM,
        Verdict.FAIL,
        "Names of headers have no case: proxies and HTTP/2 write them small. Whoever looks for `Content-Type` to the letter "
        "fails on the day that a proxy is put before it.",
        cases=names,
        judge=legal,
    ),
    Check(
        "C28",
        "no protection against forged forms",
        "handshake",
        Severity.CRITICAL,
        Verdict.FAIL,
        "Protection against forged forms wants a token or a session that no vendor has: every event is answered 403 or 419. "
        "Exempt this one address, and protect it by a password or a secret in it.",
        cases=unforged,
        judge=no_token,
    ),
)
