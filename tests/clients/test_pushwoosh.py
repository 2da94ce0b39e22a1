"""The package pushwoosh 1.0.2, by somebody else than the vendor.

It speaks TLS alone, to the host in a global of its module, and asks it for a URL that names the vendor's host.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pushwoosh as package
import pytest

from emulators.faults import Reset, VendorError
from tests.clients.proof import routes_proven_with
from tests.support.tls import CERTIFICATE, TlsFront

# The package leaves its connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def client(pushwoosh, monkeypatch: pytest.MonkeyPatch) -> Iterator[package.Pushwoosh]:
    port = urlsplit(pushwoosh.url).port
    assert port is not None
    with TlsFront(port) as front:
        monkeypatch.setenv("SSL_CERT_FILE", CERTIFICATE)
        monkeypatch.setattr(package, "SERVER", f"127.0.0.1:{front.port}")
        env = pushwoosh.env
        yield package.Pushwoosh(env["PUSHWOOSH_TOKEN"], env["PUSHWOOSH_APPLICATION"])


def send(client: package.Pushwoosh, **push: Any) -> tuple[int, Any]:
    """Status and envelope; the package returns bytes."""
    status, content = client.create_message([{"text": "Hello there", **push}])
    return status, json.loads(content)


def test_a_message_is_created_by_a_request_that_names_the_vendors_host(pushwoosh, client) -> None:
    status, answer = send(client, data={"k": "v"})
    assert (status, answer["status_code"]) == (200, 200)
    assert len(answer["response"]["Messages"]) == 1
    call = pushwoosh.assert_called("create-message")
    assert (call.path, call.headers["host"]) == ("/json/1.3/createMessage", "cp.pushwoosh.com")
    [one] = call.body["request"]["notifications"]
    # Null and zero are always there.
    assert one == {
        "send_date": "now",
        "content": "Hello there",
        "link": None,
        "ios_badges": 0,
        "data": {"k": "v"},
    }


def test_each_push_has_a_code_and_conditions_of_its_own(pushwoosh, client) -> None:
    pushes = [{"text": "One", "conditions": ["UserId", "EQ", 1]}, {"text": "Two", "devices": ["nobody"]}]
    status, content = client.create_message(pushes, sendDate="2026-01-01 12:00", ios_badges=3)
    answer = json.loads(content)["response"]
    assert (status, answer["Messages"][1]) == (200, "CODE_NOT_AVAILABLE")
    assert answer["UnknownDevices"] == {"": ["nobody"]}
    first, _ = pushwoosh.calls()[0].body["request"]["notifications"]
    # It wraps one condition, or a list of them, once more.
    assert first["conditions"] == [["UserId", "EQ", 1]]


def test_it_proves_the_one_call_that_it_has(pushwoosh, client) -> None:
    assert send(client)[1]["status_code"] == 200
    called = {call.route for call in pushwoosh.calls()}
    assert called == routes_proven_with("pushwoosh 1.0.2", pushwoosh)


def test_a_wrong_token_and_a_wrong_date_are_a_210_within_http_200(pushwoosh, client) -> None:
    stranger = package.Pushwoosh("nonsense", pushwoosh.env["PUSHWOOSH_APPLICATION"])
    assert send(stranger)[1]["status_message"] == "Account not found"
    status, content = client.create_message([{"text": "Hi"}], sendDate="tomorrow")
    assert (status, json.loads(content)["status_message"]) == (200, "Cannot parse date")
    assert not pushwoosh.account.tables.get("messages")


def test_a_list_of_devices_that_is_none_is_refused(client) -> None:
    text = 'Invalid devices list. "devices" must be an array.'
    assert send(client, devices="d1") == (200, {"status_code": 210, "status_message": text, "response": None})


def test_a_quota_is_returned_and_not_tried_again(pushwoosh, client) -> None:
    pushwoosh.inject(VendorError("quota"))
    assert send(client)[0] == 429
    assert [call.status for call in pushwoosh.calls()] == [429]
    assert send(client)[0] == 200


def test_a_dropped_connection_is_an_exception_and_the_next_call_goes_through(pushwoosh, client) -> None:
    pushwoosh.inject(Reset())
    with pytest.raises(OSError):
        send(client)
    assert send(client)[0] == 200
    assert [call.status for call in pushwoosh.calls()] == [None, 200]


def test_a_page_of_a_server_in_trouble_is_handed_on_as_bytes(pushwoosh, client) -> None:
    pushwoosh.inject(VendorError("server-error"))
    status, content = client.create_message([{"text": "Hi"}])
    assert status == 500
    assert content.startswith(b"<html>")
