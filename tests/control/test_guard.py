"""Who may ask: programs that hold the token, and no web page, however it gets here."""

from __future__ import annotations

import json

import pytest

from emulators.control.guard import form_refusal, refusal
from tests.cli.running import Serving
from tests.support.rawhttp import Answered, exchange

HERE = {"host": "127.0.0.1:8800", "authorization": "Bearer t0ken"}
JSON = {"content-type": "application/json"}
HOSTS = ("127.0.0.1", "localhost", "::1", "emulators")


def status(method: str = "GET", token: str | None = "t0ken", **headers: str | None) -> int | None:
    """Of the refusal of a request that is good but for these headers; None: it is let through."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {name: value for name, value in {**HERE, **named}.items() if value is not None}
    refused = refusal(given, HOSTS, 8800, token) or form_refusal(method, given)
    return None if refused is None else refused.status


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8800",
        "localhost:8800",
        "LOCALHOST:8800",
        "[::1]:8800",
        "emulators:8800",
        "emulators",
        "localhost:49153",
    ],
)
def test_a_name_of_this_machine_is_let_through(host):
    assert status(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8800",
        "127.0.0.1.evil.example:8800",
        "localhost.evil.example:8800",
        "127.0.0.1@evil.example:8800",
        "evil@127.0.0.1:8800",
        "127.0.0.1:8800/evil.example",
        "127.0.0.1:port",
        "[::1",
        "",
        None,
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(host):
    """DNS rebinding: the browser believes that it asks the page's own server."""
    assert status(host=host) == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8800", "http://localhost:8800", "https://[::1]:8800"])
def test_what_comes_from_our_own_origin_is_let_through(origin):
    assert status(origin=origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://evil.example:8800",
        "http://127.0.0.1:3000",
        "http://localhost",
        "https://localhost",
        "http://127.0.0.1:8800.evil.example",
        "null",
        "file://",
        "chrome-extension://127.0.0.1:8800",
        "",
    ],
)
def test_a_page_of_another_origin_is_refused(origin):
    """Also one on this machine: another port is another program, perhaps the app under test."""
    assert status(origin=origin) == 403


def test_on_the_scheme_s_own_port_an_origin_needs_no_port():
    headers = {"host": "emulators", "authorization": "Bearer t", "origin": "http://emulators"}
    assert refusal(headers, HOSTS, 80, "t") is None
    assert refusal(headers, HOSTS, 443, "t") is not None


@pytest.mark.parametrize(
    ("site", "refused"),
    [("none", None), ("same-origin", None), ("cross-site", 403), ("same-site", 403), ("anything", 403)],
)
def test_a_browser_says_itself_where_a_request_comes_from(site, refused):
    assert status(sec_fetch_site=site) == refused


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Bearer t0kem", "Bearer t0ken2", "Basic t0ken", "t0ken", "Bearer t0kén"],
)
def test_without_the_token_nothing_is_told(given):
    assert status(authorization=given) == 401


def test_the_scheme_of_the_token_is_read_as_http_wants():
    assert status(authorization="bearer t0ken") is None
    assert status(authorization=None, token=None) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_what_a_form_can_send_is_refused(method, kind):
    assert status(method, content_type=kind) == 415


def test_json_is_json_in_any_spelling():
    assert status("POST", content_type="application/json") is None
    assert status("POST", content_type="Application/JSON; charset=utf-8") is None
    assert status("DELETE") is None


def test_an_empty_name_lets_nobody_in():
    """`--host ''` listens everywhere, and has no name that a request could carry."""
    assert refusal({"host": ""}, ("",), 8800, None) is not None
    assert refusal({"host": "localhost", "origin": "null"}, ("", "localhost"), 8800, None) is not None


# -- over real sockets


@pytest.fixture(scope="module")
def serving():
    with Serving("hellotext", "--port", "0", "--quiet", "--control-host", "Emulators.Test") as serving:
        yield serving


