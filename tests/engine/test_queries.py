"""Assertions fail with the nearest entry and where it differs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from emulators.errors import UnknownName
from tests.support.receiver import Receiver


def track(hellotext: Any, **body: Any) -> None:
    request = urllib.request.Request(
        hellotext.env["HELLOTEXT_URL"] + "/attribution/events",
        json.dumps(
            {"action": "product.purchased", "product": "vxqQJ3Yg", "profile": "PROFILE_ID", **body}
        ).encode(),
        {"Authorization": f"Bearer {hellotext.env['HELLOTEXT_TOKEN']}"},
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 201


def test_a_call_is_found_by_name_path_or_method_and_path_and_fields(hellotext) -> None:
    track(hellotext, amount=10)
    track(hellotext, amount=20)
    for route in ("track-event", "/v1/attribution/events", "POST /v1/attribution/events"):
        assert [call.body["amount"] for call in hellotext.calls(route)] == [10, 20]
    assert len(hellotext.calls("track-event", amount=20)) == 1
    assert hellotext.assert_called("track-event", amount=20).status == 201
    hellotext.assert_not_called("create-profile")


def test_a_missing_call_names_the_nearest_one_and_its_differing_fields(hellotext) -> None:
    track(hellotext, amount=10, currency="EUR")
    track(hellotext, amount=99, currency="USD")
    with pytest.raises(AssertionError) as failed:
        hellotext.assert_called("track-event", amount=10, currency="USD", url="x")
    told = str(failed.value)
    assert "the nearest of 2 call(s)" in told
    assert "currency: expected 'USD', got 'EUR'" in told
    assert "url: expected 'x', got nothing" in told
    assert "amount" not in told.splitlines()[1]


def test_a_route_that_was_never_called_is_answered_with_those_that_were(hellotext) -> None:
    with pytest.raises(AssertionError, match="made no call at all"):
        hellotext.assert_called("create-profile")
    track(hellotext)
    with pytest.raises(AssertionError, match="called only: track-event"):
        hellotext.assert_called("create-profile")


def test_an_unwanted_call_is_shown(hellotext) -> None:
    track(hellotext)
    with pytest.raises(AssertionError, match="expected no call to 'track-event', but there were 1"):
        hellotext.assert_not_called("track-event")


def test_waiting_for_a_call_waits_for_the_fact(hellotext) -> None:
    track(hellotext, amount=1)
    assert hellotext.wait_for_call("track-event").body["amount"] == 1
    with pytest.raises(AssertionError, match=r"(?s)waited 0\.01 s; .*amount: expected 2, got 1"):
        hellotext.wait_for_call("track-event", timeout=0.01, amount=2)


def test_a_delivery_that_is_missing_names_the_nearest_event(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url)
        with pytest.raises(AssertionError, match="nothing was sent; did time pass"):
            sendpulse.assert_delivered("opened")
        sendpulse.emit("opened", recipient="ann@example.com")
        sendpulse.advance("1m")
        with pytest.raises(AssertionError) as failed:
            sendpulse.assert_delivered("opened", recipient="bob@example.com")
        assert "recipient: expected 'bob@example.com', got 'ann@example.com'" in str(failed.value)
        assert "answered 500" in str(failed.value)
        with pytest.raises(AssertionError, match="only these kinds were sent: opened"):
            sendpulse.assert_delivered("clicked")
        sendpulse.advance("1m")
        assert sendpulse.assert_delivered("opened", recipient="ann@example.com").kind == "opened"


def test_deliveries_are_found_by_kind_and_outcome(sendpulse) -> None:
    with Receiver(500) as app:
        sendpulse.subscribe(app.url)
        sendpulse.emit("opened")
        sendpulse.advance("2m")
        sendpulse.emit("clicked")
        sendpulse.advance("1m")
    assert [d.outcome for d in sendpulse.deliveries("opened")] == ["rescheduled", "acknowledged"]
    assert len(sendpulse.deliveries("smtp.clicked", "acknowledged")) == 1
    assert sendpulse.deliveries("delivered") == []


def test_a_call_that_was_refused_is_not_one_that_was_made_and_the_reason_is_told(hellotext) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        track(hellotext, product="nothing!")
    refused.value.close()
    assert [call.status for call in hellotext.calls("track-event")] == [422]
    with pytest.raises(AssertionError, match=r"(?s)answered 422.*refused because /product: expected the id"):
        hellotext.assert_called("track-event", action="product.purchased")


def test_routes_outcomes_and_fields_that_do_not_exist_are_refused_with_the_nearest(
    hellotext, sendpulse
) -> None:
    for ask in (hellotext.calls, hellotext.assert_called, hellotext.assert_not_called):
        with pytest.raises(UnknownName, match="did you mean 'track-event'"):
            ask("track-evnt")
        with pytest.raises(UnknownName, match="did you mean '/v1/profiles'"):
            ask("/v1/profile")
    assert hellotext.calls("/v1/profiles/ANY") == hellotext.calls("POST /v1/profiles") == []
    with pytest.raises(UnknownName, match="did you mean 'acknowledged'"):
        sendpulse.deliveries(outcome="acknowleged")
    with pytest.raises(UnknownName, match="did you mean 'recipient'"):
        sendpulse.assert_delivered("opened", recipent="ann@example.com")


def test_bodies_of_replays_hold_no_events_and_that_is_said(sendpulse) -> None:
    with Receiver() as app:
        sendpulse.subscribe(app.url)
        sendpulse.replay("smtp.opened")
        sendpulse.advance(0)
        with pytest.raises(AssertionError, match="only bodies given to send or replay"):
            sendpulse.assert_delivered("opened")


def mail(sendpulse: Any) -> None:
    email = {
        "subject": "Hello",
        "html": "SGk=",
        "from": {"email": "s@example.com"},
        "to": [{"email": "a@b.c"}],
    }
    request = urllib.request.Request(
        sendpulse.url + "/smtp/emails",
        json.dumps({"email": email}).encode(),
        {"Authorization": f"Bearer {sendpulse.env['SENDPULSE_API_KEY']}"},
    )
    urllib.request.urlopen(request).close()


def test_of_objects_only_the_named_fields_count_all_the_way_down(sendpulse) -> None:
    mail(sendpulse)
    for fields in (
        {"email": {"subject": "Hello"}},
        {"email": {"to": [{"email": "a@b.c"}]}},
        {"/email/subject": "Hello"},
        {"/email/to/0/email": "a@b.c"},
    ):
        assert sendpulse.assert_called("send-email", **fields).status == 200
        with pytest.raises(AssertionError, match="expected no call"):
            sendpulse.assert_not_called("send-email", **fields)
    for fields in ({"email": {"subject": "Bye"}}, {"email": {"to": []}}, {"/email/to/1/email": "a@b.c"}):
        sendpulse.assert_not_called("send-email", **fields)


def test_a_field_that_lies_deeper_is_not_taken_for_one_that_is_missing(sendpulse) -> None:
    mail(sendpulse)
    for ask in (sendpulse.calls, sendpulse.assert_called, sendpulse.assert_not_called):
        with pytest.raises(UnknownName, match="at its top, but at /email/subject"):
            ask("send-email", subject="Hello")


def test_what_nobody_subscribed_to_is_told_as_such(sendpulse) -> None:
    mail(sendpulse)
    sendpulse.advance("1h")
    assert "comes about: delivered (" in sendpulse.timeline()
    assert "nobody subscribed to smtp.delivered" in sendpulse.timeline()
    with pytest.raises(
        AssertionError, match=r"it happened 1 time\(s\), but no subscription of the feed 'smtp'"
    ):
        sendpulse.assert_delivered("delivered")
