"""pysendpulse 0.1.8, the vendor's own library for Python.

Its address can be changed in one way only: by the class attribute that holds it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import requests
from pysendpulse.pysendpulse import PySendPulse

from emulators.faults import Reset, VendorError
from tests.clients.proof import routes_proven_with, routes_that_took_a_call

ANN = {"email": "ann@example.com", "phone": "+380501234567"}


@pytest.fixture
def connect(sendpulse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., PySendPulse]:
    """Makes a client as an app does at its start; the constructor asks for a token."""
    monkeypatch.setattr(PySendPulse, "_PySendPulse__api_url", sendpulse.url)
    monkeypatch.chdir(tmp_path)
    env = sendpulse.env

    def connect(**settings: Any) -> PySendPulse:
        return PySendPulse(env["SENDPULSE_CLIENT_ID"], env["SENDPULSE_CLIENT_SECRET"], **settings)

    return connect


@pytest.fixture
def client(connect) -> PySendPulse:
    return connect()


def mail(**other: Any) -> dict[str, Any]:
    """A mail as the library's own example has it."""
    return {
        "subject": "Вітаємо ü",
        "html": "<h1>Hello, Ann!</h1>",
        "text": "Hello, Ann!",
        "from": {"name": "Shop", "email": "shop@example.com"},
        "to": [{"name": "Ann", "email": "ann@example.com"}],
        **other,
    }


def failed(status: int) -> dict[str, Any]:
    """What the library makes of a refusal: message and code of the vendor are lost."""
    return {"data": {"is_error": True, "http_code": status}}


def paths(sendpulse: Any) -> list[tuple[str, int]]:
    return [(call.path, call.status) for call in sendpulse.calls()]


TOKEN, EVENT = "/oauth/access_token", "/events/name/registration"


def test_an_event_starts_with_the_variables_that_were_given(sendpulse, client) -> None:
    assert client.send_event("registration", {**ANN, "var_1": "var_1_value"}) == {"result": True}
    call = sendpulse.assert_called("event-by-name", **ANN, var_1="var_1_value")
    # It was //events/name/registration on the wire.
    assert (call.method, call.path) == ("POST", EVENT)
    assert call.headers["content-type"] == "application/json"


def test_a_mail_is_read_out_of_the_text_that_the_library_makes_of_it(sendpulse, client) -> None:
    answer = client.smtp_send_mail(mail(attachments_binary={"a.txt": "aGVsbG8="}))
    assert answer["result"] is True
    call = sendpulse.assert_called(
        "send-email",
        email=mail(html="PGgxPkhlbGxvLCBBbm4hPC9oMT4=", attachments_binary={"a.txt": "aGVsbG8="}),
    )
    assert isinstance(json.loads(call.call.body)["email"], str)
    assert client.smtp_get_email_info_by_id(answer["id"])["subject"] == "Вітаємо ü"


def test_a_mail_of_a_template_has_no_body_of_its_own(sendpulse, client) -> None:
    template = {"id": 123456, "variables": {"name": "Ann"}}
    assert client.smtp_send_mail_with_template(mail(template=template))["result"] is True
    sendpulse.assert_called("send-email", email=mail(template=template, html=None, text=None))


def test_filters_of_a_list_come_as_json_in_place_of_a_query_and_are_not_heeded(sendpulse, client) -> None:
    sent = client.smtp_send_mail(mail())["id"]
    listed = client.smtp_get_list_of_emails(limit=5, recipient="somebody.else@example.com")
    assert [row["id"] for row in listed] == [sent]
    [problem] = sendpulse.assert_called("list-emails").problems
    assert "JSON in place of a query" in problem.got


