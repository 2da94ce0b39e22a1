"""Nothing leaves this machine unasked."""

from __future__ import annotations

import ast
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp.resolver
import pytest

from emulators.engine.egress import Egress
from emulators.errors import EgressRefused, InvalidValue
from tests.support.receiver import Receiver
from tests.support.sendpulse_app import App
from tests.test_architecture import imports, modules


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
        "93.184.216.34",
        "[::ffff:10.0.0.1]",
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
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "0.0.0.0",
        "[::]",
        "[::ffff:0.0.0.0]",
        "224.0.0.1",
        "[ff02::1]",
        "[64:ff9b::127.0.0.1]",
    ],
)
def test_some_addresses_are_refused_even_where_they_were_allowed(host: str) -> None:
    bare = host.strip("[]").replace("%25", "%")
    egress = Egress([bare, host, f"{bare}:80", f"{bare.replace('%', '%25')}", "hooks.example.com"])
    with pytest.raises(EgressRefused, match="nothing is ever delivered there"):
        egress.check_url(f"http://{host}/hook")
    with pytest.raises(EgressRefused, match="nothing is ever delivered there"):
        egress.check("hooks.example.com", 80, bare)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_port_of_this_machine_may_be_forbidden(host: str) -> None:
    egress = Egress([host, host.strip("[]")])
    egress.forbid(8800)
    with pytest.raises(EgressRefused, match=r":8800 is the control port of this process; nothing is ever"):
        egress.check_url(f"http://{host}:8800/hook")
    egress.check_url(f"http://{host}:8801/hook")


def test_the_usual_port_of_a_scheme_may_be_forbidden_as_well() -> None:
    egress = Egress()
    egress.forbid(443, "somebody's")
    with pytest.raises(EgressRefused, match=r"127\.0\.0\.1:443 is somebody's"):
        egress.check_url("https://127.0.0.1/hook")
    egress.check_url("http://127.0.0.1/hook")


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


@pytest.mark.parametrize(
    "entry",
    ["http://foo/x", "foo/x", "", "*.example.com", "a b", "u@foo", "foo:", "foo:http", "10.0.0.0/8"],
)
def test_what_could_match_no_host_is_not_taken_as_one(entry: str) -> None:
    with pytest.raises(InvalidValue, match=r"allow: expected HOST or HOST:PORT, such as .*, got "):
        Egress([entry])
    with pytest.raises(InvalidValue, match="allow: expected a port from 1 to 65535, got 'foo:70000'"):
        Egress(["foo:70000"])


def test_an_address_of_the_long_kind_may_be_allowed_for_one_port_too() -> None:
    Egress(["[fd00::1]:8080"]).check_url("http://[fd00::1]:8080/hook")
    with pytest.raises(EgressRefused):
        Egress(["[fd00::1]:8080"]).check_url("http://[fd00::1]:8081/hook")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | list[str]]:
    """What names resolve to, on this machine, in this test: an address, or several in the order of the answer."""
    addresses: dict[str, str | list[str]] = {}

    async def resolve(self: object, host: str, port: int = 0, family: object = 0) -> list[dict[str, Any]]:
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = addresses[host]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": 10 if ":" in address else 2,
                "proto": 6,
                "flags": 0,
            }
            for address in ([found] if isinstance(found, str) else found)
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


class Rebinding(dict[str, Any]):
    """A name that is looked up once too often: first it stands for this machine, then for another."""

    def __init__(self, *addresses: str) -> None:
        self.asked = 0
        self._addresses = addresses

    def __getitem__(self, name: str) -> str:
        self.asked += 1
        return self._addresses[min(self.asked, len(self._addresses)) - 1]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(pushwoosh, monkeypatch) -> None:
    names = Rebinding("127.0.0.1")

    async def resolve(self: object, host: str, port: int = 0, family: object = 0) -> list[dict[str, Any]]:
        address = names[host]
        return [{"hostname": host, "host": address, "port": port, "family": 2, "proto": 6, "flags": 0}]

    monkeypatch.setattr(aiohttp.resolver.ThreadedResolver, "resolve", resolve)
    with Receiver() as app:
        pushwoosh.subscribe(f"http://hooks.example.com:{app.port}/hook")
        # One more look-up would lead elsewhere: a connection takes exactly one.
        names = Rebinding("127.0.0.1", "203.0.113.9")
        pushwoosh.emit("Email Sent")
        pushwoosh.advance(0)
        assert (names.asked, len(app.posts)) == (1, 1)
        pushwoosh.emit("Email Opened")
        pushwoosh.advance(0)
        assert (names.asked, len(app.posts)) == (2, 1)
    assert "203.0.113.9" in pushwoosh.deliveries()[-1].reason


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1", "203.0.113.9"],
        ["203.0.113.9", "127.0.0.1"],
        ["::1", "203.0.113.9"],
        ["127.0.0.1", "fe80::1"],
    ],
)
def test_a_name_of_which_one_address_may_not_be_used_is_refused_whole(
    pushwoosh, names, addresses: list[str]
) -> None:
    names["hooks.example.com"] = addresses
    with pytest.raises(EgressRefused, match=r"hooks\.example\.com"):
        pushwoosh.subscribe("http://hooks.example.com/hook")


