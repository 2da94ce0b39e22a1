"""Nothing leaves this machine unasked."""

from __future__ import annotations

from typing import Any

import aiohttp.resolver
import pytest

from emulators.engine.egress import Egress
from emulators.errors import EgressRefused, InvalidValue
from tests.support.receiver import Receiver


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://127.9.9.9:80/x", "http://[::1]:8080/hook", "https://127.0.0.1/"]
)
def test_loopback_may_be_delivered_to(url: str) -> None:
    Egress().check_url(url)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "93.184.216.34",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        # The same addresses as the system's own functions read them.
        "10.1",
        "167772161",
        "010.0.0.1",
        "１０.0.0.1",
        "10。0。0。1",
    ],
)
def test_no_other_address_may(host: str) -> None:
    with pytest.raises(EgressRefused, match="allow="):
        Egress().check_url(f"http://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "127.0.0.1/hook",
        "http:///hook",
        "http://127.0.0.1:99999/",
        "http://u:p@127.0.0.1/",
    ],
)
def test_what_is_no_url_to_deliver_to_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"^url: "):
        Egress().check_url(url)


def test_a_host_may_be_allowed_whole_or_for_one_port() -> None:
    Egress(["10.0.0.1"]).check_url("http://10.0.0.1:8080/hook")
    Egress(["10.0.0.1:8080"]).check_url("http://10.0.0.1:8080/hook")
    with pytest.raises(EgressRefused):
        Egress(["10.0.0.1:8080"]).check_url("http://10.0.0.1:8081/hook")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names resolve to, on this machine, in this test."""
    addresses: dict[str, str] = {}

    async def resolve(self: object, host: str, port: int = 0, family: object = 0) -> list[dict[str, Any]]:
        return [
            {"hostname": host, "host": addresses[host], "port": port, "family": 2, "proto": 6, "flags": 0}
        ]

    monkeypatch.setattr(aiohttp.resolver.ThreadedResolver, "resolve", resolve)
    return addresses


def test_a_name_that_stands_for_another_machine_is_refused_when_subscribing(pushwoosh, names) -> None:
    names["hooks.example.com"] = "10.1.2.3"
    with pytest.raises(EgressRefused, match=r"hooks\.example\.com \(10\.1\.2\.3\)"):
        pushwoosh.subscribe("http://hooks.example.com/hook")
    assert pushwoosh.subscriptions() == []


def test_a_name_that_moves_elsewhere_later_is_refused_when_connecting(pushwoosh, names) -> None:
    with Receiver() as app:
        names["hooks.example.com"] = "127.0.0.1"
        pushwoosh.subscribe(f"http://hooks.example.com:{app.port}/hook")
        pushwoosh.emit("Email Sent")
        pushwoosh.advance(0)
        names["hooks.example.com"] = "10.1.2.3"
        pushwoosh.emit("Email Opened")
        pushwoosh.advance(0)
        assert len(app.posts) == 1
    assert [d.status for d in pushwoosh.deliveries()] == [200, None]
    assert "10.1.2.3" in pushwoosh.deliveries()[1].reason


def test_a_redirect_is_an_answer_and_is_never_followed(sendpulse) -> None:
    from aiohttp import web

    with Receiver() as elsewhere:

        async def redirect(request: web.BaseRequest) -> web.Response:
            return web.Response(status=307, headers={"location": elsewhere.url})

        with Receiver(then=redirect) as app:
            sendpulse.subscribe(app.url)
            sendpulse.emit("opened")
            sendpulse.advance("1m")
        assert elsewhere.received == []
    assert (sendpulse.deliveries()[0].status, sendpulse.deliveries()[0].outcome) == (307, "rescheduled")


def test_proxy_variables_of_the_environment_are_not_obeyed(pushwoosh, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://10.9.9.9:3128")
    with Receiver() as app:
        pushwoosh.subscribe(app.url)
        pushwoosh.emit("Email Sent")
        pushwoosh.advance(0)
        assert len(app.posts) == 1


def test_a_verification_has_each_header_once_the_receivers_own_if_there_is_one(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url, headers={"User-Agent": "mine"})
        assert app.received[0].headers["user-agent"] == "mine"
        assert app.received[0].names.count("user-agent") == 1


def test_credentials_may_be_left_out_of_the_verification(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url, auth=("login", "password"), probe_headers="left out")
        assert "authorization" not in app.received[0].headers


def test_credentials_of_a_subscription_travel_as_basic_authentication(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url, auth=("login", "password"), headers={"x-shop": "7"})
        esputnik.emit("READ")
        esputnik.advance("1m")
        for request in app.received:
            assert request.headers["authorization"] == "Basic bG9naW46cGFzc3dvcmQ="
            assert request.headers["x-shop"] == "7"
        assert [request.method for request in app.received] == ["GET", "POST"]
