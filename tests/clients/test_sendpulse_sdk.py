"""sendpulse-sdk 1.0.0, an integrator's library for Python that sends mails and does nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from sendpulse import SendPulseClient, SendPulseRequestError

from emulators.faults import Reset, VendorError
from tests.clients.proof import routes_proven_with, routes_that_took_a_call

TOKEN, SEND = "/oauth/access_token", "/smtp/emails"


@pytest.fixture
def client(sendpulse) -> SendPulseClient:
    env = sendpulse.env
    return SendPulseClient(
        env["SENDPULSE_CLIENT_ID"], env["SENDPULSE_CLIENT_SECRET"], api_url=env["SENDPULSE_URL"]
    )


def mail(**other: Any) -> dict[str, Any]:
    return {
        "to_email": "ann@example.com",
        "subject": "Вітаємо",
        "body": "<h1>Hello, Ann!</h1>",
        "from_email": "shop@example.com",
        **other,
    }


def paths(sendpulse: Any) -> list[tuple[str, int]]:
    return [(call.path, call.status) for call in sendpulse.calls()]


def test_a_mail_is_sent_as_it_was_given(sendpulse, client) -> None:
    answer = client.send_email(
        **mail(from_name="Shop", to_name="Ann", reply_to="r@example.com", attachments={"a.txt": "aGVsbG8="})
    )
    assert answer["result"] is True
    call = sendpulse.assert_called("send-email")
    assert call.body == {
        "email": {
            "subject": "Вітаємо",
            "from": {"email": "shop@example.com", "name": "Shop"},
            "to": [{"email": "ann@example.com", "name": "Ann"}],
            "reply_to": "r@example.com",
            "html": "PGgxPkhlbGxvLCBBbm4hPC9oMT4=",
            "attachments_binary": {"a.txt": "aGVsbG8="},
        }
    }


def test_one_token_serves_many_mails(sendpulse, client) -> None:
    emails = [
        {"to": "bob@example.com", "subject": "Hi", "text": "Hi, Bob", "type": "text"},
        {"to_email": "ann@example.com", "subject": "Hi", "body": "<p>Hi</p>"},
    ]
    results = client.send_bulk_emails(emails, from_email="shop@example.com", from_name="Shop")
    assert [result["status"] for result in results] == ["success", "success"]
    assert paths(sendpulse) == [(TOKEN, 200), (SEND, 200), (SEND, 200)]


def test_its_health_is_a_token(sendpulse, client) -> None:
    client_id = sendpulse.env["SENDPULSE_CLIENT_ID"]
    assert client.health() == {"ok": True, "status": "authenticated", "client_id": client_id}
    sendpulse.assert_called("oauth-token", client_id=client_id)


def test_every_route_that_it_has_a_method_for_takes_its_calls(sendpulse, client) -> None:
    client.health()
    client.send_email(**mail())
    assert routes_that_took_a_call(sendpulse) == routes_proven_with("sendpulse-sdk 1.0.0", sendpulse)


def test_a_mail_becomes_a_webhook(sendpulse, client, receiver) -> None:
    sendpulse.subscribe(receiver.url)
    client.send_email(**mail())
    sendpulse.advance("5m")
    [delivered] = receiver.posts[0].json
    assert (delivered["event"], delivered["recipient"]) == ("delivered", "ann@example.com")


def test_wrong_credentials_are_an_exception_with_the_vendors_words(sendpulse) -> None:
    client = SendPulseClient("nobody", "nothing", api_url=sendpulse.url)
    with pytest.raises(SendPulseRequestError, match=r'OAuth error \(401\): {"error":"invalid_client"'):
        client.send_email(**mail())
    health = client.health()
    assert (health["ok"], health["exception"]) == (False, "SendPulseRequestError")
    assert paths(sendpulse) == [(TOKEN, 401), (TOKEN, 401)]


def test_a_refusal_is_an_exception_with_the_vendors_message_and_code(sendpulse, client) -> None:
    refused = r'SMTP API error \(422\): {"message":"Argument from.email is invalid","error_code":10}'
    with pytest.raises(SendPulseRequestError, match=refused):
        client.send_email(**mail(from_email="no address"))
    [good, bad] = client.send_bulk_emails(
        [mail(), mail(to_email="no address")], from_email="shop@example.com"
    )
    assert good["status"] == "success"
    assert (bad["status"], bad["exception"]) == ("failed", "SendPulseRequestError")
    assert "Recipient email is invalid" in bad["error"]


def test_an_expired_token_is_fetched_anew_and_the_mail_sent_again(sendpulse, client) -> None:
    client.send_email(**mail())
    # By its own clock the token still holds.
    sendpulse.advance("61m")
    assert client.send_email(**mail())["result"] is True
    sendpulse.inject(VendorError("expired-token"))
    assert client.send_email(**mail())["result"] is True
    recovery = [(SEND, 401), (TOKEN, 200), (SEND, 200)]
    assert paths(sendpulse) == [(TOKEN, 200), (SEND, 200), *recovery, *recovery]


def test_a_quota_is_an_exception_and_the_next_mail_goes_through(sendpulse, client) -> None:
    client.health()
    sendpulse.inject(VendorError("quota"))
    with pytest.raises(SendPulseRequestError, match=r"SMTP API error \(429\)"):
        client.send_email(**mail())
    assert client.send_email(**mail())["result"] is True
    assert paths(sendpulse) == [(TOKEN, 200), (SEND, 429), (SEND, 200)]


@pytest.mark.parametrize(
    ("route", "told"), [("oauth-token", "OAuth request failed"), ("send-email", "SMTP request failed")]
)
def test_a_dropped_connection_is_an_exception_and_the_next_mail_goes_through(
    sendpulse, client, route: str, told: str
) -> None:
    sendpulse.inject(Reset(route=route))
    with pytest.raises(SendPulseRequestError, match=told):
        client.send_email(**mail())
    assert client.send_email(**mail())["result"] is True
    assert [call.status for call in sendpulse.calls(route)] == [None, 200]


def test_an_answer_that_is_no_json_is_an_exception(sendpulse, client) -> None:
    sendpulse.inject(VendorError("server-error", route="send-email"))
    with pytest.raises(SendPulseRequestError, match=r"SMTP API error \(500\): <!DOCTYPE html>"):
        client.send_email(**mail())
