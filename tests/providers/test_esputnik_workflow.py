"""Workflows: an event sets messages going, and requests of the Webhook block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from aiohttp import web

from emulators import catalog
from emulators.errors import InvalidValue
from tests.support.esputnik_app import App
from tests.support.receiver import Receiver

VIEWED = {
    "eventTypeKey": "productViewed",
    "keyValue": "9d0c163d-cc3b-4f9e-bb03-2f5d1111ef91",
    "params": [
        {"name": "EmailAddress", "value": "delivered+ann@example.com"},
        {"name": "phone", "value": "+380501234567"},
    ],
}


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def blocks(*listed: Any, event_type: str = "cartAbandoned") -> pytest.MarkDecorator:
    return pytest.mark.emulator("esputnik", options={"workflows": {event_type: list(listed)}})


def event(**params: Any) -> dict[str, Any]:
    listed = [{"name": name, "value": value} for name, value in params.items()]
    return {"eventTypeKey": "cartAbandoned", "keyValue": "ann@example.com", "params": listed}


def answering(**reply: Any) -> Any:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(reply)

    return answer


def runs(esputnik) -> list[dict[str, Any]]:
    return list(esputnik.account.tables["workflow runs"].values())


def when(identifier: str) -> datetime:
    return datetime(1582, 10, 15, tzinfo=UTC) + timedelta(microseconds=UUID(identifier).time // 10)


def test_the_documented_workflow_runs_as_in_the_triggered_sample(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    start = esputnik.now
    assert app.post("/v1/event", VIEWED) == (200, "")
    esputnik.advance("5m")
    told = [activity for post in hook.posts for activity in post.json]
    printed = json.loads(catalog.samples("esputnik")["activity.triggered"].body)
    first = {activity["workflowBlockId"]: activity for activity in reversed(told)}
    assert set(first) == {activity["workflowBlockId"] for activity in printed}
    for sample in printed:
        activity = first[sample["workflowBlockId"]]
        same = (
            "workflowId sourceEventKey sourceEventTypeKey messageId messageInstanceId messageName mediaType"
        )
        assert {name: activity[name] for name in same.split()} == {
            name: sample[name] for name in same.split()
        }
        assert activity.get("messageTag") == sample.get("messageTag")
        assert when(activity["iid"]) - start == timedelta(seconds=66)
        assert "broadcastId" not in activity
    [instance] = {activity["workflowInstanceId"] for activity in told}
    assert (UUID(instance).version, when(instance)) == (1, start)


def test_each_event_is_a_run_of_its_own(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v2/event", VIEWED)
    app.post("/v2/event", VIEWED)
    esputnik.advance("5m")
    assert len({activity["workflowInstanceId"] for post in hook.posts for activity in post.json}) == 2


def test_an_event_without_a_workflow_starts_nothing(esputnik, app) -> None:
    app.post("/v2/event", event())
    assert "workflow runs" not in esputnik.account.tables


@blocks({"wait": 5}, {"message": {"messageId": 7, "messageName": "Hi", "to": "${EmailAddress}"}})
def test_a_message_goes_where_its_block_says(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v2/event", event(EmailAddress="delivered+bob@example.com"))
    esputnik.advance("2m")
    [activity] = hook.posts[0].json
    assert (activity["email"], activity["messageName"]) == ("delivered+bob@example.com", "Hi")
    assert activity["sourceEventKey"] == "ann@example.com"
    [run] = runs(esputnik)
    assert (run["state"], run["errors"]) == ("finished", [])


@blocks({"message": {"mediaType": "sms"}})
def test_a_contact_without_an_address_is_passed_over(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v2/event", event(email="ann@example.com"))
    esputnik.advance("5m")
    assert hook.posts == []
    assert [error["error"] for error in runs(esputnik)[0]["errors"]] == ["the contact has no address for sms"]


@blocks({"webhook": "WH5"})
def test_a_get_carries_contact_and_event_as_pairs(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url, feed="workflow", method="GET")
    app.post(
        "/v1/contact", {"channels": [{"type": "email", "value": "ann@example.com"}], "firstName": "Ганна"}
    )
    app.post("/v2/event", event(email="ann@example.com", kind="x&y", items=[1]))
    esputnik.advance(0)
    [request] = hook.received
    assert (request.method, request.body) == ("GET", b"")
    [delivery] = esputnik.deliveries()
    pairs = {name: values[0] for name, values in parse_qs(urlsplit(delivery.url).query).items()}
    assert (pairs["firstName"], pairs["email"], pairs["kind"]) == ("Ганна", "ann@example.com", "x&y")
    assert pairs["items"] == "[1]"
    assert pairs["workflowInstanceId"] == runs(esputnik)[0]["workflowInstanceId"]
    assert "content-type" not in request.headers


@blocks({"webhook": "WH5"})
def test_a_get_whose_url_has_variables_carries_these_alone(esputnik, app, hook) -> None:
    url = f"{hook.url}?mail=$EMAIL&run=$workflowInstanceId&wrong=$WORKFLOWINSTANCEID&none=$!data.get('none')"
    esputnik.subscribe(url, feed="workflow", method="GET")
    app.post("/v2/event", event(email="a+b@example.com"))
    esputnik.advance(0)
    [delivery] = esputnik.deliveries()
    run = runs(esputnik)[0]["workflowInstanceId"]
    assert delivery.url.startswith(f"{hook.url}?mail=a%2Bb%40example.com&run={run}&wrong=")
    assert delivery.url.endswith("&none=")
    assert run not in delivery.url.partition("&wrong=")[2]


@blocks({"webhook": "WH5"})
def test_a_post_without_a_template_has_no_body(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url, feed="workflow")
    app.post("/v2/event", event())
    esputnik.advance(0)
    assert (hook.posts[0].body, "content-type" in hook.posts[0].headers) == (b"", False)


TEMPLATES = [
    ("application/json", """{"sku": "$data.get('sku')", "n": $data.get("n")}""", '{"sku": "AB-1", "n": 3}'),
    ("application/xml", "<p>${data.get('sku')}</p><q>$!data.get('none')</q>", "<p>AB-1</p><q></q>"),
    ("text/plain", "$data.get('items').get(1).get('name') of $data.get('items').size()", "Сукня of 2"),
    ("text/plain", "$data.get('none'), $items.get(0).name, $5", "$data.get('none'), Coat, $5"),
    (
        "text/plain",
        "$email $EMAIL $!{Email} $phone",
        "ann@example.com ann@example.com ann@example.com $phone",
    ),
]


@blocks({"webhook": "WH5"})
@pytest.mark.parametrize(("content_type", "template", "body"), TEMPLATES)
def test_the_template_of_a_post_is_filled_in_as_it_is(
    content_type, template, body, esputnik, app, hook
) -> None:
    esputnik.subscribe(hook.url, feed="workflow", template=template, content_type=content_type)
    items = [{"name": "Coat"}, {"name": "Сукня"}]
    app.post("/v2/event", event(email="ann@example.com", sku="AB-1", n=3, items=items))
    esputnik.advance(0)
    assert hook.posts[0].body.decode() == body
    assert hook.posts[0].headers["content-type"] == content_type


@blocks({"webhook": "WH5"})
def test_headers_may_hold_variables_too(esputnik, app, hook) -> None:
    esputnik.subscribe(
        hook.url, feed="workflow", auth=("shop", "key"), headers={"X-Sku": "$data.get('sku')"}, template="x"
    )
    app.post("/v2/event", event(sku="AB-1\r\nX-Evil: 1"))
    esputnik.advance(0)
    headers = hook.posts[0].headers
    assert headers["x-sku"] == "AB-1  X-Evil: 1"
    assert headers["authorization"].startswith("Basic ")
    assert "x-evil" not in headers


@blocks(
    {"webhook": "WH5", "body": "{}"},
    {"wait": 60},
    {
        "webhook": "WH6",
        "format": "text",
        "body": "$data.get('WH5').get('promocode')",
        "headers": {"X-Step": "2"},
    },
    {"message": {"messageId": 7, "to": "$data.get('WH5').get('mail')"}},
)
def test_a_json_answer_is_at_hand_for_the_blocks_behind_it(esputnik, app) -> None:
    reply = answering(promocode="SPRING", mail="delivered+bob@example.com")
    with Receiver(reply) as app_url, Receiver() as hook:
        esputnik.subscribe(app_url.url, feed="workflow")
        esputnik.subscribe(hook.url)
        app.post("/v2/event", event(email="ann@example.com"))
        esputnik.advance("3m")
        first, second = app_url.posts
        assert (first.body, second.body) == (b"{}", b"SPRING")
        assert (second.headers["x-step"], second.headers["content-type"]) == (
            "2",
            "text/plain; charset=utf-8",
        )
        assert [activity["email"] for activity in hook.posts[0].json] == ["delivered+bob@example.com"]
        [run] = runs(esputnik)
        assert run["sources"] == {"WH5": {"promocode": "SPRING", "mail": "delivered+bob@example.com"}}
        assert run["state"] == "finished"


@blocks({"webhook": "WH5"}, {"webhook": "WH6"})
@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_refused_request_is_an_error_of_its_block_and_not_repeated(status, esputnik, app) -> None:
    with Receiver(status) as app_url:
        esputnik.subscribe(app_url.url, feed="workflow")
        app.post("/v2/event", event())
        esputnik.drain()
        assert len(app_url.posts) == 2
        assert [delivery.outcome for delivery in esputnik.deliveries()] == ["abandoned", "acknowledged"]
        assert runs(esputnik)[0]["errors"] == [{"block": "WH5", "error": f"answered {status}"}]


@pytest.mark.emulator(
    "esputnik",
    options={
        "workflows": {"cartAbandoned": [{"webhook": "A"}, {"webhook": "B"}]},
        "workflows.after_error": "stops",
    },
)
def test_a_run_may_stop_at_an_error(esputnik, app) -> None:
    with Receiver(500) as app_url:
        esputnik.subscribe(app_url.url, feed="workflow")
        app.post("/v2/event", event())
        esputnik.drain()
        assert len(app_url.posts) == 1
        assert runs(esputnik)[0]["state"] == "stopped"


@blocks({"webhook": "WH5"}, {"message": {"messageId": 7, "to": "delivered+bob@example.com"}})
def test_a_run_goes_on_without_a_webhook_that_nobody_listens_to(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v2/event", event())
    esputnik.advance("2m")
    assert [activity["activityStatus"] for activity in hook.posts[0].json] == ["DELIVERED"]
    assert runs(esputnik)[0]["errors"] == [{"block": "WH5", "error": "nobody listens on the feed workflow"}]


@blocks({"webhook": "WH5"}, {"webhook": "WH6"})
def test_two_receivers_do_not_make_a_run_go_on_twice(esputnik, app) -> None:
    with Receiver() as one, Receiver() as two:
        esputnik.subscribe(one.url, feed="workflow")
        esputnik.subscribe(two.url, feed="workflow")
        app.post("/v2/event", event())
        esputnik.drain()
        assert (len(one.posts), len(two.posts)) == (2, 2)
        assert runs(esputnik)[0]["state"] == "finished"


WRONG = [
    (
        {"message": {"mediaType": "pigeon"}},
        "/0/message/mediaType: expected one of email, sms, viber, got 'pigeon'",
    ),
    ({"message": {"messageId": "7"}}, "/0/message/messageId: expected a number"),
    ({"message": {"messageId": True}}, "/0/message/messageId: expected a number"),
    ({"message": {"messgeName": "x"}}, "did you mean 'messageName'"),
    ({"message": {"email": "x"}}, "did you mean 'to'"),
    ({"message": "Hi"}, "/0/message: expected an object"),
    ({"wait": -1}, "/0/wait: expected seconds, or text such as"),
    ({"wait": "soon"}, "/0/wait: expected seconds, .* got 'soon'"),
    ({"wait": float("inf")}, "/0/wait: expected seconds"),
    ({"delay": 60}, "did you mean 'wait'"),
    ("webhook", "/workflows/cartAbandoned/0: expected one of"),
    ({}, "/workflows/cartAbandoned/0: expected one of"),
    ({"wait": 1, "webhook": "A"}, "/workflows/cartAbandoned/0: expected one of"),
    ({"webhook": ""}, "/0/webhook: expected the name of the block"),
    ({"webhook": "A", "uri": "http://x"}, "/0/uri: expected .*did you mean 'url'"),
    ({"webhook": "A", "template": "{}"}, "/0/template: expected .*did you mean 'body'"),
    ({"webhook": "A", "url": "x"}, "/0/url: expected an address"),
    ({"webhook": "A", "method": "PUT"}, "/0/method: expected one of GET, POST"),
    ({"webhook": "A", "format": "yaml"}, "/0/format: expected one of json, xml, text"),
    ({"webhook": "A", "headers": {"X": 1}}, "/0/headers: expected"),
    ({"webhook": "A", "body": {}}, "/0/body: expected text"),
]


@pytest.mark.parametrize(("block", "said"), WRONG, ids=range(len(WRONG)))
def test_a_block_that_cannot_be_meant_is_refused_at_once(block, said, emulate) -> None:
    with (
        pytest.raises(InvalidValue, match=said),
        emulate.fresh("esputnik", options={"workflows": {"cartAbandoned": [block]}}),
    ):
        pass


OTHERS = [
    ({"workflows": {"cartAbandoned": {"webhook": "A"}}}, "/workflows/cartAbandoned/webhook: expected one of"),
    ({"workflows": {"cartAbandoned": {"workflowId": 7}}}, "/workflows/cartAbandoned/blocks: expected a list"),
    ({"workflows": {"cartAbandoned": {"workflowId": -7, "blocks": []}}}, "/workflowId: expected a number"),
    ({"workflows": {"cartAbandoned": "A"}}, "/workflows/cartAbandoned: expected a list of"),
    ({"workflows": {7: []}}, "/workflows/7: expected the key of an event type"),
    ({"events.required_params": {"cartAbandoned": "sku"}}, "/events.required_params/cartAbandoned: expected"),
    ({"events.required_params": {"cartAbandoned": {"sku": 1}}}, "/events.required_params/cartAbandoned"),
]


@pytest.mark.parametrize(("options", "said"), OTHERS, ids=range(len(OTHERS)))
def test_options_of_another_form_are_refused_at_once(options, said, emulate) -> None:
    with pytest.raises(InvalidValue, match=said), emulate.fresh("esputnik", options=options):
        pass


@blocks({"wait": "1h30m"}, {"message": {"messageId": 7, "to": "delivered+bob@example.com"}})
def test_a_wait_may_be_written_in_words(esputnik, app) -> None:
    start = esputnik.now
    app.post("/v2/event", event())
    esputnik.advance("1h29m59s")
    assert runs(esputnik)[0]["state"] == "running"
    esputnik.advance(1)
    [run] = runs(esputnik)
    assert (run["state"], (esputnik.now - start).total_seconds()) == ("finished", 5400)


@pytest.mark.emulator(
    "esputnik", options={"workflows": {"cartAbandoned": {"workflowId": 77, "blocks": [{"wait": 0}]}}}
)
def test_a_workflow_may_have_a_number_of_its_own(esputnik, app) -> None:
    app.post("/v2/event", event())
    [run] = runs(esputnik)
    assert (run["workflowId"], run["state"]) == (77, "finished")


def test_a_block_by_hand_says_what_it_is_given(esputnik, hook) -> None:
    esputnik.subscribe(hook.url, feed="workflow", template="$data.get('promo') for $email")
    esputnik.emit("Webhook", promo="SPRING", data={"email": "ann@example.com"})
    esputnik.advance(0)
    assert hook.posts[0].body == b"SPRING for ann@example.com"


def test_orders_are_events_and_may_start_workflows(emulate, hook) -> None:
    options = {"workflows": {"orderDELIVERED": [{"webhook": "WH5", "body": "$data.get('externalOrderId')"}]}}
    order = {
        "externalOrderId": "o-1",
        "totalCost": 10,
        "status": "DELIVERED",
        "date": "2026-01-01T00:00:00",
        "currency": "UAH",
        "email": "ann@example.com",
    }
    with emulate.in_thread("esputnik", options=options) as esputnik:
        esputnik.subscribe(hook.url, feed="workflow")
        assert App(esputnik.env).post("/v1/orders", {"orders": [order]}).status == 200
        esputnik.advance(0)
        assert hook.posts[0].body == b"o-1"


@blocks({"webhook": "WH5"}, {"webhook": "WH6"})
@pytest.mark.parametrize("said", [b"<xml/>", b'"text"', b"", b"\xff", b"[" * 900 + b"]" * 900])
def test_an_answer_that_is_no_json_of_use_makes_no_data_source(said, esputnik, app) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=said)

    with Receiver(answer) as app_url:
        esputnik.subscribe(app_url.url, feed="workflow")
        app.post("/v2/event", event())
        esputnik.drain()
        [run] = runs(esputnik)
        assert (len(app_url.posts), run["sources"], run["errors"], run["state"]) == (2, {}, [], "finished")