def test_who_unsubscribed_gets_no_mail_until_he_is_taken_off_the_list(sendpulse, client, receiver) -> None:
    sendpulse.subscribe(receiver.url, ["delivered"])
    assert client.smtp_add_emails_to_unsubscribe([{"email": "ann@example.com", "comment": "asked"}]) == {
        "result": True
    }
    sendpulse.assert_called("unsubscribe", emails=[{"email": "ann@example.com", "comment": "asked"}])
    assert client.smtp_send_mail(mail())["result"] is True
    sendpulse.drain()
    assert not receiver.posts
    assert client.smtp_delete_emails_from_unsubscribe(["ann@example.com"]) == {"result": True}
    sendpulse.assert_called("remove-unsubscribed", emails=["ann@example.com"])
    client.smtp_send_mail(mail())
    sendpulse.drain()
    sendpulse.assert_delivered("delivered", recipient="ann@example.com")


def test_a_domain_is_added_by_an_address_and_listed(client) -> None:
    assert client.smtp_add_domain("ann@example.org") == {"result": True}
    assert "@example.org" in client.smtp_get_list_of_allowed_domains()
    assert client.smtp_verify_domain("ann@example.org") == {"result": True}
    assert all(isinstance(ip, str) for ip in client.smtp_get_list_of_ip())


def test_every_route_that_it_has_a_method_for_takes_its_calls(sendpulse, client) -> None:
    sent = client.smtp_send_mail(mail())["id"]
    client.smtp_get_list_of_emails()
    client.smtp_get_email_info_by_id(sent)
    client.smtp_add_emails_to_unsubscribe([{"email": "bob@example.com", "comment": ""}])
    client.smtp_delete_emails_from_unsubscribe(["bob@example.com"])
    client.smtp_get_list_of_ip()
    client.smtp_get_list_of_allowed_domains()
    client.smtp_add_domain("ann@example.org")
    client.smtp_verify_domain("ann@example.org")
    client.send_event("registration", ANN)
    assert all(call.taken for call in sendpulse.calls())
    assert routes_that_took_a_call(sendpulse) == routes_proven_with("pysendpulse 0.1.8", sendpulse)


def test_a_mail_becomes_a_webhook(sendpulse, client, receiver) -> None:
    sendpulse.subscribe(receiver.url)
    sent = client.smtp_send_mail(mail())
    assert client.smtp_get_email_info_by_id(sent["id"])["smtp_answer_code"] == 0
    sendpulse.advance("5m")
    [delivered] = receiver.posts[0].json
    assert delivered["event"] == "delivered"
    assert (delivered["recipient"], delivered["sender"]) == ("ann@example.com", "shop@example.com")
    assert delivered["subject"] == "Вітаємо ü"
    assert client.smtp_get_email_info_by_id(sent["id"])["smtp_answer_code"] == 250


def test_wrong_credentials_are_an_exception_of_the_constructor(sendpulse, connect) -> None:
    with pytest.raises(Exception, match="check your ID and SECRET"):
        PySendPulse("nobody", "nothing")
    assert paths(sendpulse) == [(TOKEN, 401)]
    assert sendpulse.calls()[0].reply.body.startswith(b'{"error":"invalid_client"')


def test_a_refusal_is_told_without_its_reason_which_the_journal_has(sendpulse, client) -> None:
    assert client.smtp_send_mail(mail(**{"from": {"name": "Shop", "email": "no address"}})) == failed(422)
    refused = sendpulse.calls("send-email")[-1]
    assert json.loads(refused.reply.body) == {"message": "Argument from.email is invalid", "error_code": 10}
    assert client.smtp_get_email_info_by_id("unheard-of") == failed(400)


def test_an_event_of_nobody_is_refused(sendpulse, client) -> None:
    assert client.send_event("registration", {"var_1": "var_1_value"}) == failed(422)
    [problem] = sendpulse.calls("event-by-name")[-1].problems
    assert "email" in problem.expected
    assert client.send_event("registration", ANN) == {"result": True}


def test_an_expired_token_is_fetched_anew_and_the_call_repeated(sendpulse, client) -> None:
    sendpulse.advance("61m")
    assert client.send_event("registration", ANN) == {"result": True}
    sendpulse.inject(VendorError("expired-token"))
    assert client.send_event("registration", ANN) == {"result": True}
    recovery = [(EVENT, 401), (TOKEN, 200), (EVENT, 200)]
    assert paths(sendpulse) == [(TOKEN, 200), *recovery, *recovery]
    assert all(call.body == ANN for call in sendpulse.calls("event-by-name"))


