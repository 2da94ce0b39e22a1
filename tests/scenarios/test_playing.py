"""Every verb of a scenario does what the verb of the same name does in Python, over real connections."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from emulators import in_thread
from emulators.engine.journal import FaultArmed
from emulators.faults import Drop, LostAck
from emulators.scenarios.vendors import build_fault
from emulators.scenarios.verbs import FAULTS
from tests.scenarios.staged import endings, outcome, played, told
from tests.support.receiver import Receiver, free_port_url


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def step(text: str) -> str:
    return f"[[step]]\n{text}\n"


def subscribe(app: Receiver, vendor: str = "esputnik", more: str = "") -> str:
    return step(f'subscribe = "{vendor}"\nurl = "{app.url}"\n{more}')


EMAIL = """
json = { email = { subject = "Hello", text = "Hi", html = "SGk=", from = { name = "Shop", email = "shop@example.com" }, to = [{ name = "Ann", email = "ann@example.com" }] } }
"""


def test_a_story_is_the_same_in_a_file_and_in_python(app: Receiver) -> None:
    app.answers.extend([500, 500])
    text = f"""
    seed = 3
    start = 2026-05-01T10:00:00+02:00
    [emulators.esputnik]
    options = {{ "activity.batch_window" = 5 }}
    [[step]]
    subscribe = "esputnik"
    url = "{app.url}"
    kinds = ["READ", "UNDELIVERED"]
    policy = {{ retry_delays = [30, 60] }}
    [[step]]
    emit = "esputnik.UNDELIVERED"
    fields = {{ email = "ann@example.com", hardBounce = true }}
    without = ["messageTag"]
    count = 3
    [[step]]
    fault = "esputnik.LostAck"
    times = 1
    [[step]]
    advance = "1m"
    [[step]]
    replay = "esputnik.activity.bulk"
    [[step]]
    send = "esputnik"
    json = [{{ a = 1, b = [true, "x", 1.5] }}]
    [[step]]
    emit = "esputnik.READ"
    [[step]]
    flush = "esputnik"
    [[step]]
    drain = "24h"
    """
    seen = outcome(text)
    assert told(seen) == ""
    from_file = [request.body for request in app.posts]
    app.received.clear()
    app.answers.extend([500, 500])
    from datetime import UTC, datetime

    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    with in_thread("esputnik", seed=3, start=start, options={"activity.batch_window": 5}) as esputnik:
        esputnik.subscribe(app.url, ["READ", "UNDELIVERED"], retry_delays=[30, 60])
        esputnik.emit("UNDELIVERED", email="ann@example.com", hardBounce=True, messageTag=None, count=3)
        esputnik.inject(LostAck())
        esputnik.advance("1m")
        esputnik.replay("activity.bulk")
        esputnik.send([{"a": 1, "b": [True, "x", 1.5]}])
        esputnik.emit("READ")
        esputnik.flush()
        esputnik.drain()
        assert seen.timeline == esputnik.timeline()
    assert from_file == [request.body for request in app.posts]
    assert len(from_file) > 5


def test_a_subscription_carries_its_credentials_and_headers(app: Receiver) -> None:
    more = 'auth = { login = "me", password = { env = "WORD" } }\nheaders = { X-Shop = "1", X-Token = { env = "TOKEN" } }'
    seen = outcome(subscribe(app, more=more), WORD="open sesame", TOKEN="one-two")
    assert endings(seen) == ["held"]
    headers = app.received[0].headers
    assert headers["authorization"] == "Basic bWU6b3BlbiBzZXNhbWU="
    assert (headers["x-shop"], headers["x-token"]) == ("1", "one-two")


def test_an_address_by_reference_may_have_a_path_behind_it(app: Receiver) -> None:
    text = step('subscribe = "esputnik"\nurl = { env = "APP", path = "/webhooks/esputnik" }')
    report = played(text, APP=f"http://127.0.0.1:{app.port}/")
    assert endings(report.outcomes[0]) == ["held"]
    assert app.received[0].path == "/webhooks/esputnik"
    assert report.places == {"APP": f"http://127.0.0.1:{app.port}"}


def test_a_probe_can_be_left_out(app: Receiver) -> None:
    seen = outcome(
        subscribe(app, more="policy = { probe = false }") + step('expect = "esputnik.probes"\ncount = 0')
    )
    assert endings(seen) == ["held", "held"]
    assert app.received == []


def test_a_refused_verification_ends_the_story_unless_it_was_expected() -> None:
    with Receiver(get=500) as app:
        unexpected = outcome(subscribe(app) + step('advance = "1m"'))
        expected = outcome(subscribe(app, more="refused = 500") + step('advance = "1m"'))
        other = outcome(subscribe(app, more="refused = 404") + step('advance = "1m"'))
    assert endings(unexpected) == ["refused", "skipped"]
    assert "but: answered 500" in told(unexpected)
    assert endings(expected) == ["held", "held"]
    assert endings(other) == ["failed", "held"]
    assert told(other).startswith("expected to be refused with 404, got 500")


def test_a_receiver_that_is_not_there_can_be_expected() -> None:
    text = step(f'subscribe = "esputnik"\nurl = "{free_port_url()}"\nrefused = "no answer"')
    assert endings(outcome(text)) == ["held"]


def test_a_verification_that_passes_although_it_must_not_is_told(app: Receiver) -> None:
    seen = outcome(subscribe(app, more="refused = 500"))
    assert endings(seen) == ["failed"]
    assert told(seen) == "expected to be refused with 500, but the subscription is active"


def test_a_subscription_is_paused_resumed_and_cancelled(app: Receiver) -> None:
    text = subscribe(app, more='as = "crm"')
    text += step('pause = "crm"') + step('expect = "esputnik.subscriptions"\nstate = "paused"')
    text += step('emit = "esputnik.READ"\nerror = "NobodyListens"')
    text += step('resume = "esputnik"') + step(
        'expect = "esputnik.subscriptions"\nfeed = "activity"\nstate = "active"'
    )
    text += step('emit = "esputnik.READ"') + step('cancel = "crm"') + step('advance = "1h"')
    text += step('expect = "esputnik.deliveries"\ncount = 0') + step(
        'expect = "esputnik.subscriptions"\nstate = "active"'
    )
    seen = outcome(text)
    assert endings(seen) == ["held"] * 10 + ["failed"]
    assert told(seen).startswith(
        "subscriptions with state='active': expected at least 1, got 0 of 1\nthe nearest: "
    )
    assert "state: expected 'active', got 'cancelled'" in told(seen)


def test_an_event_that_nobody_wants_ends_the_story() -> None:
    seen = outcome(step('emit = "esputnik.READ"') + step('advance = "1m"'))
    assert endings(seen) == ["failed", "skipped"]
    assert "no active subscription of esputnik wants activity.READ" in told(seen)
    assert seen.results[1].message == "step 1 failed"


def test_an_error_that_was_expected_and_did_not_come_is_told(app: Receiver) -> None:
    seen = outcome(
        subscribe(app) + step('emit = "esputnik.READ"\nerror = "NobodyListens"') + step('drain = "1h"')
    )
    assert endings(seen) == ["held", "failed", "held"]
    assert told(seen) == "expected NobodyListens, but nothing was wrong"


def test_what_is_still_owed_ends_the_story_unless_it_was_expected() -> None:
    with Receiver(then=503) as app:
        begun = subscribe(app) + step('emit = "esputnik.READ"')
        expected = outcome(begun + step('drain = "1h"\nerror = "StillOwed"'))
        unexpected = outcome(begun + step("drain = 3600"))
    assert endings(expected) == ["held"] * 3
    assert endings(unexpected) == ["held", "held", "failed"]
    assert "after 1h of emulator time 1 request(s) are still owed" in told(unexpected)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_injected_and_taken_back(name: str) -> None:
    needed = {"Answer": "status = 503", "Delay": "seconds = 1", "VendorError": 'name = "quota"'}.get(name, "")
    text = step(f'fault = "sendpulse.{name}"\nas = "trouble"\ntimes = "always"\n{needed}')
    text += step('expect = "sendpulse.struck"\nof = "trouble"\ncount = 0') + step('clear_faults = "trouble"')
    seen = outcome(text + step('clear_faults = "sendpulse"'))
    assert endings(seen) == ["held"] * 4
    assert f"fault injected: {name}(" in seen.timeline
    assert seen.timeline.count("faults taken back") == 2


def test_a_fault_is_the_one_that_python_would_make() -> None:
    assert build_fault("Drop", {"times": "always", "probability": 0.5, "kind": "opened", "as": "x"}) == Drop(
        times=None, probability=0.5, kind="opened"
    )
    with in_thread("esputnik") as esputnik:
        esputnik.inject(build_fault("LostAck", {"times": 2}))
        [armed] = esputnik.world.journal.of(FaultArmed, "esputnik")
        assert armed.fault == LostAck(times=2)


def test_only_the_named_fault_is_taken_back(app: Receiver) -> None:
    text = (
        subscribe(app, "pushwoosh")
        + step('fault = "pushwoosh.Drop"\nas = "lost"')
        + step('fault = "pushwoosh.Duplicate"\nas = "twice"')
    )
    text += step('clear_faults = "lost"') + step('emit = "pushwoosh.Email Sent"') + step('advance = "1m"')
    text += step('expect = "pushwoosh.struck"\nof = "lost"\ncount = 0') + step(
        'expect = "pushwoosh.struck"\nof = "twice"'
    )
    text += step('expect = "pushwoosh.struck"\ncount = 2')
    seen = outcome(text)
    assert endings(seen) == ["held"] * 8 + ["failed"]
    assert told(seen) == "strikes: expected 2, got 1"
    assert len(app.posts) == 2


def test_a_reset_forgets_everything_but_the_time(app: Receiver) -> None:
    text = subscribe(app) + step('advance = "1m"') + step('reset = "esputnik"') + subscribe(app)
    text += step('expect = "esputnik.subscriptions"\ncount = 1') + step(
        'expect = "esputnik.probes"\ncount = 1'
    )
    seen = outcome(text + step('pause = "esputnik"'))
    assert endings(seen) == ["held"] * 7
    assert seen.results[-1].elapsed == "+00:01:00"
    assert seen.timeline.count("starts as") == 2


def test_text_is_sent_as_it_is(app: Receiver) -> None:
    outcome(subscribe(app) + step("send = \"esputnik\"\ntext = 'null, здрасте'") + step('flush = "esputnik"'))
    assert app.posts[0].body == "null, здрасте".encode()


def test_a_call_of_the_app_closes_the_loop(app: Receiver) -> None:
    text = subscribe(app, "sendpulse") + step(
        f'call = "sendpulse.POST /smtp/emails"\nbearer = "SENDPULSE_API_KEY"\n{EMAIL}\nreply = {{ result = true }}'
    )
    text += step('wait = "sendpulse.send-email"\nfields = { email = { subject = "Hello" } }\ntimeout = "1s"')
    text += step(
        'expect = "sendpulse.called"\nroute = "send-email"\nfields = { "/email/to/0/email" = "ann@example.com" }\ncount = 1'
    )
    text += step('advance = "1h"') + step(
        'expect = "sendpulse.delivered"\nkind = "clicked"\nfields = { recipient = "ann@example.com" }'
    )
    text += step('expect = "sendpulse.calls"\nstatus = 200\nroute = "POST /smtp/emails"')
    seen = outcome(text)
    assert told(seen) == ""


@pytest.mark.parametrize(
    ("vendor", "path", "login", "status"),
    [
        ("esputnik", "GET /api/v1/version", "", 401),
        ("esputnik", "GET /api/v1/version", 'basic = "ESPUTNIK_API_KEY"', 200),
        ("hellotext", "GET /v1/profiles", 'bearer = "HELLOTEXT_TOKEN"', 200),
        ("hellotext", "GET /v1/profiles", "", 401),
    ],
)
def test_a_call_is_made_with_the_credentials_that_are_named(
    vendor: str, path: str, login: str, status: int
) -> None:
    seen = outcome(step(f'call = "{vendor}.{path}"\n{login}\nstatus = {status}'))
    assert endings(seen) == ["held"], told(seen)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "expected a status below 400, got 401: "),
        ("status = 200", "expected 200, got 401: "),
        ('status = 401\nreply = { message = "Welcome" }', "message: expected 'Welcome', got 'Unauthorized!'"),
    ],
)
def test_an_answer_that_is_another_is_told(more: str, message: str) -> None:
    seen = outcome(step(f'call = "sendpulse.GET /smtp/emails"\n{more}') + step('advance = "1m"'))
    assert endings(seen) == ["failed", "held"]
    assert told(seen).startswith(message)


def test_a_call_without_an_answer_is_told() -> None:
    text = step('fault = "sendpulse.Hang"') + step('call = "sendpulse.GET /smtp/emails"\ntimeout = 0.05')
    seen = outcome(text)
    assert endings(seen) == ["held", "failed"]
    assert told(seen) == "expected an answer, got none: no answer within 0.05 s of real time"


def test_the_app_is_waited_for(app: Receiver) -> None:
    """The app calls the vendor as soon as it gets a webhook, on a port that the file names."""
    port = int(free_port_url().split(":")[2].split("/")[0])
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/attribution/events",
        json.dumps({"timeout": "a field of that name"}).encode(),
        {"Content-Type": "application/json"},
    )

    def call() -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        refused.value.close()

    caller = threading.Thread(target=call)

    async def respond(_: object) -> object:
        from aiohttp import web

        caller.start()
        return web.Response()

    app.answers.append(respond)  # type: ignore[arg-type]
    text = f"[emulators.hellotext]\nport = {port}\n" + subscribe(app, "pushwoosh")
    text += step('emit = "pushwoosh.Email Sent"') + step("advance = 0")
    text += step(
        'wait = "hellotext.POST /v1/attribution/events"\nfields = { timeout = "a field of that name" }\ntimeout = 30'
    )
    seen = outcome(text)
    caller.join()
    assert told(seen) == ""


def test_a_call_that_never_comes_fails_and_stops_nothing() -> None:
    text = step('wait = "sendpulse.send-email"\ntimeout = 0.01') + step('expect = "sendpulse.not_called"')
    seen = outcome(text)
    assert endings(seen) == ["failed", "held"]
    assert told(seen) == "waited 0.01 s; expected a call to 'send-email', but the app made no call at all"


def test_a_port_that_is_taken_is_told_and_nothing_is_played(app: Receiver) -> None:
    seen = outcome(f"[emulators.esputnik]\nport = {app.port}\n" + step('flush = "esputnik"'))
    assert endings(seen) == ["refused", "skipped"]
    assert seen.results[0].message == (
        f"port {app.port} of 127.0.0.1 cannot be had: Address already in use; port=0 takes a free one"
    )


def test_a_call_that_is_not_imitated_fails_the_story_at_its_end() -> None:
    port = int(free_port_url().split(":")[2].split("/")[0])
    wanted = f"http://127.0.0.1:{port}/no/such/thing"
    # The vendor verifies its own port as if it were an app: one call that no vendor has.
    text = f"[emulators.sendpulse]\nport = {port}\n" + step(
        f'subscribe = "esputnik"\nurl = "{wanted}"\nrefused = 501'
    )
    seen = outcome(text)
    assert endings(seen) == ["held", "failed"]
    assert "/no/such/thing" in told(seen)
    assert told(seen).endswith("(if that is meant: tolerate = true)")
    assert endings(outcome("tolerate = true\n" + text)) == ["held"]


def test_an_error_of_ours_is_told_as_one(monkeypatch: pytest.MonkeyPatch, app: Receiver) -> None:
    from emulators.engine.emulator import Emulator

    def broken(self: Emulator, sample: str) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(Emulator, "replay", broken)
    seen = outcome(subscribe(app) + step('replay = "esputnik.activity.bulk"') + step('advance = "1m"'))
    assert endings(seen) == ["held", "broken", "skipped"]
    assert "ZeroDivisionError: on purpose" in told(seen)