def test_a_name_that_was_allowed_may_not_stand_for_a_metadata_address(emulate, names) -> None:
    names["hooks.example.com"] = "169.254.169.254"
    with (
        emulate.in_thread("pushwoosh", allow=["hooks.example.com"]) as pushwoosh,
        pytest.raises(EgressRefused, match="link-local or metadata"),
    ):
        pushwoosh.subscribe("http://hooks.example.com/hook")


def test_a_name_that_nobody_knows_and_nobody_allowed_is_refused_as_any_other_host(pushwoosh, names) -> None:
    with pytest.raises(
        EgressRefused,
        match=r"shop\.example could not be looked up \(Name or service not known\), .* --allow shop\.example",
    ):
        pushwoosh.subscribe("http://shop.example/hook")
    assert pushwoosh.subscriptions() == []


@pytest.mark.parametrize("host", ["localhost", "shop.localhost", "shop.example"])
def test_a_name_that_may_be_sent_to_and_is_not_known_yet_is_no_connection(emulate, names, host: str) -> None:
    with emulate.in_thread("pushwoosh", allow=["shop.example"]) as pushwoosh:
        pushwoosh.subscribe(f"http://{host}/hook")
        pushwoosh.emit("Email Sent")
        pushwoosh.advance(0)
        assert pushwoosh.deliveries()[0].reason.startswith("no connection: Name or service not known")


@pytest.fixture
def control(sendpulse) -> Iterator[Receiver]:
    """A port of this machine that nothing may be delivered to."""
    with Receiver() as port:
        sendpulse.world.egress.forbid(port.port)
        yield port


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "127.1.1.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_a_url_that_the_app_registers_never_leads_to_the_control_port(sendpulse, control, host: str) -> None:
    delivery = registered(sendpulse, f"http://{host}:{control.port}/hook")
    assert f":{control.port} is the control port of this process" in delivery.reason
    assert control.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/hook",
        "http://0.0.0.0/hook",
        "http://93.184.216.34/hook",
        "https://[2606:2800:220:1::1]/hook",
        "http://hooks.example.com/hook",
    ],
)
def test_a_url_that_the_app_registers_never_leads_off_this_machine(sendpulse, names, url: str) -> None:
    names["hooks.example.com"] = "93.184.216.34"
    delivery = registered(sendpulse, url)
    host = urlsplit(url).hostname or ""
    assert host in delivery.reason
    assert (
        "nothing is ever delivered there" in delivery.reason or "nothing leaves it unasked" in delivery.reason
    )


def test_0_0_0_0_with_the_control_port_is_refused_too(sendpulse, control) -> None:
    delivery = registered(sendpulse, f"http://0.0.0.0:{control.port}/hook")
    assert "0.0.0.0 is the unspecified address" in delivery.reason
    assert control.received == []


def registered(sendpulse: Any, url: str) -> Any:
    """The delivery to a URL that came through the vendor's own API."""
    app = App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])
    status, _ = app.call("POST", "/v2/email-service/webhook", {"url": url, "actions": ["open"]})
    assert status == 200
    sendpulse.emit("email-service.open")
    sendpulse.advance("1m")
    (delivery,) = sendpulse.deliveries()
    assert delivery.status is None
    assert "guard" in delivery.reason or "nothing" in delivery.reason
    return delivery


# Whoever opens a connection passes the guard. The interception opens those that an app asks for itself, to hosts
# that were named for it; the app of the demo calls the emulator that it was given.
# `remote.client` speaks to a process of ours that runs already.
OPENING = {
    *("engine.courier", "engine.mischief", "interception.session", "commands.scenes", "remote.client"),
    # A check sends as odd as no vendor would, through the same guard.
    *("check.wire", "check.wire.hesitating", "check.oracle.sources"),
}
WAYS_OUT = {
    "open_connection",
    "open_unix_connection",
    "create_connection",
    "create_datagram_endpoint",
    "sock_connect",
    "connect",
    "connect_ex",
    "sendto",
    "ClientSession",
    "TCPConnector",
    "urlopen",
    "urlretrieve",
    "HTTPConnection",
    "HTTPSConnection",
}
CLIENTS = {
    "http.client",
    "urllib.request",
    "smtplib",
    "ftplib",
    "xmlrpc.client",
    "requests",
    "httpx",
    "urllib3",
}


def test_no_other_module_opens_connections() -> None:
    for name, tree in modules().items():
        ways = {
            called
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute | ast.Name)
            and (called := node.attr if isinstance(node, ast.Attribute) else node.id) in WAYS_OUT
            # A connection to a file.
            and ast.unparse(node) != "sqlite3.connect"
        }
        ways |= imports(tree) & CLIENTS
        assert name in OPENING or not ways, f"{name}: {ways}"


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
