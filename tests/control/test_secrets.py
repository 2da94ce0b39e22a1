"""No credential that somebody entrusts to the process is told to anybody: not in the log, not in any answer."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import urllib.error
import urllib.request
from base64 import b64encode

import pytest
from aiohttp import web

from tests.cli.running import Serving
from tests.control.asking import Asking
from tests.control.listening import Listener
from tests.support.receiver import Receiver

CANARIES = {
    name: f"canary-{name.replace('_', '-')}-5f0c1b9e"
    for name in (
        "control_token",
        "bearer",
        "token_scheme",
        "body_auth",
        "client_secret",
        "refused_secret",
        "form_secret",
        "basic",
        "own_header",
        "own_cookie",
        "userinfo",
        "query",
        "event_link",
        "sent",
        "fault",
        "location",
        "wrong_token",
        "path",
        "host",
        "kind",
        "wrong_value",
        "unknown_field",
        "call_path",
        "call_query",
        "not_json",
    )
}


def call(url: str, body: bytes | None, headers: dict[str, str]) -> None:
    """A call of the app; whatever it is answered."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
    except urllib.error.HTTPError as refused:
        refused.close()


def the_apps_call(ready: dict) -> None:
    """With credentials that we never made up."""
    urls = {name: told["url"] for name, told in ready["providers"].items()}
    c = CANARIES
    call(f"{urls['hellotext']}/v1/attribution/events", b"{}", {"Authorization": f"Bearer {c['bearer']}"})
    call(f"{urls['hellotext']}/v1/nowhere?token={c['call_path']}", None, {})
    call(f"{urls['hellotext']}/v1/profiles?access_token={c['call_query']}", None, {})
    call(f"{urls['hellotext']}/v1/attribution/events", f'{{"password": "{c["not_json"]}", '.encode(), {})
    login = {"grant_type": "client_credentials", "client_id": "app", "client_secret": c["client_secret"]}
    call(f"{urls['sendpulse']}/oauth/access_token", json.dumps(login).encode(), {})
    login["client_secret"] = [c["refused_secret"]]
    call(f"{urls['sendpulse']}/oauth/access_token", json.dumps(login).encode(), {})
    form = f"grant_type=client_credentials&client_secret={c['form_secret']}".encode()
    call(
        f"{urls['sendpulse']}/oauth/access_token", form, {"Content-Type": "application/x-www-form-urlencoded"}
    )
    basic = b64encode(f"any:{c['basic']}".encode()).decode()
    call(f"{urls['esputnik']}/api/v1/version", None, {"Authorization": f"Basic {basic}"})
    auth = json.dumps({"request": {"auth": c["body_auth"], "application": "3A1B2-C3D41"}}).encode()
    call(f"{urls['pushwoosh']}/json/1.3/createMessage", auth, {})
    call(f"{urls['pushwoosh']}/messaging/v2/notify", b"{}", {"Authorization": f"Token {c['token_scheme']}"})


def the_tests_ask(ask: Asking, receiver: Receiver) -> None:
    """With credentials of their receivers."""
    c = CANARIES
    url = f"{receiver.url}?token={c['query']}&who=ann"
    own = {"X-Api-Key": c["own_header"], "Cookie": f"session={c['own_cookie']}"}
    for vendor in ("esputnik", "sendpulse"):
        ask.post(f"/{vendor}/subscriptions", url=url, auth=["ann", c["basic"]], headers=own)
    userinfo = url.replace("http://", f"http://ann:{c['userinfo']}@")
    assert ask("POST", "/sendpulse/subscriptions", {"url": userinfo}).status == 400
    link = f"https://shop.example.com/?access_token={c['event_link']}"
    ask.post("/sendpulse/events", kind="clicked", fields={"subject": link})
    ask.post("/sendpulse/send", json={"user": "ann", "password": c["sent"]})
    ask.post("/esputnik/events", kind="READ")
    ask.post("/snapshots", name="one")
    ask.post("/clock/advance", by="1m")
    ask.post("/snapshots/one/restore")
    ask.post("/clock/advance", by="1m")
    body = {"access_token": c["fault"]}
    ask.post("/hellotext/faults", fault="Answer", status=500, body=body, times=2)
    call(f"{ask.ready['providers']['hellotext']['url']}/v1/attribution/events", b"{}", {})
    ask.post("/snapshots", name="one")
    ask.post("/snapshots/one/restore")


