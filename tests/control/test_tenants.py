"""Several suites share a process: each has a world of its own, and the vendors tell their apps apart."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from emulators import registry
from emulators.control.finding import mentions
from emulators.engine.provider import Call
from tests.cli.running import Serving
from tests.control.asking import Asking
from tests.support import esputnik_app, hellotext_app, pushwoosh_app, sendpulse_app
from tests.support.receiver import Receiver

NAMES = ("one", "two")


@pytest.fixture
def tenants(ask) -> dict[str, Asking]:
    """Whom to ask about each of two tenants, made with the same seed."""
    for name in NAMES:
        ask.post("/tenants", name=name, seed=5)
    return {name: ask.as_tenant(name) for name in NAMES}


def env(tenant: Asking, vendor: str) -> dict[str, str]:
    return tenant.get("/providers")["providers"][vendor]["env"]


def routes(tenant: Asking, vendor: str) -> list[str]:
    """The calls that reached a tenant and were taken."""
    return [call["route"] for call in tenant.get(f"/{vendor}/calls")["calls"] if call["taken"]]


def test_apps_of_different_tenants_use_the_same_ports_with_credentials_of_their_own(ask, tenants):
    usual = ask.get("/providers")["providers"]
    for vendor in registry.SHIPPED:
        told = [usual[vendor], *(t.get("/providers")["providers"][vendor] for t in tenants.values())]
        assert len({each["url"] for each in told}) == 1
        assert len({json.dumps(each["env"]) for each in told}) == 3


def test_an_esputnik_app_is_known_by_the_password_of_basic_authentication(ask, tenants):
    app = esputnik_app.App(env(tenants["two"], "esputnik"))
    assert app.call("GET", "/v1/version").status == 200
    assert routes(tenants["two"], "esputnik") == ["version"]
    assert routes(tenants["one"], "esputnik") == routes(ask, "esputnik") == []


def test_a_sendpulse_app_is_known_by_its_login_and_then_by_the_token_it_was_given(ask, tenants):
    for tenant in tenants.values():
        app = sendpulse_app.App(env(tenant, "sendpulse"))
        app.authorise()
        assert app.call("GET", "/v2/email-service/webhook")[0] == 200
    for tenant in tenants.values():
        assert routes(tenant, "sendpulse") == ["oauth-token", "list-webhooks"]
    assert routes(ask, "sendpulse") == []


def test_a_sendpulse_app_may_log_in_with_a_form(tenants):
    app = sendpulse_app.App(env(tenants["two"], "sendpulse"))
    assert app.form("POST", "/oauth/access_token", list(app.credentials().items()))[0] == 200
    assert routes(tenants["two"], "sendpulse") == ["oauth-token"]


def test_a_sendpulse_app_is_known_by_its_api_key(tenants):
    told = env(tenants["two"], "sendpulse")
    app = sendpulse_app.App(told, told["SENDPULSE_API_KEY"])
    assert app.call("GET", "/v2/email-service/webhook")[0] == 200
    assert routes(tenants["two"], "sendpulse") == ["list-webhooks"]
    assert routes(tenants["one"], "sendpulse") == []


def test_the_same_seed_gives_no_two_tenants_the_same_token(ask, tenants):
    ask.post("/tenants", name="three", seed=0)
    everybody = [ask, ask.as_tenant("three"), *tenants.values()]
    tokens = {sendpulse_app.App(env(each, "sendpulse")).authorise() for each in everybody}
    assert len(tokens) == 4


def test_the_same_seed_makes_up_other_values_in_each_tenant(ask, tenants):
    """What a page of one suite carries into another by mistake is known to nobody there."""
    with Receiver() as receiver:
        happened = []
        for tenant in tenants.values():
            tenant.post("/esputnik/subscriptions", url=receiver.url)
            happened.append(tenant.post("/esputnik/events", kind="READ")["events"][0]["payload"])
        sessions = {
            json.dumps(hellotext_app.page_of(env(each, "hellotext")).post("/track/sessions"))
            for each in tenants.values()
        }
    assert happened[0] != happened[1]
    assert len(sessions) == 2


def test_a_pushwoosh_app_is_known_by_the_token_in_its_body_or_header(ask, tenants):
    app = pushwoosh_app.App(env(tenants["two"], "pushwoosh"))
    assert (
        app.server(
            "createMessage",
            application=app.application,
            notifications=[{"send_date": "now", "content": "Hi"}],
        )["status_code"]
        == 200
    )
    assert app.device("registerDevice", push_token="x", hwid="h", device_type=3)["status_code"] == 200
    assert app.listed()[0] == 200
    assert len(routes(tenants["two"], "pushwoosh")) == 3
    assert routes(tenants["one"], "pushwoosh") == routes(ask, "pushwoosh") == []


def test_a_hellotext_app_is_known_by_its_token_and_its_pages_by_the_public_id(ask, tenants):
    told = env(tenants["two"], "hellotext")
    assert hellotext_app.App(told).track("product.viewed", object="vxqQJ3Yg")[0] == 201
    assert hellotext_app.page_of(told).post("/track/sessions")[0] == 201
    assert len(tenants["two"].get("/hellotext/calls")["calls"]) == 2
    assert tenants["one"].get("/hellotext/calls")["calls"] == ask.get("/hellotext/calls")["calls"] == []


def test_credentials_of_nobody_go_to_the_default_tenant_and_are_refused(ask, tenants):
    told = env(ask, "hellotext") | {"HELLOTEXT_TOKEN": "nobody's"}
    assert hellotext_app.App(told).track("product.viewed", object="vxqQJ3Yg")[0] == 401
    [call] = ask.get("/hellotext/calls")["calls"]
    assert (call["status"], call["taken"]) == (401, False)


def test_one_who_has_no_credentials_is_told_apart_by_a_header(ask, tenants):
    url = env(ask, "esputnik")["ESPUTNIK_URL"]
    request = urllib.request.Request(f"{url}/v1/version", headers={"X-Emulator-Tenant": "one"})
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()
    assert [call["status"] for call in tenants["one"].get("/esputnik/calls")["calls"]] == [401]
    assert ask.get("/esputnik/calls")["calls"] == []


@pytest.mark.parametrize("alone", [True, False])
def test_a_tenant_that_there_is_not_is_refused_in_words(ask, alone):
    if not alone:
        ask.post("/tenants", name="one")
    url = env(ask, "esputnik")["ESPUTNIK_URL"]
    request = urllib.request.Request(f"{url}/v1/version", headers={"X-Emulator-Tenant": "onr"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value:
        assert refused.value.status == 404
        assert "unknown tenant 'onr'" in refused.value.headers["x-emulator-error"]
    assert ask.get("/esputnik/calls")["calls"] == []
    told = ask.as_tenant("onr")("GET", "/clock")
    assert told.error[:2] == (404, "UnknownName")


def test_clocks_are_turned_apart(ask, tenants):
    before = ask.get("/clock")
    one = tenants["one"].post("/clock/advance", by="30d")
    assert tenants["one"].get("/clock") == one
    assert tenants["two"].get("/clock")["now"] == "2026-01-01T00:00:00+00:00"
    assert ask.get("/clock") == before


def test_webhooks_go_to_the_subscriptions_of_their_own_tenant(ask, tenants):
    """What an app asks for comes back to its own receiver, and at its own time."""
    with Receiver() as first, Receiver() as second:
        receivers = dict(zip(tenants, (first, second), strict=True))
        for name, tenant in tenants.items():
            tenant.post("/sendpulse/subscriptions", url=receivers[name].url)
        app = sendpulse_app.App(env(tenants["two"], "sendpulse"))
        app.authorise()
        mail = {
            "subject": "Hi",
            "html": "PGI+SGk8L2I+",
            "text": "Hi",
            "from": {"name": "Ann", "email": "ann@example.com"},
            "to": [{"name": "Bob", "email": "bob@example.com"}],
        }
        assert app.call("POST", "/smtp/emails", {"email": mail})[0] == 200
        ask.post("/drain")
        tenants["one"].post("/drain")
        assert (len(first.posts), len(second.posts)) == (0, 0)
        tenants["two"].post("/drain")
        assert (len(first.posts), len(second.posts)) != (0, 0)
        assert not first.posts
        assert {event["recipient"] for post in second.posts for event in post.json} == {"bob@example.com"}
        assert tenants["one"].get("/sendpulse/deliveries")["deliveries"] == []


def test_reset_faults_journal_and_snapshots_of_one_leave_the_other_alone(tenants):
    one, two = tenants["one"], tenants["two"]
    with Receiver() as receiver:
        for tenant in (one, two):
            tenant.post("/esputnik/subscriptions", url=receiver.url)
        one.post("/esputnik/faults", fault="LostAck", times=None)
        one.post("/snapshots", name="kept")
        assert two.get("/esputnik/faults") == {"faults": []}
        assert two.get("/snapshots") == {"snapshots": []}
        before = two.get("/journal", limit=1000)
        one.post("/esputnik/events", kind="READ")
        one.post("/clock/advance", by="1h")
        one.post("/reset")
        assert one.get("/esputnik/subscriptions") == {"subscriptions": []}
        assert two.get("/journal", limit=1000) == before
        assert len(two.get("/esputnik/subscriptions")["subscriptions"]) == 1


def test_a_fault_strikes_the_calls_of_its_own_tenant(tenants):
    tenants["one"].post("/hellotext/faults", fault="Answer", status=503, times=None)
    apps = {name: hellotext_app.App(env(tenant, "hellotext")) for name, tenant in tenants.items()}
    assert apps["one"].call("POST", "/attribution/events", {"action": "page.viewed"})[0] == 503
    assert apps["two"].track("product.viewed", object="vxqQJ3Yg")[0] == 201


def test_a_tenant_that_was_removed_owes_nothing_and_may_be_made_anew(ask, tenants):
    told = env(tenants["two"], "esputnik")
    with Receiver() as receiver:
        tenants["two"].post("/esputnik/subscriptions", url=receiver.url)
        tenants["two"].post("/esputnik/events", kind="READ")
        assert ask("DELETE", "/tenants/two").status == 200
        assert esputnik_app.App(told).call("GET", "/v1/version").status == 401
        ask.post("/tenants", name="two")
        assert esputnik_app.App(told).call("GET", "/v1/version").status == 200
        assert tenants["two"].get("/esputnik/subscriptions") == {"subscriptions": []}
        tenants["two"].post("/drain")
        assert not receiver.posts


def test_what_one_tenant_did_wrong_is_not_told_of_the_other(ask, tenants):
    before = len(ask.get("/complaints")["complaints"])
    url = tenants["one"].get("/providers")["providers"]["esputnik"]["url"]
    request = urllib.request.Request(f"{url}/nowhere", headers={"x-emulator-tenant": "one"})
    with pytest.raises(urllib.error.HTTPError, match="501") as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()
    assert len(tenants["one"].get("/complaints")["complaints"]) == 1
    assert tenants["two"].get("/complaints") == {"complaints": []}
    assert len(ask.get("/complaints")["complaints"]) == before


def test_the_log_says_whose_it_is():
    with Serving("--port", "0", "--clock", "virtual") as serving:
        ask = Asking(serving.ready)
        ask.post("/tenants", name="one")
        ask.as_tenant("one").post("/clock/advance", by="1h")
        told = env(ask.as_tenant("one"), "hellotext")
        hellotext_app.App(told).track("product.viewed", object="vxqQJ3Yg")
        assert serving.said("calls POST").startswith("[one] ")


# -- whose call it is


def call(body: bytes = b"", query: tuple[tuple[str, str], ...] = (), **headers: str) -> Call:
    return Call("POST", "/", query, tuple(headers.items()), body)


def test_a_credential_is_found_wherever_vendors_want_it():
    def found(asked: Call) -> bool:
        return mentions(asked, {"s3cret"}, lambda token: token == "issued")

    assert found(call(authorization="Bearer s3cret"))
    assert found(call(authorization="s3cret"))
    assert found(call(authorization="Basic YW55OnMzY3JldA=="))
    assert found(call(b'{"auth":"s3cret"}'))
    assert found(call(query=(("api_key", "s3cret"),)))
    assert found(call(authorization="Bearer issued"))
    assert not found(call(authorization="Bearer other"))
    assert not found(call(authorization="Basic !!!!"))
    assert not found(call(authorization="Token issued"))
    assert not found(call(host="s3cret"))
    assert not found(call(b"\xff\xfe"))