def test_one_failed_refresh_leaves_a_process_without_a_token_for_good(sendpulse, client) -> None:
    sendpulse.inject(VendorError("expired-token", route="event-by-name"))
    sendpulse.inject(VendorError("server-error", route="oauth-token"))
    for _ in range(3):
        assert client.send_event("registration", ANN) == failed(401)
    # It asked for a token once more, and never again.
    assert [call.status for call in sendpulse.calls("oauth-token")] == [200, 500]


def test_a_quota_is_an_error_that_is_not_tried_again(sendpulse, client) -> None:
    sendpulse.inject(VendorError("quota"))
    assert client.smtp_send_mail(mail()) == failed(429)
    sendpulse.assert_called("oauth-token")
    assert [call.status for call in sendpulse.calls("send-email")] == [429]
    assert client.smtp_send_mail(mail())["result"] is True


def test_a_dropped_connection_is_an_exception_and_the_next_call_goes_through(sendpulse, client) -> None:
    sendpulse.inject(Reset())
    with pytest.raises(requests.ConnectionError):
        client.send_event("registration", ANN)
    assert client.send_event("registration", ANN) == {"result": True}
    assert [call.status for call in sendpulse.calls("event-by-name")] == [None, 200]


def test_a_page_of_a_server_in_trouble_is_told_as_the_librarys_own_words(sendpulse, client) -> None:
    sendpulse.inject(VendorError("server-error"))
    answer = client.smtp_get_list_of_ip()
    assert answer["data"]["http_code"] == 500
    assert answer["data"]["message"].startswith("Whoops")


def test_a_token_in_a_file_is_read_back_as_bytes_which_costs_every_new_process_a_401(
    sendpulse, connect, tmp_path: Path
) -> None:
    folder = f"{tmp_path}/tokens/"
    connect(token_file_path=folder)
    env = sendpulse.env
    name = md5(f"{env['SENDPULSE_CLIENT_ID']}::{env['SENDPULSE_CLIENT_SECRET']}".encode()).hexdigest()
    stored = Path(folder, name).read_text()
    assert connect(token_file_path=folder).send_event("registration", ANN) == {"result": True}
    assert paths(sendpulse) == [(TOKEN, 200), (EVENT, 401), (TOKEN, 200), (EVENT, 200)]
    refused = sendpulse.calls("event-by-name")[0]
    assert refused.headers["authorization"] == f"Bearer b'{stored}'"
    assert "the repr of Python bytes" in refused.problems[0].got
    connect(token_file_path=folder).send_event("registration", ANN)
    assert paths(sendpulse)[4:] == [(EVENT, 401), (TOKEN, 200), (EVENT, 200)]


def test_without_a_folder_no_token_is_kept_and_every_start_asks_for_one(
    sendpulse, connect, tmp_path: Path
) -> None:
    connect()
    connect()
    assert paths(sendpulse) == [(TOKEN, 200), (TOKEN, 200)]
    assert not list(tmp_path.iterdir())


def test_a_token_of_another_emulator_costs_one_more_round_trip(sendpulse, connect, tmp_path: Path) -> None:
    connect(token_file_path=f"{tmp_path}/")
    sendpulse.reset()
    assert connect(token_file_path=f"{tmp_path}/").send_event("registration", ANN) == {"result": True}
    assert paths(sendpulse) == [(EVENT, 401), (TOKEN, 200), (EVENT, 200)]


# The library's memcache client leaves its sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_token_in_memcached_serves_the_next_process_too(sendpulse, connect, memcached: str) -> None:
    for _ in range(2):
        client = connect(storage_type="memcached", memcached_host=memcached)
        assert client.send_event("registration", ANN) == {"result": True}
    assert paths(sendpulse) == [(TOKEN, 200), (EVENT, 200), (EVENT, 200)]