def asked(
    serving: Serving, line: str = "GET /v1/clock", body: bytes = b"", **headers: str | None
) -> Answered:
    """The answer to a good request but for these headers."""
    control = serving.ready["control"]
    usual = {
        "host": control.removeprefix("http://"),
        "authorization": f"Bearer {serving.ready['token']}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = [f"{name}: {value}" for name, value in {**usual, **named}.items() if value is not None]
    head = "\r\n".join([f"{line} HTTP/1.1", *fields, "", ""]).encode()
    answer = exchange(control, head + body)
    granted = [name for name in answer.headers if name.startswith("access-control-")]
    assert not granted, "nothing is granted to another origin"
    return answer


def refused(answer: Answered) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json"
    told = json.loads(answer.body)["error"]
    assert told["message"]
    return answer.status, told["type"]


def test_a_good_request_is_answered(serving):
    assert asked(serving).status == 200
    assert asked(serving, "POST /v1/clock/advance", b'{"by": 1}').status == 200


def test_a_rebound_name_is_refused(serving):
    port = serving.ready["control"].rpartition(":")[2]
    answer = asked(serving, host=f"evil.example:{port}")
    assert refused(answer) == (403, "Refused")
    assert "evil.example" in json.loads(answer.body)["error"]["message"]


def test_another_name_is_let_in_if_the_command_line_says_so(serving):
    port = serving.ready["control"].rpartition(":")[2]
    assert asked(serving, host=f"emulators.test:{port}").status == 200
    assert asked(serving, host=f"EMULATORS.test:{port}").status == 200
    assert asked(serving, host=f"other.test:{port}").status == 403


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}]
)
@pytest.mark.parametrize("line", ["GET /v1/clock", "POST /v1/reset", "GET /v1/openapi.json", "GET /nowhere"])
def test_a_page_is_refused_whatever_it_asks(serving, headers, line):
    assert refused(asked(serving, line, **headers)) == (403, "Refused")


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Basic Og=="])
@pytest.mark.parametrize(
    "line",
    ["GET /v1/clock", "GET /v1/journal/stream", "GET /v1/openapi.json", "GET /v1/nowhere", "POST /v1/health"],
)
def test_all_but_health_asks_for_the_token(serving, token, line):
    answer = asked(serving, line, authorization=token)
    assert refused(answer) == (401, "Refused")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_health_needs_no_token_and_is_for_no_page_either(serving):
    answer = asked(serving, "GET /v1/health", authorization=None)
    assert answer.status == 200
    assert json.loads(answer.body) == {"ready": True, "id": serving.ready["id"]}
    assert asked(serving, "GET /v1/health", authorization=None, host="evil.example").status == 403
    assert asked(serving, "GET /v1/health", authorization=None, origin="http://evil.example").status == 403
    assert asked(serving, "GET /v1/health", authorization=None, sec_fetch_site="cross-site").status == 403


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_form_is_refused(serving, kind):
    answer = asked(serving, "POST /v1/tenants", b'{"name": "form"}', content_type=kind)
    assert refused(answer) == (415, "Refused")
    assert [each["name"] for each in json.loads(asked(serving, "GET /v1/tenants").body)["tenants"]] == [
        "default"
    ]


def test_a_preflight_is_granted_nothing(serving):
    asks = {"access_control_request_method": "POST", "access_control_request_headers": "authorization"}
    foreign = asked(serving, "OPTIONS /v1/reset", authorization=None, origin="http://evil.example", **asks)
    assert refused(foreign) == (403, "Refused")
    assert refused(asked(serving, "OPTIONS /v1/reset", **asks)) == (405, "UnknownName")


def test_two_hosts_in_one_request_are_refused(serving):
    """Whatever stands between us and the browser may have looked at the other one."""
    control = serving.ready["control"]
    head = f"GET /v1/health HTTP/1.1\r\nhost: evil.example\r\nhost: {control.removeprefix('http://')}\r\n\r\n"
    assert exchange(control, head.encode()).status in (400, 403)


def test_answers_are_no_documents_and_stay_nowhere(serving):
    answer = asked(serving)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
