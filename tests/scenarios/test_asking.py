"""What a scenario may expect, and what it is told when it is not so: the nearest entry and what differs."""

from __future__ import annotations

import pytest

from tests.scenarios.staged import endings, outcome
from tests.support.receiver import Receiver


def asked(text: str) -> str:
    """What an expectation says at the end of a story; empty: it holds.

    eSputnik tells of three events in a batch, which is refused once, and of a sample after it.
    """
    with Receiver(500) as app:
        story = f"""
        [[step]]
        subscribe = "esputnik"
        url = "{app.url}"
        as = "crm"
        [[step]]
        emit = "esputnik.UNDELIVERED"
        fields = {{ email = "ann@example.com", hardBounce = true }}
        [[step]]
        emit = "esputnik.READ"
        fields = {{ email = "ann@example.com" }}
        count = 2
        [[step]]
        advance = "2m"
        [[step]]
        replay = "esputnik.activity.triggered"
        [[step]]
        advance = 0
        [[step]]
        """
        seen = outcome(story + text)
    assert endings(seen)[:-1] == ["held"] * 6
    assert (endings(seen)[-1] == "held") is (seen.results[-1].message == "")
    return seen.results[-1].message


HOLDS = [
    'expect = "esputnik.deliveries"',
    'expect = "esputnik.deliveries"\ncount = 3',
    'expect = "esputnik.deliveries"\nat_least = 3\nat_most = 3',
    'expect = "esputnik.deliveries"\nstatus = 200\ncount = 2',
    'expect = "esputnik.deliveries"\nstatus = 500\noutcome = "rescheduled"\nattempt = 1\ncount = 1',
    'expect = "esputnik.deliveries"\nkind = "READ"\ncount = 2',
    'expect = "esputnik.deliveries"\nkind = "CLICKED"\ncount = 0',
    'expect = "esputnik.deliveries"\nto = "crm"\ncount = 3',
    'expect = "esputnik.deliveries"\nfields = { hardBounce = true }\ncount = 2',
    'expect = "esputnik.deliveries"\nkind = "READ"\nfields = { "/email" = "ann@example.com" }\ncount = 2',
    'expect = "esputnik.deliveries"\nstatuses = [500, 200, 200]\nevents = [3, 3, 0]\nat = ["1m", 120, "2m"]',
    'expect = "esputnik.deliveries"\noutcomes = ["rescheduled", "acknowledged", "acknowledged"]',
    'expect = "esputnik.deliveries"\nstatus = 200\nstatuses = [200, 200]',
    'expect = "esputnik.delivered"\nkind = "READ"\nfields = { email = "ann@example.com" }\ncount = 2',
    'expect = "esputnik.delivered"\nkind = "UNDELIVERED"',
    'expect = "esputnik.delivered"\nkind = "CLICKED"\ncount = 0',
    'expect = "esputnik.delivered"\nkind = "READ"\nat_most = 2',
    'expect = "esputnik.probes"\naccepted = true\nstatus = 200\ncount = 1',
    'expect = "esputnik.subscriptions"\nfeed = "activity"\nstate = "active"\ncount = 1',
    'expect = "esputnik.calls"\ncount = 0',
    'expect = "esputnik.not_called"',
    'expect = "esputnik.not_called"\nroute = "POST /api/v2/event"',
    'expect = "esputnik.called"\nroute = "POST /api/v2/event"\ncount = 0',
    'expect = "esputnik.struck"\ncount = 0',
]


@pytest.mark.parametrize("text", HOLDS)
def test_what_is_so_holds(text: str) -> None:
    assert asked(text) == ""