def refusals(ask: Asking) -> str:
    """What is said to those who are refused."""
    c, said = CANARIES, []
    usual = {"Authorization": f"Bearer {ask.ready['token']}", "Content-Type": "application/json"}
    for method, target, body, headers in [
        ("GET", "/v1/clock", None, {"Authorization": f"Bearer {c['wrong_token']}"}),
        ("GET", f"/v1/nowhere/token={c['path']}", None, {}),
        ("GET", "/v1/clock", None, {"Host": f"ann:{c['host']}@127.0.0.1"}),
        ("POST", "/v1/reset", b"{}", {"Content-Type": f"text/token={c['kind']}"}),
        ("POST", "/v1/tenants", f'{{"name": "Bearer {c["wrong_value"]}"}}'.encode(), {}),
        ("POST", "/v1/reset", f'{{"password={c["unknown_field"]}": 1}}'.encode(), {}),
        ("POST", "/v1/reset", f'{{"name": "{ask.ready["token"]}"'.encode(), {}),
        ("POST", f"/v1/snapshots/{ask.ready['token']}/restore", b"{}", {}),
    ]:
        connection = http.client.HTTPConnection(ask.netloc, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, target, body, {**usual, **headers})
            answer = connection.getresponse()
            assert answer.status in (400, 401, 403, 404, 415), target
            said.append(f"{answer.headers}{answer.read().decode()}")
    return "\n".join(said)


def views(ask: Asking) -> dict[str, str]:
    """Everything that can be read, but for snapshots, which are there to be carried elsewhere."""
    shown = {}
    for path, methods in ask.document["paths"].items():
        if "get" not in methods or path in ("/v1/snapshots/{name}", "/v1/journal/stream"):
            continue
        for vendor in ask.ready["providers"] if "{provider}" in path else [""]:
            told = ask.get(path.removeprefix("/v1").replace("{provider}", vendor))
            shown[path.replace("{provider}", vendor)] = json.dumps(told, ensure_ascii=False)
    ask.post("/clock/advance", by=1)
    with Listener(ask) as listener:
        heard = listener.until(ask.get("/journal", limit=0)["last"])
    shown["stream"] = json.dumps([each.data for each in heard], ensure_ascii=False)
    return shown


def leaks(shown: dict[str, str]) -> list[tuple[str, str]]:
    """Which canary sings where, in whatever form."""
    found = []
    for name, canary in CANARIES.items():
        coded = [b64encode(f"{who}:{canary}".encode()).decode() for who in ("ann", "any")]
        for form in (canary, *coded, b64encode(canary.encode()).decode().rstrip("=")[:-1]):
            found += [(name, place) for place, text in shown.items() if form in text]
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there")
@pytest.mark.parametrize("durable", [False, True])
def test_no_credential_is_told_to_anybody(tmp_path, durable):
    async def elsewhere(request: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": f"/?token={CANARIES['location']}"})

    words = ["--port", "0", "--clock", "virtual", *(["--state", str(tmp_path / "state")] if durable else [])]
    with (
        Receiver(elsewhere, 500) as receiver,
        Serving(*words, EMULATORS_TOKEN=CANARIES["control_token"]) as serving,
    ):
        assert serving.ready["token"] == CANARIES["control_token"]
        ask = Asking(serving.ready)
        the_apps_call(serving.ready)
        the_tests_ask(ask, receiver)
        shown = {"refusals": refusals(ask), **views(ask)}
        assert serving.stop() == 0
        shown["stdout after the ready line"], shown["the log"] = serving.rest
    told = "".join(shown.values())
    assert leaks(shown) == []
    # It is they that are hidden, and not everything.
    assert told.count("<redacted>") > 20
    for seen in (
        "ann@",
        "who=ann",
        "shop.example.com",
        "grant_type",
        '"app"',
        "Restored",
        "Basic <redacted>",
    ):
        assert seen in told or seen == "ann@"
    assert {post.headers["x-api-key"] for post in receiver.posts} == {CANARIES["own_header"]}


def test_a_snapshot_holds_what_is_needed_to_go_on(ask):
    """The one answer with credentials in it, as its description says."""
    with Receiver() as receiver:
        ask.post("/esputnik/subscriptions", url=receiver.url, headers={"X-Api-Key": CANARIES["own_header"]})
        ask.post("/snapshots", name="one")
        assert CANARIES["own_header"] in json.dumps(ask.get("/snapshots/one"))
    described = ask.document["paths"]["/v1/snapshots/{name}"]["get"]["summary"]
    assert "credentials" in described
