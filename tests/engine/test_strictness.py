"""strictness="documented": nothing that somebody had to make up is sent or answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from emulators import in_loop, in_thread
from emulators.catalog import profile
from emulators.engine.strictness import assumed_places, first_there
from emulators.errors import InvalidValue
from emulators.faults import VendorError
from tests.cli.running import run
from tests.support.esputnik_app import App
from tests.support.receiver import Receiver

EVENT = {"eventTypeKey": "viewed", "keyValue": "ann@example.com", "params": {"email": "ann@example.com"}}
strictly = pytest.mark.emulator("esputnik", strictness="documented")


@strictly
def test_an_assumed_kind_is_refused(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        with pytest.raises(
            InvalidValue, match="kind 'WIDGET_VIEW' is assumed, and strictness is 'documented'"
        ):
            esputnik.emit("WIDGET_VIEW")
        with pytest.raises(InvalidValue, match="'WIDGET_VIEW' is assumed"):
            esputnik.subscribe(app.url, kinds=["WIDGET_VIEW"])
        esputnik.emit("READ")
        esputnik.emit("SUBSCRIPTION_CHANGED")
        esputnik.advance("1m")
        assert [event["activityStatus"] for event in app.posts[0].json] == ["READ", "SUBSCRIPTION_CHANGED"]


def test_an_option_that_lets_assumed_kinds_be_sent_is_refused_at_once(emulate) -> None:
    with (
        pytest.raises(InvalidValue, match=r"option activity\.widgets: .* WIDGET_SUBSCRIPTION .* assumed"),
        emulate.in_thread("esputnik", strictness="documented", options={"activity.widgets": True}),
    ):
        pass
    with emulate.in_thread("esputnik", options={"activity.widgets": True}) as esputnik, Receiver() as app:
        esputnik.subscribe(app.url)
        assert esputnik.emit("WIDGET_VIEW").payload["mediaType"] == "widget"


MISSPELT = {"subscripton": {"subscriptons": ["news"]}}


@strictly
def test_an_assumed_field_is_refused_however_deep_it_lies(esputnik) -> None:
    with Receiver() as app:
        esputnik.subscribe(app.url)
        with pytest.raises(
            InvalidValue, match=r"^/statusData/subscripton: this field of SUBSCRIPTION_CHANGED"
        ):
            esputnik.emit("SUBSCRIPTION_CHANGED", statusData=MISSPELT)
        esputnik.emit("SUBSCRIPTION_CHANGED", statusData={"subscription": {"subscriptions": ["news"]}})


def test_an_assumed_field_is_refused_if_an_option_asks_for_it(emulate) -> None:
    options = {"activity.subscription_spelling": "subscripton"}
    with Receiver() as app:
        with emulate.in_thread("esputnik", options=options) as esputnik:
            esputnik.subscribe(app.url)
            assert esputnik.emit("SUBSCRIPTION_CHANGED").payload["statusData"].keys() == {"subscripton"}
        with emulate.in_thread("esputnik", options=options, strictness="documented") as esputnik:
            esputnik.subscribe(app.url)
            with pytest.raises(InvalidValue, match="/statusData/subscripton"):
                esputnik.emit("SUBSCRIPTION_CHANGED")


def post(url: str, body: Any, key: str) -> tuple[int, Any, str | None]:
    request = Request(url, json.dumps(body).encode(), {"Authorization": f"Bearer {key}"}, method="POST")
    try:
        with urlopen(request) as answer:
            return answer.status, answer.read(), answer.headers["x-emulator-error"]
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read(), refused.headers["x-emulator-error"]


@strictly
def test_an_assumed_call_is_not_answered_and_does_nothing(esputnik) -> None:
    app = App(esputnik.env)
    answer = app.post("/v3/event", EVENT)
    assert answer.status == 501
    assert app.headers["x-emulator-error"].startswith(
        "eSputnik: POST /api/v3/event (event-v3) is refused, as strictness is 'documented': that there is such a call"
    )
    assert answer.body["emulator_error"] == app.headers["x-emulator-error"]
    [call] = esputnik.calls("event-v3")
    assert call.status == 501
    assert app.post("/v2/event", {**EVENT, "params": []}).status == 200
    # What is refused so fails a test at its end, unless it is waived.
    assert any("event-v3" in complaint for complaint in esputnik.world.complaints)
    esputnik.tolerate()


def test_by_default_the_same_call_is_answered(esputnik) -> None:
    assert App(esputnik.env).post("/v3/event", EVENT).status == 200
    assert esputnik.world.complaints == []


@pytest.mark.emulator("hellotext", strictness="documented")
def test_a_documented_call_with_an_assumed_answer_is_not_answered(hellotext) -> None:
    base, key = hellotext.env["HELLOTEXT_URL"], hellotext.env["HELLOTEXT_TOKEN"]
    status, _, why = post(f"{base}/public/identifications", {}, key)
    assert (status, why.rpartition(": ")[2]) == (501, "its answer is assumed")
    body = {"action": "product.viewed", "product": "vxqQJ3Yg", "session": "bBJn9vR15yPaYkWmR2QK0jopMeNxrA6l"}
    assert post(f"{base}/attribution/events", body, key)[0] < 300
    hellotext.tolerate()


def test_an_assumed_error_cannot_be_injected(emulate) -> None:
    known = [error for error in profile("sendpulse").errors.values() if error.basis == "assumed"]
    assert known
    for error in known:
        with emulate.in_thread("sendpulse", strictness="documented") as sendpulse:
            with pytest.raises(InvalidValue, match=f"the error '{error.name}' is assumed"):
                sendpulse.inject(VendorError(error.name))
            sendpulse.inject(VendorError("quota"))


@pytest.mark.emulator("sendpulse", strictness="documented", options={"smtp.retry_delays": [5]})
def test_assumed_numbers_that_are_gone_by_are_listed_and_what_was_chosen_is_not(sendpulse) -> None:
    assumed = sendpulse.assumptions
    assert {fact.basis for fact in assumed.values()} == {"assumed"}
    assert assumed["smtp.timeout"].value == 10
    assert assumed["email-service.retry_delays"].value == [60, 300, 900]
    assert assumed["events.missing_identity"].value == 422
    assert assumed["stories"].note
    assert "smtp.retry_delays" not in assumed
    assert "smtp.batch_window" not in assumed
    assert all(fact.note for fact in assumed.values())


def test_strictness_is_a_setting_everywhere(emulate) -> None:
    with in_thread("esputnik", strictness="documented") as esputnik:
        assert esputnik.strictness == "documented"
    with emulate.fresh("esputnik", strictness="documented") as esputnik:
        assert esputnik.strictness == "documented"
    with emulate.fresh("esputnik") as esputnik:
        assert esputnik.strictness == "any"


def test_strictness_is_a_setting_on_a_loop_too() -> None:
    async def made() -> str:
        async with in_loop("esputnik", strictness="documented") as esputnik:
            return esputnik.strictness

    assert asyncio.run(made()) == "documented"


def test_another_word_is_refused_with_those_there_are() -> None:
    with (
        pytest.raises(InvalidValue, match="strictness: expected one of 'any', 'documented', got 'strict'"),
        in_thread("esputnik", strictness="strict"),
    ):
        pass


def test_explain_says_what_is_refused_and_what_is_assumed() -> None:
    told = run("explain", "esputnik", "--strictness", "documented").stdout
    for name in (
        "activity.WIDGET_VIEW",
        "/statusData/subscripton",
        "(event-v3)",
        "activity.timeout = 10 seconds",
    ):
        assert name in told
    data = json.loads(run("explain", "esputnik", "--strictness", "documented", "--json").stdout)
    assert {"kind", "field", "call"} <= {refusal["what"] for refusal in data["refused"]}
    assert data["assumptions"]["activity.timeout"]["value"] == 10
    with in_thread("esputnik", strictness="documented") as esputnik:
        assert set(esputnik.assumptions) == set(data["assumptions"])


def test_places_are_found_by_their_pointers() -> None:
    schema = {
        "additionalProperties": False,
        "properties": {
            "a/b": {"properties": {"c~d": {"x-basis": "assumed"}, "e": {"x-basis": "documented"}}},
            "f": {"x-basis": "assumed", "properties": {"g": {"x-basis": "assumed"}}},
            "h": False,
        },
    }
    assert assumed_places(schema) == ("/a~1b/c~0d", "/f")
    assert assumed_places({**schema, "additionalProperties": True}) == ()
    assert first_there(("/a~1b/c~0d", "/f"), {"a/b": {"e": 1}}) == ""
    assert first_there(("/a~1b/c~0d", "/f"), {"a/b": {"c~d": None}}) == "/a~1b/c~0d"
    assert first_there(("/a~1b/c~0d", "/f"), {"a/b": [], "f": {}}) == "/f"