MISSES = [
    (
        'expect = "esputnik.deliveries"\nstatus = 404',
        "deliveries with status=404: expected at least 1, got 0 of 3\nthe nearest: +00:01:00 POST ",
        "  status: expected 404, got 500",
    ),
    (
        'expect = "esputnik.deliveries"\nkind = "READ"\nfields = { email = "bob@example.com" }',
        "deliveries with kind='READ', fields={'email': 'bob@example.com'}: expected at least 1, got 0 of 3",
        "  email: expected 'bob@example.com', got 'ann@example.com'",
    ),
    (
        'expect = "esputnik.deliveries"\ncount = 1',
        "deliveries: expected 1, got 3 of 3",
        "attempt 2, 3 event(s)",
    ),
    ('expect = "esputnik.deliveries"\nat_most = 1', "deliveries: expected at most 1, got 3 of 3", ""),
    ('expect = "esputnik.deliveries"\nat_least = 4', "deliveries: expected at least 4, got 3 of 3", ""),
    (
        'expect = "esputnik.deliveries"\nstatuses = [500, 500, 200]\nat = ["1m", "3m", "3m"]',
        "statuses: expected [500, 500, 200], got [500, 200, 200]\n"
        "at: expected ['1m', '3m', '3m'], got ['+00:01:00', '+00:02:00', '+00:02:00']",
        "answered 500, rescheduled, attempt 1, 3 event(s); answered 500, only 200 acknowledges",
    ),
    (
        'expect = "esputnik.delivered"\nkind = "READ"\nfields = { email = "bob@example.com" }',
        "expected an acknowledged 'READ' event with email='bob@example.com'; the nearest of 4 sent:",
        "  email: expected 'bob@example.com', got 'ann@example.com'",
    ),
    (
        'expect = "esputnik.delivered"\nkind = "READ"\ncount = 1',
        "acknowledged READ events like that: expected 1, got 2",
        "",
    ),
    (
        'expect = "esputnik.called"\nroute = "POST /api/v2/event"',
        "expected a call to 'POST /api/v2/event', but the app made no call at all",
        "",
    ),
    (
        'expect = "esputnik.probes"\naccepted = false',
        "probes with accepted=False: expected at least 1, got 0 of 1",
        "200, accepted",
    ),
    ('expect = "esputnik.calls"', "calls: expected at least 1, got 0 of 0", ""),
    ('expect = "esputnik.struck"', "strikes: expected at least 1, got 0", ""),
]


@pytest.mark.parametrize(("text", "begin", "more"), MISSES)
def test_what_is_not_so_is_told_with_the_nearest(text: str, begin: str, more: str) -> None:
    message = asked(text)
    assert message.startswith(begin)
    assert more in message


CALLS = """
[[step]]
call = "sendpulse.POST /smtp/emails"
bearer = "SENDPULSE_API_KEY"
json = { email = { subject = "Hello", text = "Hi", html = "SGk=", from = { name = "Shop", email = "shop@example.com" }, to = [{ name = "Ann", email = "ann@example.com" }] } }
[[step]]
call = "sendpulse.GET /smtp/emails"
status = 401
[[step]]
"""


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        (
            'expect = "sendpulse.called"\nroute = "send-email"\ncount = 2',
            "such calls that were taken: expected 2, got 1",
        ),
        (
            'expect = "sendpulse.called"\nroute = "send-email"\nfields = { email = { subject = "Bye" } }',
            "expected a call to 'send-email' with email={'subject': 'Bye'}; the nearest of 1 call(s):",
        ),
        (
            'expect = "sendpulse.called"\nroute = "send-email"\nfields = { subject = "Hello" }',
            "no call has a field 'subject' at its top, but at /email/subject",
        ),
        (
            'expect = "sendpulse.called"\nroute = "GET /smtp/emails"',
            "expected a call to 'GET /smtp/emails'; the nearest",
        ),
        ('expect = "sendpulse.not_called"', "expected no call to 'anything', but there were 2"),
        (
            'expect = "sendpulse.calls"\nroute = "send-email"\nstatus = 401',
            "calls with route='send-email', status=401: expected at least 1, got 0 of 2\nthe nearest: ",
        ),
        ('expect = "sendpulse.calls"\nstatus = 401\ncount = 1', ""),
        ('expect = "sendpulse.calls"\nfields = { "/email/subject" = "Hello" }\ncount = 1', ""),
        ('expect = "sendpulse.not_called"\nroute = "send-email"\nfields = { "/email/subject" = "Bye" }', ""),
    ],
)
def test_calls_are_told_apart_by_route_status_and_fields(text: str, begin: str) -> None:
    seen = outcome(CALLS + text)
    assert endings(seen)[:2] == ["held", "held"]
    message = seen.results[-1].message
    assert message.startswith(begin) if begin else message == ""


def test_an_expectation_that_fails_stops_nothing() -> None:
    seen = outcome('[[step]]\nexpect = "esputnik.calls"\n[[step]]\nexpect = "esputnik.not_called"')
    assert endings(seen) == ["failed", "held"]
    assert not seen.held
